"""The body of an answer as it is sent: joined where it is small, compressed out of kept blocks where that is asked."""

import asyncio
from collections.abc import Callable, Sequence
from typing import Final

from aiohttp import web

from gateway.deflate import Block, gzip_member, quick_block, thorough_block
from gateway.lists.store import Store
from gateway.model import BackupList, Part, made
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
    """The parts of the answer, compressed: kept lists once for all answers, what is between them together."""
    kept = [backups if store.keeps(backups) else None for backups in lists or () if len(backups)]
    blocks = await _kept_blocks(store, [backups for backups in kept if backups is not None], thorough=thorough)
    pieces: list[bytes | Block] = []
    between: list[bytes] = []
    # The first part opens the answer, the last one closes it; between them lists and commas take turns.
    owners = iter(kept)
    for number, part in enumerate(parts):
        is_list = lists is not None and number % 2 and number < len(parts) - 1
        owner = next(owners) if is_list else None
        if owner is None:
            between.append(made(part))
            continue
        pieces += [await _together(between), blocks[id(owner)]]
        between = []
    return [*pieces, await _together(between)]


async def _kept_blocks(store: Store, kept: Sequence[BackupList], *, thorough: bool) -> dict[int, Block]:
    """The block of each list, by its id."""
    lists = {id(backups): backups for backups in kept}
    known = {at: block for at, backups in lists.items() if (block := store.block(backups)) is not None}
    new = {at: backups.body for at, backups in lists.items() if at not in known}
    again = {at: lists[at].body for at, block in known.items() if block.quick}
    for wanted, compress in ((new, thorough_block if thorough else quick_block), (again, thorough_block)):
        for at, block in (await _compressed(wanted, compress)).items():
            known[at] = block
            store.put_block(lists[at], block)
    return known


async def _together(pieces: Sequence[bytes]) -> bytes | Block:
    """Pieces that are sent one behind the other, as one: rows that were picked for this answer, and what is between."""
    whole = b"".join(pieces)
    return whole if len(whole) <= _ON_THE_LOOP_BYTES else await asyncio.to_thread(quick_block, whole)


async def _compressed(pieces: dict[int, bytes], compress: Callable[[bytes], Block]) -> dict[int, Block]:
    """All of them: a few small ones at once, else in a thread."""
    size = sum(map(len, pieces.values()))
    if compress is quick_block and size <= _ON_THE_LOOP_BYTES:
        return {at: compress(piece) for at, piece in pieces.items()}
    return await asyncio.to_thread(lambda: {at: compress(piece) for at, piece in pieces.items()}) if pieces else {}
