"""The answer as a stream: one row a line, systems in the order in which they finish (contract section 5.6)."""

import contextlib
from collections.abc import Iterator
from typing import Any, Final

import msgspec
from aiohttp import web
from isal import isal_zlib

from gateway import merge
from gateway.accounts import Caller
from gateway.arrange import Arrangement, Shape
from gateway.model import SystemAnswer
from gateway.query import BackupQuery
from gateway.stack import Gateway
from gateway.web.asking import Asking, Outcome, is_enough, log_facts, rechecked, shortfall, status_of
from gateway.web.keys import LOG
from gateway.web.respond import stream_answer, takes_gzip

_STEP: Final = 300
"""Rows that are written at a time: a slow reader holds no more of them."""

_HEADERS: Final = {
    "Content-Type": "application/x-ndjson",
    "Vary": "Accept, Accept-Encoding",
    "X-Accel-Buffering": "no",  # a proxy before the gateway passes on what it gets
}

_encode: Final = msgspec.json.Encoder().encode


class RightWithdrawnError(Exception):
    """What the caller may see has become less while it was being sent: the stream is cut."""


async def stream(
    request: web.Request, gateway: Gateway, caller: Caller, query: BackupQuery, asking: Asking
) -> web.StreamResponse:
    """All answers as they come. The status is sent as soon as `require` is met, or when it never will be."""
    found: list[SystemAnswer] = []
    out = _Lines(request)
    async with contextlib.aclosing(asking.answers) as answers:
        async for answer in answers:
            found.append(answer)
            if out.begun:
                _check(gateway, caller)
                await out.write(_lines_of(answer, query))
                continue
            # What was taken away before the first byte is left out, as in an answer that is sent as a whole.
            found = rechecked(gateway, caller, query, Outcome(found, asking.window_start, 0.0)).answers
            if is_enough(found, query, asking.systems):
                await out.begin(200)
                for earlier in found:
                    await out.write(_lines_of(earlier, query))
    found.sort(key=lambda answer: answer.system_id)
    request[LOG].update(log_facts(found))
    last = {"complete": None, "total": None} | merge.summary(found) | Outcome(found, asking.window_start, 0.0).extra
    if not out.begun:
        status = status_of(found, query)
        more, headers = shortfall(found, query, status, gateway.wall()) if status != 200 else ({}, {})
        last |= more
        await out.begin(status, headers)
        for answer in found:
            await out.write(_lines_of(answer, query))
    await out.write(iter([_encode(last) + b"\n"]))
    return await out.end()


def _check(gateway: Gateway, caller: Caller) -> None:
    """Rights count again with each system: a stream that has begun can only be cut."""
    current = gateway.access.accounts.now(caller)
    if current is None or not current.systems >= caller.systems:
        raise RightWithdrawnError


def _lines_of(answer: SystemAnswer, query: BackupQuery) -> Iterator[bytes]:
    """A system's rows, some at a time, and the line that closes it."""
    arrangement = Arrangement([answer.backups.unpacked()], Shape(fields=query.fields))
    for begin in range(0, len(arrangement), _STEP):
        rows = arrangement.rows(begin, begin + _STEP)
        text = b"\n".join(rows) + b"\n"
        if text.count(b"\n") > len(rows) or b"\r" in text:  # an appliance that breaks its lines
            text = b"\n".join(row.replace(b"\n", b" ").replace(b"\r", b" ") for row in rows) + b"\n"
        yield text
    yield _encode({"system": merge.describe(answer)}) + b"\n"


class _Lines:
    """The response, begun late; compressed where the client takes it, with nothing left in the compressor."""

    def __init__(self, request: web.Request) -> None:
        self._request = request
        self._response: web.StreamResponse | None = None
        self._zip: Any = isal_zlib.compressobj(1, isal_zlib.DEFLATED, 31) if takes_gzip(request) else None

    @property
    def begun(self) -> bool:
        """Whether the status is out."""
        return self._response is not None

    async def begin(self, status: int, headers: dict[str, str] | None = None) -> None:
        """Send status and headers."""
        own = _HEADERS
        if self._zip is not None:
            own = own | {"Content-Encoding": "gzip"}
        self._response = await stream_answer(self._request, status, own | (headers or {}))

    async def write(self, pieces: Iterator[bytes]) -> None:
        """Send pieces one after the other, each when the reader has taken the one before it."""
        for piece in pieces:
            packed = piece if self._zip is None else self._zip.compress(piece)
            if packed:
                await self._send(packed)
        if self._zip is not None:
            await self._send(self._zip.flush(isal_zlib.Z_SYNC_FLUSH))

    async def end(self) -> web.StreamResponse:
        """Send what is left."""
        if self._zip is not None:
            await self._send(self._zip.flush())
        if self._response is None:
            raise RuntimeError("a stream that has not begun cannot end")
        await self._response.write_eof()
        return self._response

    async def _send(self, data: bytes) -> None:
        if self._request.method != "HEAD" and self._response is not None:
            await self._response.write(data)
