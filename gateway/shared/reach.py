"""Whether the shared store can be reached: bounded waits, rest after a fault, one warning for each outage."""

import asyncio
import contextlib
import time
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import Any, Final

import structlog

from gateway.clock import Clock
from gateway.shared.connection import Connection, Subscriber
from gateway.shared.scripts import PROBE, Script

WITHIN_S: Final = 0.25
"""For how long an answer that must ask an appliance anyway waits for the store."""
QUICK_S: Final = 0.05
"""The same for an answer that may be held."""

_FIRST_REST_S: Final = 0.5
_LONGEST_REST_S: Final = 5.0
_OPEN_S: Final = 1.5
_QUIET_S: Final = 10.0
"""A store that comes and goes is told of once in so long."""
_TURNS_OF_GRACE: Final = 8
_LEAST_PROBE: Final = 64
_QUICK_TRIES: Final = 3
_CANCEL_TRIES: Final = 5
_CANCEL_S: Final = 0.5


class StoreAwayError(Exception):
    """The shared store cannot be used now; whoever meets this goes on without it."""


@dataclass(frozen=True, slots=True)
class Reply:
    """What a script returned, and the moments around it.

    `now_us` is the server's clock (microseconds); `sent_at` and `got_at` are our monotonic seconds before and after.
    """

    now_us: int
    values: list[Any]
    sent_at: float
    got_at: float


class Reach:
    """Runs scripts in the store while it is well.

    After a fault nothing waits for it any more: a probe in the background, that writes as much as what failed, says
    when it is back. `up_again` are called then, and after the first time as well.
    """

    def __init__(self, connection: Connection, prefix: str, monotonic: Clock = time.monotonic) -> None:
        self.prefix = prefix
        self._connection = connection
        self._monotonic = monotonic
        self.up = False
        self.outages = 0
        """Counts how often the store was lost: what it knew of us may be gone since."""
        self.up_again: list[Callable[[], None]] = []
        self._probe_bytes = _LEAST_PROBE
        self._probing: asyncio.Task[None] | None = None
        self._told = False
        self._told_at = -_QUIET_S

    def __repr__(self) -> str:
        return f"<Reach of {self._connection.name}: {'up' if self.up else 'away'}>"

    async def open(self) -> None:
        """Try once, for a moment; then go on trying in the background."""
        try:
            await self._probe()
        except Exception as error:  # noqa: BLE001 - whatever it is, the gateway goes on without the store
            self._lost(error)
        else:
            self._back()

    async def close(self) -> None:
        """End all connections."""
        self.up = False
        await ended(self._probing)
        with contextlib.suppress(Exception):
            async with asyncio.timeout(_OPEN_S):
                await self._connection.close()

    def key(self, tag: str, *parts: str) -> str:
        """A key; those with the same tag lie on one server of a cluster."""
        return ":".join((f"{self.prefix}:{{{tag}}}", *parts))

    async def run(
        self, script: Script, keys: tuple[str, ...], values: tuple[object, ...] = (), within_s: float = WITHIN_S
    ) -> Reply:
        """What a script returns; raises StoreAwayError at once while the store is away, or after `within_s`."""
        if not self.up:
            raise StoreAwayError
        outage, sent_at = self.outages, self._monotonic()
        try:
            found = await _within(self._connection.evaluate(script, keys, values), within_s)
        except Exception as error:
            if outage == self.outages:
                sizes = [len(value) for value in values if isinstance(value, bytes)]
                self._probe_bytes = max([_LEAST_PROBE, *sizes])
                self._lost(error)
            raise StoreAwayError from error
        return Reply(int(found[0]), found[1:], sent_at, self._monotonic())

    def subscriber(self) -> Subscriber:
        """A new listener; raises StoreAwayError while the store is away."""
        if not self.up:
            raise StoreAwayError
        return self._connection.subscriber()

    def lost_notices(self, error: BaseException) -> None:
        """The connection that brings notices broke: let the next probe say whether that was the store."""
        if self.up and not isinstance(error, asyncio.CancelledError):
            self._lost(error)

    def _lost(self, error: BaseException) -> None:
        self.up = False
        self.outages += 1
        now = self._monotonic()
        if not self._told and now - self._told_at >= _QUIET_S:
            self._told, self._told_at = True, now
            # Words of the server are no secrets, but those of a client may repeat the URL: the class must do.
            structlog.get_logger().warning("shared_store_away", store=self._connection.name, reason=_reason(error))
        if self._probing is None or self._probing.done():
            self._probing = asyncio.create_task(self._probe_on())

    def _back(self) -> None:
        self.up = True
        if self._told:
            self._told = False
            structlog.get_logger().warning("shared_store_back", store=self._connection.name)
        for tell in self.up_again:
            tell()

    async def _probe_on(self) -> None:
        rest = _FIRST_REST_S
        while True:
            await asyncio.sleep(rest)
            rest = min(2 * rest, _LONGEST_REST_S)
            with contextlib.suppress(Exception):
                await self._probe()
                break
        self._back()

    async def _probe(self) -> None:
        if not self._connection.is_open:
            try:
                await _within(self._connection.open(), _OPEN_S)
            except BaseException:
                with contextlib.suppress(Exception):
                    await self._connection.close()
                raise
        # The first one after an outage may have to connect; one of the others must be as quick as the quickest use.
        await _within(self._connection.evaluate(PROBE, (self.key("probe"),), (b"0" * self._probe_bytes,)), _OPEN_S)
        for tries_left in reversed(range(_QUICK_TRIES)):
            try:
                await _within(self._connection.evaluate(PROBE, (self.key("probe"),), (b"0",)), QUICK_S)
            except TimeoutError:
                if not tries_left:
                    raise
            else:
                break


async def ended(*tasks: "asyncio.Task[None] | None") -> None:
    """Cancel tasks and wait for their end, for some seconds at most.

    A cancellation that meets a timeout of a client's own may be lost in it, so it is said again.
    """
    left = {task for task in tasks if task is not None}
    for _ in range(_CANCEL_TRIES):
        for task in left:
            task.cancel()
        if left:
            _, left = await asyncio.wait(left, timeout=_CANCEL_S)


async def _within(work: Awaitable[Any], seconds: float) -> Any:
    """asyncio.timeout that forgives a late event loop: what has arrived in time is taken."""
    task = asyncio.ensure_future(work)
    try:
        await asyncio.wait({task}, timeout=seconds)
        for _ in range(_TURNS_OF_GRACE):
            if task.done():
                break
            await asyncio.sleep(0)
        if task.done():
            return task.result()
        raise TimeoutError
    finally:
        if not task.done():
            task.cancel()
        elif not task.cancelled():
            task.exception()  # read, so that nobody is told of a fault that was dealt with


def _reason(error: BaseException) -> str:
    return type(error).__name__
