"""The ceiling of one appliance: how many calls at once, how many in a minute."""

import asyncio
from collections import deque
from contextlib import AbstractAsyncContextManager
from typing import Final, Protocol
from weakref import WeakSet

from asyncio_throttle.throttler import Throttler

from gateway.clock import Clock
from gateway.loop.fair import FairSemaphore

_MINUTE_S: Final = 60.0
_POLL_S: Final = 0.05


class CommonCeiling(Protocol):
    """The same ceiling as all replicas have it together."""

    async def turn(self) -> None:
        """Wait until one more call may start, and count it."""
        ...

    async def enter(self) -> str:
        """Wait for a place among the calls at once; returns its name."""
        ...

    async def leave(self, member: str) -> None:
        """Give a place back."""
        ...

    def free_in(self, ahead: int) -> float:
        """Seconds until a call that comes now may start behind `ahead` others."""
        ...

    def resize(self, concurrency: int, calls_per_minute: int, period_s: float) -> None:
        """From now on at most `concurrency` calls at once, and `calls_per_minute` in any `period_s` seconds."""
        ...


class Queue(Protocol):
    """Calls of one system to the appliance."""

    @property
    def queued(self) -> int:
        """How many wait for their turn."""
        ...


class _CommonSlots:
    """Places among the calls of this replica, and then among those of all."""

    def __init__(self, own: FairSemaphore, common: CommonCeiling) -> None:
        self._own = own
        self._common = common
        self._taken: list[str] = []

    async def __aenter__(self) -> None:
        await self._own.__aenter__()
        try:
            self._taken.append(await self._common.enter())
        except BaseException:
            await self._own.__aexit__()
            raise

    async def __aexit__(self, *error: object) -> None:
        await self._own.__aexit__()
        await self._common.leave(self._taken.pop())


class Gate:
    """Every list call to one address passes here, retries and replays among them, whichever system it is for.

    `slots` bounds calls at once; those who wait for one take turns by asker. `turn` bounds starts: never more than
    `calls_per_minute` in any minute as the appliance sees it, so the window is longer than a minute by what a
    connection may take on its way. `queues` are of all systems that ask there.
    """

    def __init__(self, concurrency: int, calls_per_minute: int, *, connect_s: float, monotonic: Clock) -> None:
        self._own = FairSemaphore(concurrency)
        self.slots: AbstractAsyncContextManager[None] = self._own
        self._concurrency = concurrency
        self._calls_per_minute = calls_per_minute
        self._period_s = _MINUTE_S + connect_s
        # The throttler polls for each waiter: behind a lock one task polls at most, and turns go in order of coming.
        self._queue = asyncio.Lock()
        self._throttler = Throttler(calls_per_minute, self._period_s, _POLL_S)
        self._monotonic = monotonic
        self._common: CommonCeiling | None = None
        self._turns: deque[float] = deque()
        self.queues: WeakSet[Queue] = WeakSet()

    @property
    def concurrency(self) -> int:
        """Calls at once."""
        return self._concurrency

    @property
    def calls_per_minute(self) -> int:
        """Calls that may start in the window."""
        return self._calls_per_minute

    @property
    def is_idle(self) -> bool:
        """Whether nobody is inside or waits, and no call counts any more: one made anew would say the same."""
        return self._own.is_idle and not self._recent()

    @property
    def period_s(self) -> float:
        """The window in which calls are counted."""
        return self._period_s

    def share(self, common: CommonCeiling) -> None:
        """Count over all replicas from now on."""
        self._common = common
        self.slots = _CommonSlots(self._own, common)

    def resize(self, concurrency: int, calls_per_minute: int, *, connect_s: float) -> None:
        """Other limits from now on, for those who wait as well; calls under way are finished and count on.

        To the appliance a reload is no new minute, and no second set of slots.
        """
        self._concurrency, self._calls_per_minute = concurrency, calls_per_minute
        self._period_s = _MINUTE_S + connect_s
        self._own.resize(concurrency)
        self._throttler.rate_limit, self._throttler.period = calls_per_minute, self._period_s
        if self._common is not None:
            self._common.resize(concurrency, calls_per_minute, self._period_s)

    def __repr__(self) -> str:
        return f"<Gate {len(self._recent())} of {self._calls_per_minute} calls used>"

    async def turn(self) -> None:
        """Wait until one more call may start, and count it."""
        async with self._queue:
            if self._common is not None:
                await self._common.turn()
            await self._throttler.acquire()  # type: ignore[no-untyped-call]
            self._turns.append(self._monotonic())
            self._recent()

    def free_in(self) -> float:
        """Seconds until a call that comes now may start, behind all that wait already; 0 where it may at once."""
        ahead = sum(queue.queued for queue in self.queues)
        recent = self._recent()
        over = len(recent) + ahead - self._calls_per_minute
        common = 0.0 if self._common is None else self._common.free_in(ahead)
        if over < 0 or common > 0:
            return common
        return self._period_s if over >= len(recent) else max(0.0, recent[over] + self._period_s - self._monotonic())

    def _recent(self) -> deque[float]:
        """When the calls of the window started; the older ones are forgotten."""
        since = self._monotonic() - self._period_s
        while self._turns and self._turns[0] <= since:
            self._turns.popleft()
        return self._turns
