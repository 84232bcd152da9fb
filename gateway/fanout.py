"""One question to many systems: an answer as each finishes, all of them by the deadline."""

import asyncio
from collections.abc import AsyncGenerator, Sequence
from typing import Final

from gateway.filter import Question
from gateway.lists.plan import Need
from gateway.loop.pauses import Pauses
from gateway.model import SystemAnswer
from gateway.sources.cached import Cached

_STARTS_PER_TURN: Final = 8
"""Starting all at once delays the slowest one's second step by everybody's first (performance.md section 1)."""


async def answers(asked: Sequence[tuple[Cached, Question, Need]], pauses: Pauses) -> AsyncGenerator[SystemAnswer, None]:
    """Each system's answer in the order in which they finish: held ones at once, without a task of their own.

    The slowest known systems start first, since the whole answer waits for them; a few start at each turn of the
    event loop. Systems that were never asked go before them and all at once: any of them may be the slowest, and those
    that came last would wait for everybody's replies. Leaving the iterator early cancels the waiting, not the fetches.
    """
    waiting = []
    for system, question, need in asked:
        at_once = system.answer_held(question, need)
        if at_once is None:
            waiting.append((system, question, need))
            continue
        yield at_once
        await pauses.when_due()  # picking rows out of large lists takes its time, and so may whoever takes the answer
    tasks: list[asyncio.Task[SystemAnswer]] = []
    told = [(entry[0].latency_s, entry) for entry in waiting]
    unknown = [entry for latency_s, entry in told if latency_s is None]
    slow_first = sorted(((latency_s, entry) for latency_s, entry in told if latency_s is not None), key=_latency)
    known = [entry for _, entry in slow_first]
    try:
        paced = (known[begin : begin + _STARTS_PER_TURN] for begin in range(0, len(known), _STARTS_PER_TURN))
        # Where all is held there is no pause: on a busy loop what follows would wait for everybody else's work.
        for group in filter(None, (unknown, *paced)):
            for system, question, need in group:
                tasks.append(asyncio.create_task(system.answer(question, need)))
            await asyncio.sleep(0)
        for finished in asyncio.as_completed(tasks):
            yield await finished
    finally:
        for task in tasks:
            task.cancel()


def _latency(told: tuple[float, object]) -> float:
    return -told[0]
