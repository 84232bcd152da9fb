"""What the guard makes of calls that end in another order than they began."""

import asyncio
import random
from typing import Any

import pytest

from gateway.errors import ErrorKind, FetchError
from gateway.filter import ALL
from gateway.model import EMPTY, Fetched
from gateway.sources.breaker import Breaker
from gateway.sources.guarded import Guarded, RetryBudget
from gateway.sources.source import Call

MONOTONIC, WALL = 1000.0, 1_762_900_000.0
GOOD = Fetched(EMPTY, MONOTONIC, MONOTONIC, WALL, 0)


class Source:
    """A BackupSource whose calls end as a test says, in any order."""

    def __init__(self) -> None:
        self.calls: list[asyncio.Future[Fetched]] = []

    async def fetch(self, call: Call) -> Fetched:
        end: asyncio.Future[Fetched] = asyncio.get_running_loop().create_future()
        self.calls.append(end)
        return await end


class Scene:
    """A guard before such a source, at a time that stands still."""

    def __init__(self) -> None:
        self.source = Source()
        clocks: dict[str, Any] = {"monotonic": lambda: self.now, "wall": lambda: self.now - MONOTONIC + WALL}
        self.now = MONOTONIC
        self.breaker = Breaker(random.Random(1))
        budget = RetryBudget(clocks["monotonic"])
        self.guard = Guarded(self.source, self.breaker, budget, jitter=random.Random(1), **clocks)

    async def begun(self, count: int) -> list[asyncio.Task[Fetched]]:
        """Calls that are all under way."""
        tasks = [asyncio.create_task(self.guard.fetch(Call(ALL))) for _ in range(count)]
        await asyncio.sleep(0)
        assert len(self.source.calls) == count
        return tasks

    async def ended(self, task: asyncio.Task[Fetched], number: int, how: Fetched | FetchError) -> FetchError | None:
        """That call ends so; what its caller is told."""
        end = self.source.calls[number]
        end.set_exception(how) if isinstance(how, FetchError) else end.set_result(how)
        try:
            await task
        except FetchError as error:
            return error
        return None

    async def refused(self) -> FetchError:
        """What the next question is told without a call."""
        calls = len(self.source.calls)
        with pytest.raises(FetchError) as caught:
            await self.guard.fetch(Call(ALL))
        assert len(self.source.calls) == calls
        return caught.value


OLDER: tuple[Fetched | ErrorKind, ...] = (GOOD, "timeout", "auth", "overloaded")


@pytest.mark.parametrize("older", OLDER, ids=lambda how: how if isinstance(how, str) else "good")
async def test_a_changed_certificate_stays_the_reason_however_an_older_call_ends(older: Fetched | ErrorKind) -> None:
    scene = Scene()
    first, second = await scene.begun(2)
    await scene.ended(second, 1, FetchError("tls_pin", "another certificate"))
    assert (await scene.refused()).kind == "tls_pin"
    await scene.ended(first, 0, FetchError(older, "of before") if isinstance(older, str) else older)
    for _ in range(2):
        told = await scene.refused()
        assert (told.kind, told.message, scene.breaker.state(scene.now)) == ("tls_pin", "another certificate", "locked")
        scene.now += 100_000


async def test_a_wish_for_rest_does_not_hide_a_changed_certificate() -> None:
    scene = Scene()
    first, second = await scene.begun(2)
    await scene.ended(first, 0, FetchError("overloaded", "busy", retry_at=WALL + 200))
    await scene.ended(second, 1, FetchError("tls_pin", "another certificate"))
    assert (await scene.refused()).kind == "tls_pin"


@pytest.mark.parametrize("waits", [(200.0, 5.0), (5.0, 200.0)], ids=["the shorter wish last", "the longer wish last"])
async def test_of_two_wishes_for_rest_the_later_time_counts_whichever_came_first(waits: tuple[float, float]) -> None:
    scene = Scene()
    tasks = await scene.begun(2)
    for number, wait in enumerate(waits):
        told = await scene.ended(tasks[number], number, FetchError("overloaded", "busy", retry_at=WALL + wait))
        assert told is not None
        assert told.retry_at == WALL + max(waits[: number + 1])
    scene.now += 199
    assert (await scene.refused()).retry_at == WALL + 200
    scene.now += 1
    await asyncio.wait_for(_well(scene), 1)


async def _well(scene: Scene) -> None:
    """One more question is asked, and answered."""
    task = asyncio.create_task(scene.guard.fetch(Call(ALL)))
    await asyncio.sleep(0)
    scene.source.calls[-1].set_result(GOOD)
    await task
