"""The listening side below the application: how many connections, and what broken HTTP gets for an answer."""

import asyncio
import contextlib
import uuid
from http import HTTPStatus
from typing import Any, Final, cast

import structlog
from aiohttp import web
from aiohttp.web_protocol import RequestHandler

from gateway.lockout import network_of
from gateway.stack import Gateway
from gateway.web.express import Express
from gateway.web.keys import GATEWAY
from gateway.web.load import Load
from gateway.web.respond import SAFE_HEADERS, SERVER_NAME, error_body

HEADERS_S: Final = 15.0
"""A connection that sends no whole request head for so long is closed; a kept one that stays silent as well."""

READER_S: Final = 30.0
"""What waits to be sent must get less within so long, else the connection is ended and its memory is free."""

_READER_BYTES: Final = 32_768
"""By how much it must get less: a reader that takes a byte now and then takes nothing."""
LINGER_S: Final = 5.0
"""For how long what is left of a refused body is read and thrown away, so that a reset does not eat the answer."""

_DRAIN_S: Final = 20.0
_LONGEST_QUIET_S: Final = 5.0
_CONNECTIONS: Final = 12_000
_STRANGERS_PER_ADDRESS: Final = 200
_PATIENCE_S: Final = 1.0


class Protocol(RequestHandler):
    """A connection. What is no HTTP is answered in the one shape of errors, without a word of what was sent.

    `known` turns true with the first good credential on it, `since` is when it was accepted (seconds of the loop).
    """

    __slots__ = ("_reader_watch", "address", "known", "since")

    def __init__(self, manager: web.Server, *, loop: asyncio.AbstractEventLoop, **kwargs: Any) -> None:
        super().__init__(manager, loop=loop, **kwargs)
        self.address = ""
        self.known = False
        self.since = loop.time()
        self._reader_watch: asyncio.TimerHandle | None = None

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """See asyncio. Writing counts as paused whenever bytes wait here, so that no reader escapes the watch."""
        super().connection_made(transport)
        cast("asyncio.WriteTransport", transport).set_write_buffer_limits(high=0)

    def pause_writing(self) -> None:
        """The reader does not take what is sent: from now on it is watched."""
        super().pause_writing()
        if self.transport is not None:
            self._watch_reader(self.transport, self.transport.get_write_buffer_size())

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
        waiting = transport.get_write_buffer_size()
        if waiting > before - _READER_BYTES:
            structlog.get_logger().warning("slow_reader", address=self.address, waiting_bytes=waiting)
            transport.abort()
        else:
            self._watch_reader(transport, waiting)

    def _forget_reader(self) -> None:
        if self._reader_watch is not None:
            self._reader_watch.cancel()
            self._reader_watch = None

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
        text = HTTPStatus(status).phrase if status >= 500 else "this is no HTTP request that can be read"
        headers = SAFE_HEADERS | {"X-Request-ID": request_id, "Server": SERVER_NAME}
        response = web.Response(status=status, body=error_body(status, text), headers=headers)
        response.force_close()
        return response


class Server(web.Server):
    """Counts connections, and ends those that are too many.

    A crowd behind one address (a proxy, a monitoring host) is welcome once it has shown credentials. Strangers are
    not, whether they only sit there or send a body drop by drop: of those at most 200 stay for each address. Over
    12,000 connections in all nobody gets in.
    """

    def __init__(self, made: web.Server, kwargs: dict[str, Any], gateway: Gateway, *, per_address: bool) -> None:
        super().__init__(
            Express(gateway, made.request_handler, mark_known),
            request_factory=made.request_factory,
            handler_cancellation=made.handler_cancellation,
            **kwargs,
        )
        self._per_address = per_address
        self._open: dict[str, dict[Protocol, asyncio.Transport]] = {}
        self._count = 0
        self._sweep: asyncio.TimerHandle | None = None

    def __call__(self) -> RequestHandler:
        """A protocol for a connection that was just accepted."""
        return Protocol(self, loop=asyncio.get_running_loop(), **self._kwargs)

    def connection_made(self, handler: RequestHandler, transport: asyncio.Transport) -> None:
        """Let it in, or end it at once."""
        super().connection_made(handler, transport)
        if not isinstance(handler, Protocol):
            return
        peer = transport.get_extra_info("peername")
        handler.address = network_of(peer[0]) if peer else ""
        self._open.setdefault(handler.address, {})[handler] = transport
        self._count += 1
        if self._count > _CONNECTIONS:
            transport.abort()
        crowded = len(self._open[handler.address]) > _STRANGERS_PER_ADDRESS
        if self._per_address and crowded and self._sweep is None:
            self._sweep = asyncio.get_running_loop().call_later(_PATIENCE_S, self._end_strangers)

    def connection_lost(self, handler: RequestHandler, exc: BaseException | None = None) -> None:
        """Forget it."""
        super().connection_lost(handler, exc)
        if isinstance(handler, Protocol) and handler in self._open.get(handler.address, ()):
            del self._open[handler.address][handler]
            self._count -= 1
            if not self._open[handler.address]:
                del self._open[handler.address]

    def _end_strangers(self) -> None:
        """End the oldest of those that have shown no credential, where they are too many."""
        loop = asyncio.get_running_loop()
        self._sweep = None
        for address, handlers in self._open.items():
            strangers = [handler for handler in handlers if not handler.known]
            too_many = max(0, len(strangers) - _STRANGERS_PER_ADDRESS)
            ripe = [handler for handler in strangers if loop.time() - handler.since >= _PATIENCE_S / 2][:too_many]
            for handler in ripe:
                handlers[handler].abort()
            if ripe:
                structlog.get_logger().warning("too_many_connections", address=address, ended=len(ripe))
            if len(ripe) < too_many and self._sweep is None:
                self._sweep = loop.call_later(_PATIENCE_S, self._end_strangers)


class Runner(web.AppRunner):
    """The runner with the limits of contract section 4; requests are logged by the guard alone."""

    def __init__(self, app: web.Application, *, per_address: bool) -> None:
        super().__init__(
            app,
            access_log=None,
            keepalive_timeout=HEADERS_S,
            shutdown_timeout=_DRAIN_S,
            handler_cancellation=True,
            lingering_time=LINGER_S,
            auto_decompress=False,  # a body is unpacked by who reads it, within its limit (read.py)
        )
        self._per_address = per_address

    async def drain(self, load: Load, quiet_s: float = 0.0) -> None:
        """Wait until all requests of this moment are answered; `cleanup` then has what is left of the 20 s.

        The socket stays open meanwhile, so that whoever asks for readiness reads that there is none, and until no
        request has come for `quiet_s` (5 s at most): a balancer needs a moment to see it, and what it sends in that
        moment is answered as well.
        """
        clock = asyncio.get_running_loop().time
        begun = clock()
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(_DRAIN_S):
                await load.answered()
                while clock() < min(load.last_begun + quiet_s, begun + _LONGEST_QUIET_S):
                    await asyncio.sleep(max(0.0, load.last_begun + quiet_s - clock()))
                    await load.answered()
        self._shutdown_timeout = max(0.0, begun + _DRAIN_S - clock())

    async def _make_server(self) -> web.Server:
        made = await super()._make_server()
        return Server(made, made._kwargs, self.app[GATEWAY], per_address=self._per_address)


def mark_known(request: web.BaseRequest) -> None:
    """Note that a good credential came over the connection of this request."""
    connection = protocol_of(request)
    if connection is not None:
        connection.known = True


def protocol_of(request: web.BaseRequest) -> Protocol | None:
    """The connection behind a request; None where the application runs on another server, as in tests."""
    return request.protocol if isinstance(request.protocol, Protocol) else None
