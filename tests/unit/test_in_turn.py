"""Lists that come at once are read one after the other, with a turn of the loop for everybody in between."""

import asyncio
import json
from collections import Counter
from collections.abc import Callable
from typing import Any

import pytest
from material import stamped

from gateway.lists.index import ListIndex
from gateway.sources.in_turn import InTurn


class Watched(ListIndex):
    """Notes in which turn of the loop it is read; None is in another thread."""

    def __init__(self, rows: int, turn: Callable[[], int | None]) -> None:
        super().__init__(stamped(json.dumps([{"id": number} for number in range(rows)]).encode()))
        self._turn = turn
        self.read_at: int | None = -1

    def build(self) -> None:
        self.read_at = self._turn()
        super().build()


class Turns:
    """Counts the turns of the loop."""

    def __init__(self) -> None:
        self.now = 0
        loop: Any = asyncio.get_running_loop()
        once = loop._run_once  # a callback would count what ran between two of its own, which may belong to two turns

        def counted() -> None:
            self.now += 1
            once()

        loop._run_once = counted

    def __call__(self) -> int | None:
        try:
            asyncio.get_running_loop()
        except RuntimeError:
            return None
        return self.now


@pytest.fixture
async def turns() -> Turns:
    return Turns()


async def read_at(turns: Turns, sizes: list[int]) -> list[int | None]:
    in_turn, lists = InTurn(), [Watched(rows, turns) for rows in sizes]
    await asyncio.gather(*(in_turn.columns(one) for one in lists))
    return [one.read_at for one in lists]


async def test_no_turn_of_the_loop_reads_more_than_four_lists(turns: Turns) -> None:
    read = await read_at(turns, [300] * 20)
    assert max(Counter(read).values()) == 4


async def test_short_lists_are_left_to_whoever_needs_them(turns: Turns) -> None:
    assert await read_at(turns, [100, 0]) == [-1, -1]


async def test_a_large_list_is_read_in_a_thread(turns: Turns) -> None:
    assert await read_at(turns, [11_000]) == [None]


async def test_what_was_read_is_not_read_again(turns: Turns) -> None:
    in_turn, one = InTurn(), Watched(300, turns)
    await in_turn.columns(one)
    one.read_at = -1
    await in_turn.columns(one)
    assert one.read_at == -1


async def test_four_large_replies_have_a_turn_and_small_ones_wait_for_none(turns: Turns) -> None:
    in_turn, began = InTurn(), list[Any]()

    async def reply(size: int) -> None:
        await in_turn.reply(size)
        began.append((size, turns.now))

    await asyncio.gather(*(reply(size) for size in [200_000] * 10 + [1000] * 10))
    large, small = (Counter(turn for size, turn in began if size == each) for each in (200_000, 1000))
    assert max(large.values()) == 4
    assert max(small.values()) == 10


async def test_who_gives_up_takes_nobodys_turn(turns: Turns) -> None:
    in_turn, lists = InTurn(), [Watched(300, turns) for _ in range(12)]
    tasks = [asyncio.create_task(in_turn.columns(one)) for one in lists]
    await asyncio.sleep(0)
    for task in tasks[4:10]:
        task.cancel()
    assert len(await asyncio.gather(*tasks, return_exceptions=True)) == 12
    assert [one.read_at == -1 for one in lists] == [False] * 4 + [True] * 6 + [False] * 2
    assert lists[10].read_at == lists[11].read_at
    assert repr(in_turn) == "<InTurn, 0 waiting>"
