"""The measurements: both sides in turn, round by round; a figure is the median of the rounds' ratios."""

import asyncio
import gc
import json
import statistics
import time
from collections.abc import Awaitable, Callable, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from multiprocessing.connection import Connection
from typing import Any, Final

import aiohttp
from aiohttp import web

from gateway.dates import ApplianceZone
from gateway.stack import Gateway
from gateway.web.app import create_app
from tests.bench import ours, script
from tests.bench.appliances import bodies
from tests.bench.fleet import PLAIN, TIMEZONE, Fleet, Site

_CPU: Final = time.process_time
_WALL: Final = time.perf_counter

Sites = dict[Fleet, list[Site]]


@dataclass(slots=True)
class Figure:
    """One line of the table. `goal` is the largest ratio that will do; None where the line is for comparison only."""

    name: str
    goal: float | None
    ratios: list[float] = field(default_factory=list)

    @property
    def median(self) -> float:
        """What the line shows."""
        return statistics.median(self.ratios)


@dataclass(slots=True)
class Timer:
    """`with`-less stopwatch over one clock: `await timer(work)` gives seconds and leaves the result in `result`."""

    clock: Callable[[], float]
    result: Any = None

    async def __call__(self, work: Callable[[], Awaitable[Any]]) -> float:
        gc.collect()
        begun = self.clock()
        self.result = await work()
        return self.clock() - begun


async def cpu(sites: Sequence[Site], fleet: Fleet, rounds: int, goal: float) -> list[Figure]:
    """P2: CPU of a cold fan-out against both forms of the script."""
    plain = Figure(f"P2 cold CPU, {fleet.name}: gateway / script (strptime)", goal)
    tight = Figure(f"P2 cold CPU, {fleet.name}: gateway / script (dates by hand)", None)
    timer = Timer(_CPU)
    config = ours.config_of(sites)
    for number in range(rounds + 1):
        async with Gateway(config) as gateway:
            cold_s = await timer(lambda: ours.merged(gateway))
            answer = timer.result
        plain_s = await timer(lambda: script.merged(sites, script.by_strptime))
        tight_s = await timer(lambda: script.merged(sites, script.by_hand))
        if number == 0:  # the first round warms up, and shows that both sides make the same rows
            _same_rows(answer, timer.result)
            continue
        plain.ratios.append(cold_s / plain_s)
        tight.ratios.append(cold_s / tight_s)
    return [plain, tight]


async def warm_cpu(sites: Sequence[Site], fleet: Fleet, rounds: int, goal: float | None) -> list[Figure]:
    """P3: CPU of a warm fan-out against the own cold one: tokens and connections kept, every list asked for anew."""
    figure = Figure(f"P3 CPU, {fleet.name}: warm / own cold", goal)
    timer = Timer(_CPU)
    config = ours.config_of(sites)
    for number in range(rounds + 1):
        async with Gateway(config) as gateway:
            cold_s = await timer(lambda: ours.merged(gateway))
            warm_s = await timer(lambda: ours.merged(gateway))
        if number:
            figure.ratios.append(warm_s / cold_s)
    return [figure]


async def tls_warm(plain: Sequence[Site], tls: Sequence[Site], rounds: int) -> list[Figure]:
    """P3: CPU of a warm fan-out over TLS against the same over plain HTTP."""
    figure = Figure("P3 CPU, 50 x 100: warm TLS / warm HTTP", 1.3)
    timer = Timer(_CPU)
    async with Gateway(ours.config_of(plain)) as over_http, Gateway(ours.config_of(tls)) as over_tls:
        for gateway in (over_http, over_tls, over_http, over_tls):
            await ours.merged(gateway)
        for _ in range(rounds):
            http_s = await timer(lambda: ours.merged(over_http))
            tls_s = await timer(lambda: ours.merged(over_tls))
            figure.ratios.append(tls_s / http_s)
    return [figure]


async def http_route(sites: Sequence[Site], client: Connection, rounds: int) -> list[Figure]:
    """CPU of the whole HTTP route, cold, asked by a client in another process; for comparison with P2."""
    figure = Figure(f"cold CPU, {PLAIN.name}: whole POST /api/backups / script (strptime)", None)
    timer = Timer(_CPU)
    for number in range(rounds + 1):
        async with _served(sites) as port:
            client.send((port, ours.TOKEN))
            route_s = await timer(lambda: asyncio.to_thread(client.recv))
        script_s = await timer(lambda: script.merged(sites, script.by_strptime))
        if not isinstance(timer.result, bytes):
            raise RuntimeError("no answer")
        if number:
            figure.ratios.append(route_s / script_s)
    return [figure]


@asynccontextmanager
async def _served(sites: Sequence[Site]) -> Any:
    runner = web.AppRunner(create_app(Gateway(ours.config_of(sites))), access_log=None)
    await runner.setup()
    try:
        site = web.TCPSite(runner, "127.0.0.1", 0)
        await site.start()
        yield runner.addresses[0][1]
    finally:
        await runner.cleanup()


async def in_memory(fleet: Fleet, rounds: int) -> list[Figure]:
    """P4: from replies in memory to the answer's bytes, against json (and orjson where it is installed)."""
    replies = bodies(fleet)
    sites = [Site(number, "", None) for number in range(1, fleet.size + 1)]
    zones = [ApplianceZone(TIMEZONE) for _ in sites]
    name = f"P4 in memory, {fleet.name}: gateway /"
    rivals = [
        (Figure(f"{name} json (strptime)", 0.10), json.loads, script.dumped, script.by_strptime),
        (Figure(f"{name} json (dates by hand)", None), json.loads, script.dumped, script.by_hand),
    ]
    orjson = _orjson()
    if orjson is not None:
        rivals.append((Figure(f"{name} orjson (strptime)", 0.45), orjson.loads, orjson.dumps, script.by_strptime))
    for number in range(rounds + 1):
        gc.collect()
        begun = _CPU()
        answer = ours.merged_in_memory(replies, sites, zones)
        own_s = _CPU() - begun
        for figure, loads, dumps, read_time in rivals:
            gc.collect()
            begun = _CPU()
            rows: list[script.Row] = []
            for body, site in zip(replies, sites, strict=True):
                rows += script.stamped(loads(body), site, read_time)
            theirs = dumps({"backups": rows, "total": len(rows)})
            their_s = _CPU() - begun
            if number:
                figure.ratios.append(own_s / their_s)
            else:
                _same_rows(answer, theirs)
    return [figure for figure, *_ in rivals]


def _orjson() -> Any:
    try:
        import orjson
    except ImportError:
        return None
    return orjson


async def wall(sites: Sequence[Site], fleet: Fleet, rounds: int, *, cold: float, warm: float) -> list[Figure]:
    """P1: wall time of a fan-out over the slowest appliance's own, both taken in the same round."""
    figures = (
        Figure(f"P1 wall, {fleet.name} x 100 cold / slowest", cold),
        Figure(f"P1 wall, {fleet.name} x 100 warm / slowest", warm),
    )
    latencies = fleet.latencies()
    slowest = sites[latencies.index(max(latencies))]
    timer = Timer(_WALL)
    config = ours.config_of(sites)
    for _ in range(rounds):
        connector = aiohttp.TCPConnector(ssl=False)
        async with Gateway(config) as gateway, aiohttp.ClientSession(connector=connector) as session:
            alone_s = await timer(lambda: script.slowest_alone(slowest, None, session))
            token = timer.result
            figures[0].ratios.append(await timer(lambda: ours.merged(gateway)) / alone_s)
            alone_s = await timer(lambda token=token: script.slowest_alone(slowest, token, session))
            figures[1].ratios.append(await timer(lambda: ours.merged(gateway)) / alone_s)
    return list(figures)


def _same_rows(one: bytes, other: bytes) -> None:
    if json.loads(one)["backups"] != json.loads(other)["backups"]:
        raise RuntimeError("the two sides do not make the same rows")
