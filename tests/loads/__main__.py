"""`python -m tests.loads [--quick] [--only L5]`: every goal of load and soak with its figure; 1 where one is missed."""

import argparse
import asyncio
import os
import sys
import tempfile
import time
import traceback
from contextlib import AbstractContextManager
from http.client import HTTPException
from pathlib import Path
from typing import Final

from tests.bench import appliances
from tests.bench.kit import Bench
from tests.bench.processes import CLIENT_CORE, pin
from tests.bench.shared import shared
from tests.loads.kit import Kit
from tests.loads.lines import HEAD, Line
from tests.loads.machine import Machine
from tests.loads.plan import Measurement, planned

_ABOUT: Final = """\
The gateway is `backup-gateway serve` in a process of its own on the first core; callers, cheap appliances and simulated
ones are on the second, so what callers feel contains their own work. Both sides of a ratio are measured in turn in each
round; its figure is the median of the rounds' own ratios, and "noise" is a goal that is missed by no more than half the
distance between the quartiles of the rounds. Counts have no noise. Lines without a goal are for comparison.
"""


def main() -> int:
    """Run and print."""
    options = argparse.ArgumentParser(prog="python -m tests.loads", description=__doc__)
    options.add_argument("--quick", action="store_true", help="fewer rounds, shorter stretches, in less than 4 minutes")
    options.add_argument("--only", default="", metavar="L5", help="one goal, or several with commas between them")
    options.add_argument("--minutes", type=float, default=0.0, help="of the soak (L13); 3, with --quick 1")
    options.add_argument("--rows", type=int, default=0, help="of each system of L10; 1000, with --quick 100")
    given = options.parse_args()
    appliances.allow_many_files()
    pin(os.getpid(), CLIENT_CORE)
    print(_ABOUT)
    print(f"{os.cpu_count()} cores, load before: {os.getloadavg()[0]:.1f}, {time.strftime('%Y-%m-%d %H:%M')}\n")
    print(HEAD, flush=True)
    begun, missed = time.monotonic(), 0
    minutes, rows = given.minutes or (1.0 if given.quick else 3.0), given.rows or (100 if given.quick else 1000)
    chosen = [goal for goal in given.only.upper().split(",") if goal]
    wanted = [each for each in planned() if not chosen or set(each.goal.split()) & set(chosen)]
    with tempfile.TemporaryDirectory(prefix="loads-") as folder, _bench(wanted, quick=given.quick) as bench:
        kit = Kit(bench, Path(folder), given.quick, minutes, rows)
        for measurement in wanted:
            missed += _run(measurement, kit.of(measurement.goal))
    print(f"\n{missed} missed, {time.monotonic() - begun:.0f} s in all, load after: {os.getloadavg()[0]:.1f}")
    return 1 if missed else 0


def _run(measurement: Measurement, kit: Kit) -> int:
    """Print its lines; how many of them are missed."""
    machine, begun, missed = Machine(), time.monotonic(), 0
    for line in _lines(measurement, kit):
        print(line, flush=True)
        missed += line.reached == "no"
    print(f"     ({time.monotonic() - begun:.0f} s; others took {machine.others():.1f} cores)", flush=True)
    return missed


def _lines(measurement: Measurement, kit: Kit) -> list[Line]:
    """Its lines; one that says what went wrong where it could not be measured."""
    try:
        found = measurement.run(kit)
        return found if isinstance(found, list) else asyncio.run(found)
    except (RuntimeError, OSError, HTTPException, AssertionError, ExceptionGroup) as error:
        traceback.print_exc()
        return [Line(measurement.goal, "could not be measured", "", f"{type(error).__name__} {error}"[:200], "no")]


def _bench(wanted: list[Measurement], *, quick: bool) -> AbstractContextManager[Bench]:
    fleets = [fleet for measurement in wanted for fleet in measurement.needs]
    return shared(fleets, rounds=3, few=1, seconds=0.3) if quick else shared(fleets, rounds=9, few=3, seconds=1.0)


if __name__ == "__main__":
    sys.exit(main())
