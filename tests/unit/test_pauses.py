"""Long work lets others go in between, and no more often than it must."""

import asyncio

import pytest

from gateway.pauses import Pauses
from gateway.turns import Turns


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
    monkeypatch.setattr("gateway.pauses.TURN_S", -1.0)
    if turns is not None:
        turns.longest_s = -1.0
    assert await turns_of_others(Pauses(turns), 20) == 20


@pytest.mark.parametrize("turns", [None, Turns()])
async def test_work_that_is_quick_keeps_the_loop(monkeypatch: pytest.MonkeyPatch, turns: Turns | None) -> None:
    monkeypatch.setattr("gateway.pauses.TURN_S", 60.0)
    if turns is not None:
        turns.longest_s = 60.0
    assert await turns_of_others(Pauses(turns), 20) == 0
