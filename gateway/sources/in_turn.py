"""What is done with lists that have just come, so that a hundred of them do not hold up the event loop at once.

Lists that were asked for together come together. Between two awaits nothing can be interrupted, so all that are ready
would be read in one turn of the loop: 100 lists of 1,000 rows held it up for a second.
"""

import asyncio
from typing import Final

from gateway.lists.index import ListIndex
from gateway.loop.fair import Lines

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
        self._lines = Lines()
        self._free = _AT_ONCE
        self._watched = False

    def __repr__(self) -> str:
        return f"<InTurn, {len(self._lines)} waiting>"

    async def _mine(self) -> None:
        """Wait for a turn of the loop. What follows, up to the next await, is done in it."""
        if not self._watched:
            self._watched = True
            asyncio.get_running_loop().call_soon(self._next)
        if self._free:
            self._free -= 1
        else:
            await self._lines.join()

    def _next(self) -> None:
        self._free = _AT_ONCE
        while self._free and self._lines.call() is not None:
            self._free -= 1
        self._watched = self._free < _AT_ONCE
        if self._watched:
            asyncio.get_running_loop().call_soon(self._next)

    async def reply(self, size: int) -> None:
        """Wait until a reply of so many bytes may be read."""
        if size >= _FEW_BYTES:
            await self._mine()

    async def columns(self, index: ListIndex) -> None:
        """Read the columns of a list, if nobody has done so; those of a few rows are left to whoever needs them."""
        rows = len(index.backups)
        if index.is_built or rows < _FEW_ROWS:
            return
        if rows > _MANY_ROWS:
            await self.many(index)
            return
        await self._mine()
        index.build()

    async def many(self, index: ListIndex) -> None:
        """The same for a list that is so long that nobody shall come to need them in the middle of something."""
        if len(index.backups) > _MANY_ROWS and not index.is_spared:
            await asyncio.to_thread(index.build)
