"""P9, P13 and P15: the gateway's own parts in this process, where its clocks and its event loop can be watched."""

import asyncio
import gc
import json
import sys
import time
from collections import Counter
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import asynccontextmanager
from typing import Any, Final

from gateway.filter import BackupFilter
from gateway.question.query import parse_body
from gateway.stack import Gateway
from tests.bench import ours, script
from tests.bench.appliances import bodies
from tests.bench.figures import Figure, at_most
from tests.bench.fleet import Fleet, Site
from tests.bench.measure import Timer, json_of
from tests.bench.settings import HELD

_CPU: Final = time.process_time
_WALL: Final = time.perf_counter
_TICK_S: Final = 0.001
_SHARE: Final = 0.1
"""Of the time that the rows span: what the narrow question asks for."""


async def narrowing(sites: Sequence[Site], fleet: Fleet, rounds: int) -> list[Figure]:
    """P9: rows of one client and type in a window out of held lists, against loops over tuples and over dicts."""
    codec, codec_name = json_of()
    dumps = script.dumped if codec is json else codec.dumps
    tuples = Figure(f"P9 narrowing {fleet.name} rows: gateway / loop over tuples", at_most(0.25))
    dicts = Figure(f"P9 narrowing {fleet.name} rows: gateway / dicts and {codec_name}", at_most(0.03))
    async with Gateway(ours.config_of(sites, HELD)) as gateway:
        rows: list[dict[str, Any]] = json.loads(await ours.merged(gateway))["backups"]
        client, kind, low, high = _narrow(rows)
        wanted = parse_body(
            json.dumps({"client_id": client, "type": kind, "start_time": low, "end_time": high}).encode()
        ).filter
        kept = [(row["client_id"], sys.intern(row["type"]), row["start_epoch"], script.dumped(row)) for row in rows]

        def over_tuples() -> bytes:
            return b",".join(
                [text for one, other, start, text in kept if one == client and other == kind and low <= start <= high]
            )

        def over_dicts() -> bytes:
            found = [
                row
                for row in rows
                if row["client_id"] == client and row["type"] == kind and low <= row["start_epoch"] <= high
            ]
            return dumps({"backups": found, "total": len(found)})

        gc.freeze()  # a hundred thousand dicts would be looked through at each collection, on either side
        timer = Timer(_CPU)
        for number in range(rounds + 1):
            own_s = await timer(_narrowed, gateway, wanted)
            answer = timer.result
            tuples_s, joined = _timed(over_tuples)
            dicts_s, dumped = _timed(over_dicts)
            if number == 0:
                found = json.loads(dumped)["backups"]
                if json.loads(answer)["backups"] != found or json.loads(b"[" + joined + b"]") != found:
                    raise RuntimeError("the sides do not find the same rows")
                continue
            tuples.add(own_s, tuples_s)
            dicts.add(own_s, dicts_s)
        gc.unfreeze()
    return [tuples, dicts]


def _narrow(rows: Sequence[dict[str, Any]]) -> tuple[int, str, int, int]:
    """The rarest client, its most frequent type, and whole minutes in the middle, since appliances hide seconds."""
    client, _ = Counter(row["client_id"] for row in rows).most_common()[-1]
    kind, _ = Counter(row["type"] for row in rows if row["client_id"] == client).most_common(1)[0]
    starts = sorted(row["start_epoch"] for row in rows)
    low = starts[int(len(starts) * (1 - _SHARE) / 2)] // 60 * 60
    high = starts[int(len(starts) * (1 + _SHARE) / 2)] // 60 * 60 + 59
    return client, kind, low, high


async def _narrowed(gateway: Gateway, wanted: BackupFilter) -> bytes:
    found = await ours.asked(gateway, wanted, max_age_s=None)
    if any(answer.source == "appliance" for answer in found):
        raise RuntimeError("an appliance was asked")
    return ours.joined(found)


def _timed(work: Callable[[], bytes]) -> tuple[float, bytes]:
    gc.collect()
    begun = _CPU()
    result = work()
    return _CPU() - begun, result


async def stall(sites: Sequence[Site], fleet: Fleet, rounds: int) -> list[Figure]:
    """P13: the longest time for which nobody else gets a turn of the event loop, while one large reply comes in."""
    figure = Figure(f"P13 longest gap, reply of {fleet.name}: gateway / json.loads", at_most(0.2))
    body = bodies(fleet)[0]
    for number in range(rounds + 1):
        async with Gateway(ours.config_of(sites)) as gateway:
            gc.collect()
            async with _watched() as gaps:
                await ours.asked(gateway, BackupFilter(), max_age_s=0.0)
        gc.collect()
        begun = _WALL()
        json.loads(body)
        if number:
            figure.add(max(gaps), _WALL() - begun)
    return [figure]


@asynccontextmanager
async def _watched() -> AsyncIterator[list[float]]:
    """The times between two turns of a task that wants one each millisecond."""
    gaps: list[float] = []

    async def tick() -> None:
        last = _WALL()
        while True:
            await asyncio.sleep(_TICK_S)
            now = _WALL()
            gaps.append(now - last)
            last = now

    task = asyncio.create_task(tick())
    try:
        await asyncio.sleep(_TICK_S)
        yield gaps
        await asyncio.sleep(2 * _TICK_S)  # the last gap ends here
    finally:
        task.cancel()


async def growth(sites: dict[Fleet, list[Site]], few: Fleet, many: Fleet, rounds: int) -> list[Figure]:
    """P15: CPU of a cold fan-out to ten times as many systems."""
    figure = Figure(f"P15 cold CPU: {many.size} systems / {few.size}, {few.rows} rows each", at_most(11))
    timer = Timer(_CPU)
    for number in range(rounds + 1):
        took = []
        for fleet in (many, few):
            async with Gateway(ours.config_of(sites[fleet])) as gateway:
                took.append(await timer(ours.merged, gateway))
            timer.result = None
        if number:
            figure.add(*took)
    return [figure]
