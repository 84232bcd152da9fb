"""Appliance dates to instants and back, given the zone of the appliance's clock.

Appliances show local times without a zone (appliance-api.md section 6): "10/14/2014 09:32 am" in the shape of
the seed, "06/05/2026 12:00:32 am" in 10.x. Such a text stands for a range of instants: a whole minute where the
seconds are hidden, and two hours' worth of it inside an hour that a clock change repeats.
"""

import re
from collections.abc import Callable, Iterable
from datetime import UTC, date, datetime, timedelta
from functools import lru_cache
from typing import Final, NamedTuple, TypeVar
from zoneinfo import ZoneInfo

_TEXT: Final = re.compile(
    r"\s*(\d{1,2})/(\d{1,2})/(\d{4})[ T]+(\d{1,2}):(\d{2})(?::(\d{2}))?\s*([ap])?\.?(?:m\.?)?\s*", re.ASCII | re.I
)
_DAY_TEXT: Final = re.compile(r"(\d{2})/(\d{2})/(\d{4})", re.ASCII)
_MEMO_TEXTS: Final = 16_384
_MEMO_LENGTH: Final = 32
HOUR_S: Final = 3600
DAY_S: Final = 86_400
DAY_HOURS: Final = 24
_LONGEST_REPEAT_S: Final = 12 * 3600
"""No clock of today repeats more; the date line once moved a whole day, and a span is kept in 16 bits."""
_ENDLESS_S: Final = 10**12
"""A duration from here on is none."""

T = TypeVar("T")


class Moment(NamedTuple):
    """The instants that a text may stand for: `epoch` to `epoch + span`, in seconds, both included."""

    epoch: int
    span: int


class LocalTime(NamedTuple):
    """The parts of an appliance's time text; `second` is None where the text hides it."""

    day: date
    hour: int
    minute: int
    second: int | None


def parse_day(text: str) -> date | None:
    """`mm/dd/yyyy` as the seed documents `start_day`; None for anything else."""
    found = _DAY_TEXT.fullmatch(text)
    if found is None:
        return None
    month, day, year = (int(part) for part in found.groups())
    try:
        return date(year, month, day)
    except ValueError:
        return None


def format_day(day: date) -> str:
    """The documented form of a day filter."""
    return f"{day.month:02}/{day.day:02}/{day.year:04}"


def parse_local(text: str) -> LocalTime | None:
    """US order, 12 or 24 hours, with or without seconds (appliance-api.md section 8, row 4); None otherwise."""
    found = _TEXT.fullmatch(text)
    if found is None:
        return None
    month, day, year, hour, minute = (int(part) for part in found.groups()[:5])
    second, half = found.group(6), found.group(7)
    if half is not None:
        if not 1 <= hour <= 12:
            return None
        hour = hour % 12 + (12 if half in "pP" else 0)
    if hour > 23 or minute > 59 or (second is not None and int(second) > 59):
        return None
    try:
        return LocalTime(date(year, month, day), hour, minute, None if second is None else int(second))
    except ValueError:
        return None


def format_local(when: LocalTime) -> str:
    """The seed's `start_date_time`: "mm/dd/yyyy hh:mm am"."""
    half = "am" if when.hour < 12 else "pm"
    return f"{format_day(when.day)} {when.hour % 12 or 12:02}:{when.minute:02} {half}"


def parse_duration(value: object) -> int | None:
    """Seconds of a duration given as a number, "28" or "hh:mm:ss" (hours may pass 99); None where it says nothing.

    Source: appliance-api.md section 8, row 5.
    """
    if isinstance(value, bool):
        return None
    if isinstance(value, int | float):
        return int(value) if 0 <= value < _ENDLESS_S else None
    if not isinstance(value, str):
        return None
    parts = value.strip().split(":")
    if len(parts) not in (1, 3) or not all(part.isascii() and part.isdigit() and len(part) <= 12 for part in parts):
        return None
    numbers = [int(part) for part in parts]
    if len(numbers) == 1:
        return numbers[0]
    hours, minutes, seconds = numbers
    return hours * 3600 + minutes * 60 + seconds if minutes < 60 and seconds < 60 else None


def format_duration(seconds: int) -> str:
    """The seed's `duration`: "hh:mm:ss"."""
    return f"{seconds // 3600:02}:{seconds // 60 % 60:02}:{seconds % 60:02}"


def last_days_begin(days: float, wall: float) -> int:
    """Where a window of the last days begins (epoch second), on a whole hour: else no list of it would be held."""
    return int(wall - days * DAY_S) // HOUR_S * HOUR_S


def iso_utc(epoch: float) -> str:
    """RFC 3339 in whole seconds, as `last_success` shows it."""
    return _iso_utc(int(epoch))


@lru_cache(maxsize=1024)  # an answer names few seconds, hundreds of times: 3.5 microseconds each
def _iso_utc(epoch: int) -> str:
    return datetime.fromtimestamp(epoch, UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


class Memo(dict[str, T]):
    """What `make` makes of short texts: lists repeat few of them, and a look-up costs a tenth of a conversion."""

    def __init__(self, make: Callable[[str], T]) -> None:
        super().__init__()
        self._make = make

    def __missing__(self, text: str) -> T:
        value = self._make(text)
        if len(text) <= _MEMO_LENGTH:
            if len(self) >= _MEMO_TEXTS:
                self.clear()
            self[text] = value
        return value


class ApplianceZone:
    """Reads the local times of one appliance. Appliances in the same zone share what they remember."""

    def __init__(self, name: str) -> None:
        self.name = name
        self._zone = ZoneInfo(name)
        self._days, self._moments = _REMEMBERED.setdefault(name, (Memo(self._steady_day), Memo(self._moment)))

    def __repr__(self) -> str:
        return f"<ApplianceZone {self.name}, {len(self._moments)} times remembered>"

    def moment(self, text: str) -> Moment | None:
        """The instants that `text` may stand for; None where it is no time.

        The first is the earlier instant of a repeated hour and the first second of a minute (contract section 5.4).
        """
        return self._moments[text]

    def moments(self, texts: Iterable[str]) -> list[Moment] | None:
        """The same for many; None where one of them is no time."""
        found = list(map(self._moments.__getitem__, texts))
        return None if None in found else found  # type: ignore[return-value]

    def _moment(self, text: str) -> Moment | None:
        quick = self._quick(text)
        if quick is not None:
            return quick
        when = parse_local(text)
        return None if when is None else self._slow(when)

    def day_start(self, day: date) -> int:
        """Epoch of the first instant of `day` on the appliance's clock."""
        return self._instant(datetime(day.year, day.month, day.day))  # noqa: DTZ001

    def day_end(self, day: date) -> int:
        """Epoch of the last second of `day` (an `end_day` counts to its end: contract section 5.1)."""
        try:
            return self.day_start(day + timedelta(days=1)) - 1
        except OverflowError:
            return self.day_start(day) + DAY_S - 1

    def _quick(self, text: str) -> Moment | None:
        """The two documented forms, cut by position; None sends the caller the long way."""
        length = len(text)
        if length not in (19, 22) or text[13] != ":" or text[10] != " " or text[-3] != " " or not text.isascii():
            return None
        if length == 19:
            second, half, span = 0, text[17:], 59
        elif text[16] == ":" and text[17:19].isdigit():
            second, half, span = int(text[17:19]), text[20:], 0
        else:
            return None
        hours, minutes = text[11:13], text[14:16]
        if not (hours.isdigit() and minutes.isdigit()):
            return None
        hour, minute = int(hours), int(minutes)
        if not 1 <= hour <= 12 or minute > 59 or second > 59:
            return None
        if half in ("pm", "PM"):
            hour = hour % 12 + 12
        elif half in ("am", "AM"):
            hour %= 12
        else:
            return None
        start = self._days[text[:10]]
        if start is None:
            return None
        return Moment(start + hour * 3600 + minute * 60 + second, span)

    def _steady_day(self, text: str) -> int | None:
        """Epoch of that day's midnight where its offset never changes, else None."""
        day = parse_day(text)
        return None if day is None else self._steady_start(day)

    def _steady_start(self, day: date) -> int | None:
        midnight = datetime(day.year, day.month, day.day)  # noqa: DTZ001
        last = midnight.replace(hour=23, minute=59, second=59)
        offsets = {self._zone.utcoffset(moment.replace(fold=fold)) for moment in (midnight, last) for fold in (0, 1)}
        return self._instant(midnight) if len(offsets) == 1 else None

    def _slow(self, when: LocalTime) -> Moment | None:
        local = datetime(when.day.year, when.day.month, when.day.day, when.hour, when.minute, when.second or 0)  # noqa: DTZ001
        first, second = self._instant(local), self._instant(local.replace(fold=1))
        # In a gap fold=1 is the EARLIER instant; such a time never was on the clock, so only fold=0 is meant.
        repeated = max(0, second - first)
        if repeated > _LONGEST_REPEAT_S:
            return None
        return Moment(first, repeated + (59 if when.second is None else 0))

    def _instant(self, local: datetime) -> int:
        offset = self._zone.utcoffset(local) or timedelta()
        return int((local.replace(tzinfo=UTC) - _EPOCH - offset).total_seconds())


_EPOCH: Final = datetime(1970, 1, 1, tzinfo=UTC)
_REMEMBERED: Final[dict[str, tuple[Memo[int | None], Memo[Moment | None]]]] = {}
