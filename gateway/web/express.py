"""The short way of a request: what can be said of it before the application and everything that it looks at.

Either its answer is ready, or its caller has come to more than the gateway can do, and a refusal must cost little.

A request is the same as an earlier one when its method, target, headers and body are, to the byte: then all that the
long way checks has been checked. Only the credential is looked up again, since it may have ended meanwhile.
"""

import time
from collections.abc import Awaitable, Callable
from hashlib import blake2b
from itertools import chain
from typing import Final

from aiohttp import HttpVersion11, web

from gateway.accounts import Caller, token_hash
from gateway.errors import RequestError
from gateway.model import made
from gateway.ready import Key, ReadyAnswer
from gateway.request_log import RequestLines, new_request_id
from gateway.stack import Gateway
from gateway.web.connection import mark_known
from gateway.web.credentials import token_of
from gateway.web.instant import InstantResponse, spelled_head
from gateway.web.keys import BODY, READY_KEY
from gateway.web.load import TOO_MUCH
from gateway.web.paths import ALWAYS, normalised
from gateway.web.request_id import request_id_of
from gateway.web.respond import SAFE_HEADERS, SERVER_NAME, error_body, send_parts
from gateway.web.routes import route_at

Handler = Callable[[web.BaseRequest], Awaitable[web.StreamResponse]]

LINES: Final = RequestLines()
_METHODS: Final = ("GET", "POST")

_TOO_MUCH: Final = error_body(503, TOO_MUCH)
_TOO_MUCH_HEADERS: Final = SAFE_HEADERS | {"Retry-After": "1", "Server": SERVER_NAME}
_TOO_MUCH_HEAD: Final = spelled_head(503, _TOO_MUCH_HEADERS, len(_TOO_MUCH))


class Express:
    """A request handler before another one."""

    def __init__(self, gateway: Gateway, inner: Handler) -> None:
        self._gateway = gateway
        self._inner = inner

    async def __call__(self, request: web.BaseRequest) -> web.StreamResponse:
        """The ready answer, or whatever the application says."""
        begun = time.perf_counter()
        if self._gateway.draining or not request.content.is_eof():  # the long way tells a client to go elsewhere
            return await self._inner(request)
        key = _key(request)
        found = None if key is None else self._ready(key)
        if found is not None:
            mark_known(request)
            return await self._sent(request, found, begun)
        late = self._late(request)
        if late is not None:
            mark_known(request)
            return self._refused(request, late, begun)
        if key is not None:
            request[READY_KEY] = key
        return await self._inner(request)

    def _ready(self, key: Key) -> ReadyAnswer | None:
        return self._gateway.ready.of(key, self._gateway.monotonic(), self._gateway.access.known)

    def _late(self, request: web.BaseRequest) -> Caller | None:
        """The caller, if earlier requests of it wait too long for a turn already; None where all is well."""
        turns = self._gateway.turns
        if not turns.is_awaited or request.method not in _METHODS or normalised(request.rel_url.raw_path) in ALWAYS:
            return None
        try:
            token = token_of(request)
        except RequestError:
            return None  # the long way says what is wrong
        caller = self._gateway.access.known(token_hash(token)) if token is not None else None
        return caller if caller is not None and turns.is_late(caller.asker) else None

    def _refused(self, request: web.BaseRequest, caller: Caller, begun: float) -> web.StreamResponse:
        request_id, path = request_id_of(request), request.rel_url.raw_path
        took_s = time.perf_counter() - begun
        self._gateway.traffic.times(route_at(normalised(path)), request.method, 503).observe(took_s)
        line = {"method": request.method, "status": 503, "path": path, "caller": caller.name}
        LINES.write(LINES.spelled(line), took_s, request_id)
        if InstantResponse.suits(request):
            return InstantResponse(_TOO_MUCH_HEAD, _TOO_MUCH, request_id)
        return web.Response(status=503, body=_TOO_MUCH, headers=_TOO_MUCH_HEADERS | {"X-Request-ID": request_id})

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
    """What makes two requests the same; None where no two are. All of the body must be here."""
    if request.method not in _METHODS or request.version != HttpVersion11:
        return None
    if "X-Request-ID" in request.headers:
        return None
    # What was read is handed on: a stream gives its bytes once.
    body = request[BODY] = request.content.read_nowait()
    # No part but the body can hold a line break, and no header has an empty name: equal texts are equal requests.
    line = f"{request.method} {request.raw_path}".encode(errors="surrogateescape")
    text = b"\n".join((line, *chain.from_iterable(request.raw_headers), b"", body))
    return blake2b(text, digest_size=32).digest()
