"""The listening side below the application: how many connections, and what broken HTTP gets for an answer."""

import asyncio
from collections import Counter
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
_PER_ADDRESS: Final = 200
_TELL_EVERY_S: Final = 1.0


class Protocol(RequestHandler):
    """A connection. What is no HTTP is answered in the one shape of errors, without a word of what was sent."""

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
    """Counts connections, and ends those that are too many at once."""

    def __init__(self, made: web.Server, kwargs: dict[str, Any], *, per_address: bool) -> None:
        super().__init__(
            made.request_handler,
            request_factory=made.request_factory,
            handler_cancellation=made.handler_cancellation,
            **kwargs,
        )
        self._per_address = per_address
        self._addresses: Counter[str] = Counter()
        self._counted: dict[RequestHandler, str] = {}
        self._told_at = 0.0

    def __call__(self) -> RequestHandler:
        """A protocol for a connection that was just accepted."""
        return Protocol(self, loop=asyncio.get_running_loop(), **self._kwargs)

    def connection_made(self, handler: RequestHandler, transport: asyncio.Transport) -> None:
        """Let it in, or end it at once."""
        super().connection_made(handler, transport)
        peer = transport.get_extra_info("peername")
        address = network_of(peer[0]) if peer else ""
        self._counted[handler] = address
        self._addresses[address] += 1
        crowded = self._per_address and self._addresses[address] > _PER_ADDRESS
        if crowded or len(self._counted) > _CONNECTIONS:
            self._tell(address)
            transport.abort()

    def connection_lost(self, handler: RequestHandler, exc: BaseException | None = None) -> None:
        """Forget it."""
        super().connection_lost(handler, exc)
        address = self._counted.pop(handler, None)
        if address is not None:
            self._addresses[address] -= 1
            if not self._addresses[address]:
                del self._addresses[address]

    def _tell(self, address: str) -> None:
        now = asyncio.get_running_loop().time()
        if now - self._told_at >= _TELL_EVERY_S:
            self._told_at = now
            structlog.get_logger().warning("too_many_connections", address=address, open=len(self._counted))


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
