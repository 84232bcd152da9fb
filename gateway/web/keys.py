"""What an application and a request carry."""

import asyncio
import contextlib
from collections.abc import Iterator
from typing import Any, Final

from aiohttp import web

from gateway.stack import Gateway

GATEWAY: Final = web.AppKey("gateway", Gateway)


class Load:
    """Requests that are being answered now."""

    def __init__(self) -> None:
        self._running: set[object] = set()
        self._ended = asyncio.Event()

    def __len__(self) -> int:
        return len(self._running)

    @contextlib.contextmanager
    def one_more(self) -> Iterator[None]:
        """One request, for as long as it is being answered."""
        request = object()
        self._running.add(request)
        try:
            yield
        finally:
            self._running.remove(request)
            self._ended.set()

    async def answered(self) -> None:
        """Wait until every request of this moment is answered, whatever comes after it."""
        waiting = set(self._running)
        while not waiting.isdisjoint(self._running):
            self._ended.clear()
            await self._ended.wait()


LOAD: Final = web.AppKey("load", Load)

REQUEST_ID: Final = web.RequestKey("request_id", str)
"""On a request: the id that its answer and its log lines carry."""
LOG: Final = web.RequestKey("log", dict[str, Any])
"""On a request: a dict that handlers fill with what the request's log line shall say."""
