"""L3 and L4: a thousand simulated appliances, 30 of a hundred down, in ten different ways."""

import asyncio
import json
import time
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

import aiohttp

from gateway.simulator import ApplianceSpec, Farm
from tests.bench.figures import Figure, at_most
from tests.bench.processes import Served, serving
from tests.loads.kit import Kit
from tests.loads.lines import Line, aside, fact, ratio, share
from tests.shield.support import TOKEN, text_of

SYSTEMS: Final = 1000
DOWN: Final = 300
DEADLINE_S: Final = 10.0
WAYS: Final = {
    "refusing": "refused",
    "hung": "timeout",
    "reset": "reset",
    "cut": "reset",
    "broken_json": "bad_reply",
    "unauthorized": "auth",
    "forbidden": "denied",
    "missing": "unsupported",
    "too_many": "overloaded",
    "error": "appliance_error",
}
"""What an appliance does, and what the gateway must say of it."""

_LIMITS: Final = {"deadline_seconds": DEADLINE_S}


def specs(count: int, **keys: Any) -> list[ApplianceSpec]:
    """Appliances with few rows: the simulator shares a core with the callers."""
    return [ApplianceSpec(name=f"site-{n}", seed=n % 10, rows=5, **keys) for n in range(1, count + 1)]


async def break_some(farm: Farm, numbers: Sequence[int]) -> dict[int, str]:
    """Each of these appliances (from 0) has a fault; returns what the gateway must say of each system id."""
    expected = {}
    for place, number in enumerate(numbers):
        way = list(WAYS)[place % len(WAYS)]
        await farm[number].inject(way)
        expected[number + 1] = WAYS[way]
    return expected


@dataclass(frozen=True, slots=True)
class Told:
    """One answer."""

    took_s: float
    status: int
    body: Mapping[str, Any]

    def states(self) -> Counter[str]:
        """Systems by their state."""
        return Counter(system["state"] for system in self.body["systems"])

    def wrong(self, expected: Mapping[int, str]) -> Counter[str]:
        """Systems with another state or reason than was expected, in words; those without one are to be ok."""
        found = Counter[str]()
        for system in self.body["systems"]:
            reason, wanted = (system["error"] or {}).get("kind"), expected.get(system["system_id"])
            if reason != wanted or (system["state"] == "ok") != (wanted is None):
                found[f"{system['state']} {reason}, not {wanted}"] += 1
        return found


async def ask(http: aiohttp.ClientSession, served: Served, **body: Any) -> Told:
    """One question, and how long its whole answer took; the reading of it does not count."""
    begun = time.perf_counter()
    headers = {"AuthToken": TOKEN}
    async with http.post(f"http://127.0.0.1:{served.port}/api/backups", json=body, headers=headers) as answer:
        data = await answer.read()
    return Told(time.perf_counter() - begun, answer.status, json.loads(data))


async def cold(kit: Kit) -> list[Line]:
    """L3: all asked at once with nothing held, and once more."""
    async with Farm(specs(SYSTEMS)) as farm, aiohttp.ClientSession() as http:
        expected = await break_some(farm, range(0, SYSTEMS, SYSTEMS // DOWN)[:DOWN])
        with kit.over_farm(farm, None, _LIMITS) as served:
            first, sockets = await _watched(ask(http, served), served)
            second = await ask(http, served)
        await asyncio.gather(*(appliance.recover() for appliance in farm))
    states, wrong = first.states(), first.wrong(expected)
    name = f"{SYSTEMS} systems cold, {DOWN} down in ten ways:"
    right = sum(states.values()) - sum(wrong.values())
    lines = [
        fact(
            "L3",
            f"{name} answer",
            f"<={DEADLINE_S + 0.5} s",
            f"{first.took_s:.2f} s",
            holds=first.took_s <= DEADLINE_S + 0.5,
        ),
        fact(
            "L3",
            f"{name} systems that are ok, or missing for the right reason",
            SYSTEMS_WORD,
            f"{right}, {states['ok']} ok",
            holds=not wrong and states["ok"] == SYSTEMS - DOWN,
        ),
        fact("L3", f"{name} second answer", "<1 s", f"{second.took_s:.2f} s", holds=second.took_s < 1),
        fact("L3", f"{name} sockets of the gateway, at most", "<1000", sockets, holds=sockets < 1000),
    ]
    return lines + [aside("L3", f"not as expected: {what}", count) for what, count in wrong.most_common(5)]


SYSTEMS_WORD: Final = f"{SYSTEMS}, {SYSTEMS - DOWN} ok"


async def _watched(work: Any, served: Served) -> tuple[Told, int]:
    """The outcome of that question, and how many sockets the gateway had meanwhile, at most."""
    task, most = asyncio.ensure_future(work), 0
    while not task.done():
        most = max(most, served.sockets())
        await asyncio.wait([task], timeout=0.05)
    return await task, most


async def warm(kit: Kit) -> list[Line]:
    """L4: two gateways over one farm, asked in turn. One has 1,000 systems that are well, the other 700 of them and
    300 that it knew well before they broke.
    """
    rounds = 40 if kit.quick else 200
    figure = Figure(f"{SYSTEMS} systems warm, {DOWN} of them down / none: p99 of an answer", at_most(1.2))
    async with Farm(specs(SYSTEMS + DOWN)) as farm, aiohttp.ClientSession() as http:
        whole = text_of(farm, None, {**_LIMITS, "fetch_seconds": DEADLINE_S})
        well, broken = (_without(whole, ids) for ids in (range(SYSTEMS + 1, SYSTEMS + DOWN + 1), range(1, DOWN + 1)))
        with serving(well, kit.program) as healthy, serving(broken, kit.program) as hurt:
            for served in (healthy, hurt):
                await ask(http, served)
            await break_some(farm, range(SYSTEMS, SYSTEMS + DOWN))
            told = await ask(http, hurt, max_age=0)
            while told.states()["stale"] < DOWN and told.took_s < DEADLINE_S + 1:  # until the last call is given up
                told = await ask(http, hurt)
            took: tuple[list[float], list[float]] = [], []
            for number in range(rounds):
                for side in (0, 1) if number % 2 else (1, 0):
                    took[side].append((await ask(http, (hurt, healthy)[side])).took_s)
        await asyncio.gather(*(appliance.recover() for appliance in farm))
    states = told.states()
    for part in range(5):
        figure.add(*(share(side[part::5], 0.99) for side in took))
    present = sum(states.values())
    name = f"{SYSTEMS} systems warm, then {DOWN} fail:"
    return [
        fact(
            "L4",
            f"{name} systems in the answer",
            f"{SYSTEMS}, {DOWN} stale",
            f"{present}, {states['stale']} stale",
            holds=(present, states["ok"], states["stale"]) == (SYSTEMS, SYSTEMS - DOWN, DOWN),
        ),
        ratio("L4", figure),
    ]


def _without(text: str, ids: range) -> str:
    """The configuration without these systems."""
    tables = text.split("\n[[system]]\n")
    kept = [table for table in tables[1:] if int(table.partition("id = ")[2].partition("\n")[0]) not in ids]
    # What stands behind the last table of a system are other tables: they must stay, whichever system is last.
    last, mark, rest = tables[-1].partition("\n[")
    tail = mark + rest
    kept = [last if table is tables[-1] else table for table in kept]
    return "\n[[system]]\n".join([tables[0], *kept]) + tail
