"""Fair shares: lines by asker that take turns, whatever gives up meanwhile."""

import asyncio
from collections.abc import Callable

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gateway.loop.fair import ASKER, FairSemaphore, Place
from tests.unit.askers import as_asker


async def test_who_asks_once_waits_for_one_of_another_and_not_for_fifty() -> None:
    order: list[str] = []
    slots = FairSemaphore(1)

    async def work() -> None:
        async with slots:
            order.append(ASKER.get())
            await asyncio.sleep(0)

    tasks = [as_asker("greedy", work) for _ in range(50)]
    await asyncio.sleep(0)
    tasks.append(as_asker("modest", work))
    await asyncio.gather(*tasks)
    assert order.index("modest") <= 3
    assert len(order) == 51


async def test_another_number_of_places_counts_at_once_and_nobody_is_sent_away() -> None:
    slots = FairSemaphore(3)
    inside: set[int] = set()
    leave = [asyncio.Event() for _ in range(6)]

    async def work(number: int) -> None:
        async with slots:
            inside.add(number)
            await leave[number].wait()
            inside.remove(number)

    async def seen_after(change: Callable[[], None]) -> set[int]:
        change()
        for _ in range(3):
            await asyncio.sleep(0)
        return set(inside)

    tasks = [asyncio.create_task(work(number)) for number in range(6)]
    assert await seen_after(lambda: None) == {0, 1, 2}
    assert await seen_after(lambda: slots.resize(1)) == {0, 1, 2}
    assert await seen_after(leave[0].set) == {1, 2}
    assert await seen_after(leave[1].set) == {2}
    assert await seen_after(leave[2].set) == {3}
    assert await seen_after(lambda: slots.resize(3)) == {3, 4, 5}
    for event in leave:
        event.set()
    await asyncio.gather(*tasks)


@pytest.mark.filterwarnings("error")
@given(
    value=st.integers(1, 3),
    script=st.lists(st.tuples(st.sampled_from(["come", "go", "give up"]), st.integers(0, 9)), max_size=60),
)
def test_never_more_than_the_bound_and_nobody_is_forgotten(value: int, script: list[tuple[str, int]]) -> None:
    """Whatever comes, ends or is cancelled, at whatever moment."""

    async def run() -> None:
        slots, inside, most = FairSemaphore(value), 0, 0
        ends: list[asyncio.Event] = []
        tasks: list[asyncio.Task[None]] = []

        async def work(end: asyncio.Event) -> None:
            nonlocal inside, most
            async with slots:
                inside += 1
                most = max(most, inside)
                try:
                    await end.wait()
                finally:
                    inside -= 1

        for what, number in script:
            if what == "come":
                end = asyncio.Event()
                ends.append(end)
                tasks.append(as_asker(str(number % 3), lambda end=end: work(end)))  # type: ignore[misc]
            elif tasks and what == "go":
                ends[number % len(ends)].set()
            elif tasks:
                tasks[number % len(tasks)].cancel()
            if number % 2:
                await asyncio.sleep(0)
        for end in ends:
            end.set()
        await asyncio.wait_for(asyncio.gather(*tasks, return_exceptions=True), 5)
        assert most <= value
        assert (slots._free, len(slots._lines)) == (value, 0)

    asyncio.run(run())


def free(slots: FairSemaphore) -> tuple[int, int]:
    """How many places are free, and how many wait for one."""
    return slots._free, len(slots._lines)


async def test_a_place_that_is_kept_too_long_is_given_back_and_no_second_time() -> None:
    slots, order = FairSemaphore(1), []

    async def late() -> None:
        async with Place(slots, 3600):
            order.append("late")

    async with Place(slots, 0.01) as place:
        await asyncio.create_task(late())
        order.append("hung")
        place.leave()
        assert free(slots) == (1, 0)
    assert (order, free(slots)) == (["late", "hung"], (1, 0))


class Stays:
    """Stays on places of one semaphore, each ended as a test says."""

    def __init__(self, value: int) -> None:
        self.slots = FairSemaphore(value)
        self.tasks: list[asyncio.Task[None]] = []
        self.ends: list[asyncio.Future[str]] = []

    def begin(self, longest_s: float) -> None:
        self.ends.append(asyncio.get_running_loop().create_future())
        self.tasks.append(asyncio.create_task(self._stay(self.ends[-1], longest_s)))

    def end(self, number: int, how: str) -> None:
        if not self.ends[number].done():
            self.ends[number].set_result(how)

    async def _stay(self, end: asyncio.Future[str], longest_s: float) -> None:
        async with Place(self.slots, longest_s) as place:
            how = await end
            if how == "fail":
                raise OSError
            if how == "leave":
                place.leave()
                await asyncio.sleep(0)


@pytest.mark.filterwarnings("error")
@given(
    value=st.integers(1, 2),
    script=st.lists(
        st.tuples(st.sampled_from(["come", "come and hang", "leave", "fail", "give up"]), st.integers(0, 9)),
        max_size=40,
    ),
)
def test_every_place_is_given_back_once_however_a_stay_ends(value: int, script: list[tuple[str, int]]) -> None:
    """At its end, before it, by time, by an error, by a cancellation, also in the moment of being called."""

    async def run() -> None:
        stays = Stays(value)
        for what, number in script:
            if what.startswith("come"):
                stays.begin(0.0 if what.endswith("hang") else 3600.0)
            elif stays.tasks and what == "give up":
                stays.tasks[number % len(stays.tasks)].cancel()
            elif stays.tasks:
                stays.end(number % len(stays.tasks), what)
            for _ in range(number % 3):
                await asyncio.sleep(0)
        for number in range(len(stays.ends)):
            stays.end(number, "go")
        await asyncio.wait_for(asyncio.gather(*stays.tasks, return_exceptions=True), 5)
        assert free(stays.slots) == (value, 0)

    asyncio.run(run())
