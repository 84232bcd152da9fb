"""Local time of an appliance: from a wall clock to epoch seconds and back, and when its zone changes."""

from collections.abc import Iterator
from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo

DAY = 86_400
HOUR = 3_600


def epoch_of(day: date, minutes: int, zone: ZoneInfo) -> int:
    """Epoch seconds of ``minutes`` after midnight on the wall clock of ``zone``.

    A time that a change of the zone skips is read with the offset before the change, as cron does.
    """
    wall = datetime(day.year, day.month, day.day, minutes // 60, minutes % 60, tzinfo=zone)
    return int(wall.timestamp())


def local_day(epoch: float, zone: ZoneInfo) -> date:
    """The calendar day on which ``epoch`` falls in ``zone``."""
    return datetime.fromtimestamp(epoch, zone).date()


def days_between(start: float, end: float, zone: ZoneInfo) -> Iterator[date]:
    """Every local day from that of ``start`` to that of ``end``, both included."""
    day, last = local_day(start, zone), local_day(end, zone)
    while day <= last:
        yield day
        day += timedelta(days=1)


def offset_at(epoch: float, zone: ZoneInfo) -> timedelta:
    """The zone's distance from UTC at that instant."""
    return datetime.fromtimestamp(epoch, UTC).astimezone(zone).utcoffset() or timedelta()


def zone_changes(start: int, end: int, zone: ZoneInfo) -> list[tuple[int, int]]:
    """The changes of the zone's offset within ``start``..``end``: (instant, seconds gained).

    The instant is the first second of the new offset. Negative seconds: the clock is put back, and
    the |seconds| before the instant are repeated after it.
    """
    changes = []
    for before in range(start, end, DAY):
        after = min(before + DAY, end)
        gained = int((offset_at(after, zone) - offset_at(before, zone)).total_seconds())
        if gained:
            changes.append((_first_second_after_change(before, after, zone), gained))
    return changes


def _first_second_after_change(before: int, after: int, zone: ZoneInfo) -> int:
    old = offset_at(before, zone)
    while after - before > 1:
        middle = (before + after) // 2
        if offset_at(middle, zone) == old:
            before = middle
        else:
            after = middle
    return after
