"""Turns of the event loop: fair among callers, finished before begun, and never starved by what comes in."""

import asyncio

import pytest

from gateway.loop.fair import ASKER
from gateway.loop.turns import Turns
from tests.unit.askers import as_asker


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
    now, spent, longest, stretch = 0.0, {"turns": 0.0, "intake": 0.0}, 0.0, 0.0
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
        nonlocal together, stretch
        while not end.is_set():
            together = 0
            stretch = max(stretch, turns.longest_s)
            pass_by("intake", intake_s)
            await asyncio.sleep(0)

    over = asyncio.Event()
    shortest_s = turns.longest_s
    tasks = [asyncio.create_task(work()) for _ in range(500)]
    crowd = asyncio.create_task(come_in(over))
    await asyncio.gather(*tasks)
    over.set()
    await crowd
    share = spent["turns"] / (spent["turns"] + spent["intake"])
    assert share >= (0.5 if intake_s < 0.03 else 0.15), "the longest series bounds the share where intake is enormous"
    assert longest <= 0.055
    assert stretch == pytest.approx(min(max(1.5 * intake_s, shortest_s), 0.05)), (
        "who goes on with long work has as much"
    )
    assert turns.longest_s == shortest_s, "long turns are for times in which much comes in"


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


async def test_what_has_begun_is_finished_before_anything_else_of_its_asker_begins() -> None:
    now, most = 0.0, 0
    turns, begun, order = Turns(lambda: now), set[int](), list[str]()

    async def work(number: int) -> None:
        nonlocal now, most
        await turns.mine()
        begun.add(number)
        most = max(most, len(begun))
        for _ in range(5):
            now += 0.002
            await turns.again()
        begun.remove(number)
        order.append(f"{ASKER.get()} {number}")

    def one(asker: str, number: int) -> "asyncio.Task[None]":
        return as_asker(asker, lambda: work(number))

    await asyncio.gather(*(one("greedy", number) for number in range(30)), one("modest", 99))
    assert most <= 4, "one of each asker, and those of the first moment"
    assert order.index("modest 99") <= 3
    others = [int(name.split()[1]) for name in order if name != "modest 99"]
    assert all(abs(place - number) <= 2 for place, number in enumerate(others)), "in the order in which they came"


async def test_who_comes_back_from_elsewhere_goes_before_those_that_have_not_begun() -> None:
    turns, order = Turns(), list[str]()

    async def work(name: str, *, begun: bool) -> None:
        await turns.mine(begun=begun)
        order.append(name)

    tasks = [asyncio.create_task(work(f"new {number}", begun=False)) for number in range(5)]
    tasks.append(asyncio.create_task(work("back again", begun=True)))
    await asyncio.gather(*tasks)
    assert order.index("back again") == 1, "after the one that found nobody waiting"


async def test_a_long_request_counts_whole_in_what_those_behind_it_will_wait() -> None:
    """Forty that take five turns of 50 ms each are ten seconds of work, though no turn is long."""
    now, seen = 0.0, []
    turns = Turns(lambda: now)

    async def work() -> None:
        nonlocal now
        await turns.mine()
        for _ in range(5):
            now += 0.05
            await turns.again()
        seen.append(turns.is_late("crowd"))

    await asyncio.gather(*(as_asker("crowd", work) for _ in range(60)))
    assert any(seen)
    assert not seen[-1]
