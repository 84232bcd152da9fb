"""The filters of POST /api/backups, evaluated on the true facts of a record.

Each filter's meaning is the seed page's table together with appliance-api.md section 5. Bounds are
inclusive and everything given must hold. As a real appliance, this is lax: integers may be strings,
unknown keys and unreadable values are ignored.
"""

from collections.abc import Callable, Mapping
from datetime import date, datetime
from types import MappingProxyType
from typing import Final
from zoneinfo import ZoneInfo

from gateway.simulator.core_types import canonical
from gateway.simulator.facts import Record
from gateway.simulator.zones import HOUR, local_day

Body = Mapping[str, object]
Predicate = Callable[[Record], bool]


def matches(record: Record, body: Body, *, zone: ZoneInfo, now: float, display_types: bool = False) -> bool:
    """Whether an appliance in ``zone``, whose own clock shows ``now`` (epoch seconds), returns ``record``."""
    return predicate(body, zone=zone, now=now, display_types=display_types)(record)


def predicate(body: Body, *, zone: ZoneInfo, now: float, display_types: bool = False) -> Predicate:
    """``matches`` for one body and many records: the body is read once.

    ``system_id`` is not looked at here; the appliance knows its own.
    """
    checks = [
        *_whole_number_checks(body),
        *_day_checks(body, zone),
        *_hour_checks(body, now),
        *_list_checks(body, display_types),
    ]
    return lambda record: all(check(record) for check in checks)


def integer(value: object) -> int | None:
    """A number as lax clients send it (section 5: ids as strings); None where there is none to read."""
    if isinstance(value, (int, float, str)):
        try:
            return int(value)
        except (ValueError, OverflowError):
            return None
    return None


def _whole_number_checks(body: Body) -> list[Predicate]:
    checks = []
    for key, make_check in _BY_NUMBER.items():
        wanted = integer(body.get(key))
        if wanted is not None and not _outranked_by_day(key, body):
            checks.append(make_check(wanted))
    return checks


def _outranked_by_day(key: str, body: Body) -> bool:
    """start_time next to start_day is undefined (section 5). Here the day wins, so that nobody relies on more."""
    return (key == "start_time" and _day(body, "start_day") is not None) or (
        key == "end_time" and _day(body, "end_day") is not None
    )


def _client(wanted: int) -> Predicate:
    """Seed ``client_id``: the client for which we want to get backups."""
    return lambda record: record.client_id == wanted


def _instance(wanted: int) -> Predicate:
    """Seed ``instance_id``: the protected instance."""
    return lambda record: record.instance_id == wanted


def _started_from(bound: int) -> Predicate:
    """Seed ``start_time``: section 5 reads "earliest status" as a lower bound on the start."""
    return lambda record: record.start >= bound


def _started_until(bound: int) -> Predicate:
    """Seed ``end_time``: the *start* time of the most recent backup."""
    return lambda record: record.start <= bound


def _finished_from(bound: int) -> Predicate:
    """Seed ``finish_interval_start``: earliest completion; a running row has none, so it is left out."""
    return lambda record: record.end is not None and record.end >= bound


def _finished_until(bound: int) -> Predicate:
    """Seed ``finish_interval_end``: latest completion."""
    return lambda record: record.end is not None and record.end <= bound


_BY_NUMBER: Final = MappingProxyType[str, Callable[[int], Predicate]](
    {
        "client_id": _client,
        "instance_id": _instance,
        "start_time": _started_from,
        "end_time": _started_until,
        "finish_interval_start": _finished_from,
        "finish_interval_end": _finished_until,
    }
)


def _day_checks(body: Body, zone: ZoneInfo) -> list[Predicate]:
    """Seed ``start_day``/``end_day``: days of the appliance's own calendar, the end day to its end.

    The local date is compared, so an hour that the zone repeats belongs to its day both times.
    """
    first, last = _day(body, "start_day"), _day(body, "end_day")
    if first is None and last is None:
        return []
    earliest, latest = first or date.min, last or date.max
    return [lambda record: earliest <= local_day(record.start, zone) <= latest]


def _day(body: Body, key: str) -> date | None:
    text = body.get(key)
    if not isinstance(text, str):
        return None
    try:
        return datetime.strptime(text, "%m/%d/%Y").date()  # noqa: DTZ007  # a calendar day has no zone
    except ValueError:
        return None


def _hour_checks(body: Body, now: float) -> list[Predicate]:
    """Seed ``start_hours`` (started) and ``end_hours`` (finished) over the past hours of the appliance's clock."""
    checks: list[Predicate] = []
    started, finished = integer(body.get("start_hours")), integer(body.get("end_hours"))
    if started is not None:
        since_start = now - started * HOUR
        checks.append(lambda record: record.start >= since_start)
    if finished is not None:
        since_end = now - finished * HOUR
        checks.append(lambda record: record.end is not None and record.end >= since_end)
    return checks


def _list_checks(body: Body, display_types: bool) -> list[Predicate]:
    checks: list[Predicate] = []
    names = _types(body.get("type"))
    if names:
        checks.append(lambda record: record.core_type in names or (display_types and record.display_type in names))
    ids = _ids(body.get("backup_ids"))
    if ids:
        checks.append(lambda record: record.id in ids)
    return checks


def _types(value: object) -> frozenset[str]:
    """Seed ``type``: core names and their alternates (section 7). A display name is none, so it matches nothing."""
    given = [value] if isinstance(value, str) else value if isinstance(value, list) else []
    return frozenset(canonical(name) for name in given if isinstance(name, str))


def _ids(value: object) -> frozenset[int]:
    """Seed ``backup_ids``: only these; copies that share an id come along. A scalar is a list of one (section 5)."""
    given = value if isinstance(value, list) else [value]
    return frozenset(number for item in given if (number := integer(item)) is not None)
