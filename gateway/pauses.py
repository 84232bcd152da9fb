"""Long work on the event loop, with pauses in which others get their turn."""

import asyncio
import time
from typing import Final

TURN_S: Final = 0.005
"""Others may need the loop between two systems, but a turn of a busy one takes longer than a system: with one turn for
each of 500 systems a scrape took ten seconds beside 200 callers."""


class Pauses:
    """Lets others go in between once the work of a task has held the loop for `longest_s`."""

    def __init__(self, longest_s: float = TURN_S) -> None:
        self._longest_s = longest_s
        self._begun = time.perf_counter()

    def __repr__(self) -> str:
        return f"<Pauses after {self._longest_s:g} s>"

    async def when_due(self) -> None:
        """A pause between two pieces of the work, if it is time for one."""
        if time.perf_counter() - self._begun > self._longest_s:
            await asyncio.sleep(0)
            self._begun = time.perf_counter()
