"""Generated lists are the same for the same seed, hold every family, and look like real schedules."""

from collections import Counter, defaultdict
from dataclasses import replace
from datetime import UTC, datetime
from random import Random
from zoneinfo import ZoneInfo

import pytest

from gateway.simulator.aftermath import other_rows
from gateway.simulator.core_types import ALTERNATES, COPY_TYPES, DISPLAY_TYPES, display_type
from gateway.simulator.facts import FAILURE, SUCCESS, WARNING
from gateway.simulator.families import FAMILIES
from gateway.simulator.records import Record, generate, generate_rows
from gateway.simulator.zones import zone_changes

BERLIN = ZoneInfo("Europe/Berlin")
# Three days after Berlin put its clock back, on 2025-10-26 at 01:00 UTC.
NOW = int(datetime(2025, 10, 29, 1, tzinfo=UTC).timestamp())
FALL_BACK = int(datetime(2025, 10, 26, 1, tzinfo=UTC).timestamp())


@pytest.fixture(scope="module")
def records() -> list[Record]:
    return generate(7, BERLIN, NOW, weeks=6, assets=28)


def test_one_seed_makes_one_list() -> None:
    first = generate(7, BERLIN, NOW, weeks=2, assets=20)
    assert first == generate(7, BERLIN, NOW, weeks=2, assets=20)
    assert first != generate(8, BERLIN, NOW, weeks=2, assets=20)


def test_every_family_is_there_in_the_smallest_complete_list() -> None:
    small = generate(1, BERLIN, NOW, weeks=2, assets=len(FAMILIES))
    assert {record.family for record in small} == {*FAMILIES, "system"}


def test_every_core_name_occurs(records: list[Record]) -> None:
    missing = {*DISPLAY_TYPES, *COPY_TYPES} - {record.core_type for record in records}
    assert missing == set()


def test_rows_are_numbered_and_ids_rise_with_time(records: list[Record]) -> None:
    assert [record.row for record in records] == list(range(len(records)))
    ids = [record.id for record in records if record.id is not None and not record.is_copy]
    assert ids == sorted(ids)
    assert len(set(ids)) == len(ids)


def test_a_copy_has_the_id_of_its_original_and_starts_after_its_end(records: list[Record]) -> None:
    originals = {record.id: record for record in records if not record.is_copy}
    tied = [record for record in records if record.core_type in COPY_TYPES.values()]
    assert tied
    for copy in tied:
        original = originals[copy.id]
        assert COPY_TYPES[original.core_type] == copy.core_type
        assert original.end is not None
        assert copy.start > original.end
        assert copy.sync is not None


def test_rows_without_an_id_name_the_appliances_own_client(records: list[Record]) -> None:
    without = [record for record in records if record.id is None]
    assert {record.core_type for record in without} == {"verify", "archive"}
    assert {(record.client_id, record.client_name) for record in without} == {(1, "appliance")}


def test_nothing_ends_after_now_and_running_rows_have_neither_end_nor_status(records: list[Record]) -> None:
    running = [record for record in records if record.is_running]
    assert running
    for record in records:
        if record.end is None:
            assert record.status is None
            assert record.duration == NOW - record.start
        else:
            assert record.end == record.start + record.duration <= NOW
            assert record.status in (SUCCESS, WARNING, FAILURE)


def test_most_runs_are_good_and_some_are_not(records: list[Record]) -> None:
    seen = Counter(record.status for record in records)
    assert seen[SUCCESS] > seen[WARNING] > 0 < seen[FAILURE] < seen[SUCCESS]
    assert any(record.legalhold for record in records)
    assert any(record.synthesized for record in records)
    assert any(record.certified for record in records)


def test_nights_are_missed(records: list[Record]) -> None:
    nightly = defaultdict(set)
    for record in records:
        if record.core_type in ("vmware full", "vmware incremental", "vmware differential", "system metadata"):
            nightly[record.instance_id].add(datetime.fromtimestamp(record.start, BERLIN).date())
    gaps = {(max(days) - min(days)).days + 1 - len(days) for days in nightly.values()}
    assert max(gaps) > 0


def test_outputs_hold_html_quotes_newlines_and_other_scripts(records: list[Record]) -> None:
    text = "".join(record.output or "" for record in records)
    for awkward in ("<br/>", "<script>", "\n", '"', "'", "ログ", "💾", "&"):
        assert awkward in text


def test_the_repeated_hour_has_rows_in_both_of_its_passes(records: list[Record]) -> None:
    starts = {record.start for record in records}
    assert any(FALL_BACK - 3600 <= start < FALL_BACK for start in starts)
    assert any(FALL_BACK <= start < FALL_BACK + 3600 for start in starts)
    assert {FALL_BACK - 1, FALL_BACK} <= starts


@pytest.mark.parametrize(
    ("zone", "instant", "gained"),
    [
        ("Europe/Berlin", datetime(2025, 3, 30, 1, tzinfo=UTC), 3600),
        ("Australia/Lord_Howe", datetime(2025, 4, 5, 15, tzinfo=UTC), -1800),
        ("America/Santiago", datetime(2025, 4, 6, 3, tzinfo=UTC), -3600),
    ],
)
def test_changes_of_the_zone_are_found_to_the_second_and_have_rows_around(
    zone: str, instant: datetime, gained: int
) -> None:
    epoch = int(instant.timestamp())
    period = (epoch - 5 * 86_400, epoch + 3 * 86_400)
    assert zone_changes(*period, ZoneInfo(zone)) == [(epoch, gained)]
    made = generate(3, ZoneInfo(zone), period[1], weeks=2, assets=14)
    assert {epoch - 1, epoch, epoch + abs(gained) - 1} <= {record.start for record in made}


def test_backups_run_at_night_by_the_wall_clock(records: list[Record]) -> None:
    by_asset = defaultdict(set)
    for record in records:
        if record.core_type in ("vmware full", "vmware incremental"):
            by_asset[record.instance_id].add(datetime.fromtimestamp(record.start, BERLIN).hour)
    # Summer and winter lie in the period; the hour on the wall stays, but for the rows that run now.
    assert all(len(hours) <= 2 for hours in by_asset.values())


def test_a_size_can_be_given_in_rows() -> None:
    made = generate_rows(2, BERLIN, NOW, rows=1_000, assets=14)
    assert len(made) == 1_000
    assert [record.row for record in made] == list(range(1_000))
    assert max(record.start for record in made) > NOW - 2 * 86_400


def test_display_names_collapse_and_some_do_not() -> None:
    assert {display_type(f"{family} full") for family in ("vmware", "hyperv", "xen", "ahv", "image")} == {"Full"}
    assert display_type("securesync vmware incremental") == display_type("incremental") == "Incremental"
    assert display_type("securesync mssql trans") == "SQL Transaction"
    assert display_type("baremetal") == "BareMetal"
    assert display_type("image differential") == "image differential"
    assert display_type("securesync image diff") == "Differential"
    assert display_type("vmware full", synthesized=True) == "Synthetic Full"


def test_every_alternate_leads_to_a_core_name() -> None:
    assert set(ALTERNATES.values()) <= set(DISPLAY_TYPES)
    assert not set(ALTERNATES) & set(DISPLAY_TYPES)


def test_what_ended_this_very_second_has_been_restored_by_now(records: list[Record]) -> None:
    just_ended = [replace(record, end=NOW) for record in records if record.end and record.family != "system"]
    later = other_rows(just_ended, just_ended[0].asset, NOW - 86_400, NOW, Random(1))
    assert {record.core_type for record in later} > {"archive restore"}
    assert all(record.start < NOW for record in later)
