"""Equal calls share one task."""

import asyncio

from gateway.loop.flight import Flight


async def test_callers_share_the_task_under_way():
    flight, calls, release = Flight[str, int](), [], asyncio.Event()

    async def work() -> int:
        calls.append(1)
        await release.wait()
        return len(calls)

    callers = [asyncio.create_task(flight.run("key", work)) for _ in range(5)]
    await asyncio.sleep(0)
    release.set()
    assert await asyncio.gather(*callers) == [1] * 5


async def test_a_caller_that_comes_when_a_task_has_just_ended_gets_a_new_one():
    """In the turn of the loop in which a task ends its callback is still to come: who joined it then would get what was
    true before, and who asks again until it is new enough would ask for ever."""
    flight, calls = Flight[str, int](), []

    async def work() -> int:
        calls.append(1)
        return len(calls)

    first = flight.start("key", work)
    second = asyncio.create_task(flight.run("key", work))  # its step comes after that of the first, in the same turn
    assert (await first, await second) == (1, 2)
    assert len(flight) == 0
