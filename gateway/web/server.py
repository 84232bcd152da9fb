"""The listening side below the application: how many connections, and what broken HTTP gets for an answer."""

import asyncio
from http import HTTPStatus
from typing import Any, Final

import structlog
from aiohttp import web
from aiohttp.web_protocol import RequestHandler

from gateway.lockout import network_of
from gateway.web.respond import SAFE_HEADERS, error_body

HEADERS_S: Final = 15.0
"""A connection that sends no whole request head for so long is closed; a kept one that stays silent as well."""

_DRAIN_S: Final = 20.0
_CONNECTIONS: Final = 12_000
_STRANGERS_PER_ADDRESS: Final = 200
_PATIENCE_S: Final = 1.0


class Protocol(RequestHandler):
    """A connection. What is no HTTP is answered in the one shape of errors, without a word of what was sent.

    `known` turns true with the first good credential on it; `busy` counts the requests that are being answered.
    """

    __slots__ = ("address", "busy", "known", "since")

    def __init__(self, manager: web.Server, *, loop: asyncio.AbstractEventLoop, **kwargs: Any) -> None:
        super().__init__(manager, loop=loop, **kwargs)
        self.address = ""
        self.known = False
        self.busy = 0
        self.since = loop.time()

    def handle_error(
        self,
        request: web.BaseRequest,
        status: int = 500,
        exc: BaseException | None = None,
        message: str | None = None,  # noqa: ARG002 - it repeats what was sent, which may be a credential
    ) -> web.StreamResponse:
        """See aiohttp; the connection is closed after it."""
        structlog.get_logger().info("broken_request", status=status, error=type(exc).__name__ if exc else None)
        if request.writer.output_size > 0:
            raise ConnectionError("part of an answer has been sent already")
        text = HTTPStatus(status).phrase if status >= 500 else "this is no HTTP request that can be read"
        response = web.Response(status=status, body=error_body(status, text), headers=SAFE_HEADERS)
        response.force_close()
        return response


class Server(web.Server):
    """Counts connections, and ends those that are too many.

    A crowd behind one address (a proxy, a monitoring host) is welcome once it has shown credentials. Strangers that
    only sit there are not: of those at most 200 stay for each address. Over 12,000 connections in all nobody gets in.
    """

    def __init__(self, made: web.Server, kwargs: dict[str, Any], *, per_address: bool) -> None:
        super().__init__(
            made.request_handler,
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
        """End the oldest of those that neither showed a credential nor ask anything, where they are too many."""
        loop = asyncio.get_running_loop()
        self._sweep = None
        for address, handlers in self._open.items():
            idle = [handler for handler in handlers if not handler.known and not handler.busy]
            too_many = max(0, len(idle) - _STRANGERS_PER_ADDRESS)
            ripe = [handler for handler in idle if loop.time() - handler.since >= _PATIENCE_S / 2][:too_many]
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
            app, access_log=None, keepalive_timeout=HEADERS_S, shutdown_timeout=_DRAIN_S, handler_cancellation=True
        )
        self._per_address = per_address

    async def _make_server(self) -> web.Server:
        made = await super()._make_server()
        return Server(made, made._kwargs, per_address=self._per_address)


def protocol_of(request: web.BaseRequest) -> Protocol | None:
    """The connection behind a request; None where the application runs on another server, as in tests."""
    return request.protocol if isinstance(request.protocol, Protocol) else None
