"""Work beside the loop: one at a time, fair among callers, and whatever becomes of who waits for it."""

import asyncio
import threading

import pytest

from gateway.loop.aside import Aside
from tests.unit.askers import as_asker


class Bench:
    """Work that lasts until it is let go, and how much of it was under way at once."""

    def __init__(self) -> None:
        self.go = threading.Event()
        self.begun = threading.Semaphore(0)
        self.now = self.most = self.done = 0

    def work(self) -> int:
        self.now += 1
        self.most = max(self.most, self.now)
        self.begun.release()
        self.go.wait(10)
        self.now -= 1
        self.done += 1
        return self.done


async def test_one_piece_at_a_time_and_each_gets_its_own() -> None:
    aside, bench = Aside(), Bench()
    bench.go.set()
    assert sorted(await asyncio.gather(*(aside.run(bench.work) for _ in range(20)))) == list(range(1, 21))
    assert bench.most == 1


async def test_a_crowd_waits_behind_itself() -> None:
    aside, order = Aside(), list[str]()

    async def work(name: str) -> None:
        order.append(await aside.run(lambda: name))

    tasks = [as_asker("greedy", lambda: work("greedy")) for _ in range(20)]
    await asyncio.gather(*tasks, as_asker("modest", lambda: work("modest")))
    assert order.index("modest") <= 2


async def test_who_leaves_makes_no_room_before_its_work_is_done() -> None:
    aside, bench = Aside(), Bench()
    first = asyncio.create_task(aside.run(bench.work))
    await asyncio.to_thread(bench.begun.acquire)
    second = asyncio.create_task(aside.run(bench.work))
    given_up = asyncio.create_task(aside.run(bench.work))
    await asyncio.sleep(0)
    for task in (first, given_up):
        task.cancel()
    await asyncio.gather(first, given_up, return_exceptions=True)
    bench.go.set()
    assert await second == 2
    assert (bench.most, bench.done) == (1, 2)


async def test_a_fault_is_told_and_makes_room() -> None:
    aside = Aside()

    def fail() -> None:
        raise ValueError("odd")

    with pytest.raises(ValueError, match="odd"):
        await aside.run(fail)
    assert await asyncio.wait_for(aside.run(lambda: 7), 5) == 7
