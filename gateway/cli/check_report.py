"""What a monitoring system is told: one line with figures for machines, then lines for people."""

from dataclasses import dataclass
from typing import Final

import msgspec

from gateway.cli.exits import printable
from gateway.cli.screen import age_text
from gateway.cli.summary import moment
from gateway.cli.thresholds import Range

OK: Final = 0
WARNING: Final = 1
CRITICAL: Final = 2
UNKNOWN: Final = 3
_WORDS: Final = ("OK", "WARNING", "CRITICAL", "UNKNOWN")
_MOST_LINES: Final = 20
_LONGEST_LINE: Final = 200
"""Monitoring systems keep a few kilobytes of a plug-in's output."""

_TOLD: Final = {
    "failed": "{} failed",
    "streak": "{} failed again and again",
    "late": "{} late",
    "never": "{} never had a good backup",
    "unreachable": "{} systems unreachable",
}


class Systems(msgspec.Struct):
    """`systems` of a summary; `unreachable` counts those that are stale or missing."""

    total: int
    unreachable: int
    oldest_age_seconds: float | None = None


class Assets(msgspec.Struct):
    """`assets` of a summary."""

    total: int
    good: int
    late: int
    failing: int
    critical: int
    never: int


class Backups(msgspec.Struct):
    """`backups` of a summary."""

    total: int
    good_percent: float | None = None


class Absent(msgspec.Struct):
    """A system that does not answer."""

    system_id: int
    system_name: str
    state: str
    error: str | None = None
    message: str | None = None
    age_seconds: float | None = None
    retry_at: str | None = None


class Asset(msgspec.Struct):
    """An asset that needs attention."""

    system_name: str
    asset: str
    state: str
    last_good_age_hours: float | None = None
    failures: int = 0
    last_error: str | None = None


class Overview(msgspec.Struct):
    """What GET /gateway/summary answers, as far as it is judged here."""

    backups: Backups
    systems: Systems
    assets: Assets
    not_answering: list[Absent]
    attention: list[Asset]


@dataclass(frozen=True, slots=True)
class Judged:
    """A figure and its thresholds."""

    name: str
    value: int
    warning: Range | None
    critical: Range | None
    most: int | None = None

    @property
    def state(self) -> int:
        """CRITICAL before WARNING."""
        if self.critical is not None and self.critical.alerts(self.value):
            return CRITICAL
        return WARNING if self.warning is not None and self.warning.alerts(self.value) else OK

    @property
    def words(self) -> str:
        """For people."""
        words = _TOLD[self.name].format(self.value)
        return words.replace("systems", "system") if self.value == 1 else words

    @property
    def figure(self) -> str:
        """label=value;warn;crit;min;max."""
        limits = ";".join("" if limit is None else limit.text for limit in (self.warning, self.critical))
        return f"{self.name}={self.value};{limits};0;{'' if self.most is None else self.most}"


def report(seen: Overview, judged: list[Judged]) -> tuple[int, str]:
    """The code, and the text for stdout."""
    code = max(figure.state for figure in judged)
    # A figure that is not zero is told even where it is allowed: an OK that hides something would not be one.
    told = [figure.words for figure in judged if figure.value or figure.state]
    first = ", ".join(told) or _all_well(seen)
    figures = [figure.figure for figure in judged] + _more_figures(seen)
    lines = [_of_system(absent) for absent in seen.not_answering] + [_of_asset(asset) for asset in seen.attention]
    if len(lines) > _MOST_LINES:
        lines = [*lines[:_MOST_LINES], f"and {len(lines) - _MOST_LINES} more"]
    return code, "\n".join([f"{_WORDS[code]}: {first} | {' '.join(figures)}", *map(_harmless, lines), ""])


def _all_well(seen: Overview) -> str:
    age = seen.systems.oldest_age_seconds
    oldest = "" if age is None else f", oldest data {age_text(age)}"
    return f"{seen.assets.good} of {seen.assets.total} assets good, {seen.systems.total} systems answered{oldest}"


def _more_figures(seen: Overview) -> list[str]:
    figures = [f"good={seen.assets.good};;;0;{seen.assets.total}", f"backups={seen.backups.total};;;0;"]
    if seen.backups.good_percent is not None:
        figures.append(f"good_percent={seen.backups.good_percent:g}%;;;0;100")
    if seen.systems.oldest_age_seconds is not None:
        figures.append(f"oldest_age={seen.systems.oldest_age_seconds:g}s;;;0;")
    return figures


def _of_system(absent: Absent) -> str:
    when = moment(absent.retry_at)
    parts = [
        absent.error or "no answer",
        *([absent.message] if absent.message else []),
        *([f"last good list {age_text(absent.age_seconds)} old"] if absent.age_seconds is not None else []),
        *([f"next try {when:%H:%M:%S}"] if when else []),
    ]
    return f"{absent.system_name} (system {absent.system_id}) {absent.state}: {', '.join(parts)}"


def _of_asset(asset: Asset) -> str:
    age = asset.last_good_age_hours
    good = "never good" if age is None else f"last good {age_text(age * 3600)} ago"
    failures = f", {asset.failures} failures since" if asset.failures else ""
    why = f": {asset.last_error}" if asset.last_error else ""
    return f"{asset.asset}@{asset.system_name} {asset.state.replace('_', ' ')}: {good}{failures}{why}"


def _harmless(line: str) -> str:
    """One line, without the sign that begins figures."""
    text = printable(line).replace("|", "/")
    return text if len(text) <= _LONGEST_LINE else text[: _LONGEST_LINE - 1] + "…"
