"""What is measured, in order, and which appliances each measurement needs."""

import asyncio
from collections.abc import Callable, Coroutine
from dataclasses import dataclass
from typing import Any

from tests.bench import fleet as fleets
from tests.bench import inside, measure, memory, orders, rates
from tests.bench.figures import Figure, at_least, at_most
from tests.bench.fleet import Fleet, Site
from tests.bench.kit import Bench

Sites = dict[Fleet, list[Site]]


@dataclass(frozen=True, slots=True)
class Measurement:
    """One of them; `slow` ones are left out of a quick run. `needs` is who must listen before it is run."""

    name: str
    needs: tuple[Fleet, ...]
    run: Callable[[Bench], list[Figure]]
    slow: bool = False


def planned(*, quick: bool) -> list[Measurement]:
    """All that are run, with their goals; CPU first, which also warms up what P1 needs."""
    found = _scripts(quick=quick) + _held() + _more()
    return [each for each in found if not (quick and each.slow)]


def _scripts(*, quick: bool) -> list[Measurement]:
    """P1 to P4."""
    plain, newer, long_ = fleets.PLAIN, fleets.NEWER, fleets.LONG
    moving, tls = fleets.MOVING, fleets.TLS
    slow_50, slow_200, slow_tls = fleets.SLOW_50, fleets.SLOW_200, fleets.SLOW_200_TLS
    p2, p2_long, p3 = at_most(0.35), at_most(0.25), at_most(0.5)
    few = 1 if quick else 3

    def cold(b: Bench, fleet: Fleet, bound: float) -> list[Figure]:
        return _awaited(measure.wall(b.sites[fleet], fleet, b.few, at_most(bound)))

    return [
        Measurement("P2 plain", (plain,), lambda b: _awaited(measure.cpu(b.sites[plain], plain, b.rounds, p2))),
        Measurement("P2 newer", (newer,), lambda b: _awaited(measure.cpu(b.sites[newer], newer, b.rounds, p2))),
        Measurement("P2 long", (long_,), lambda b: _awaited(measure.cpu(b.sites[long_], long_, b.few, p2_long)), True),
        Measurement("P3 plain", (plain,), lambda b: _awaited(measure.warm_cpu(b.sites[plain], plain, b.rounds, p3))),
        Measurement(
            "P3 moving", (moving,), lambda b: _awaited(measure.warm_cpu(b.sites[moving], moving, b.rounds, None))
        ),
        Measurement(
            "P3 tls", (plain, tls), lambda b: _awaited(measure.tls_warm(b.sites[plain], b.sites[tls], b.rounds))
        ),
        Measurement("P4 plain", (), lambda b: _awaited(measure.in_memory(plain, b.rounds))),
        Measurement("P4 newer", (), lambda b: _awaited(measure.in_memory(newer, b.rounds))),
        Measurement("route", (plain,), lambda b: _awaited(measure.http_route(b.sites[plain], b.load, b.few))),
        Measurement(
            "P1 50", (slow_50,), lambda b: _awaited(measure.wall(b.sites[slow_50], slow_50, few, at_most(1.03)))
        ),
        Measurement("P1 peers", (slow_50,), lambda b: _awaited(measure.peers_wall(b.sites[slow_50], slow_50)), True),
        Measurement("P1 200", (slow_200,), lambda b: cold(b, slow_200, 1.03), True),
        Measurement("P1 200 TLS", (slow_tls,), lambda b: cold(b, slow_tls, 1.05), True),
    ]


def _held() -> list[Measurement]:
    """P5 to P8."""
    tiny, small, plain, long_ = fleets.TINY, fleets.SMALL, fleets.PLAIN, fleets.LONG
    near, nearly = at_least(0.8), at_least(0.95)
    return [
        Measurement("P5 10 kB", (tiny,), lambda b: rates.held(b, tiny, "10 kB", 32, near)),
        Measurement("P5 350 kB", (small,), lambda b: rates.held(b, small, "350 kB", 32, nearly, nginx=True)),
        Measurement("P5 3.5 MB", (plain,), lambda b: rates.held(b, plain, "3.5 MB", 32, nearly), True),
        Measurement("P5 35 MB", (long_,), lambda b: rates.held(b, long_, "35 MB", 4, nearly)),
        Measurement("P6", (long_,), lambda b: memory.readers(b, long_, "35 MB")),
        Measurement("P7", (plain,), lambda b: rates.packed(b, plain, "3.5 MB", 8)),
        Measurement("P8", (small, long_), lambda b: rates.not_modified(b, small, long_)),
    ]


def _more() -> list[Measurement]:
    """P9 to P15."""
    wide, moving, huge, slow, cold = fleets.WIDE, fleets.WIDE_MOVING, fleets.HUGE, fleets.SLOW_200, fleets.MANY
    flood = fleets.FLOOD
    large, newer, few, many = fleets.ONE_LARGE, fleets.ONE_LARGE_NEWER, fleets.HUNDRED, fleets.THOUSAND
    return [
        Measurement("P9", (wide,), lambda b: _awaited(inside.narrowing(b.sites[wide], wide, b.rounds))),
        Measurement("P9 many", (many,), lambda b: _awaited(inside.narrowing(b.sites[many], many, b.rounds)), True),
        Measurement("P10", (moving,), lambda b: memory.held_rows(b, moving, 3), True),
        Measurement("P10 many", (wide, flood), lambda b: memory.many_rows(b, wide, flood), True),
        Measurement("P11 built", (huge,), lambda b: _awaited(orders.building(b, huge))),
        Measurement("P11 held", (huge,), lambda b: orders.sorting(b, huge)),
        Measurement("P12", (slow,), lambda b: orders.lines(b, slow), True),
        Measurement("P13", (large,), lambda b: _awaited(inside.stall(b.sites[large], large, b.rounds))),
        Measurement("P13 newer", (newer,), lambda b: _awaited(inside.stall(b.sites[newer], newer, b.rounds)), True),
        Measurement("P14", (cold,), lambda b: memory.cold(b, cold)),
        Measurement("P15", (few, many), lambda b: _awaited(inside.growth(b.sites, few, many, b.few))),
    ]


def _awaited(work: Coroutine[Any, Any, list[Figure]]) -> list[Figure]:
    return asyncio.run(work)
