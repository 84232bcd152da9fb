"""`python -m tests.bench [--quick]`: prints a table of goals and measured ratios; 1 where a goal is missed for sure."""

import argparse
import os
import sys
import time
from contextlib import AbstractContextManager
from http.client import HTTPException
from pathlib import Path
from typing import Final

from gateway.config.tables import Log
from gateway.loop.garbage import relax_collector
from gateway.telemetry.observe import configure_logs
from tests.bench import appliances
from tests.bench.figures import HEAD, Figure
from tests.bench.kit import Bench
from tests.bench.plan import Measurement, planned
from tests.bench.shared import shared

_ABOUT: Final = """\
Both sides of a ratio are measured in turn in each round: "ours" is what stands before the stroke, "theirs" behind it,
both as medians of the rounds; "ratio" is the median of the rounds' own ratios. "noise" is half the distance between
the quartiles of those ratios, relative to their median. "reached" is "no" where the ratio misses its goal by more than
that noise, "noise" where it misses it by less; lines without a goal are for comparison. One "no" makes the exit 1.

P1 to P4, P9, P13 and P15 run the gateway's own parts in this process, its log lines written to /dev/null; the rest ask
`backup-gateway serve` in a process of its own over HTTP, its log in a file, its lists held unless the line says
"cold". Appliances, load and the bare aiohttp handler are processes of their own. Rows are the same on both sides,
which is checked. "strptime" and "by hand" say how the other side reads dates: as the manual of Python shows it, or cut
by position with each hour looked up once. Figures of a machine that is busy with something else say little: the
quicker side of a ratio needs both cores.
"""


def main() -> int:
    """Run and print."""
    options = argparse.ArgumentParser(prog="python -m tests.bench", description=__doc__)
    options.add_argument("--quick", action="store_true", help="fewer rounds and fleets, in less than a minute")
    options.add_argument("--only", default="", metavar="TEXT", help="only measurements with this in their name")
    given = options.parse_args()
    appliances.allow_many_files()
    begun = time.monotonic()
    print(_ABOUT)
    print(f"{os.cpu_count()} cores, load before: {os.getloadavg()[0]:.1f}\n")
    print(HEAD, flush=True)
    missed = 0
    wanted = [each for each in planned(quick=given.quick) if given.only in each.name]
    with Path(os.devnull).open("w") as nowhere, _bench(wanted, quick=given.quick) as bench:
        configure_logs(Log(), nowhere)
        relax_collector()
        for measurement in wanted:
            for figure in _figures(measurement, bench):
                print(figure.line(), flush=True)
                missed += figure.verdict == "no"
    print(f"\n{missed} missed, {time.monotonic() - begun:.0f} s in all")
    return 1 if missed else 0


def _figures(measurement: Measurement, bench: Bench) -> list[Figure]:
    """Its lines; one that says what went wrong where it could not be measured."""
    try:
        return measurement.run(bench)
    except (RuntimeError, OSError, HTTPException) as error:
        return [Figure(measurement.name, note=f"not served: {error or type(error).__name__}", lost=True)]


def _bench(wanted: list[Measurement], *, quick: bool) -> AbstractContextManager[Bench]:
    fleets = [fleet for measurement in wanted for fleet in measurement.needs]
    return shared(fleets, rounds=3, few=1, seconds=0.2) if quick else shared(fleets, rounds=7, few=5, seconds=0.6)


if __name__ == "__main__":
    sys.exit(main())
