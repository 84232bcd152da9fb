"""The event loop's time, one turn for one caller after the other."""

import asyncio
import time
from typing import Final

from gateway.clock import Clock
from gateway.loop.fair import Lines

LATE_S: Final = 6.0
"""Who waits so long for a turn of the loop has asked for more than it can do: his answers would soon be later than the
usual deadline. A burst of a thousand questions is done by then, on a slow machine as well."""

_CROWD: Final = 32
"""Below so many of its own that wait nobody is refused for what is to come: one long turn would say too much."""
_NEWEST: Final = 0.1
"""What the newest ones count in the mean of what is done for one that waited."""
_SHARE: Final = 0.6
"""Of the loop's time goes into turns at least, while somebody waits for one."""
_SHORTEST_S: Final = 0.001
"""For so long a turn may last in any case: taking up work again costs the loop a twentieth of that."""
_LONGEST_S: Final = 0.05
"""A turn, and turns that are given together, take no longer than that: nothing else is heard meanwhile."""


class Turns:
    """The event loop's time, one turn for one asker after the other.

    Work between two awaits cannot be interrupted, so a thousand requests of one caller that are ready at once would all
    go before the one of another. Where nobody waits, a turn costs nothing but a look.

    Long work takes several turns (`again`). Of one asker, what has begun is finished before anything else begins: with
    all of a crowd's requests under way at once each would take as long as all of them.

    Between two turns the loop takes in what has come. A crowd could bring so much of that that hardly a turn is left:
    then turns are longer, or several are given together, so that three fifths of the time go into answers. What is
    measured is this thread's own time: what other processes take of the machine makes nobody a crowd.
    """

    def __init__(self, clock: Clock = time.thread_time) -> None:
        self._lines = Lines()
        self._clock = clock
        self._taken = False
        self._given = 1
        self._fresh = 0
        self._given_at = 0.0
        self._begun_at: float | None = None
        self._spent_s = 0.0
        self._each_s = 0.0
        self.longest_s = _SHORTEST_S
        """For how long work may go on before it asks for another turn."""

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

    async def mine(self, *, begun: bool = False) -> None:
        """Wait for a turn of the loop. What follows, up to the next await, is done in it.

        `begun`: for a request that was under way before, and has waited for something else meanwhile.
        """
        if self._taken:
            await self._called(begun=begun)
            return
        self._taken, self._begun_at = True, None  # what it takes is not told apart from what else this turn brings
        asyncio.get_running_loop().call_soon(self._next)

    async def again(self) -> None:
        """A pause in long work, in which others have their turn."""
        if self._lines:
            await self._called(begun=True)
        else:
            await asyncio.sleep(0)

    async def _called(self, *, begun: bool) -> None:
        await self._lines.join(begun=begun)
        if self._begun_at is None:  # the first one of those that were called together
            self._begun_at = self._clock()

    def _next(self) -> None:
        begun_at, now = self._begun_at, self._clock()
        wanted = 1 if begun_at is None else self._how_many(begun_at - self._given_at, now - begun_at)
        self._give(wanted)
        self._begun_at, self._given_at = None, self._clock()
        self._taken = self._given > 0
        if self._taken:
            asyncio.get_running_loop().call_soon(self._next)
        else:
            self.longest_s = _SHORTEST_S

    def _give(self, wanted: int) -> None:
        """So many turns, or one to whoever goes on with long work and will use all of the time."""
        self._given = self._fresh = 0
        while self._given < wanted:
            begun = self._lines.call()
            if begun is None:
                return
            self._given += 1
            if begun:
                return
            self._fresh += 1

    def _how_many(self, others_s: float, turns_s: float) -> int:
        """How many turns come next, by what the last ones took and what was done between them and those before."""
        own_s = _SHARE / (1 - _SHARE) * others_s
        self.longest_s = min(max(own_s, _SHORTEST_S), _LONGEST_S)
        self._spent_s += turns_s
        if self._fresh:
            self._each_s += _NEWEST * (self._spent_s / self._fresh - self._each_s)
            self._spent_s = 0.0
        if turns_s <= 0:
            return 1
        return max(1, int(min(own_s, _LONGEST_S) / (turns_s / self._given)))
