"""What is done with lists that have just come, so that a hundred of them do not hold up the event loop at once.

Lists that were asked for together come together. Between two awaits nothing can be interrupted, so all that are ready
would be read in one turn of the loop: 100 lists of 1,000 rows held it up for a second.
"""

import asyncio
from itertools import cycle
from typing import Final

from gateway.fair import Turns
from gateway.index import ListIndex

_AT_ONCE: Final = 4
"""Lists of a turn: one alone would wait for long beside those who make a turn long."""
_FEW_BYTES: Final = 131_072
_FEW_ROWS: Final = 200
"""They are read in a millisecond: waiting for a turn of a busy loop would take longer."""
_MANY_ROWS: Final = 10_000
"""They are read in a thread."""


class InTurn:
    """One for all systems: a turn of the loop for each few lists."""

    def __init__(self) -> None:
        self._lines = [Turns() for _ in range(_AT_ONCE)]
        self._next = cycle(self._lines).__next__

    def __repr__(self) -> str:
        return f"<InTurn {self._lines}>"

    async def reply(self, size: int) -> None:
        """Wait until a reply of so many bytes may be read."""
        if size >= _FEW_BYTES:
            await self._next().mine()

    async def columns(self, index: ListIndex) -> None:
        """Read the columns of a list, if nobody has done so; those of a few rows are left to whoever needs them."""
        rows = len(index.backups)
        if index.is_built or rows < _FEW_ROWS:
            return
        if rows > _MANY_ROWS:
            await asyncio.to_thread(index.build)
            return
        await self._next().mine()
        index.build()
