"""The short way of a request: what can be said of it before the application and everything that it looks at.

Either its answer is ready, or its caller has come to more than the gateway can do, and a refusal must cost little.

A request is the same as an earlier one when its bytes are: then all that the long way checks has been checked. Only the
credential is looked up again, since it may have ended meanwhile.

Most requests are answered before they are even taken apart (`at_once`). That is not for those whose body came after
their head or that close their connection: they are looked at here once more when they are requests.
"""

import time
from collections.abc import Awaitable, Callable, Sequence
from functools import lru_cache
from typing import Final

from aiohttp import HttpVersion11, web

from gateway.answers.ready import Key, ReadyAnswer
from gateway.callers.accounts import Caller, token_hash
from gateway.errors import RequestError
from gateway.model import made
from gateway.stack import Gateway
from gateway.telemetry.request_log import RequestLines, new_request_id
from gateway.web.connection import mark_known, protocol_of
from gateway.web.credentials import token_of
from gateway.web.framing import asked_of, is_usual
from gateway.web.instant import InstantResponse, spelled_head, writes_of
from gateway.web.keys import READY_KEY
from gateway.web.load import TOO_MUCH
from gateway.web.paths import ALWAYS, normalised
from gateway.web.request_id import fit_request_id, request_id_of
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

    def at_once(self, key: Key, data: bytes) -> Sequence[bytes] | None:
        """All bytes of the answer to a whole request, given its digest and its bytes; None where that takes more."""
        begun = time.perf_counter()
        if self._gateway.draining:  # the long way tells a client to go elsewhere
            return None
        ready = self._ready(key)
        if ready is not None:
            if len(ready.parts) > 1 or not is_usual(data):  # many parts are sent one by one, as their reader takes them
                return None
            return writes_of(_head_of(ready), _body_of(ready), self._used(ready, begun))
        if not self._gateway.turns.is_awaited:
            return None
        asked = asked_of(data)
        caller = None if asked is None else self._late(asked.path, asked.token)
        if asked is None or caller is None:
            return None
        request_id = fit_request_id(asked.request_id)
        self._refused(asked.method, asked.raw_path, caller, begun, request_id)
        return writes_of(_TOO_MUCH_HEAD, _TOO_MUCH, request_id)

    async def __call__(self, request: web.BaseRequest) -> web.StreamResponse:
        """The ready answer, or whatever the application says."""
        begun = time.perf_counter()
        if self._gateway.draining or not request.content.is_eof():
            return await self._inner(request)
        key = _key(request)
        found = None if key is None else self._ready(key)
        if found is not None:
            mark_known(request)
            return await self._sent(request, found, begun)
        refused = self._refused_late(request, begun)
        if refused is not None:
            mark_known(request)
            return refused
        if key is not None:
            request[READY_KEY] = key
        return await self._inner(request)

    def _ready(self, key: Key) -> ReadyAnswer | None:
        gateway = self._gateway
        return gateway.ready.of(key, gateway.monotonic(), gateway.access.known)

    def _used(self, ready: ReadyAnswer, begun: float) -> str:
        """Count and log one more use; the id of its request."""
        request_id, took_s = new_request_id(), time.perf_counter() - begun
        if ready.line is None:
            ready.line = LINES.spelled(ready.log)
        ready.used += 1
        ready.times.observe(took_s)
        LINES.write(ready.line, took_s, request_id)
        return request_id

    async def _sent(self, request: web.BaseRequest, ready: ReadyAnswer, begun: float) -> web.StreamResponse:
        request_id = self._used(ready, begun)
        if len(ready.parts) < 2 and InstantResponse.suits(request):
            return InstantResponse(_head_of(ready), _body_of(ready), request_id)
        headers = ready.headers | {"X-Request-ID": request_id, "Server": SERVER_NAME}
        return await send_parts(request, ready.parts, status=ready.status, headers=headers)

    def _late(self, path: str, token: str) -> Caller | None:
        """The caller, if earlier requests of it wait too long for a turn already; None where all is well."""
        if path in ALWAYS:
            return None
        caller = self._gateway.access.known(token_hash(token))
        return caller if caller is not None and self._gateway.turns.is_late(caller.asker) else None

    def _refused_late(self, request: web.BaseRequest, begun: float) -> web.StreamResponse | None:
        if not self._gateway.turns.is_awaited or request.method not in _METHODS:
            return None
        path = request.rel_url.raw_path
        try:
            token = token_of(request)
        except RequestError:
            return None  # the long way says what is wrong
        caller = None if token is None else self._late(normalised(path), token)
        if caller is None:
            return None
        request_id = request_id_of(request)
        self._refused(request.method, path, caller, begun, request_id)
        if InstantResponse.suits(request):
            return InstantResponse(_TOO_MUCH_HEAD, _TOO_MUCH, request_id)
        return web.Response(status=503, body=_TOO_MUCH, headers=_TOO_MUCH_HEADERS | {"X-Request-ID": request_id})

    def _refused(self, method: str, path: str, caller: Caller, begun: float, request_id: str) -> None:
        """Count and log a refusal."""
        took_s = time.perf_counter() - begun
        self._gateway.traffic.times(route_at(normalised(path)), method, 503).observe(took_s)
        LINES.write(_refusal_line(method, path, caller.name), took_s, request_id)


@lru_cache(maxsize=256)
def _refusal_line(method: str, path: str, name: str) -> str:
    return LINES.spelled({"method": method, "status": 503, "path": path, "caller": name})


def _head_of(ready: ReadyAnswer) -> bytes:
    if ready.head is None:
        ready.head = spelled_head(ready.status, ready.headers | {"Server": SERVER_NAME}, ready.size)
    return ready.head


def _body_of(ready: ReadyAnswer) -> bytes:
    return b"".join(map(made, ready.parts))


def _key(request: web.BaseRequest) -> Key | None:
    """Under what an answer to this request may be kept; None where no later one can be known to be the same."""
    connection = protocol_of(request)
    if connection is None or request.method not in _METHODS or request.version != HttpVersion11:
        return None
    if "X-Request-ID" in request.headers:
        return None
    return connection.key
