"""P6, P10 and P14: what the gateway's process takes in memory, each round in a new process."""

from typing import Final

from tests.bench.appliances import bodies
from tests.bench.figures import Figure, at_most
from tests.bench.fleet import Fleet
from tests.bench.kit import Bench
from tests.bench.processes import RefusedKeyError, gateway
from tests.bench.questions import Request
from tests.bench.settings import COMPRESSED

_READERS: Final = 4
_REFRESHES: Final = 5


def readers(bench: Bench, fleet: Fleet, size: str) -> list[Figure]:
    """P6: how much memory rises while some read a large held answer, against the size of the answer."""
    figure = Figure(f"P6 memory, {_READERS} readers of {size}: rise / body", at_most(2), "B")
    for _ in range(bench.few):
        with gateway(bench.sites[fleet], bench.warm) as served:
            served.fill()
            before = served.resident()
            served.forget_peak()
            once = bench.load.once(served.port, Request({}).raw, connections=_READERS).good()
            figure.add(served.peak() - before, once.size)
    return [figure]


def cold(bench: Bench, fleet: Fleet) -> list[Figure]:
    """P14: the same for an answer whose lists all come from the appliances."""
    figure = Figure(f"P14 memory, cold {fleet.name}: peak over idle / answer", at_most(4), "B")
    for _ in range(bench.few):
        with gateway(bench.sites[fleet], bench.warm) as served:
            before = served.resident()
            served.forget_peak()
            once = bench.load.once(served.port, Request({}).raw).good()
            figure.add(served.peak() - before, once.size)
    return [figure]


def held_rows(bench: Bench, fleet: Fleet, rounds: int) -> list[Figure]:
    """P10: memory of each held row after some refreshes, with its index, against the row as the appliance sends it.

    Once as the gateway keeps lists by itself, once with all of them compressed.
    """
    name = f"P10 memory of a row, {fleet.size} x {fleet.rows}, {_REFRESHES} refreshes"
    figures = [
        (Figure(f"{name}: held / sent", at_most(1.05), "B"), ""),
        (Figure(f"{name}, compressed: held / sent", at_most(0.25), "B"), COMPRESSED),
    ]
    sent = sum(map(len, bodies(fleet))) / fleet.records
    for _ in range(rounds):
        for figure, cache in figures:
            if figure.note:
                continue
            try:
                figure.add(_held_row(bench, fleet, cache), sent)
            except RefusedKeyError as error:
                figure.note = f"not served: {str(error).rpartition(': ')[2]}"
    return [figure for figure, _ in figures]


def _held_row(bench: Bench, fleet: Fleet, cache: str) -> float:
    with gateway(bench.sites[fleet], bench.warm, cache=cache) as served:
        before = served.resident()
        for _ in range(1 + _REFRESHES):
            served.fill(max_age=0)
        return (served.resident() - before) / fleet.records
