"""Waiting for what is known to come, where nothing tells of it."""

import asyncio
from collections.abc import Awaitable, Callable
from typing import Final

PATIENCE_S: Final = 20.0


async def until(condition: Callable[[], object], within_s: float = PATIENCE_S) -> None:
    """Wait until it holds; TimeoutError after `within_s` seconds."""
    async with asyncio.timeout(within_s):
        while not condition():  # noqa: ASYNC110 - counters set no event
            await asyncio.sleep(0.002)


async def until_seen(look: Callable[[], Awaitable[object]], within_s: float = PATIENCE_S) -> None:
    """The same for what must be asked for."""
    async with asyncio.timeout(within_s):
        while not await look():  # noqa: ASYNC110
            await asyncio.sleep(0.01)
