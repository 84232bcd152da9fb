"""What a caller asks of the backups: checked filters, and the question that one appliance gets.

A `BackupFilter` is what the caller wrote. `BackupFilter.at(zone)` turns it into a `Question` for one appliance:
`asked` is what the appliance itself decides, `words` are decided in the gateway, because appliances cannot be trusted
with them (appliance-api.md section 5: display names may match nothing there).
"""

from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import date
from functools import lru_cache
from typing import Any, Final

from gateway.dates import ApplianceZone

STATUSES: Final = ("Success", "Warning", "Failure", "None")


@dataclass(frozen=True, slots=True)
class Window:
    """Epoch seconds, both ends included; None is open."""

    low: int | None = None
    high: int | None = None

    def __bool__(self) -> bool:
        return self.low is not None or self.high is not None

    def narrowed(self, low: int | None, high: int | None) -> "Window":
        """The part of this window that lies within `low` to `high`."""
        lows = [bound for bound in (self.low, low) if bound is not None]
        highs = [bound for bound in (self.high, high) if bound is not None]
        return Window(max(lows, default=None), min(highs, default=None))

    def covers(self, other: "Window") -> bool:
        """Whether every instant of `other` lies in this window."""
        low_ok = self.low is None or (other.low is not None and other.low >= self.low)
        high_ok = self.high is None or (other.high is not None and other.high <= self.high)
        return low_ok and high_ok


class _Hashed:
    """Lists are looked up by it, thousands of times for one question: its hash is made once."""

    __slots__ = ("_hash",)
    _hash: int

    def __hash__(self) -> int:
        return self._hash


@dataclass(frozen=True, slots=True)
class Asked(_Hashed):
    """The part of a question that goes upstream. Equal exactly where it means the same.

    `start` holds `start_time`/`end_time` and the day filters together, in epoch seconds; `days` remembers that the
    caller named days alone, so that the appliance is asked in its own words.
    """

    client_id: int | None = None
    instance_id: int | None = None
    start: Window = Window()
    finish: Window = Window()
    start_hours: int | None = None
    end_hours: int | None = None
    backup_ids: frozenset[int] | None = None
    days: tuple[date | None, date | None] | None = field(default=None, compare=False)

    def __post_init__(self) -> None:
        bounds = self.start, self.finish, self.start_hours, self.end_hours
        object.__setattr__(self, "_hash", hash((self.client_id, self.instance_id, bounds, self.backup_ids)))

    __hash__ = _Hashed.__hash__

    def __bool__(self) -> bool:
        return self != ALL

    @property
    def only_by_start(self) -> bool:
        """Whether every backup that began within its window is listed: nothing else bounds it."""
        return self == Asked(start=self.start, start_hours=self.start_hours)


ALL: Final = Asked()


@lru_cache(maxsize=1024)
def _one_of(asked: Asked) -> Asked:
    """The first of equal ones, for all of them: held lists are looked up by it, which is quickest with itself."""
    return asked


@dataclass(frozen=True, slots=True)
class Words:
    """The part that never goes upstream: the gateway picks by it, and every row can tell. None is any."""

    types: frozenset[str] | None = None
    statuses: frozenset[str] | None = None

    def __bool__(self) -> bool:
        return self != _ANY


_ANY: Final = Words()
Wanted = tuple[tuple[str, Callable[[Any], bool]], ...]
"""The column of gateway.lists.columns that tells, and whether one of its values will do."""


def wanted_by(words: Words) -> Wanted:
    """What is wanted of each column that is asked."""
    wanted: list[tuple[str, Callable[[Any], bool]]] = []
    if words.types is not None:
        types = words.types
        wanted.append(("types", lambda names: not types.isdisjoint(names)))
    if words.statuses is not None:
        wanted.append(("statuses", {status.casefold() for status in words.statuses}.__contains__))
    return tuple(wanted)


@dataclass(frozen=True, slots=True)
class Question(_Hashed):
    """What one appliance is asked, and what the gateway then picks from its rows.

    `wanted` is `words` as its columns are asked: made once, since thousands of lists are looked through for a question.
    """

    asked: Asked
    words: Words = _ANY
    wanted: Wanted = field(init=False, repr=False, compare=False)

    def __post_init__(self) -> None:
        object.__setattr__(self, "wanted", wanted_by(self.words))
        object.__setattr__(self, "_hash", hash((self.asked, self.words)))

    __hash__ = _Hashed.__hash__


@dataclass(frozen=True, slots=True)
class BackupFilter:
    """The filters of contract section 5.1 (and `status` of 5.2), checked: ids and epochs are plain integers."""

    client_id: int | None = None
    instance_id: int | None = None
    words: Words = _ANY
    start_time: int | None = None
    end_time: int | None = None
    start_day: date | None = None
    end_day: date | None = None
    finish_interval_start: int | None = None
    finish_interval_end: int | None = None
    start_hours: int | None = None
    end_hours: int | None = None
    backup_ids: frozenset[int] | None = None

    @property
    def timeless(self) -> bool:
        """Whether nothing bounds the age of the rows: then `default_window_days` counts."""
        return all(
            bound is None
            for bound in (
                *(self.start_time, self.end_time, self.start_day, self.end_day),
                *(self.finish_interval_start, self.finish_interval_end, self.start_hours, self.end_hours),
                self.backup_ids,
            )
        )

    def at(self, zone: ApplianceZone, *, not_before: int | None = None) -> Question:
        """This filter as a question to the appliance whose clock runs in `zone`.

        `not_before` is the start of a default window, in epoch seconds.
        """
        times = Window(self.start_time, self.end_time).narrowed(not_before, None)
        day_low = None if self.start_day is None else zone.day_start(self.start_day)
        day_high = None if self.end_day is None else zone.day_end(self.end_day)
        named_days = (self.start_day, self.end_day) if self.start_day or self.end_day else None
        asked = Asked(
            client_id=self.client_id,
            instance_id=self.instance_id,
            start=times.narrowed(day_low, day_high),
            finish=Window(self.finish_interval_start, self.finish_interval_end),
            start_hours=self.start_hours,
            end_hours=self.end_hours,
            backup_ids=self.backup_ids,
            # Days together with times clash in an undefined way on an appliance: the intersection is asked in epochs.
            days=None if times else named_days,
        )
        return Question(asked if asked.days else _one_of(asked), self.words)
