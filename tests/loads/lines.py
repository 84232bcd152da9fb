"""Lines of the table: what was measured, its goal, its figure, and whether it is reached."""

import statistics
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from tests.bench.figures import Figure, Goal, Verdict, shown

HEAD: Final = f"{'':<4} {'measured':<92} {'goal':>12} {'figure':>24} reached"


@dataclass(frozen=True, slots=True)
class Line:
    """One goal, or a part of one; without a verdict it is there for comparison."""

    number: str
    what: str
    goal: str
    figure: str
    reached: Verdict

    def __str__(self) -> str:
        return f"{self.number:<4} {self.what:<92} {self.goal:>12} {self.figure:>24} {self.reached}"


def fact(number: str, what: str, goal: str, figure: object, *, holds: bool) -> Line:
    """What holds or does not, with no noise: a count."""
    return Line(number, what, goal, str(figure), "yes" if holds else "no")


def seconds(number: str, what: str, bound: float, wall_s: float, cpu_s: float) -> Line:
    """A time of one process alone; "noise" where its CPU would have been within the bound: others had the core."""
    reached: Verdict = "yes" if wall_s < bound else "noise" if cpu_s < bound else "no"
    return Line(number, what, f"<{bound:g} s", f"{wall_s:.2f} s, CPU {cpu_s:.2f}", reached)


def aside(number: str, what: str, figure: object) -> Line:
    """A figure without a goal."""
    return Line(number, what, "", str(figure), "")


def ratio(number: str, figure: Figure, *, unit_shown: bool = True) -> Line:
    """Both sides of several rounds, taken in turn; missed by no more than the noise of the rounds is "noise"."""
    goal = str(figure.goal or "")
    if figure.note or not figure.rounds:
        return Line(number, figure.name, goal, figure.note or "not measured", figure.verdict)
    found = f"{statistics.median(figure.ratios):.3g} +-{figure.noise:.2g}"
    if unit_shown:
        ours, theirs = (shown(statistics.median(side), figure.unit) for side in zip(*figure.rounds, strict=True))
        found = f"{ours} / {theirs} = {statistics.median(figure.ratios):.3g}"
    return Line(number, figure.name, goal, found, figure.verdict)


def value(number: str, what: str, goal: Goal, rounds: Sequence[float], unit: str) -> Line:
    """The median of some rounds of one side alone, in "s", "B" or "/s"; judged as a ratio is."""
    figure = Figure(what, goal, rounds=[(each, 1.0) for each in rounds])
    bound = ("<" if not goal.least else ">=") + shown(goal.bound, unit).replace(" ", "")
    if not rounds:
        return Line(number, what, bound, "not measured", "no")
    return Line(number, what, bound, shown(statistics.median(rounds), unit), figure.verdict)


def share(values: Sequence[float], part: float) -> float:
    """The value below which that part of the values lies; 0 of none."""
    ordered = sorted(values)
    return ordered[min(len(ordered) - 1, int(part * len(ordered)))] if ordered else 0.0
