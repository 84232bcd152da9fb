"""A response that is written line by line: begun late, ended whole or cut."""

from collections.abc import Iterator
from typing import Any, Final

from aiohttp import web
from isal import isal_zlib

from gateway.callers.accounts import Caller
from gateway.stack import Gateway
from gateway.web.forms import MEDIA
from gateway.web.respond import stream_answer, takes_gzip

_HEADERS: Final = {
    "Content-Type": MEDIA["ndjson"],
    "Vary": "Accept, Accept-Encoding",
    "X-Accel-Buffering": "no",  # a proxy before the gateway passes on what it gets
}


class RightWithdrawnError(Exception):
    """What the caller may see has become less while it was being sent: the stream is cut."""


def check_rights(gateway: Gateway, caller: Caller) -> None:
    """Rights count again with each system: a stream that has begun can only be cut."""
    current = gateway.access.accounts.now(caller)
    if current is None or not current.systems >= caller.systems:
        raise RightWithdrawnError


class LineStream:
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
