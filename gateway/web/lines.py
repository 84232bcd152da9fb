"""A response that is written line by line: begun late, ended whole or cut."""

from collections.abc import Iterator
from typing import Any, Final

from aiohttp import web
from isal import isal_zlib

from gateway.callers.accounts import Caller
from gateway.model import SystemId
from gateway.selection import withdrawn
from gateway.web.forms import MEDIA
from gateway.web.keys import GATEWAY
from gateway.web.respond import stream_answer, takes_gzip

_HEADERS: Final = {
    "Content-Type": MEDIA["ndjson"],
    "Vary": "Accept, Accept-Encoding",
    "X-Accel-Buffering": "no",  # a proxy before the gateway passes on what it gets
}


class RightWithdrawnError(Exception):
    """What the caller may see has become less while it was being sent: the stream is cut."""


class LineStream:
    """The response, begun late; compressed where the client takes it, with nothing left in the compressor.

    Before each piece it is seen whether the caller may still see what was promised: RightWithdrawnError where not,
    since a stream that has begun can only be cut.
    """

    def __init__(self, request: web.Request, caller: Caller) -> None:
        self._request = request
        self._gateway = request.app[GATEWAY]
        self._caller = caller
        self._accounts = self._gateway.access.accounts
        self.promised: frozenset[SystemId] = frozenset()
        """The systems that it tells of, from its begin on."""
        self._response: web.StreamResponse | None = None
        self._zip: Any = isal_zlib.compressobj(1, isal_zlib.DEFLATED, 31) if takes_gzip(request) else None

    @property
    def begun(self) -> bool:
        """Whether the status is out."""
        return self._response is not None

    async def begin(self, status: int, asked: frozenset[SystemId], headers: dict[str, str] | None = None) -> None:
        """Send status and headers. Of the asked systems those are promised that the caller sees by now."""
        own, self._accounts = _HEADERS, self._gateway.access.accounts
        current = self._accounts.now(self._caller)
        self.promised = asked - (asked if current is None else withdrawn(current, self._gateway.systems, asked))
        if self._zip is not None:
            own = own | {"Content-Encoding": "gzip"}
        self._response = await stream_answer(self._request, status, own | (headers or {}))

    async def write(self, pieces: Iterator[bytes]) -> None:
        """Send pieces one after the other, each when the reader has taken the one before it."""
        for piece in pieces:
            self._check_rights()
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

    def _check_rights(self) -> None:
        accounts = self._gateway.access.accounts
        if accounts is self._accounts:
            return  # rights come with a configuration
        self._accounts = accounts
        current = accounts.now(self._caller)
        if current is None or withdrawn(current, self._gateway.systems, self.promised):
            raise RightWithdrawnError

    async def _send(self, data: bytes) -> None:
        if self._request.method != "HEAD" and self._response is not None:
            await self._response.write(data)
