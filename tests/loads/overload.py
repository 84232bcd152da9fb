"""L9: five times as many questions as can be answered, and what comes after."""

import asyncio
import contextlib
import http.client
import time
from collections.abc import Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass, field
from typing import Final

from tests.bench.fleet import Fleet
from tests.bench.processes import Served
from tests.bench.questions import Request
from tests.bench.settings import PROXIED, token_table
from tests.loads.crowd import Answers, polls
from tests.loads.dashboards import FLEET
from tests.loads.kit import Kit
from tests.loads.lines import Line, aside, fact, share

_TOKENS: Final = [f"crowd-{number}" for number in range(4)]
_ALONE: Final = {"X-Request-ID": "loads"}
"""No answer that is ready for equal requests: each of them is work."""
_QUESTION: Final = {"status": "Failure"}
_TIMES: Final = 5
_USEFUL_S: Final = 10.0
_WARM_S: Final = 3.0
_CONNECTED_S: Final = 6.0
"""Until then all of those have connected that keep their connections, and nobody connects any more."""
_KEPT_S: Final = 3.0
"""How often each of those asks that keep their connections: a good part of them is free to ask while others wait."""
_AFTER_S: Final = 15.0
_PATIENCE_S: Final = 60.0
_NEAR: Final = 1.5
FLEETS: Final = (FLEET, Fleet("1000 x 3", 1000, 3))


def overload(kit: Kit) -> list[Line]:
    """With questions that cost little, where refusing one costs a good part of answering it, and with large ones.

    On connections that are kept, as clients do, and with a new one for each question, which costs the most.
    """
    fleets = FLEETS[: 1 if kit.quick else 2]
    return [line for fleet in fleets for kept in (True, False) for line in _overloaded(kit, fleet, kept=kept)]


def _overloaded(kit: Kit, fleet: Fleet, *, kept: bool) -> list[Line]:
    """Peak, then a crowd that asks five times as much for some seconds, then a few who ask as before."""
    warm = _CONNECTED_S if kept else _WARM_S
    seconds = warm + (3.0 if kit.quick else 9.0)
    tables = "".join(token_table(token, token, list(range(1, fleet.size + 1))) for token in _TOKENS)
    with kit.over(fleet, server=PROXIED, more=tables) as served, ThreadPoolExecutor(1) as pool:
        served.fill()
        peak = _peak(kit, served)
        rate = 0.2 * peak
        normal = kit.bench.load.run(polls, served.port, _requests(), 10, 10 / rate, 5.0, 10.0)
        period_s = _KEPT_S if kept else seconds
        connections = int(_TIMES * peak * period_s)
        crowd = pool.submit(_crowd_then_few, kit, served, connections, period_s, seconds, rate)
        seen = _rejections(served, crowd)
        many, few = crowd.result()
    good = [took for took in many.within(warm, seconds) if took <= _USEFUL_S]
    goodput = len(good) / (seconds - warm)
    asked = (len(many.status) + many.lost.total()) / seconds
    rejected = many.within(warm, seconds, 503)
    usual, again = share(normal.of(200), 0.99), _recovered_s(few, share(normal.of(200), 0.99))
    others = len(many.status) - len(many.of(200, 503)) + sum(many.lost.values())
    how = "kept connections" if kept else "a connection each"
    name = f"{fleet.size} systems, {asked / peak:.1f} x the peak of {peak:.0f}/s, {how}:"
    return [
        fact(
            "L9",
            f"{name} answers within {_USEFUL_S:.0f} s / peak",
            ">=0.9",
            f"{goodput / peak:.2f}",
            holds=goodput >= 0.9 * peak,
        ),
        fact(
            "L9",
            f"{name} p99 until a rejection, of {len(rejected):,}",
            "<20 ms",
            f"{share(rejected, 0.99) * 1000:.1f} ms",
            holds=share(rejected, 0.99) < 0.02 and bool(rejected),
        ),
        fact(
            "L9",
            f"{name} what a rejection says",
            "503, when again",
            seen.told,
            holds=seen.told.startswith("503, Retry-After: "),
        ),
        aside("L9", f"{name} median, p99 of {len(seen.took)} rejections of one caller beside it", _of(seen.took)),
        fact("L9", f"{name} neither answered nor rejected", "0", others, holds=not others),
        fact(
            "L9",
            f"{fleet.size} systems, {how}, after it: p99 as before ({usual * 1000:.0f} ms)",
            "<=10 s",
            f"after {again:.1f} s",
            holds=again <= 10,
        ),
        aside(
            "L9",
            f"{name} median until an answer, of a rejection",
            f"{share(good, 0.5):.1f} s, {share(rejected, 0.5) * 1000:.1f} ms",
        ),
    ]


def _of(took: Sequence[float]) -> str:
    return f"{share(took, 0.5) * 1000:.1f} ms, {share(took, 0.99) * 1000:.1f} ms" if took else "none"


def _crowd_then_few(
    kit: Kit, served: Served, connections: int, period_s: float, seconds: float, rate: float
) -> tuple[Answers, Answers]:
    arguments = served.port, _requests(), connections, period_s, seconds, rate
    return kit.bench.load.run(crowd_then_few, *arguments, patience_s=180.0)


def _requests() -> list[bytes]:
    return [Request(_QUESTION, token, _ALONE).raw for token in _TOKENS]


def _peak(kit: Kit, served: Served) -> float:
    """Answers in a second when each of 32 clients asks again as soon as it was answered."""
    rounds = [kit.bench.load.rate(served.port, _requests()[0], connections=32, seconds=1.0).per_s for _ in range(3)]
    return sorted(rounds)[1]


async def crowd_then_few(
    port: int, requests: Sequence[bytes], connections: int, period_s: float, seconds: float, rate: float
) -> tuple[Answers, Answers]:
    """A crowd of which each asks once in a period; then ten who ask at that rate, from its end on."""
    crowd = asyncio.ensure_future(polls(port, requests, connections, period_s, seconds, _PATIENCE_S))
    await asyncio.sleep(seconds)
    few = await polls(port, requests, 10, 10 / rate, _AFTER_S, _PATIENCE_S)
    return await crowd, few


@dataclass
class _Seen:
    """What one more caller was told, in a process that has nothing else to do: seconds until each rejection."""

    told: str = "none"
    took: list[float] = field(default_factory=list)


def _rejections(served: Served, crowd: "Future[tuple[Answers, Answers]]") -> _Seen:
    """Asked for on one connection, for as long as the crowd asks. The crowd's own process is busy reading answers."""
    seen, connection = _Seen(), http.client.HTTPConnection("127.0.0.1", served.port, timeout=60)
    with contextlib.closing(connection):
        while not crowd.done():
            begun = time.perf_counter()
            connection.request("GET", "/api/systems", headers={"AuthToken": _TOKENS[0]})
            answer = connection.getresponse()
            answer.read()
            if answer.status != 200:
                seen.took.append(time.perf_counter() - begun)
                seen.told = f"{answer.status}, Retry-After: {answer.headers['Retry-After']}"
            time.sleep(0.02)
    return seen


def _recovered_s(few: Answers, usual_s: float) -> float:
    """Seconds after which no later second had a p99 of more than half as much again as before the crowd."""
    seconds = [few.within(second, second + 1) for second in range(int(_AFTER_S))]
    slow = [number for number, took in enumerate(seconds) if not took or share(took, 0.99) > _NEAR * usual_s]
    return max(slow, default=-1) + 1.0
