"""Fair shares: whoever asks much waits behind himself, not before others.

Two places are scarce: the calls to one appliance (`FairSemaphore`) and the event loop (`Turns`). In both, those who
wait stand in one line for each caller, and the lines take turns.
"""

import asyncio
import time
from collections import OrderedDict, deque
from collections.abc import Callable
from contextvars import ContextVar
from typing import Final

ASKER: Final[ContextVar[str]] = ContextVar("asker", default="")
"""In whose name the running task works: set when a caller is known, and inherited by every task that it starts."""

LATE_S: Final = 6.0
"""Who waits so long for a turn of the loop has asked for more than it can do: his answers would soon be later than the
usual deadline. A burst of a thousand questions is done by then, on a slow machine as well."""

_CROWD: Final = 32
"""Below so many of its own that wait nobody is refused for what is to come: one long turn would say too much."""
_NEWEST: Final = 0.1
"""What the turns of one time count in the mean of what a turn takes."""
_SHARE: Final = 0.6
"""Of the loop's time goes into turns at least, while somebody waits for one."""
_LONGEST_S: Final = 0.05
"""Turns that are given together take no longer than that: nothing else is heard meanwhile."""


class Lines:
    """Those who wait, in one line for each asker; the lines take turns."""

    def __init__(self) -> None:
        self._lines: OrderedDict[str, deque[tuple[asyncio.Future[None], float]]] = OrderedDict()

    def __len__(self) -> int:
        return sum(map(len, self._lines.values()))

    def __bool__(self) -> bool:
        return bool(self._lines)

    def join(self) -> "asyncio.Future[None]":
        """A place in the line of the running task's asker; done when it is called."""
        loop = asyncio.get_running_loop()
        place = loop.create_future()
        self._lines.setdefault(ASKER.get(), deque()).append((place, loop.time()))
        return place

    def since(self, asker: str) -> float | None:
        """Since when the first one in the line of that asker waits (loop time); None where none does."""
        line = self._lines.get(asker)
        return line[0][1] if line else None

    def before(self, asker: str) -> tuple[int, int]:
        """How many wait in the line of that asker, and how many in all would be called before one that joins it now."""
        own = len(self._lines.get(asker, ()))
        return own, sum(min(len(line), own) for line in self._lines.values())

    def call(self) -> bool:
        """Call the next one; False where nobody waits any more."""
        while self._lines:
            asker, line = next(iter(self._lines.items()))
            place, _ = line.popleft()
            if line:
                self._lines.move_to_end(asker)
            else:
                del self._lines[asker]
            if not place.done():
                place.set_result(None)
                return True
        return False


class FairSemaphore:
    """At most `value` at once, like asyncio.Semaphore, but fair among askers and not among requests."""

    def __init__(self, value: int) -> None:
        self._value = value
        self._free = value  # below 0 where it has become smaller than what is inside
        self._lines = Lines()

    def __repr__(self) -> str:
        return f"<FairSemaphore, {self._free} free, {len(self._lines)} waiting>"

    async def __aenter__(self) -> None:
        if self._free > 0:
            self._free -= 1
            return
        place = self._lines.join()
        try:
            await place
        except asyncio.CancelledError:
            if place.done() and not place.cancelled():
                self._pass_on()  # called in the moment of the cancellation: the next one must not wait for ever
            raise

    async def __aexit__(self, *error: object) -> None:
        self._pass_on()

    def resize(self, value: int) -> None:
        """From now on at most `value` at once; who is inside stays."""
        self._free += value - self._value
        self._value = value
        self._call()

    def _pass_on(self) -> None:
        self._free += 1
        self._call()

    def _call(self) -> None:
        while self._free > 0 and self._lines.call():
            self._free -= 1


class Turns:
    """The event loop's time, one turn for one asker after the other.

    Work between two awaits cannot be interrupted, so a thousand requests of one caller that are ready at once would all
    go before the one of another. Where nobody waits, a turn costs nothing but a look.

    Between two turns the loop takes in what has come. A crowd could bring so much of that that hardly a turn is left:
    then several are given together, so that three fifths of the time go into answers. What is measured is this thread's
    own time: what other processes take of the machine makes nobody a crowd.
    """

    def __init__(self, clock: Callable[[], float] = time.thread_time) -> None:
        self._lines = Lines()
        self._clock = clock
        self._taken = False
        self._given = 1
        self._given_at = 0.0
        self._begun_at: float | None = None
        self._each_s = 0.0

    def __repr__(self) -> str:
        return f"<Turns, {len(self._lines)} waiting>"

    @property
    def is_awaited(self) -> bool:
        """Whether anybody waits."""
        return bool(self._lines)

    def is_late(self, asker: str) -> bool:
        """Whether that asker has come to more than the loop can do: its requests wait too long, or one more would."""
        since = self._lines.since(asker)
        if since is None:
            return False
        if asyncio.get_running_loop().time() - since > LATE_S:
            return True
        own, before = self._lines.before(asker)
        return own >= _CROWD and before * self._each_s > LATE_S * _SHARE

    async def mine(self) -> None:
        """Wait for a turn of the loop. What follows, up to the next await, is done in it."""
        if self._taken:
            await self._lines.join()
            if self._begun_at is None:  # the first one of those that were called together
                self._begun_at = self._clock()
            return
        self._taken, self._begun_at = True, None  # what it takes is not told apart from what else this turn brings
        asyncio.get_running_loop().call_soon(self._next)

    def _next(self) -> None:
        begun_at, now = self._begun_at, self._clock()
        wanted = 1 if begun_at is None else self._how_many(begun_at - self._given_at, now - begun_at)
        self._given = sum(self._lines.call() for _ in range(wanted))
        self._begun_at, self._given_at = None, self._clock()
        self._taken = self._given > 0
        if self._taken:
            asyncio.get_running_loop().call_soon(self._next)

    def _how_many(self, others_s: float, turns_s: float) -> int:
        """How many turns come next, by what the last ones took and what was done between them and those before."""
        if turns_s <= 0:
            return 1
        each_s = turns_s / self._given
        self._each_s += _NEWEST * (each_s - self._each_s)
        return max(1, int(min(_SHARE / (1 - _SHARE) * others_s, _LONGEST_S) / each_s))
