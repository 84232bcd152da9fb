"""Long work lets others go in between, and no more often than it must."""

import asyncio
from typing import Any

import pytest

from gateway.fanout import answers
from gateway.loop.pauses import Pauses
from gateway.loop.turns import Turns


async def turns_of_others(pauses: Pauses, pieces: int) -> int:
    """How often another task got its turn while so many pieces of work were done."""
    got = 0

    async def other() -> None:
        nonlocal got
        while True:
            got += 1
            await asyncio.sleep(0)

    task = asyncio.create_task(other())
    for _ in range(pieces):
        await pauses.when_due()
    task.cancel()
    return got


@pytest.mark.parametrize("turns", [None, Turns()])
async def test_work_that_has_lasted_too_long_lets_others_go_first(
    monkeypatch: pytest.MonkeyPatch, turns: Turns | None
) -> None:
    monkeypatch.setattr("gateway.loop.pauses.TURN_S", -1.0)
    if turns is not None:
        turns.longest_s = -1.0
    assert await turns_of_others(Pauses(turns), 20) == 20


@pytest.mark.parametrize("turns", [None, Turns()])
async def test_work_that_is_quick_keeps_the_loop(monkeypatch: pytest.MonkeyPatch, turns: Turns | None) -> None:
    monkeypatch.setattr("gateway.loop.pauses.TURN_S", 60.0)
    if turns is not None:
        turns.longest_s = 60.0
    assert await turns_of_others(Pauses(turns), 20) == 0


async def test_an_answer_of_held_lists_alone_is_made_without_a_pause() -> None:
    """On a busy loop what comes after a pause waits for everybody else."""

    class Held:
        def answer_held(self, *_: object) -> str:
            return "held"

    async def made() -> list[object]:
        asked: list[Any] = [(Held(), None, None)] * 3
        return [answer async for answer in answers(asked, pauses)]

    pauses = Pauses(turns := Turns())
    turns.longest_s = 60.0

    with pytest.raises(StopIteration) as end:
        made().send(None)
    assert end.value.value == ["held"] * 3
