"""One connection: how long a reader may take, what broken HTTP gets for an answer, and whether its client is known."""

import asyncio
import uuid
from collections.abc import Callable, Sequence
from http import HTTPStatus
from typing import Any, Final, NamedTuple, cast

import structlog
from aiohttp import web
from aiohttp.http_exceptions import BadHttpMethod
from aiohttp.web_protocol import RequestHandler

from gateway.answers.ready import Key
from gateway.web.framing import Framing
from gateway.web.respond import READ_ONLY, SAFE_HEADERS, SERVER_NAME, error_body

READER_S: Final = 30.0
"""What waits to be sent must get less within so long, else the connection is ended and its memory is free."""

_READER_BYTES: Final = 32_768
"""By how much it must get less: a reader that takes a byte now and then takes nothing."""


AtOnce = Callable[[Key, bytes], Sequence[bytes] | None]
"""All bytes of the answer to a whole request, given its digest and its bytes; None where that takes more."""


class Protocol(RequestHandler):
    """A connection. What is no HTTP is answered in the one shape of errors, without a word of what was sent.

    `known` turns true with the first good credential on it, `since` is when it was accepted (seconds of the loop).
    A whole request that comes in one piece, while nothing else is to be done here, may be answered `at_once`: taking
    it apart, and two turns of the loop for its tasks, are most of what a small answer costs.
    """

    __slots__ = ("_at_once", "_framing", "_reader_watch", "address", "known", "since")

    def __init__(self, manager: web.Server, at_once: AtOnce, *, loop: asyncio.AbstractEventLoop, **kwargs: Any) -> None:
        super().__init__(manager, loop=loop, **kwargs)
        self._at_once = at_once
        self._framing = Framing()
        self.address = ""
        self.known = False
        self.since = loop.time()
        self._reader_watch: asyncio.TimerHandle | None = None

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """See asyncio. Writing counts as paused whenever bytes wait here, so that no reader escapes the watch."""
        super().connection_made(transport)
        # asyncio's TLS pauses at that many bytes, its sockets above: 0 would be a pause over nothing, without an end.
        high = 1 if transport.get_extra_info("sslcontext") else 0
        cast("asyncio.WriteTransport", transport).set_write_buffer_limits(high=high, low=0)

    @property
    def key(self) -> Key | None:
        """The digest of the request that has come last, if nothing came with it."""
        return self._framing.key

    def data_received(self, data: bytes) -> None:
        """See asyncio."""
        if data and self._is_answered(data):
            return
        super().data_received(data)  # also without data: aiohttp takes up again what its parser had kept back
        self._framing.agree(self._request_count)

    def _is_answered(self, data: bytes) -> bool:
        framing, is_idle = self._framing, self._is_idle
        is_first = framing.is_between
        if is_first and not is_idle:
            framing.lose()  # pipelined: what belongs to which request is the parser's to say
        framing.feed(data)
        if not (is_first and is_idle) or framing.key is None:
            return False
        answer = self._at_once(framing.key, data)
        if answer is not None:
            self._send_at_once(answer)
        return answer is not None

    @property
    def _is_idle(self) -> bool:
        """Whether the last answer is on its way and taken, and the next request is waited for."""
        waiter = self._waiter
        return waiter is not None and not (waiter.done() or self._paused or self._close or self._force_close)

    def _send_at_once(self, answer: Sequence[bytes]) -> None:
        self.known = True
        self._request_count += 1
        self._next_keepalive_close_time = self._loop.time() + self._keepalive_timeout
        for piece in answer:
            if self.transport is not None:
                self.transport.write(piece)

    def pause_writing(self) -> None:
        """The reader does not take what is sent: from now on it is watched."""
        super().pause_writing()
        if self.transport is not None:
            self._watch_reader(self.transport, _waiting_bytes(self.transport))

    def resume_writing(self) -> None:
        """It has taken everything."""
        super().resume_writing()
        self._forget_reader()

    def connection_lost(self, exc: BaseException | None) -> None:
        """See asyncio."""
        self._forget_reader()
        super().connection_lost(exc)

    def _watch_reader(self, transport: asyncio.Transport, waiting: int) -> None:
        # The transport is handed on: a connection that was closed with bytes left to send is none of ours any more,
        # and would stay open for as long as its reader likes.
        self._reader_watch = asyncio.get_running_loop().call_later(READER_S, self._judge_reader, transport, waiting)

    def _judge_reader(self, transport: asyncio.Transport, before: int) -> None:
        waiting = _waiting_bytes(transport)
        if waiting > before - _READER_BYTES:
            structlog.get_logger().warning("slow_reader", address=self.address, waiting_bytes=waiting)
            transport.abort()
        else:
            self._watch_reader(transport, waiting)

    def _forget_reader(self) -> None:
        if self._reader_watch is not None:
            self._reader_watch.cancel()
            self._reader_watch = None

    async def shutdown(self, timeout: float | None = 15.0) -> None:
        """See aiohttp, which waits that long for a connection that came while others were told of the end."""
        if self._waiter is not None:
            self._waiter.cancel()
        await super().shutdown(timeout)

    async def finish_response(
        self, request: web.BaseRequest, resp: web.StreamResponse, start_time: float | None
    ) -> tuple[web.StreamResponse, bool]:
        """See aiohttp. What was sent is let go of: a connection that waits would keep it until its next request."""
        _, is_lost = await super().finish_response(request, resp, start_time)
        request.clear()
        return cast("web.StreamResponse", _Sent(resp.keep_alive)), is_lost

    def handle_error(
        self,
        request: web.BaseRequest,
        status: int = 500,
        exc: BaseException | None = None,
        message: str | None = None,  # noqa: ARG002 - it repeats what was sent, which may be a credential
    ) -> web.StreamResponse:
        """See aiohttp; the connection is closed after it."""
        error, request_id = type(exc).__name__ if exc else None, uuid.uuid4().hex
        structlog.get_logger().info("broken_request", status=status, error=error, request_id=request_id)
        if request.writer.output_size > 0:
            raise ConnectionError("part of an answer has been sent already")
        headers = SAFE_HEADERS | {"X-Request-ID": request_id, "Server": SERVER_NAME}
        text = HTTPStatus(status).phrase if status >= 500 else "this is no HTTP request that can be read"
        if isinstance(exc, BadHttpMethod):  # one that the parser has never heard of
            status, text = 405, READ_ONLY
            headers["Allow"] = "GET, HEAD, POST"
        response = web.Response(status=status, body=error_body(status, text), headers=headers)
        response.force_close()
        return response


def _waiting_bytes(transport: asyncio.Transport) -> int:
    """What the reader has still to take: under TLS some of it waits here, and some in the socket's own transport."""
    below: asyncio.Transport | None = getattr(getattr(transport, "_ssl_protocol", None), "_transport", None)
    return transport.get_write_buffer_size() + (0 if below is None else below.get_write_buffer_size())


class _Sent(NamedTuple):
    """What is left of an answer: whether its connection goes on."""

    keep_alive: bool | None


def mark_known(request: web.BaseRequest) -> None:
    """Note that a good credential came over the connection of this request."""
    connection = protocol_of(request)
    if connection is not None:
        connection.known = True


def protocol_of(request: web.BaseRequest) -> Protocol | None:
    """The connection behind a request; None where the application runs on another server, as in tests."""
    return request.protocol if isinstance(request.protocol, Protocol) else None
