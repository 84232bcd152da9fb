"""Each filter of the seed, on facts that lie just inside and just outside of its bounds."""

from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime
from typing import Any
from zoneinfo import ZoneInfo

import pytest

from gateway.simulator.facts import Asset, Record
from gateway.simulator.filters import matches, predicate

BERLIN = ZoneInfo("Europe/Berlin")
NOW = 1_761_700_000.0
START = 1_761_600_000
END = START + 300
ASSET = Asset("vmware", client_id=4, client_name="vm", client_os="", client_os_id=0, instance_id=23)
RECORD = Record(
    row=1, id=220, core_type="vmware full", asset=ASSET, start=START, duration=300, end=END, status=0, synthesized=True
)


def holds(body: dict[str, Any], record: Record = RECORD, **knobs: Any) -> bool:
    return matches(record, body, **{"zone": BERLIN, "now": NOW, **knobs})


def at(day: int, hour: int, minute: int = 0, second: int = 0, *, fold: int = 0) -> int:
    """A moment of October 2025 on Berlin's wall clock."""
    return int(datetime(2025, 10, day, hour, minute, second, tzinfo=BERLIN, fold=fold).timestamp())


def test_no_filter_matches_everything() -> None:
    assert holds({})


@pytest.mark.parametrize(
    ("key", "inside", "outside"),
    [
        ("client_id", 4, 5),
        ("instance_id", 23, 24),
        ("start_time", START, START + 1),
        ("end_time", START, START - 1),
        ("finish_interval_start", END, END + 1),
        ("finish_interval_end", END, END - 1),
        ("backup_ids", [1, 220], [1, 221]),
        ("type", ["master", "vmware full"], ["master", "vmware incremental"]),
    ],
)
def test_bounds_are_inclusive_and_the_next_value_is_out(key: str, inside: object, outside: object) -> None:
    assert holds({key: inside})
    assert not holds({key: outside})


def test_end_time_bounds_the_start_not_the_end() -> None:
    assert holds({"end_time": START + 1})


def test_an_instance_filter_passes_over_rows_without_an_instance() -> None:
    assert not holds({"instance_id": 23}, replace(RECORD, asset=replace(ASSET, instance_id=None)))


@pytest.mark.parametrize("key", ["finish_interval_start", "finish_interval_end", "end_hours"])
def test_finish_filters_leave_running_rows_out(key: str) -> None:
    wide = {"finish_interval_start": 0, "finish_interval_end": 2**40, "end_hours": 10**6}
    assert holds({key: wide[key]})
    assert not holds({key: wide[key]}, replace(RECORD, end=None, status=None))


@pytest.mark.parametrize(
    ("key", "instant"),
    [
        ("start_hours", lambda epoch: replace(RECORD, start=epoch)),
        ("end_hours", lambda epoch: replace(RECORD, start=0, end=epoch)),
    ],
)
def test_hours_count_back_from_the_appliances_clock(key: str, instant: Callable[[int], Record]) -> None:
    bound = int(NOW) - 2 * 3600
    assert holds({key: 2}, instant(bound))
    assert not holds({key: 2}, instant(bound - 1))
    assert not holds({key: 2}, instant(bound), now=NOW + 1)


def test_a_day_runs_from_its_first_to_its_last_second_in_the_appliances_zone() -> None:
    day = {"start_day": "10/14/2025", "end_day": "10/14/2025"}
    inside = [at(14, 0), at(14, 23, 59, 59)]
    outside = [at(13, 23, 59, 59), at(15, 0)]
    assert all(holds(day, replace(RECORD, start=start)) for start in inside)
    assert not any(holds(day, replace(RECORD, start=start)) for start in outside)
    # The same instants belong to other days elsewhere.
    assert not holds(day, replace(RECORD, start=at(14, 0)), zone=ZoneInfo("UTC"))
    assert holds(day, replace(RECORD, start=at(15, 0)), zone=ZoneInfo("UTC"))


def test_days_may_be_open_on_one_side() -> None:
    assert holds({"start_day": "10/14/2025"}, replace(RECORD, start=at(20, 5)))
    assert not holds({"start_day": "10/14/2025"}, replace(RECORD, start=at(13, 5)))
    assert holds({"end_day": "10/14/2025"}, replace(RECORD, start=at(14, 23)))
    assert not holds({"end_day": "10/14/2025"}, replace(RECORD, start=at(15, 0)))


def test_both_passes_of_a_repeated_hour_belong_to_the_day() -> None:
    day = {"start_day": "10/26/2025", "end_day": "10/26/2025"}
    passes = [at(26, 2, 30), at(26, 2, 30, fold=1)]
    assert passes[1] - passes[0] == 3600
    assert all(holds(day, replace(RECORD, start=start)) for start in passes)
    # 25 hours: the last second of that day is still in.
    assert holds(day, replace(RECORD, start=at(26, 0) + 25 * 3600 - 1))
    assert not holds(day, replace(RECORD, start=at(26, 0) + 25 * 3600))


def test_where_the_repeated_hour_ends_the_day_both_passes_count() -> None:
    santiago = ZoneInfo("America/Santiago")
    midnight = int(datetime(2025, 4, 6, 3, tzinfo=UTC).timestamp())  # the clock goes from 24:00 back to 23:00
    day = {"start_day": "04/05/2025", "end_day": "04/05/2025"}
    for start in (midnight - 1, midnight, midnight + 3599):
        assert holds(day, replace(RECORD, start=start), zone=santiago)
    assert not holds(day, replace(RECORD, start=midnight + 3600), zone=santiago)


def test_the_day_wins_over_the_time() -> None:
    on_the_day = replace(RECORD, start=at(14, 12))
    assert holds({"start_day": "10/14/2025", "start_time": at(15, 0)}, on_the_day)
    assert holds({"end_day": "10/14/2025", "end_time": at(13, 0)}, on_the_day)
    assert not holds({"end_day": "10/14/2025", "start_time": at(15, 0)}, on_the_day)


@pytest.mark.parametrize(
    ("core_type", "alternate"),
    [
        ("mssql differential", "mssql diff"),
        ("mssql transaction", "mssql trans"),
        ("mssql full", "sql full"),
        ("hyperv full", "hyper-v full"),
        ("oracle incr", "oracle incremental"),
        ("sharepoint diff", "sharepoint differential"),
        ("ndmp incr", "ndmp incremental"),
        ("ahv incr", "ahv incremental"),
    ],
)
def test_documented_alternates_of_core_names(core_type: str, alternate: str) -> None:
    record = replace(RECORD, core_type=core_type)
    assert holds({"type": [core_type]}, record)
    assert holds({"type": [alternate]}, record)
    assert holds({"type": alternate}, record)


def test_a_copy_is_not_of_its_originals_type() -> None:
    copy = replace(RECORD, core_type="securesync vmware full")
    assert not holds({"type": ["vmware full"]}, copy)
    assert holds({"type": ["securesync vmware full"]}, copy)


def test_display_names_match_nothing_unless_the_appliance_is_told_to() -> None:
    shown = RECORD.display_type
    assert shown == "Synthetic Full"
    assert not holds({"type": [shown]})
    assert holds({"type": [shown]}, display_types=True)
    sql = replace(RECORD, core_type="mssql full", synthesized=False)
    # Were case ignored, the display name would be the alternate "sql full".
    assert not holds({"type": ["SQL Full"]}, sql)


def test_ids_bring_copies_along_and_never_rows_without_an_id() -> None:
    rows = [RECORD, replace(RECORD, row=2, core_type="securesync vmware full"), replace(RECORD, row=3, id=None)]
    assert [row.row for row in rows if holds({"backup_ids": ["220"]}, row)] == [1, 2]
    assert holds({"backup_ids": 220})


def test_filters_are_combined_with_and() -> None:
    assert holds({"client_id": 4, "instance_id": 23, "type": ["vmware full"], "backup_ids": [220]})
    assert not holds({"client_id": 4, "instance_id": 99})


def test_lax_values_are_read_and_unreadable_ones_ignored() -> None:
    assert holds({"client_id": "4"})
    assert not holds({"client_id": "5"})
    for body in ({"client_id": "abc"}, {"client_id": None}, {"start_day": "yesterday"}, {"type": []}, {"colour": 1}):
        assert holds(body)


def test_a_predicate_is_reusable() -> None:
    wanted = predicate({"client_id": 4}, zone=BERLIN, now=NOW)
    assert [wanted(RECORD), wanted(replace(RECORD, asset=replace(ASSET, client_id=5)))] == [True, False]
