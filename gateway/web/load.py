"""Requests that are being answered now, and whose they are."""

import asyncio
import contextlib
import math
from collections import Counter
from collections.abc import Iterator
from typing import Final

TOO_MUCH: Final = "too many requests of yours at once; try again"
"""What a caller is told that is itself the crowd."""


class Place:
    """One running request, and whose it is as soon as that is known."""

    __slots__ = ("caller",)

    def __init__(self) -> None:
        self.caller: tuple[str, str] | None = None


class Load:
    """Requests that are being answered now. `last_begun` is when the newest one came, by the event loop's clock.

    After `close` no more is to come.
    """

    def __init__(self) -> None:
        self._running: set[Place] = set()
        self._of_caller: Counter[tuple[str, str]] = Counter()
        self._ended = asyncio.Event()
        self.last_begun = -math.inf
        self.is_closed = False

    def __len__(self) -> int:
        return len(self._running)

    def close(self) -> None:
        """Let in nothing more."""
        self.is_closed = True

    @contextlib.contextmanager
    def one_more(self) -> Iterator[Place]:
        """One request, for as long as it is being answered."""
        place = Place()
        self.last_begun = asyncio.get_running_loop().time()
        self._running.add(place)
        try:
            yield place
        finally:
            self._running.remove(place)
            if place.caller is not None:
                self._of_caller[place.caller] -= 1
                if not self._of_caller[place.caller]:
                    del self._of_caller[place.caller]
            self._ended.set()

    def claim(self, place: Place, caller: tuple[str, str]) -> int:
        """Note whose request that is; how many of them are running now."""
        if place.caller is None:
            place.caller = caller
            self._of_caller[caller] += 1
        return self._of_caller[caller]

    async def answered(self) -> None:
        """Wait until every request of this moment is answered, whatever comes after it."""
        waiting = set(self._running)
        while not waiting.isdisjoint(self._running):
            self._ended.clear()
            await self._ended.wait()
