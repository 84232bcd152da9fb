"""Work in the name of a caller."""

import asyncio
import contextvars
from collections.abc import Awaitable, Callable

from gateway.loop.fair import ASKER


def as_asker(name: str, work: Callable[[], Awaitable[None]]) -> "asyncio.Task[None]":
    context = contextvars.copy_context()
    context.run(ASKER.set, name)

    async def run() -> None:
        await work()

    return asyncio.get_running_loop().create_task(run(), context=context)
