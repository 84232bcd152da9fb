"""Work on many rows, beside the event loop instead of in it."""

import asyncio
from collections.abc import Callable
from typing import TypeVar

from gateway.loop.fair import FairSemaphore

_Made = TypeVar("_Made")


class Aside:
    """Does one piece of work at a time in a thread, for one asker after the other.

    Python runs one thread at a time: six that write tables would leave the event loop a seventh of the time, and none
    of them would be ready sooner. Work that releases the interpreter (compression, hashing) has no need of this.
    """

    def __init__(self) -> None:
        self._room = FairSemaphore(1)

    def __repr__(self) -> str:
        return f"<Aside, {self._room!r}>"

    async def run(self, work: Callable[[], _Made]) -> _Made:
        """What `work` gives, or raises. It is done even where its asker leaves: threads cannot be stopped."""
        await self._room.enter()
        running = asyncio.get_running_loop().run_in_executor(None, work)
        running.add_done_callback(self._done)
        return await asyncio.shield(running)

    def _done(self, running: "asyncio.Future[_Made]") -> None:
        self._room.leave()
        if not running.cancelled():
            running.exception()  # looked at: nobody may be left to whom it could be told
