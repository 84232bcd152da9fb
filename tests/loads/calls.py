"""L5 to L8: what reaches the appliances, counted there."""

import asyncio
import time
from collections import Counter
from collections.abc import Iterable, Sequence
from typing import Any, Final

import aiohttp

from gateway.simulator import Appliance, ApplianceSpec, Farm, Fault
from tests.bench.figures import Verdict
from tests.bench.processes import Served
from tests.bench.questions import NOTHING, Request
from tests.loads.crowd import Answers, polls
from tests.loads.kit import Kit
from tests.loads.lines import Line, aside, fact
from tests.loads.outages import ask, specs
from tests.shield.support import TOKEN
from tests.soak.report import most_calls_in_a_minute

_AT_ONCE: Final = 1000
_CLIENTS: Final = 200
_MINUTE_S: Final = 60.0
_FRESH_S: Final = 10
_FILTERS: Final = ({"client_id": 1}, {"client_id": 2}, {"type": "Full"}, {"status": "Failure"}, {"start_hours": 24})
_FLAPPING: Final = 50
_RATIO: Final = 1.1
_EDGE: Final = 0.01
_HERD: Final = 1000


def list_calls(appliance: Appliance) -> list[tuple[float, bytes]]:
    """When they came, and what they asked."""
    return [(request.time, request.body) for request in appliance.requests if request.path.endswith("/backups")]


async def coalescing(kit: Kit) -> list[Line]:
    """L5: many equal questions at once, nothing held."""
    async with Farm([ApplianceSpec(rows=100, base_ms=1500)]) as farm:
        with kit.over_farm(farm) as served:
            request = Request({"start_hours": 100_000}, TOKEN).raw
            once = await asyncio.to_thread(kit.bench.load.once, served.port, request, connections=_AT_ONCE)
        counters = farm[0].counters
    found = f"{counters.list_calls} and {counters.logins}, HTTP {once.status}"
    name = f"{_AT_ONCE:,} equal cold questions at once: list calls and logins"
    return [fact("L5", name, "1 and 1", found, holds=found == "1 and 1, HTTP 200")]


async def upstream(kit: Kit) -> list[Line]:
    """L6: what an appliance gets of 200 clients with five questions that cover none of each other."""
    seconds = _MINUTE_S + 2 if kit.quick else 2 * _MINUTE_S
    cache = {"fresh_seconds": _FRESH_S}
    async with Farm(specs(10)) as farm, Farm(specs(10)) as failing:
        with kit.over_farm(farm, cache) as served, kit.over_farm(failing, cache) as other:
            async with aiohttp.ClientSession() as http:
                for question in _FILTERS:
                    await ask(http, other, **question)
            for number, appliance in enumerate(failing):
                appliance.requests.clear()
                await appliance.inject(("html", "reset", "error", "hung")[number % 4])
            good = await asyncio.to_thread(_polled, kit, (served, other), seconds)
        most, in_outage = (most_calls_in_a_minute(each, []) for each in (farm, failing))
        later = max(_most_after(appliance, _MINUTE_S) for appliance in failing) if not kit.quick else None
        await asyncio.gather(*(appliance.recover() for appliance in failing))
    bound = -(-60 // _FRESH_S) * len(_FILTERS)
    name = f"{_CLIENTS} clients, {len(_FILTERS)} questions:"
    lines = [
        fact(
            "L6",
            f"{name} calls per appliance and minute, lists fresh for {_FRESH_S} s",
            f"<={bound}",
            most,
            holds=most <= bound,
        ),
        fact(
            "L6",
            f"{name} the same in an outage (4 kinds), the first minute of it included",
            "<=6",
            in_outage,
            holds=in_outage <= 6,
        ),
        aside("L6", "answers behind these two figures", f"{good:,}"),
    ]
    return lines if later is None else [*lines, aside("L6", "in an outage, from the second minute on", later)]


def _polled(kit: Kit, gateways: Sequence[Served], seconds: float) -> int:
    """Clients that ask all of them each second; how many answers were good."""
    requests, ports = [Request(question, TOKEN).raw for question in _FILTERS], [each.port for each in gateways]
    answers = kit.bench.load.run(polls_all, ports, requests, _CLIENTS, seconds, patience_s=seconds + 60)
    return sum(len(each.of(200)) for each in answers)


async def polls_all(ports: Sequence[int], requests: Sequence[bytes], clients: int, seconds: float) -> list[Answers]:
    """So many clients at each of these gateways, with a question each second."""
    return await asyncio.gather(*(polls(port, requests, clients, 1.0, seconds, 15.0) for port in ports))


def _most_after(appliance: Appliance, seconds: float) -> int:
    """List calls in any minute that begins so long after the first one or later."""
    times = [at for at, _ in list_calls(appliance)]
    later = [at for at in times if at >= times[0] + seconds] if times else []
    return max((sum(low <= at < low + _MINUTE_S for at in later) for low in later), default=0)


async def retries(kit: Kit) -> list[Line]:
    """L7: every second list call is reset; each question is asked once and by no other, so an equal call is a retry."""
    seconds = _MINUTE_S if kit.quick else 1.5 * _MINUTE_S
    async with Farm(specs(_FLAPPING)) as farm, aiohttp.ClientSession() as http:
        for appliance in farm:
            await appliance.inject(Fault("reset", every=2))
        with kit.over_farm(farm) as served:
            numbers, end = iter(range(1, 1_000_000)), time.monotonic() + seconds

            async def dashboard(system: int) -> None:
                while time.monotonic() < end:
                    await ask(http, served, system_id=system, backup_ids=[next(numbers)])
                    await asyncio.sleep(1.0)

            await asyncio.gather(*map(dashboard, range(1, _FLAPPING + 1)))
        calls = sorted((at, (number, body)) for number, one in enumerate(farm) for at, body in list_calls(one))
    worst = max(_calls_by_first(calls, low) for low in _begins(calls))
    # Retries are counted against the minute before each of them, so another minute may hold a few more than a tenth.
    reached: Verdict = "yes" if worst <= _RATIO else "noise" if worst <= _RATIO + _EDGE else "no"
    total, first = len(calls), len({body for _, body in calls})
    name = f"{_FLAPPING} appliances, every second call fails: calls / first attempts, worst minute"
    return [
        Line("L7", name, f"<={_RATIO}", f"{worst:.3f}", reached),
        aside("L7", f"calls, first attempts, all of {seconds:.0f} s", f"{total}, {first}"),
    ]


def _begins(calls: Sequence[tuple[float, Any]]) -> Iterable[float]:
    """Where a whole minute can begin: each second of the run."""
    first, last = calls[0][0], calls[-1][0]
    return [first + step for step in range(max(1, int(last - first - _MINUTE_S) + 2))]


def _calls_by_first(calls: Sequence[tuple[float, Any]], low: float) -> float:
    """Calls of the minute from `low` on by those of them that nobody had made before."""
    within = [body for at, body in calls if low <= at < low + _MINUTE_S]
    before = {body for at, body in calls if at < low}
    return len(within) / max(1, len(set(within) - before))


async def herd(kit: Kit) -> list[Line]:
    """L8: a thousand lists that were loaded by one question, and are asked for each second."""
    async with Farm(specs(_HERD)) as farm, aiohttp.ClientSession() as http:
        with kit.over_farm(farm) as served:
            await ask(http, served, **NOTHING)
            loaded = time.time()
            while time.time() < loaded + 1.7 * _MINUTE_S:
                await ask(http, served, **NOTHING)
                await asyncio.sleep(1.0)
        begun = [next((at for at, _ in list_calls(one) if at > loaded), None) for one in farm]
    starts = Counter(int(at - loaded) for at in begun if at is not None)
    most, renewed, bound = max(starts.values(), default=0), sum(starts.values()), _HERD // 20
    # A loop that is late, here or there, moves refreshes into the next second, but not into a third one.
    of_two = max((starts[second] + starts[second + 1] for second in list(starts)), default=0)
    reached: Verdict = "no" if renewed < _HERD or of_two > 2 * bound else "yes" if most <= bound else "noise"
    name = f"{_HERD:,} lists loaded together: refreshes that begin in the busiest second"
    return [
        Line("L8", name, f"<={bound}", f"{most}", reached),
        aside("L8", "refreshes, over so many seconds", f"{renewed}, {len(starts)}"),
    ]


async def counted(kit: Kit) -> list[Line]:
    """L6 and L7 at the same time, each with appliances and a gateway of its own: they count, and take no times."""
    found = await asyncio.gather(upstream(kit.of("L6")), retries(kit.of("L7")))
    return [line for lines in found for line in lines]
