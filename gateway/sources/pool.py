"""Connections that are kept between calls, and what to do where one of them turns out to be dead."""

from collections.abc import Awaitable, Callable
from contextvars import ContextVar
from dataclasses import dataclass
from typing import Any, Final, TypeVar
from weakref import WeakSet

import aiohttp
from aiohttp.connector import Connection
from aiohttp.tracing import Trace

from gateway.errors import FetchError

T = TypeVar("T")


@dataclass(slots=True)
class Way:
    """How a request goes out."""

    anew: bool
    """On a connection of its own, which is not kept either."""
    kept: bool = False
    """What came of it: on a connection that had been used before."""


WAY: Final[ContextVar[Way | None]] = ContextVar("way", default=None)
"""That of the request which the running task is sending: aiohttp hands nothing of ours on to its connector.

What it has to tell of a connection, a trace of each request, takes 45 us a call; this takes 4.
"""


class Pool(aiohttp.TCPConnector):
    """A connector that looks at the way of a request, and says there what it gave."""

    def __init__(self, *, keepalive_timeout: float, **options: Any) -> None:
        super().__init__(keepalive_timeout=keepalive_timeout, **options)
        self._unkept = aiohttp.TCPConnector(force_close=True, **options)
        self._used_before: WeakSet[object] = WeakSet()

    async def connect(
        self, req: aiohttp.ClientRequest, traces: list[Trace], timeout: aiohttp.ClientTimeout
    ) -> Connection:
        """A kept connection where there is one, or a new one."""
        way = WAY.get()
        if way is not None and way.anew:
            return await self._unkept.connect(req, traces, timeout)
        connection = await super().connect(req, traces, timeout)
        wire = connection.protocol
        # What came while nobody had asked would be taken for the answer to this request: aiohttp does not look.
        while wire is not None and wire in self._used_before and wire.should_close:
            connection.close()
            connection = await super().connect(req, traces, timeout)
            wire = connection.protocol
        if way is not None:
            way.kept = wire in self._used_before
        self._used_before.add(wire)
        return connection

    async def close(self, *, abort_ssl: bool = False) -> None:
        """Close all connections."""
        await self._unkept.close(abort_ssl=abort_ssl)
        await super().close(abort_ssl=abort_ssl)


class DeadConnectionError(FetchError):
    """A kept connection ended before any byte of a reply: the appliance is well, as far as that tells.

    `spent_s` is the time that went into this try and those before it.
    """

    def __init__(self, message: str, *, detail: str) -> None:
        super().__init__("reset", message, detail=f"kept connection: {detail}")
        self.spent_s = 0.0


async def repeated(send: Callable[[float], Awaitable[T]]) -> T:
    """What `send` brings, told how much time was spent already; sent again where it met a dead connection.

    What comes of that is the appliance's own word: a failure has had its second try then.
    """
    spent_s, is_again = 0.0, False
    while True:
        try:
            return await send(spent_s)
        except DeadConnectionError as error:
            spent_s, is_again = error.spent_s, True
        except FetchError as error:
            error.tried_again = error.tried_again or is_again
            raise
