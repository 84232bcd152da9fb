"""One request that a fault has hit, with what the fault's answer needs."""

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import dataclass

from aiohttp import web

from gateway.simulator.faults import Fault
from gateway.simulator.replies import body_of


@dataclass(frozen=True)
class Exchange:
    """``genuine`` makes the answer that the request would have got; ``released`` is set when faults are cleared.

    ``now`` is the appliance's clock in epoch seconds.
    """

    fault: Fault
    request: web.Request
    genuine: Callable[[], Awaitable[web.Response]]
    released: asyncio.Event
    now: float

    async def genuine_body(self) -> bytes:
        """The bytes of that answer."""
        return body_of(await self.genuine())

    @property
    def is_open(self) -> bool:
        """Whether the client is still there."""
        return self.request.transport is not None and not self.request.transport.is_closing()

    def abort(self) -> web.StreamResponse:
        """Break the connection with a reset; the response returned is never sent."""
        if self.request.transport is not None:
            self.request.transport.abort()
        return web.Response()

    def close(self) -> None:
        """End the connection in the middle of an answer: unlike an abort, what was written still arrives."""
        if self.request.transport is not None:
            self.request.transport.close()


Answer = Callable[[Exchange], Awaitable[web.StreamResponse]]
