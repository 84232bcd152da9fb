"""What rows tell of their asset."""

from datetime import timedelta
from typing import Any

import pytest

from tests.reports.rows import NOW, history, only, row


def epoch(hours_ago: float) -> int:
    return int((NOW - timedelta(hours=hours_ago)).timestamp())


def test_the_last_good_backup_is_the_newest_success_or_warning_whatever_the_order():
    asset = only(row(3, "Failure"), row(50), row(10, "Warning"), row(30))
    assert (asset.last_good, asset.last_start, asset.last_outcome) == (epoch(10), epoch(3), "failure")
    assert asset.backups == 4


def test_failures_count_from_the_last_good_backup_on():
    assert only(row(90, "Failure"), row(50), row(30, "Failure"), row(6, "Failure")).failures == 2
    assert only(row(90, "Failure"), row(50)).failures == 0


def test_an_asset_that_never_succeeded_has_no_last_good_backup():
    asset = only(row(30, "Failure"), row(6, "Failure", output="VSS writer<br/>timed   out"))
    assert asset.last_good is None
    assert (asset.failures, asset.last_error, asset.last_error_at) == (2, "VSS writer timed out", epoch(6))


@pytest.mark.parametrize(("output", "told"), [("n/a", None), ("", None), (None, None), (7, None), ("x" * 400, 300)])
def test_the_last_error_is_a_short_line_or_nothing(output: Any, told: int | None):
    error = only(row(1, "Failure", output=output)).last_error
    assert (error and len(error)) == told


@pytest.mark.parametrize("no", [False, 0, "false", "False", "0"])
def test_a_running_backup_is_neither_good_nor_failed(no: object):
    asset = only(row(30), row(1, None, complete=no, duration=""))
    assert (asset.last_outcome, asset.last_good, asset.failures) == ("running", epoch(30), 0)


def test_one_client_has_an_asset_for_each_instance_and_file_level_rows_one_of_their_own():
    file_level = row(1)
    del file_level["instance_id"]
    found = history(row(1), row(2, instance_id=24, database_name="crm"), file_level, row(4)).assets
    assert sorted((asset.name, asset.backups) for asset in found) == [("crm", 1), ("win32", 1), ("win32", 2)]


def test_copies_restores_and_verifications_are_no_backups():
    found = history(row(9), row(3, type="Restore"), row(2, type="Verify"), row(1, sync_status="done", destination="dr"))
    (asset,) = found.assets
    assert (asset.last_start, asset.backups, found.starts.tolist()) == (epoch(9), 1, [epoch(9)])


def test_a_day_shows_its_worst_outcome_and_counts_all():
    found = history(row(1), row(2, "Failure"), row(3, "Warning"), row(30))
    today = NOW.date().toordinal()
    assert found.days == {today: [1, 1, 1, 0, 0], today - 1: [1, 0, 0, 0, 0]}
    assert found.assets[0].days == {today: 2, today - 1: 0}


def test_the_day_is_that_of_the_appliance_not_that_of_utc():
    local = row(1) | {"start_date_time": "11/23/2026 11:30 pm"}
    assert list(only(local).days) == [NOW.date().toordinal() - 1]


def test_a_window_counts_backups_that_started_in_it_both_ends_included():
    found = history(row(0), row(24), row(24.5, "Failure"), row(5, "Warning"))
    assert found.counts(epoch(24), epoch(0)) == [2, 1, 0, 0, 0]


@pytest.mark.parametrize(
    ("field", "value", "told"),
    [
        *(("replication_status", word, "waiting") for word in ("Needed", "Waiting", "In Progress")),
        *(("replication_status", word, "done") for word in ("Completed", "success")),
        ("replication_status", "Failed", "failed"),
        *(("replication_status", word, "n/a") for word in ("Not Applicable", "N/A", None, 3)),
    ],
)
def test_replication_is_that_of_the_last_good_backup(field: str, value: Any, told: str):
    assert only(row(9, replication_status="Failed"), row(1, **{field: value})).replication == told


@pytest.mark.parametrize(
    ("fields", "told"),
    [
        ({"verify_status": "Successful"}, "done"),
        ({"verify_status": "Success"}, "done"),
        ({"verify_status": "Failed", "verified": False}, "failed"),
        ({"verify_status": "Not Applicable", "verified": False}, "n/a"),
        ({"verified": True}, "done"),
        ({"verify_status": "Needed"}, "never"),
        ({}, "n/a"),
    ],
)
def test_verification_is_that_of_the_last_good_backup(fields: dict[str, Any], told: str):
    assert only(row(1, **fields)).verification == told


def test_a_row_that_cannot_be_dated_still_makes_its_asset_known():
    (asset,) = history(row(1) | {"start_date_time": "yesterday"}).assets
    assert (asset.backups, asset.last_good, asset.days) == (1, None, {})


def test_an_empty_list_tells_nothing():
    assert history().assets == ()
