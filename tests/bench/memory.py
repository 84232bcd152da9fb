"""P6, P10 and P14: what the gateway's process takes in memory, each round in a new process."""

from typing import Final

from tests.bench.appliances import bodies
from tests.bench.figures import Figure, at_most
from tests.bench.fleet import Fleet
from tests.bench.kit import Bench
from tests.bench.processes import RefusedKeyError, Served, gateway
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


def many_rows(bench: Bench, few: Fleet, many: Fleet) -> list[Figure]:
    """P10 where there is much to hold, all of it compressed, after one refresh.

    The first line is what each row costs that `many` has more than `few`: what a process takes whatever it holds does
    not count. The second one narrows the list of one system, against the whole of that list; both are built anew.
    """
    slope = Figure(f"P10 memory of one row more, {few.name} to {many.name}, compressed", at_most(0.25), "B")
    narrow = Figure(f"P10 one of {many.name}, compressed: narrowed / hit", at_most(10))
    sent = sum(map(len, bodies(many))) / many.records
    with gateway(bench.sites[few], bench.warm, cache=COMPRESSED) as served:
        less = _risen(served, 1)
    with gateway(bench.sites[many], bench.warm, cache=COMPRESSED) as served:
        more = _risen(served, 1)
        slope.add((more - less) / (many.records - few.records), sent)
        system = bench.sites[many][many.size // 2].id
        narrower = {"system_id": system, "client_id": 1, "status": "Failure"}
        for number in range(bench.rounds + 1):
            alone = {"X-Request-ID": f"bench-{number}"}  # no answer that is ready
            hit = bench.load.once(served.port, Request({"system_id": system}, headers=alone).raw).good()
            some = bench.load.once(served.port, Request(narrower, headers=alone).raw).good()
            if number:
                narrow.add(some.last_s, hit.last_s)
    return [slope, narrow]


def _held_row(bench: Bench, fleet: Fleet, cache: str) -> float:
    with gateway(bench.sites[fleet], bench.warm, cache=cache) as served:
        return _risen(served, _REFRESHES) / fleet.records


def _risen(served: Served, refreshes: int) -> float:
    """By how many bytes the process has grown after it got every list, and got it again so many times."""
    before = served.resident()
    for _ in range(1 + refreshes):
        served.fill(max_age=0)
    return served.resident() - before
