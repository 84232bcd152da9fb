"""Fair shares: whoever asks much waits behind himself, not before others.

Some places are scarce: the calls to one appliance, the thread for long work (both `FairSemaphore`) and the event loop
(gateway.loop.turns). Before each of them those who wait stand in one line for each caller, and the lines take turns.
"""

import asyncio
from collections import OrderedDict, deque
from contextvars import ContextVar
from typing import Final, NamedTuple

ASKER: Final[ContextVar[str]] = ContextVar("asker", default="")
"""In whose name the running task works: set when a caller is known, and inherited by every task that it starts."""


class _Waiting(NamedTuple):
    place: "asyncio.Future[None]"
    since: float
    begun: bool


class Lines:
    """Those who wait, in one line for each asker; the lines take turns."""

    def __init__(self) -> None:
        self._lines: OrderedDict[str, deque[_Waiting]] = OrderedDict()

    def __len__(self) -> int:
        return sum(map(len, self._lines.values()))

    def __bool__(self) -> bool:
        return bool(self._lines)

    def join(self, *, begun: bool = False) -> "asyncio.Future[None]":
        """A place in the line of the running task's asker; done when it is called.

        Who has `begun` goes before all others of its asker: what is half done holds memory, and somebody waits for it.
        """
        loop = asyncio.get_running_loop()
        waiting = _Waiting(loop.create_future(), loop.time(), begun)
        line = self._lines.setdefault(ASKER.get(), deque())
        if begun:
            line.appendleft(waiting)
        else:
            line.append(waiting)
        return waiting.place

    def since(self, asker: str) -> float | None:
        """Since when the first one of that asker waits that has not begun (loop time); None where none does."""
        return next((waiting.since for waiting in self._lines.get(asker, ()) if not waiting.begun), None)

    def before(self, asker: str) -> tuple[int, int]:
        """How many wait in the line of that asker, and how many in all would be called before one that joins it now."""
        own = len(self._lines.get(asker, ()))
        return own, sum(min(len(line), own) for line in self._lines.values())

    def call(self) -> bool | None:
        """Call the next one; whether that one has begun, and None where nobody waits any more."""
        while self._lines:
            asker, line = next(iter(self._lines.items()))
            place, _, begun = line.popleft()
            if line:
                self._lines.move_to_end(asker)
            else:
                del self._lines[asker]
            if not place.done():
                place.set_result(None)
                return begun
        return None


class FairSemaphore:
    """At most `value` at once, like asyncio.Semaphore, but fair among askers and not among requests."""

    def __init__(self, value: int) -> None:
        self._value = value
        self._free = value  # below 0 where it has become smaller than what is inside
        self._lines = Lines()

    def __repr__(self) -> str:
        return f"<FairSemaphore, {self._free} free, {len(self._lines)} waiting>"

    @property
    def is_idle(self) -> bool:
        """Whether nobody is inside or waits."""
        return self._free == self._value

    async def __aenter__(self) -> None:
        await self.enter()

    async def __aexit__(self, *error: object) -> None:
        self.leave()

    async def enter(self) -> None:
        """Wait for a place, and take it."""
        if self._free > 0:
            self._free -= 1
            return
        place = self._lines.join()
        try:
            await place
        except asyncio.CancelledError:
            if place.done() and not place.cancelled():
                self.leave()  # called in the moment of the cancellation: the next one must not wait for ever
            raise

    def leave(self) -> None:
        """Give the place back."""
        self._free += 1
        self._call()

    def resize(self, value: int) -> None:
        """From now on at most `value` at once; who is inside stays."""
        self._free += value - self._value
        self._value = value
        self._call()

    def _call(self) -> None:
        while self._free > 0 and self._lines.call() is not None:
            self._free -= 1


class Place:
    """One place inside, from ``async with`` to its end, to `leave`, or for `longest_s`: to whichever comes first.

    What hangs is still bounded by what else bounds it, and takes nothing from others any more.
    """

    def __init__(self, semaphore: FairSemaphore, longest_s: float) -> None:
        self._semaphore = semaphore
        self._longest_s = longest_s
        self._limit: asyncio.TimerHandle | None = None

    async def __aenter__(self) -> "Place":
        await self._semaphore.enter()
        self._limit = asyncio.get_running_loop().call_later(self._longest_s, self.leave)
        return self

    async def __aexit__(self, *error: object) -> None:
        self.leave()

    def leave(self) -> None:
        """Give the place back, unless that has been done."""
        if self._limit is not None:
            self._limit.cancel()
            self._limit = None
            self._semaphore.leave()
