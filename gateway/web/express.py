"""The short way of a request whose answer is ready, before the application and everything that it looks at.

A request is the same as an earlier one when its method, target, headers and body are, to the byte: then all that the
long way checks has been checked. Only the credential is looked up again, since it may have ended meanwhile.
"""

import time
from collections.abc import Awaitable, Callable
from hashlib import blake2b
from itertools import chain
from typing import Final

from aiohttp import HttpVersion11, web

from gateway.model import made
from gateway.ready import Key, ReadyAnswer
from gateway.request_log import RequestLines, new_request_id
from gateway.stack import Gateway
from gateway.web.instant import InstantResponse, spelled_head
from gateway.web.keys import BODY, READY_KEY
from gateway.web.respond import SERVER_NAME, send_parts

Handler = Callable[[web.BaseRequest], Awaitable[web.StreamResponse]]

LINES: Final = RequestLines()
_METHODS: Final = ("GET", "POST")


class Express:
    """A request handler before another one."""

    def __init__(self, gateway: Gateway, inner: Handler, good: Callable[[web.BaseRequest], None]) -> None:
        self._gateway = gateway
        self._inner = inner
        self._good = good  # told of each request whose credential is good

    async def __call__(self, request: web.BaseRequest) -> web.StreamResponse:
        """The ready answer, or whatever the application says."""
        begun = time.perf_counter()
        key = None if self._gateway.draining else _key(request)  # the long way tells a client to go elsewhere
        if key is None:
            return await self._inner(request)
        found = self._gateway.ready.find(key, self._gateway.monotonic())
        if found is None or self._gateway.access.known(found.token_hash) is not found.caller:
            request[READY_KEY] = key
            return await self._inner(request)
        found.used += 1
        self._good(request)
        return await self._sent(request, found, begun)

    @staticmethod
    async def _sent(request: web.BaseRequest, ready: ReadyAnswer, begun: float) -> web.StreamResponse:
        request_id = new_request_id()
        try:
            if len(ready.parts) < 2 and InstantResponse.suits(request):
                if ready.head is None:
                    ready.head = spelled_head(ready.status, ready.headers | {"Server": SERVER_NAME}, ready.size)
                return InstantResponse(ready.head, b"".join(map(made, ready.parts)), request_id)
            headers = ready.headers | {"X-Request-ID": request_id, "Server": SERVER_NAME}
            return await send_parts(request, ready.parts, status=ready.status, headers=headers)
        finally:
            if ready.line is None:
                ready.line = LINES.spelled({"method": request.method, "status": ready.status, **ready.log})
            took_s = time.perf_counter() - begun
            ready.times.observe(took_s)
            LINES.write(ready.line, took_s, request_id)


def _key(request: web.BaseRequest) -> Key | None:
    """What makes two requests the same; None where no two are, or not all of the body is here."""
    if request.method not in _METHODS or request.version != HttpVersion11 or not request.content.is_eof():
        return None
    if "X-Request-ID" in request.headers:
        return None
    # What was read is handed on: a stream gives its bytes once.
    body = request[BODY] = request.content.read_nowait()
    # No part but the body can hold a line break, and no header has an empty name: equal texts are equal requests.
    line = f"{request.method} {request.raw_path}".encode(errors="surrogateescape")
    text = b"\n".join((line, *chain.from_iterable(request.raw_headers), b"", body))
    return blake2b(text, digest_size=32).digest()
