"""Single-flight: equal calls share one task, which outlives any caller that gives up."""

import asyncio
from collections.abc import Awaitable, Callable
from typing import Generic, TypeVar

K = TypeVar("K")
T = TypeVar("T")


class Flight(Generic[K, T]):
    """Runs at most one task for each key at a time.

    A cancelled caller never cancels the task: others may wait for it, and its result fills the cache. When the last
    waiter leaves, `leave` may say that the task is not worth going on with.
    """

    def __init__(self) -> None:
        self._tasks: dict[K, asyncio.Task[T]] = {}
        self._waiters: dict[K, int] = {}

    def __repr__(self) -> str:
        return f"<Flight, {len(self._tasks)} under way>"

    def __len__(self) -> int:
        return len(self._tasks)

    def __contains__(self, key: K) -> bool:
        return key in self._tasks

    def start(self, key: K, work: Callable[[], Awaitable[T]]) -> asyncio.Task[T]:
        """The task for `key`: the one under way, or a new one."""
        task = self._tasks.get(key)
        if task is None or task.done():  # over in this very turn of the loop: its callback is still to come
            task = self._tasks[key] = asyncio.create_task(_run(work))
            task.add_done_callback(lambda done: self._landed(key, done))
        return task

    async def run(self, key: K, work: Callable[[], Awaitable[T]], leave: Callable[[], bool] | None = None) -> T:
        """The result of the one task for `key`. `leave` is asked when its last waiter was cancelled."""
        task = self.start(key, work)
        self._waiters[key] = self._waiters.get(key, 0) + 1
        try:
            return await asyncio.shield(task)
        finally:
            self._waiters[key] -= 1
            if not self._waiters[key]:
                del self._waiters[key]
                if not task.done() and leave is not None and leave():
                    # Out of the table at once: a caller that comes now must not join a task that is dying.
                    self._forget(key, task)
                    task.cancel()

    async def close(self) -> None:
        """Cancel what is under way and wait for its end."""
        tasks = list(self._tasks.values())
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)

    def _forget(self, key: K, task: "asyncio.Task[T]") -> None:
        if self._tasks.get(key) is task:
            del self._tasks[key]

    def _landed(self, key: K, task: "asyncio.Task[T]") -> None:
        self._forget(key, task)
        if not task.cancelled():
            task.exception()  # read, so that a failure nobody waited for is no "never retrieved"


async def _run(work: Callable[[], Awaitable[T]]) -> T:
    return await work()
