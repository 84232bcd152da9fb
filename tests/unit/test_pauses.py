"""Long work lets others go in between, and no more often than it must."""

import asyncio

from gateway.pauses import Pauses


async def turns_of_others(longest_s: float, pieces: int) -> int:
    """How often another task got its turn while so many pieces of work were done."""
    pauses = Pauses(longest_s)
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


async def test_work_that_has_lasted_too_long_lets_others_go_first() -> None:
    assert await turns_of_others(-1.0, 20) == 20


async def test_work_that_is_quick_keeps_the_loop() -> None:
    assert await turns_of_others(60.0, 20) == 0
