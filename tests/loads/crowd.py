"""L1: ten thousand dashboards that keep their connections and ask again each ten seconds."""

import asyncio
import random
import time
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Final

from tests.bench.load import Client, Tally
from tests.bench.questions import HOST

_DIALLED_AT_ONCE: Final = 20


@dataclass(slots=True)
class Answers:
    """What a crowd got: seconds from the moment when a question was due until its answer had come, by status.

    `at` is when each of them came, in seconds from the begin on; `lost` counts connections that ended, by the reason.
    `skipped` are questions that were due while the one before was not answered yet.
    """

    at: list[float] = field(default_factory=list)
    took_s: list[float] = field(default_factory=list)
    status: list[int] = field(default_factory=list)
    lost: Counter[str] = field(default_factory=Counter)
    skipped: int = 0
    begun: float = 0.0

    def of(self, *statuses: int) -> list[float]:
        """The seconds of answers with such a status."""
        return [took for took, status in zip(self.took_s, self.status, strict=True) if status in statuses]

    def within(self, low: float, high: float, status: int = 200) -> list[float]:
        """The seconds of answers with that status that came between two moments."""
        found = zip(self.at, self.took_s, self.status, strict=True)
        return [took for at, took, each in found if low <= at < high and each == status]


class Poller(Client):
    """A connection that asks at fixed times, whether or not the answer before was late."""

    def __init__(self, request: bytes, answers: Answers, due: float, period_s: float, end: float) -> None:
        super().__init__(request, Tally(), self._again)
        self._answers = answers
        self._due = due
        self._period_s = period_s
        self._end_at = end
        self._later: asyncio.TimerHandle | None = None

    def connection_lost(self, exc: Exception | None) -> None:
        """A connection that ends before its time is lost."""
        if self._later is not None:
            self._later.cancel()
        if not self.ended.done():
            self._answers.lost[type(exc).__name__ if exc else "closed"] += 1
            self.ended.set_result(0.0)

    def _again(self) -> bool:
        """Note the answer; False once no further question is due. The base asks again where this is True."""
        now = time.perf_counter()
        self._answers.at.append(now - self._answers.begun)
        self._answers.took_s.append(now - self._due)
        self._answers.status.append(self.status)
        self._due += self._period_s
        while self._due < now:
            self._answers.skipped += 1
            self._due += self._period_s
        return self._due < self._end_at

    def _ask(self) -> None:
        """The next question when it is due."""
        wait_s = max(0.0, self._due - time.perf_counter())
        self._later = asyncio.get_running_loop().call_later(wait_s, self._transport.write, self._request)


async def polls(
    port: int, requests: Sequence[bytes], connections: int, period_s: float, seconds: float, patience_s: float
) -> Answers:
    """So many connections ask each `period_s`, spread evenly over it, one after the other of the requests.

    They end after so many seconds; `patience_s` is for what is not answered then, which counts as lost.
    """
    loop, answers = asyncio.get_running_loop(), Answers()
    answers.begun = begun = time.perf_counter()
    order = list(range(connections))
    random.Random(1).shuffle(order)

    def made(number: int) -> Callable[[], Poller]:
        due = begun + period_s * order[number] / connections
        return lambda: Poller(requests[number % len(requests)], answers, due, period_s, begun + seconds)

    async def dialled(number: int) -> Poller | None:
        await asyncio.sleep(max(0.0, begun + period_s * order[number] / connections - time.perf_counter()))
        try:
            return (await loop.create_connection(made(number), HOST, port))[1]
        except OSError as error:
            answers.lost[type(error).__name__] += 1
            return None

    opened = await asyncio.gather(*map(dialled, range(connections)))
    pollers = [poller for poller in opened if poller is not None]
    _, late = await asyncio.wait(
        [poller.ended for poller in pollers], timeout=begun + seconds + patience_s - time.perf_counter()
    )
    answers.lost["not answered"] += len(late)
    return answers
