"""The listening side below the application: how many connections, and how long an end may take."""

import asyncio
import contextlib
from typing import Any, Final, cast

import structlog
from aiohttp import web
from aiohttp.web_protocol import RequestHandler

from gateway.callers.lockout import network_of
from gateway.stack import Gateway
from gateway.web.connection import Protocol
from gateway.web.express import Express
from gateway.web.keys import GATEWAY
from gateway.web.load import Load

HEADERS_S: Final = 15.0
"""A connection that sends no whole request head for so long is closed; a kept one that stays silent as well."""

LONGEST_LINE_BYTES: Final = 65_536
"""Of a request: a thousand ids are a question that may be asked as a query string as well (contract section 4)."""

LINGER_S: Final = 5.0
"""For how long what is left of a refused body is read and thrown away, so that a reset does not eat the answer."""

_DRAIN_S: Final = 20.0
_LONGEST_QUIET_S: Final = 5.0
_OPEN_S: Final = 7.0
"""For so long a draining gateway takes new requests: a crowd that does not notice the end would make it longer."""
_CONNECTIONS: Final = 12_000
_STRANGERS_PER_ADDRESS: Final = 200
_PATIENCE_S: Final = 1.0


class Server(web.Server):
    """Counts connections, and ends those that are too many.

    A crowd behind one address (a proxy, a monitoring host) is welcome once it has shown credentials. Strangers are
    not, whether they only sit there or send a body drop by drop: of those at most 200 stay for each address. Over
    12,000 connections in all nobody gets in.
    """

    def __init__(self, made: web.Server, kwargs: dict[str, Any], gateway: Gateway, *, per_address: bool) -> None:
        express = Express(gateway, made.request_handler)
        super().__init__(
            express,
            request_factory=made.request_factory,
            handler_cancellation=made.handler_cancellation,
            **kwargs,
        )
        self._express = express
        self._per_address = per_address
        self._open: dict[str, dict[Protocol, asyncio.Transport]] = {}
        self._count = 0
        self._sweep: asyncio.TimerHandle | None = None

    def __call__(self) -> RequestHandler:
        """A protocol for a connection that was just accepted."""
        return Protocol(self, self._express.at_once, loop=asyncio.get_running_loop(), **self._kwargs)

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
            max_line_size=LONGEST_LINE_BYTES,
            auto_decompress=False,  # a body is unpacked by who reads it, within its limit (body.py)
        )
        self._per_address = per_address

    async def drain(self, load: Load, quiet_s: float = 0.0) -> None:
        """Wait until all requests of this moment are answered; `cleanup` then has what is left of the 20 s.

        The socket stays open meanwhile, so that whoever asks for readiness reads that there is none, and until from
        this moment on no request has come for `quiet_s` (5 s at most), also where none is under way: a balancer needs
        a moment to see it, and what it sends in that moment is answered as well. After 7 s what comes is told to go
        elsewhere.
        """
        loop = asyncio.get_running_loop()
        clock = loop.time
        begun = clock()
        loop.call_later(_OPEN_S, load.close)
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(_DRAIN_S):
                await load.answered()
                while (left := min(max(begun, load.last_begun) + quiet_s, begun + _LONGEST_QUIET_S) - clock()) > 0:
                    await asyncio.sleep(left)
                    await load.answered()
        self._shutdown_timeout = max(0.0, begun + _DRAIN_S - clock())

    async def _make_server(self) -> web.Server:
        made = await super()._make_server()
        return Server(made, made._kwargs, self.app[GATEWAY], per_address=self._per_address)


class Site(web.TCPSite):
    """Where the gateway listens. Who never ends a TLS handshake has no longer than who never ends a request head."""

    async def start(self) -> None:
        """See aiohttp, which leaves a handshake the minute that asyncio gives it."""
        await web.BaseSite.start(self)
        self._server = await asyncio.get_running_loop().create_server(
            cast("web.Server", self._runner.server),  # there is one since the runner was set up
            self._host,
            self._port,
            ssl=self._ssl_context,
            ssl_handshake_timeout=HEADERS_S if self._ssl_context else None,
            backlog=self._backlog,
        )
