"""What a soak prints: a line for each goal, what was measured, and whether it is reached."""

import statistics
from collections import Counter
from collections.abc import Sequence
from typing import Final

from gateway.simulator import Farm
from tests.soak.clients import LATE_S, Tally
from tests.soak.process import Look, Serving

_MINUTE_S: Final = 60.0
_TEN_MINUTES_S: Final = 600.0
_LONG_ENOUGH_S: Final = 1200.0
"""A shorter stretch says nothing about the slope of memory: caches are still filling."""
_MIB: Final = 1 << 20
_MOMENTS: Final = 12


def lines_of(serving: Serving, tally: Tally, farm: Farm, *, ceiling: int, kept: int) -> tuple[list[str], bool]:
    """The lines, and whether every goal is reached. `kept` connections to appliances may be left at last."""
    before, after = serving.at_rest
    looks = serving.last_looks
    if not looks:
        return ["the gateway never answered while callers asked"], False
    slope, span_s = slope_of(looks)
    most = most_calls_in_a_minute(farm, serving.ends)
    judged: list[tuple[str, str, str, bool | None]] = [
        ("statements that were not true", "0", str(len(tally.untrue)), not tally.untrue),
        ("list calls of the busiest appliance in a minute", f"<= {ceiling}", str(most), most <= ceiling),
        (
            f"memory, slope over the last {span_s / _MINUTE_S:.0f} minutes, of 10 minutes",
            "< 1 %",
            f"{slope:+.2%}",
            slope < 0.01 if span_s >= _LONG_ENOUGH_S else None,
        ),
        _back("descriptors", before.descriptors, after.descriptors, kept),
        _back("tasks", before.tasks, after.tasks, 0),
        (
            "seconds from SIGTERM to the end of a process",
            "<= 25",
            f"{serving.slowest_end_s:.1f}",
            serving.slowest_end_s <= 25,
        ),
        ("complaints in the log (never retrieved, ...)", "0", str(len(serving.complaints)), not serving.complaints),
    ]
    lines = [
        f"{sum(tally.answers.values())} questions, {tally.ages_checked} ages checked, {len(serving.ends) - 1} restarts",
        "answers: " + _counted(tally.answers),
        f"answers more than {LATE_S:g} s after their deadline: {tally.late}; the slowest took {tally.slowest_s:.1f} s",
        "states of systems: " + _counted(tally.states),
        "reasons: " + _counted(tally.reasons),
        *_sizes(serving, tally),
        *(f"not true, {count} times: {what}" for what, count in Counter(tally.untrue).most_common(10)),
        *(f"complaint: {line[:300]}" for line in serving.complaints[:10]),
        "",
        f"{'goal':<58} {'wanted':>8} {'measured':>10}",
        *(f"{name:<58} {goal:>8} {told:>10} {_word(well)}" for name, goal, told, well in judged),
    ]
    return lines, all(well is not False for *_, well in judged)


def slope_of(looks: Sequence[Look]) -> tuple[float, float]:
    """By which share of itself memory grows in ten minutes (least squares), and how many seconds were looked at."""
    if len(looks) < 3:
        return 0.0, 0.0
    times, sizes = [look.at for look in looks], [look.rss for look in looks]
    line = statistics.linear_regression(times, sizes)
    return line.slope * _TEN_MINUTES_S / statistics.fmean(sizes), times[-1] - times[0]


def most_calls_in_a_minute(farm: Farm, ends: Sequence[float]) -> int:
    """Of the busiest appliance, list calls of one process within any 60 seconds; `ends` is when processes ended."""
    most = 0
    for appliance in farm:
        times = sorted(request.time for request in appliance.requests if request.path.endswith("/backups"))
        first = 0
        for last, at in enumerate(times):
            began = max((end for end in ends if end <= at), default=0.0)
            while times[first] <= at - _MINUTE_S or times[first] < began:
                first += 1
            most = max(most, last - first + 1)
    return most


def _sizes(serving: Serving, tally: Tally) -> list[str]:
    """What the gateway's process took."""
    before, after = serving.at_rest
    looks, last = serving.looks, serving.last_looks
    sizes = [look.rss / _MIB for look in (before, max(looks, key=lambda look: look.rss), after)]
    lags = sorted(look.lag_s for look in last)
    lag_s = statistics.median(lags) if lags else 0.0
    longest_s = max(look.longest_lag_s for look in looks)
    return [
        "memory: {:.0f} MiB at first, {:.0f} at most, {:.0f} at last".format(*sizes),
        "memory, MiB, of it held lists, by minutes: " + ", ".join(_course(looks)),
        f"descriptors: {max(look.descriptors for look in looks)} at most",
        f"tasks: {max(look.tasks for look in looks)} at most",
        f"lag of the gateway's loop: {lag_s:.3f} s in the middle, {longest_s:.2f} s at most",
        f"lag of this process, where callers and appliances are: {tally.longest_own_lag_s:.2f} s at most",
    ]


def _course(looks: Sequence[Look]) -> list[str]:
    """How memory went, at so many moments that a line holds them: what grows shows whether lists do."""
    step = max(1, len(looks) // _MOMENTS)
    return [
        f"{(look.at - looks[0].at) / _MINUTE_S:.0f}: {look.rss / _MIB:.0f} ({look.held_bytes / _MIB:.0f})"
        for look in looks[::step]
    ]


def _back(name: str, before: int, after: int, kept: int) -> tuple[str, str, str, bool]:
    """As many as before the first caller came, within 2 % (and 2, where there are few)."""
    room = max(2, round(0.02 * before))
    well = before - room <= after <= before + room + kept
    return f"{name} at rest, before and after", f"+-{room + kept}", f"{before}, {after}", well


def _counted(counter: Counter[str]) -> str:
    return ", ".join(f"{name} {count}" for name, count in sorted(counter.items())) or "none"


def _word(well: bool | None) -> str:
    return "too short a time to tell" if well is None else "reached" if well else "MISSED"
