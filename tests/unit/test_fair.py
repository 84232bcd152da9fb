"""Fair shares: lines by asker that take turns, whatever gives up meanwhile."""

import asyncio
import contextvars
from collections.abc import Awaitable, Callable

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gateway.fair import ASKER, FairSemaphore, Turns


def as_asker(name: str, work: Callable[[], Awaitable[None]]) -> "asyncio.Task[None]":
    context = contextvars.copy_context()
    context.run(ASKER.set, name)

    async def run() -> None:
        await work()

    return asyncio.get_running_loop().create_task(run(), context=context)


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


async def test_the_loops_turns_go_round_as_well() -> None:
    order: list[str] = []
    turns = Turns()

    async def work() -> None:
        await turns.mine()
        order.append(ASKER.get())

    tasks = [as_asker("greedy", work) for _ in range(50)] + [as_asker("modest", work) for _ in range(2)]
    await asyncio.gather(*tasks)
    assert [place for place, asker in enumerate(order) if asker == "modest"] <= [2, 4]
    assert not turns._taken
    await asyncio.wait_for(turns.mine(), 1)


async def test_a_place_that_was_given_up_is_passed_by() -> None:
    order: list[int] = []
    turns = Turns()

    async def work(number: int) -> None:
        await turns.mine()
        order.append(number)

    tasks = [asyncio.create_task(work(number)) for number in range(6)]
    await asyncio.sleep(0)
    for number in (1, 3, 5):
        tasks[number].cancel()
    await asyncio.gather(*tasks, return_exceptions=True)
    assert order == [0, 2, 4]


@pytest.mark.parametrize("intake_s", [0.0, 0.001, 0.02, 0.2])
async def test_however_much_comes_in_between_a_good_part_of_the_time_goes_into_turns(intake_s: float) -> None:
    now, spent, longest = 0.0, {"turns": 0.0, "intake": 0.0}, 0.0
    turns, together = Turns(lambda: now), 0

    def pass_by(what: str, seconds: float) -> None:
        nonlocal now
        now += seconds
        spent[what] += seconds

    async def work() -> None:
        nonlocal together, longest
        await turns.mine()
        pass_by("turns", 0.002)
        together += 1
        longest = max(longest, together * 0.002)

    async def come_in(end: asyncio.Event) -> None:
        nonlocal together
        while not end.is_set():
            together = 0
            pass_by("intake", intake_s)
            await asyncio.sleep(0)

    over = asyncio.Event()
    tasks = [asyncio.create_task(work()) for _ in range(500)]
    crowd = asyncio.create_task(come_in(over))
    await asyncio.gather(*tasks)
    over.set()
    await crowd
    share = spent["turns"] / (spent["turns"] + spent["intake"])
    assert share >= (0.5 if intake_s < 0.03 else 0.15), "the longest series bounds the share where intake is enormous"
    assert longest <= 0.055


@pytest.mark.parametrize(("seconds", "waiting", "late"), [(0.4, 60, True), (0.4, 20, False), (0.01, 60, False)])
async def test_who_would_wait_too_long_is_late_at_once_but_not_for_a_few_of_its_own(
    seconds: float, waiting: int, late: bool
) -> None:
    now, seen = 0.0, []
    turns = Turns(lambda: now)

    async def work() -> None:
        nonlocal now
        await turns.mine()
        now += seconds
        seen.append((turns.is_late("crowd"), turns.is_late("another")))

    await asyncio.gather(*(as_asker("crowd", work) for _ in range(waiting)))
    assert any(crowd for crowd, _ in seen) is late
    assert not any(another for _, another in seen)


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
