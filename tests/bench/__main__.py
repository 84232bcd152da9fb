"""`python -m tests.bench [--quick]`: prints a table of goals and measured ratios. It asserts nothing about times."""

import argparse
import asyncio
import os
import time
from collections.abc import Awaitable, Callable
from multiprocessing.connection import Connection
from pathlib import Path
from typing import Final

from gateway.config_tables import Log
from gateway.observe import configure_logs
from tests.bench import fleet as fleets
from tests.bench import measure
from tests.bench.appliances import allow_many_files, serving
from tests.bench.measure import Figure, Sites

_HEAD: Final = """\
The gateway's side runs in this process: Gateway, fanout.answers and merge, with its log lines written to /dev/null;
one line goes through the whole HTTP route. Appliances run in a process of their own. Both sides of a ratio are
measured in turn in each round; a ratio is the median of the rounds (in brackets: lowest, highest). Rows are the
same on both sides, which is checked. "strptime" and "by hand" say how the other side reads dates: as the manual of
Python shows it, or cut by position with each hour looked up once. Lines without a goal are for comparison.
"""

_FLEETS: Final = (
    *(fleets.PLAIN, fleets.NEWER, fleets.MOVING, fleets.LONG, fleets.TLS),
    *(fleets.SLOW_50, fleets.SLOW_50_TLS, fleets.SLOW_200),
)
_SLOW: Final = ("P2 long", "P1 50 TLS", "P1 200")
"""Left out of a quick run."""


def main() -> None:
    """Run and print."""
    options = argparse.ArgumentParser(prog="python -m tests.bench", description=__doc__)
    options.add_argument("--quick", action="store_true", help="fewer rounds and fleets, in less than 20 s")
    options.add_argument("--only", default="", metavar="TEXT", help="only measurements with this in their name")
    given = options.parse_args()
    allow_many_files()
    begun = time.monotonic()
    print(_HEAD)
    print(f"{'measured':<72} {'goal':>7} {'ratio':>7} {'lowest, highest':>17} {'rounds':>6}")
    with Path(os.devnull).open("w") as nowhere:
        configure_logs(Log(), nowhere)
        asyncio.run(_all(quick=given.quick, only=given.only))
    print(f"\n{time.monotonic() - begun:.0f} s in all")


async def _all(*, quick: bool, only: str) -> None:
    with serving(_FLEETS) as (sites, client):
        for name, work in _plan(sites, client, quick=quick):
            if only in name and not (quick and name in _SLOW):
                for figure in await work():
                    print(_line(figure), flush=True)


def _plan(sites: Sites, client: Connection, *, quick: bool) -> list[tuple[str, Callable[[], Awaitable[list[Figure]]]]]:
    """What is measured, in order; CPU first, which also warms up what P1 needs."""
    rounds, few = (3, 1) if quick else (11, 5)
    plain, newer, long_, tls = (sites[f] for f in (fleets.PLAIN, fleets.NEWER, fleets.LONG, fleets.TLS))
    slow, slow_tls, slow_200 = (sites[f] for f in (fleets.SLOW_50, fleets.SLOW_50_TLS, fleets.SLOW_200))
    return [
        ("P2 plain", lambda: measure.cpu(plain, fleets.PLAIN, rounds, 0.35)),
        ("P2 newer", lambda: measure.cpu(newer, fleets.NEWER, rounds, 0.35)),
        ("P2 long", lambda: measure.cpu(long_, fleets.LONG, few, 0.25)),
        ("P3 plain", lambda: measure.warm_cpu(plain, fleets.PLAIN, rounds, 0.5)),
        ("P3 moving", lambda: measure.warm_cpu(sites[fleets.MOVING], fleets.MOVING, rounds, None)),
        ("P3 tls", lambda: measure.tls_warm(plain, tls, rounds)),
        ("P4 plain", lambda: measure.in_memory(fleets.PLAIN, rounds)),
        ("P4 newer", lambda: measure.in_memory(fleets.NEWER, rounds)),
        ("route", lambda: measure.http_route(plain, client, few)),
        ("P1 50", lambda: measure.wall(slow, fleets.SLOW_50, few, cold=1.03, warm=1.02)),
        ("P1 50 TLS", lambda: measure.wall(slow_tls, fleets.SLOW_50_TLS, few, cold=1.05, warm=1.02)),
        ("P1 200", lambda: measure.wall(slow_200, fleets.SLOW_200, few, cold=1.03, warm=1.02)),
    ]


def _line(figure: Figure) -> str:
    goal = "" if figure.goal is None else f"<={figure.goal:.2f}"
    span = f"{min(figure.ratios):.3f}, {max(figure.ratios):.3f}"
    missed = "" if figure.goal is None or figure.median <= figure.goal else "  missed"
    return f"{figure.name:<72} {goal:>7} {figure.median:>7.3f} {span:>17} {len(figure.ratios):>6}{missed}"


if __name__ == "__main__":
    main()
