"""P1 to P4: a fan-out in this process against the scripts that one would write instead."""

import asyncio
import gc
import importlib
import json
import time
from collections.abc import Awaitable, Callable, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from tempfile import TemporaryDirectory
from typing import Any, Final

import aiohttp
from aiohttp import web

from gateway.dates import ApplianceZone
from gateway.stack import Gateway
from gateway.web.app import create_app
from tests.bench import ours, peers, script
from tests.bench.appliances import bodies
from tests.bench.figures import Figure, Goal, at_most
from tests.bench.fleet import PLAIN, TIMEZONE, Fleet, Site
from tests.bench.load import Load
from tests.bench.questions import Request

_CPU: Final = time.process_time
_WALL: Final = time.perf_counter


@dataclass(slots=True)
class Timer:
    """Stopwatch over one clock: `await timer(work, *arguments)` gives seconds and leaves the result in `result`."""

    clock: Callable[[], float]
    result: Any = None

    async def __call__(self, work: Callable[..., Awaitable[Any]], *arguments: Any) -> float:
        gc.collect()
        begun = self.clock()
        self.result = await work(*arguments)
        return self.clock() - begun


async def cpu(sites: Sequence[Site], fleet: Fleet, rounds: int, goal: Goal) -> list[Figure]:
    """P2: CPU of a cold fan-out against the script in its several forms."""
    name = f"P2 cold CPU, {fleet.name}: gateway /"
    rivals: list[tuple[Figure, Callable[[], Awaitable[bytes]]]] = [
        (Figure(f"{name} script (strptime)", goal), lambda: script.merged(sites, script.by_strptime)),
        (Figure(f"{name} script (dates by hand)"), lambda: script.merged(sites, script.by_hand)),
    ]
    if fleet is PLAIN:
        rivals += [
            (Figure(f"{name} one after the other"), lambda: asyncio.to_thread(peers.in_sequence, sites)),
            (Figure(f"{name} a thread for each"), lambda: asyncio.to_thread(peers.in_threads, sites)),
        ]
    timer = Timer(_CPU)
    config = ours.config_of(sites)
    for number in range(rounds + 1):
        async with Gateway(config) as gateway:
            cold_s = await timer(ours.merged, gateway)
            answer = timer.result
        for figure, work in rivals:
            their_s = await timer(work)
            if number:
                figure.add(cold_s, their_s)
            else:  # the first round warms up, and shows that all sides make the same rows
                _same_rows(answer, timer.result)
    return [figure for figure, _ in rivals]


async def warm_cpu(sites: Sequence[Site], fleet: Fleet, rounds: int, goal: Goal | None) -> list[Figure]:
    """P3: CPU of a warm fan-out against the own cold one: tokens and connections kept, every list asked for anew."""
    figure = Figure(f"P3 CPU, {fleet.name}: warm / own cold", goal)
    timer = Timer(_CPU)
    config = ours.config_of(sites)
    for number in range(rounds + 1):
        async with Gateway(config) as gateway:
            cold_s = await timer(ours.merged, gateway)
            warm_s = await timer(ours.merged, gateway)
        if number:
            figure.add(warm_s, cold_s)
    return [figure]


async def tls_warm(plain: Sequence[Site], tls: Sequence[Site], rounds: int) -> list[Figure]:
    """P3: CPU of a warm fan-out over TLS against the same over plain HTTP."""
    figure = Figure("P3 CPU, 50 x 100: warm TLS / warm HTTP", at_most(1.3))
    timer = Timer(_CPU)
    async with Gateway(ours.config_of(plain)) as over_http, Gateway(ours.config_of(tls)) as over_tls:
        for gateway in (over_http, over_tls, over_http, over_tls):
            await ours.merged(gateway)
        for _ in range(rounds):
            http_s = await timer(ours.merged, over_http)
            tls_s = await timer(ours.merged, over_tls)
            figure.add(tls_s, http_s)
    return [figure]


async def http_route(sites: Sequence[Site], load: Load, rounds: int) -> list[Figure]:
    """CPU of the whole HTTP route, cold, asked by a client in another process; for comparison with P2."""
    figure = Figure(f"cold CPU, {PLAIN.name}: whole POST /api/backups / script (strptime)")
    timer = Timer(_CPU)
    for number in range(rounds + 1):
        async with _served(sites) as port:
            route_s = await timer(asyncio.to_thread, load.once, port, Request({}).raw)
            timer.result.good()
        script_s = await timer(script.merged, sites, script.by_strptime)
        if number:
            figure.add(route_s, script_s)
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
    rivals: list[tuple[Figure, Any, Any, script.ReadTime]] = [
        (Figure(f"{name} json (strptime)", at_most(0.10)), json.loads, script.dumped, script.by_strptime),
        (Figure(f"{name} json (dates by hand)"), json.loads, script.dumped, script.by_hand),
    ]
    codec, codec_name = json_of()
    if codec is not json:
        figure = Figure(f"{name} {codec_name} (strptime)", at_most(0.45))
        rivals.append((figure, codec.loads, codec.dumps, script.by_strptime))
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
                figure.add(own_s, their_s)
            else:
                _same_rows(answer, theirs)
    return [figure for figure, *_ in rivals]


def json_of() -> tuple[Any, str]:
    """orjson where it is installed, else json; and its name."""
    try:
        return importlib.import_module("orjson"), "orjson"
    except ImportError:
        return json, "json"


async def wall(sites: Sequence[Site], fleet: Fleet, rounds: int, cold: Goal) -> list[Figure]:
    """P1: wall time of a fan-out over the slowest appliance's own, both taken in the same round.

    First by a gateway that was never told anything; then by one that finds the lists of that one on disk, which tell
    who is slow, and has neither tokens nor connections; then once more by the same.
    """
    first, after, warm = figures = (
        Figure(f"P1 wall, {fleet.name} x {fleet.rows} cold, nothing known yet / slowest"),
        Figure(f"P1 wall, {fleet.name} x {fleet.rows} cold / slowest", cold),
        Figure(f"P1 wall, {fleet.name} x {fleet.rows} warm / slowest", at_most(1.02)),
    )
    slowest = fleet.slowest(sites)
    timer = Timer(_WALL)
    for _ in range(rounds):
        connector = aiohttp.TCPConnector(ssl=False)
        with TemporaryDirectory() as folder:
            config = ours.config_of(sites, f'snapshot = "{folder}"\n')
            async with aiohttp.ClientSession(connector=connector) as session:
                token: str | None = None
                for kept in ((first,), (after, warm)):
                    async with Gateway(config) as gateway:
                        for figure in kept:
                            alone_s = await timer(script.slowest_alone, slowest, token, session)
                            token = timer.result if figure is after else None
                            figure.add(await timer(ours.merged, gateway), alone_s)
    return list(figures)


async def peers_wall(sites: Sequence[Site], fleet: Fleet) -> list[Figure]:
    """For comparison with P1: the scripts' wall time. One of them takes the sum of all waits, so one round must do."""
    name = f"P1 wall, {fleet.name} x {fleet.rows} cold:"
    rivals: list[tuple[Figure, Callable[[], Awaitable[bytes]]]] = [
        (Figure(f"{name} gather + aiohttp + json / slowest"), lambda: script.merged(sites, script.by_hand)),
        (Figure(f"{name} a thread for each / slowest"), lambda: asyncio.to_thread(peers.in_threads, sites)),
        (Figure(f"{name} one after the other / slowest"), lambda: asyncio.to_thread(peers.in_sequence, sites)),
    ]
    timer = Timer(_WALL)
    async with aiohttp.ClientSession(connector=aiohttp.TCPConnector(ssl=False)) as session:
        alone_s = await timer(script.slowest_alone, fleet.slowest(sites), None, session)
    for figure, work in rivals:
        figure.add(await timer(work), alone_s)
    return [figure for figure, _ in rivals]


def _same_rows(one: bytes, other: bytes) -> None:
    if json.loads(one)["backups"] != json.loads(other)["backups"]:
        raise RuntimeError("the two sides do not make the same rows")
