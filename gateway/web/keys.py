"""What an application and a request carry."""

import asyncio
import contextlib
import math
from collections import Counter
from collections.abc import Iterator
from typing import Any, Final

from aiohttp import web

from gateway.scrape import Scrapes
from gateway.stack import Gateway

GATEWAY: Final = web.AppKey("gateway", Gateway)


class Place:
    """One running request, and whose it is as soon as that is known."""

    __slots__ = ("caller",)

    def __init__(self) -> None:
        self.caller: tuple[str, str] | None = None


class Load:
    """Requests that are being answered now. `last_begun` is when the newest one came, by the event loop's clock."""

    def __init__(self) -> None:
        self._running: set[Place] = set()
        self._of_caller: Counter[tuple[str, str]] = Counter()
        self._ended = asyncio.Event()
        self.last_begun = -math.inf

    def __len__(self) -> int:
        return len(self._running)

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


LOAD: Final = web.AppKey("load", Load)
SCRAPES: Final = web.AppKey("scrapes", Scrapes)

BODY: Final = web.RequestKey("body", bytes)
"""On a request: its body, where somebody has read it already."""
READY_KEY: Final = web.RequestKey("ready_key", bytes)
"""On a request: under what its answer may be kept for equal requests."""
PLACE: Final = web.RequestKey("place", Place)
"""On a request: its place among those that are running."""
REQUEST_ID: Final = web.RequestKey("request_id", str)
"""On a request: the id that its answer and its log lines carry."""
ROUTE: Final = web.RequestKey("route", str)
"""On a request: which route it goes, "other" for none."""
LOG: Final = web.RequestKey("log", dict[str, Any])
"""On a request: a dict that handlers fill with what the request's log line shall say."""
