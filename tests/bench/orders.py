"""P11 and P12: answers in another order or form, as they are built and as their reader sees them come."""

import asyncio
import gc
import time
from collections.abc import Callable, Sequence
from typing import Final

import aiohttp

from gateway.answers import merge
from gateway.answers.arrange import Arrangement, Shape
from gateway.filter import BackupFilter
from gateway.model import Part, SystemAnswer, made
from gateway.stack import Gateway
from tests.bench import ours, script
from tests.bench.figures import Figure, at_most
from tests.bench.fleet import Fleet, Site
from tests.bench.kit import Bench
from tests.bench.processes import gateway
from tests.bench.questions import Request
from tests.bench.settings import HELD

_NDJSON: Final = "application/x-ndjson"
_SORTED: Final = {"order_by": "start_epoch"}
_PAGE_ROWS: Final = 100
_PAGE: Final = {**_SORTED, "page_size": _PAGE_ROWS}
_BY_TIME: Final = Shape("start_epoch")


async def building(bench: Bench, fleet: Fleet) -> list[Figure]:
    """P11: CPU of building an answer out of lists that are here: sorted by time, and a page of it, against unsorted.

    Each side arranges the lists anew and says all that an answer says. The unsorted answer is joined to one body, the
    sorted one stays in the pieces in which it is sent: both copy each row into memory of its own.
    """
    whole = Figure(f"P11 {fleet.name}, built: sorted by start_epoch / unsorted", at_most(2.5))
    page = Figure(f"P11 {fleet.name}, built: first page of 100, sorted / unsorted whole", at_most(0.05))
    async with Gateway(ours.config_of(bench.sites[fleet], HELD)) as served:
        found = await ours.asked(served, BackupFilter(), max_age_s=0.0)
        for number in range(bench.rounds + 1):
            plain_s = _built_s(lambda: b"".join(map(made, _parts(found, Shape(), None))))
            sorted_s = _built_s(lambda: _parts(found, _BY_TIME, None))
            page_s = _built_s(lambda: b"".join(map(made, _parts(found, _BY_TIME, _PAGE_ROWS))))
            if number:
                whole.add(sorted_s, plain_s)
                page.add(page_s, plain_s)
    return [whole, page]


def _parts(found: Sequence[SystemAnswer], shape: Shape, end: int | None) -> list[Part]:
    rows = Arrangement([answer.backups for answer in found], shape)
    return merge.body_parts(found, rows.segments(0, end))


def _built_s(work: Callable[[], object]) -> float:
    gc.collect()
    begun = time.process_time()
    made = work()
    took = time.process_time() - begun
    del made
    return took


def sorting(bench: Bench, fleet: Fleet) -> list[Figure]:
    """P11: the whole answer sorted by time, and a page of it, over HTTP, against the held unsorted one.

    The page is asked for anew each time, of all systems, and says what there is to say of each of them.
    """
    whole = Figure(f"P11 {fleet.name}, held: sorted by start_epoch / unsorted", at_most(5))
    page = Figure(f"P11 {fleet.name}, held: page of 100, sorted / unsorted whole", at_most(0.05))
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
