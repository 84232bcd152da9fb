"""P11 and P12: answers in another order or form, as their reader sees them come."""

import asyncio
from typing import Final

import aiohttp

from tests.bench import script
from tests.bench.figures import Figure, at_most
from tests.bench.fleet import Fleet, Site
from tests.bench.kit import Bench
from tests.bench.processes import gateway
from tests.bench.questions import Request

_NDJSON: Final = "application/x-ndjson"
_SORTED: Final = {"order_by": "start_epoch"}
_PAGE: Final = {**_SORTED, "page_size": 100}


def sorting(bench: Bench, fleet: Fleet) -> list[Figure]:
    """P11: the whole held answer sorted by time, and a page of it, against the unsorted one."""
    whole = Figure(f"P11 {fleet.name}: sorted by start_epoch / unsorted", at_most(2.5))
    page = Figure(f"P11 {fleet.name}: page of 100, sorted by start_epoch / unsorted", at_most(0.05))
    with gateway(bench.sites[fleet], bench.warm) as served:
        served.fill()
        for number in range(bench.few + 1):
            plain = bench.load.once(served.port, Request({}).raw).good()
            for figure, body in ((whole, _SORTED), (page, _PAGE)):
                once = bench.load.once(served.port, Request(body).raw)
                if once.status != 200:
                    figure.note = f"not served: {once.status}"
                elif number:  # the first round warms up
                    figure.add(once.last_s, plain.last_s)
    return [whole, page]


def lines(bench: Bench, fleet: Fleet) -> list[Figure]:
    """P12: a cold answer as NDJSON, its first line and its end, against the slowest appliance alone."""
    first = Figure(f"P12 NDJSON, {fleet.name} x {fleet.rows} cold: first row / slowest", at_most(0.08))
    last = Figure(f"P12 NDJSON, {fleet.name} x {fleet.rows} cold: last line / slowest", at_most(1.05))
    asked = Request({}, headers={"Accept": _NDJSON}).raw
    slowest = fleet.slowest(bench.sites[fleet])
    for _ in range(bench.few):
        alone_s = asyncio.run(_alone(slowest))
        with gateway(bench.sites[fleet], bench.warm) as served:
            once = bench.load.once(served.port, asked)
        if once.status != 200 or not once.content_type.startswith(_NDJSON):
            first.note = last.note = f"not served: {once.status}, {once.content_type}"
            break
        first.add(once.first_line_s, alone_s)
        last.add(once.last_s, alone_s)
    return [first, last]


async def _alone(site: Site) -> float:
    loop = asyncio.get_running_loop()
    async with aiohttp.ClientSession() as session:
        begun = loop.time()
        await script.slowest_alone(site, None, session)
        return loop.time() - begun
