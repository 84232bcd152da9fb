"""What is measured, in order, and which cheap appliances each measurement needs."""

from collections.abc import Callable, Coroutine
from dataclasses import dataclass
from typing import Any

from tests.bench import fleet as fleets
from tests.bench import rates
from tests.bench.figures import at_least
from tests.bench.fleet import Fleet
from tests.loads import calls, capped, dashboards, ends, growth, killed, lag, long, outages, overload
from tests.loads.kit import Kit
from tests.loads.lines import Line, ratio


@dataclass(frozen=True, slots=True)
class Measurement:
    """One goal, or some that are measured together; `needs` is who must listen before it is run."""

    goal: str
    run: Callable[[Kit], list[Line] | Coroutine[Any, Any, list[Line]]]
    needs: tuple[Fleet, ...] = ()


_SIZES = ((fleets.TINY, "10 kB"), (fleets.SMALL, "350 kB"), (Fleet("50 x 27", 50, 27), "1 MB"))


def planned() -> list[Measurement]:
    """All of them, in the order of faults.md section 4."""
    return [
        Measurement("L1", dashboards.dashboards, (dashboards.FLEET,)),
        Measurement("L2", _held, tuple(fleet for fleet, _ in _SIZES)),
        Measurement("L3", outages.cold),
        Measurement("L4", outages.warm),
        Measurement("L5", calls.coalescing),
        Measurement("L6 L7", calls.counted),
        Measurement("L8", calls.herd),
        Measurement("L9", overload.overload, overload.FLEETS),
        Measurement("L10", killed.killed),
        Measurement("L11", ends.rolling),
        Measurement("L12", ends.drained),
        Measurement("L13", long.soak),
        Measurement("L14", capped.capped, (capped.FLEET,)),
        Measurement("L16", growth.systems, (growth.FEW, growth.MANY)),
        Measurement("L17", growth.tokens),
        Measurement("L15", lag.lag),
    ]


def _held(kit: Kit) -> list[Line]:
    """L2: the P5 of the benchmark."""
    figures = [rates.held(kit.bench, fleet, size, 32, at_least(0.6)) for fleet, size in _SIZES]
    return [ratio("L2", figure) for found in figures for figure in found]
