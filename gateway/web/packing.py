"""The body of an answer as it is sent: joined where it is small, compressed out of kept blocks where that is asked."""

import asyncio
from collections.abc import Callable, Sequence
from typing import Final

from aiohttp import web

from gateway.deflate import Block, gzip_member, quick_block, thorough_block
from gateway.model import BackupList, Part, made
from gateway.store import Store
from gateway.web.respond import KEPT_IN_GROUPS_BYTES, SAFE_HEADERS, grouped, takes_gzip

_PLAIN_BYTES: Final = 1024
_ONE_PIECE_BYTES: Final = 1_048_576
_ON_THE_LOOP_BYTES: Final = 262_144
"""A larger piece is compressed in a thread."""
_WELL_PACKED_BYTES: Final = 8_388_608
"""A larger answer is packed quickly when it is first asked for, and well the next time."""


async def packed(
    request: web.Request,
    store: Store,
    parts: Sequence[Part],
    headers: dict[str, str],
    lists: Sequence[BackupList] | None,
    *,
    again: bool,
) -> tuple[list[Part], dict[str, str]]:
    """Parts and headers as they are sent. `lists` are those whose bodies stand among the parts, in that order.

    `again`: the answer is one that is sent again and again, so it is worth being packed well.
    """
    headers = SAFE_HEADERS | headers
    size = sum(map(len, parts))
    if size >= _PLAIN_BYTES and takes_gzip(request):
        headers["Content-Encoding"] = "gzip"
        parts = gzip_member(await _blocks(store, parts, lists, thorough=again and size <= _WELL_PACKED_BYTES))
        size = sum(map(len, parts))
    if size <= _ONE_PIECE_BYTES:
        return [b"".join(map(made, parts))], headers
    return list(grouped(parts) if size <= KEPT_IN_GROUPS_BYTES else parts), headers


async def _blocks(
    store: Store, parts: Sequence[Part], lists: Sequence[BackupList] | None, *, thorough: bool
) -> list[bytes | Block]:
    """The parts of the answer, compressed where they are worth it; those of held lists only once for all answers."""
    if lists is None:
        whole = b"".join(map(made, parts))
        return [quick_block(whole) if len(whole) <= _ON_THE_LOOP_BYTES else await asyncio.to_thread(quick_block, whole)]
    kept = [backups for backups in lists if len(backups)]
    blocks = [store.block(backups) for backups in kept]
    new = {at: kept[at].body for at, block in enumerate(blocks) if block is None}
    again = {at: kept[at].body for at, block in enumerate(blocks) if block is not None and block.quick}
    for wanted, compress in ((new, thorough_block if thorough else quick_block), (again, thorough_block)):
        for at, block in (await _compressed(wanted, compress)).items():
            blocks[at] = block
            store.put_block(kept[at], block)
    # The first part opens the answer, the last one closes it; between them lists and commas take turns.
    lists_first = iter(blocks)
    return [
        made(part) if number == len(parts) - 1 or not number % 2 else next(lists_first) or made(part)
        for number, part in enumerate(parts)
    ]


async def _compressed(pieces: dict[int, bytes], compress: Callable[[bytes], Block]) -> dict[int, Block]:
    """All of them: a few small ones at once, else in a thread."""
    size = sum(map(len, pieces.values()))
    if compress is quick_block and size <= _ON_THE_LOOP_BYTES:
        return {at: compress(piece) for at, piece in pieces.items()}
    return await asyncio.to_thread(lambda: {at: compress(piece) for at, piece in pieces.items()}) if pieces else {}
