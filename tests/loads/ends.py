"""L11 and L12: processes that are asked to end while they are asked for backups."""

import asyncio
import contextlib
import signal
import tempfile
import time
from collections import Counter
from pathlib import Path
from typing import Any, Final

import aiohttp

from gateway.simulator import ApplianceSpec, Farm
from tests.bench.processes import SERVER_CORE, pin
from tests.gateway.processes import Outcome, Running, running
from tests.kit.waiting import until
from tests.loads.kit import Kit
from tests.loads.lines import Line, aside, fact, share
from tests.shared.rolling import Balancer, Replicas, login
from tests.shared.servers import PATIENCE_S, server
from tests.shield.support import TOKEN, text_of

_PER_S: Final = 500
_TASKS: Final = 100
_LEAST_RATE: Final = 0.95
_BEFORE_S: Final = 3.0
_IN_FLIGHT: Final = 200
_DRAIN_S: Final = 20.0
_COMPLAINTS: Final = ("was destroyed", "never retrieved", "never awaited", "Traceback")


async def rolling(kit: Kit) -> list[Line]:
    """L11: two replicas and a store, both restarted, while questions come at a fixed rate."""
    specs = [ApplianceSpec(name=f"site-{n}", seed=n, rows=30, base_ms=200) for n in (1, 2, 3)]
    told: Counter[tuple[int, bool]] = Counter()
    took: list[float] = []
    connector = aiohttp.TCPConnector(force_close=True, limit=0)
    async with (
        Farm(specs) as farm,
        aiohttp.ClientSession(connector=connector) as http,
        contextlib.AsyncExitStack() as stack,
    ):
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="loads-")))
        replicas = await Replicas.started(stack, stack.enter_context(server()), farm, folder)
        balancer = Balancer(http, list(replicas.addresses))
        pinning = asyncio.create_task(_keep_apart(replicas))
        probing = asyncio.create_task(balancer.probe())
        await until(lambda: len(balancer.ready) == 2, PATIENCE_S)
        token, stop = await login(http, replicas.addresses[0]), asyncio.Event()
        begun = time.monotonic()
        clients = [asyncio.create_task(_client(balancer, token, number, stop, told, took)) for number in range(_TASKS)]
        await asyncio.sleep(_BEFORE_S)
        codes = await replicas.restart_both(balancer)
        await asyncio.sleep(_BEFORE_S)
        stop.set()
        seconds = time.monotonic() - begun
        await asyncio.gather(*clients)
        for task in (probing, pinning):
            task.cancel()
        await asyncio.gather(probing, pinning, return_exceptions=True)
    rate, logins = told.total() / seconds, told[401, False]
    failed = told.total() - told[200, True]
    name = f"2 replicas restarted one after the other under {rate:.0f} requests/s:"
    fast = rate >= _LEAST_RATE * _PER_S
    lines = [
        fact("L11", f"{name} requests that failed, of {told.total():,}", "0", failed, holds=not failed),
        fact("L11", f"{name} logins that were forced", "0", logins, holds=not logins),
        aside(
            "L11",
            f"{name} exit codes; median and p99 of a request",
            f"{codes}, {share(took, 0.5) * 1000:.0f}, {share(took, 0.99) * 1000:.0f} ms",
        ),
    ]
    return (
        lines
        if fast
        else [*lines, Line("L11", f"the rate: {_PER_S}/s could not be made here", "", f"{rate:.0f}/s", "noise")]
    )


async def _client(
    balancer: Balancer, token: str, number: int, stop: asyncio.Event, told: Counter[tuple[int, bool]], took: list[float]
) -> None:
    """One question each fifth of a second, in its own place of it; late ones are made up for."""
    period = _TASKS / _PER_S
    due = time.perf_counter() + period * number / _TASKS
    while not stop.is_set():
        await asyncio.sleep(max(0.0, due - time.perf_counter()))
        begun = time.perf_counter()
        try:
            told[await balancer.ask(token)] += 1
        except (aiohttp.ClientError, OSError, AssertionError):
            told[0, False] += 1
        took.append(time.perf_counter() - begun)
        due += period


async def _keep_apart(replicas: Replicas) -> None:
    """Each replica on the servers' core, also those that are started later."""
    while True:
        for process in replicas.running:
            with contextlib.suppress(ProcessLookupError):
                pin(process.process.pid, SERVER_CORE)
        await asyncio.sleep(0.2)


async def drained(kit: Kit) -> list[Line]:
    """L12: SIGTERM while 200 questions wait for appliances that take three seconds."""
    specs = [ApplianceSpec(name=f"site-{n}", seed=n, rows=30, base_ms=3000, workers=100) for n in range(1, 51)]
    with tempfile.TemporaryDirectory(prefix="loads-") as folder:
        async with Farm(specs) as farm, aiohttp.ClientSession(connector=aiohttp.TCPConnector(limit=0)) as http:
            file = Path(folder) / "gateway.toml"
            file.write_text(text_of(farm, None, {"concurrency": 8}))
            async with running("serve", "--config", str(file)) as process:
                address = await process.address()
                pin(process.process.pid, SERVER_CORE)
                asked = [asyncio.create_task(_ask(http, address, 1 + n % 50, n)) for n in range(_IN_FLIGHT)]
                await until(lambda: sum(one.counters.in_flight for one in farm) >= _IN_FLIGHT, 30.0)
                begun = time.monotonic()
                outcome, late = await _ended(process, address)
                seconds = time.monotonic() - begun
                found = Counter(await asyncio.gather(*asked))
    complaints = [line for line in outcome.err.splitlines() if any(word in line for word in _COMPLAINTS)]
    name = f"SIGTERM with {_IN_FLIGHT} requests in flight:"
    odd = {word: count for word, count in late.items() if word not in ("200", "503", "refused")}
    return [
        fact(
            "L12", f"{name} whole answers", str(_IN_FLIGHT), found["200 whole"], holds=found["200 whole"] == _IN_FLIGHT
        ),
        fact(
            "L12",
            f"{name} until the end, and the exit code",
            "<=20 s, 0",
            f"{seconds:.1f} s, {outcome.code}",
            holds=seconds <= _DRAIN_S and outcome.code == 0,
        ),
        fact(
            "L12",
            f"{name} new connections neither answered nor refused, of {late.total()}",
            "0",
            odd or 0,
            holds=not odd,
        ),
        fact("L12", f"{name} complaints in the log (was destroyed, ...)", "0", len(complaints), holds=not complaints),
        *(
            aside("L12", "otherwise answered", f"{count} {what}")
            for what, count in found.items()
            if what != "200 whole"
        ),
    ]


async def _ask(http: aiohttp.ClientSession, address: str, system: int, number: int) -> str:
    """A question of its own, so that it makes a call of its own."""
    body: dict[str, Any] = {"system_id": system, "backup_ids": [number + 1], "max_age": 0}
    try:
        async with http.post(f"{address}/api/backups", json=body, headers={"AuthToken": TOKEN}) as answer:
            whole = (await answer.json()).get("complete")
            return f"{answer.status} {'whole' if whole else 'not whole'}"
    except aiohttp.ClientError as error:
        return type(error).__name__


async def _ended(process: Running, address: str) -> tuple[Outcome, Counter[str]]:
    """The end after SIGTERM, and what new connections got until then."""
    late: Counter[str] = Counter()

    async def knock() -> None:
        async with aiohttp.ClientSession(connector=aiohttp.TCPConnector(force_close=True)) as http:
            while True:
                try:
                    async with http.get(f"{address}/api/systems", headers={"AuthToken": TOKEN}) as answer:
                        await answer.read()
                        late[str(answer.status)] += 1
                except aiohttp.ClientConnectorError:
                    late["refused"] += 1
                except aiohttp.ClientError as error:
                    late[type(error).__name__] += 1
                await asyncio.sleep(0.1)

    knocking = asyncio.create_task(knock())
    try:
        return await process.end(signal.SIGTERM), late
    finally:
        knocking.cancel()
        await asyncio.gather(knocking, return_exceptions=True)
