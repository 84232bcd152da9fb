"""The listening socket of one appliance, and the ways in which it can misbehave.

The port stays the same through every closing and reopening.
"""

import asyncio
import socket
import ssl
from collections.abc import Callable
from typing import Final, Literal

from aiohttp import web

from gateway.simulator.tls import Certificate, self_signed

Mode = Literal["serving", "refusing", "stalled", "plain_http", "other_certificate"]

_TURNS: Final = 4


class _Silent(asyncio.Protocol):
    """Takes a connection and never says a word."""

    def __init__(self, connections: set[asyncio.BaseTransport]) -> None:
        self._connections = connections
        self._transport: asyncio.BaseTransport | None = None

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = transport
        self._connections.add(transport)

    def connection_lost(self, _: Exception | None) -> None:
        if self._transport is not None:
            self._connections.discard(self._transport)


class Listener:
    """Binds ``runner``'s HTTP server to one port, with TLS if there is a certificate."""

    def __init__(self, runner: web.AppRunner, host: str, port: int, certificate: Certificate | None) -> None:
        self._runner = runner
        self._host = host
        self._port = port
        self._certificate = certificate
        self._server: asyncio.Server | None = None
        self._reserved: socket.socket | None = None
        self._silent: set[asyncio.BaseTransport] = set()
        self.mode: Mode = "refusing"

    def __repr__(self) -> str:
        return f"<Listener {self._host}:{self._port} {self.mode}>"

    @property
    def port(self) -> int:
        """The port; known from the first opening on."""
        return self._port

    def reserve(self) -> socket.socket:
        """Take the port without listening on it: clients are refused, and nobody else can have it."""
        if self._reserved is None:
            self._reserved = _bound_socket(self._host, self._port)
            self._port = self._reserved.getsockname()[1]
        return self._reserved

    async def switch(self, mode: Mode) -> None:
        """Close what is open, connections too, and behave as ``mode`` says from now on."""
        self._hang_up()
        # A few turns of the loop, so that a client in this very process has seen the end of its kept-alive
        # connections when this returns, and meets the new behaviour with its next call.
        for _ in range(_TURNS):
            await asyncio.sleep(0)
        bound = self.reserve()
        if mode == "refusing":
            return
        self._reserved = None
        self._server = await asyncio.get_running_loop().create_server(
            self._protocol_factory(mode), sock=bound, ssl=self._context(mode), backlog=1024
        )
        self.mode = mode

    def close(self) -> None:
        """Give the port back."""
        self._hang_up()
        if self._reserved is not None:
            self._reserved.close()
            self._reserved = None

    def _hang_up(self) -> None:
        """Stop listening and abort every connection: a kept-alive one must not outlive its appliance."""
        if self._server is not None:
            self._server.close()
            self._server = None
        served = self._runner.server.connections if self._runner.server is not None else []
        for transport in [*(connection.transport for connection in served), *self._silent]:
            if isinstance(transport, asyncio.Transport):
                transport.abort()
        self.mode = "refusing"

    def _protocol_factory(self, mode: Mode) -> Callable[[], asyncio.BaseProtocol]:
        if mode == "stalled":
            return lambda: _Silent(self._silent)
        if self._runner.server is None:
            raise RuntimeError("the HTTP server is not set up")
        return self._runner.server

    def _context(self, mode: Mode) -> ssl.SSLContext | None:
        if self._certificate is None or mode in ("plain_http", "stalled"):
            return None
        certificate = self_signed("another-appliance") if mode == "other_certificate" else self._certificate
        return certificate.server_context()


def _bound_socket(host: str, port: int) -> socket.socket:
    bound = socket.socket(socket.AF_INET, socket.SOCK_STREAM)
    # Without this a port whose last connections have just ended could not be opened again.
    bound.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    try:
        bound.bind((host, port))
    except OSError:
        bound.close()
        raise
    return bound
