"""Lines of the table: both sides of each round, and how a line is judged.

A ratio is taken within a round, since the machine may be busier in the next one. The noise of a line is half the
distance between the quartiles of its ratios: a goal that is missed by no more than that is not missed for sure.
"""

import statistics
from dataclasses import dataclass, field
from typing import Final, Literal

Verdict = Literal["yes", "noise", "no", ""]

HEAD: Final = (
    f"{'measured':<72} {'goal':>7} {'reached':>7} {'ratio':>7} {'noise':>6} {'ours':>10} {'theirs':>10} rounds"
)

_LARGE: Final = {"B": 10_000, "s": 10.0}


@dataclass(frozen=True, slots=True)
class Goal:
    """What the ratio must not be above, or with `least` not below."""

    bound: float
    least: bool = False

    def __str__(self) -> str:
        return f"{'>=' if self.least else '<='}{self.bound:g}"

    def lacks(self, ratio: float) -> float:
        """By how much a ratio misses it; 0 where it does not."""
        return max(0.0, self.bound - ratio if self.least else ratio - self.bound)


def at_most(bound: float) -> Goal:
    """The ratio must not be above it."""
    return Goal(bound)


def at_least(bound: float) -> Goal:
    """The ratio must not be below it."""
    return Goal(bound, least=True)


@dataclass(slots=True)
class Figure:
    """One line. Without a goal it is there for comparison; `note` says why nothing could be measured, and `lost` that
    this counts as a miss whether there is a goal or not.

    `unit` is that of both sides: "s", "B" or "/s". `instead` is another line that will do as well as this one.
    """

    name: str
    goal: Goal | None = None
    unit: str = "s"
    rounds: list[tuple[float, float]] = field(default_factory=list)
    note: str = ""
    instead: "Figure | None" = None
    lost: bool = False

    def add(self, ours: float, theirs: float) -> None:
        """Both sides of one round."""
        self.rounds.append((ours, theirs))

    @property
    def ratios(self) -> list[float]:
        """Ours by theirs, round by round."""
        return [ours / theirs for ours, theirs in self.rounds]

    @property
    def noise(self) -> float:
        """Half the distance between the quartiles of the ratios; 0 of a single round."""
        if len(self.rounds) < 2:
            return 0.0
        low, _, high = statistics.quantiles(self.ratios, n=4, method="inclusive")
        return (high - low) / 2

    @property
    def verdict(self) -> Verdict:
        """Whether the goal is reached; "noise" where it is missed by less than can be told."""
        own = self._own_verdict()
        return "yes" if own and self.instead is not None and self.instead._own_verdict() == "yes" else own

    def _own_verdict(self) -> Verdict:
        if self.goal is None:
            return "no" if self.lost else ""
        if self.note or not self.rounds:
            return "no"
        lack = self.goal.lacks(statistics.median(self.ratios))
        if not lack:
            return "yes"
        return "noise" if lack <= self.noise else "no"

    def line(self) -> str:
        """The line as it is printed."""
        begin = f"{self.name:<72} {self.goal or ''!s:>7} {self.verdict:>7} "
        if self.note or not self.rounds:
            return begin + (self.note or "not measured")
        ratio = statistics.median(self.ratios)
        ours, theirs = (shown(statistics.median(side), self.unit) for side in zip(*self.rounds, strict=True))
        return begin + f"{ratio:>7.4g} {self.noise / ratio:>6.1%} {ours:>10} {theirs:>10} {len(self.rounds):>6}"


def shown(value: float, unit: str) -> str:
    """A value in the unit that suits its size."""
    if unit == "s":
        return f"{value * 1000:.4g} ms" if value < _LARGE["s"] else f"{value:.3g} s"
    if unit == "B":
        return f"{value / 1e6:.4g} MB" if value >= _LARGE["B"] else f"{value:.4g} B"
    return f"{value:,.0f}{unit}" if value >= 100 else f"{value:.3g}{unit}"
