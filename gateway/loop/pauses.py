"""Long work on the event loop, with pauses in which others get their turn."""

import asyncio
import time
from typing import Final

from gateway.loop.turns import Turns

TURN_S: Final = 0.005
"""Others may need the loop between two systems, but a turn of a busy one takes longer than a system: with one turn for
each of 500 systems a scrape took ten seconds beside 200 callers."""


class Pauses:
    """Lets others go in between once the work of a task has held the loop for long.

    With `turns` it waits for its next one, which may last as long as they say.
    """

    def __init__(self, turns: Turns | None = None) -> None:
        self._turns = turns
        self._begun = time.perf_counter()

    def __repr__(self) -> str:
        return f"<Pauses of {self._turns!r}>"

    async def when_due(self) -> None:
        """A pause between two pieces of the work, if it is time for one."""
        if time.perf_counter() - self._begun <= (TURN_S if self._turns is None else self._turns.longest_s):
            return
        if self._turns is None:
            await asyncio.sleep(0)
        else:
            await self._turns.again()
        self._begun = time.perf_counter()
