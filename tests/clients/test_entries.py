"""Odd rows as entries of a catalog, as jobs and as recovery points; no appliance is needed for it."""

import json
from typing import Any

import pytest

from gateway.model import BackupList, ListBuilder
from gateway.reports.catalog import instances_of
from gateway.reports.entries import entry_id, newest_first, verify_state
from gateway.reports.jobs import finished, job_items, recoverable, success_rate

ZONES = {1: "Europe/Berlin"}


def listed(*rows: dict[str, Any] | bytes) -> list[BackupList]:
    """A list of these rows, stamped where they are no bytes yet."""
    build = ListBuilder()
    for row in rows:
        stamp = {"system_id": 1, "system_name": "site", "start_epoch": 1_700_000_000, "finish_epoch": None}
        text = row if isinstance(row, bytes) else json.dumps(stamp | {"complete": True, "type": "Full"} | row).encode()
        build.add(text, 0, 0, 0, 0)
    return [build.done()]


def test_rows_of_an_unknown_time_come_last_and_ties_stay_in_their_order() -> None:
    rows = ({"id": 1, "start_epoch": None}, {"id": 2}, {"id": 3}, {"id": 4, "start_epoch": 1_800_000_000})
    assert [entry.id for entry in newest_first(listed(*rows))] == [4, 2, 3, 1]


def test_one_unreadable_number_costs_its_own_row_only() -> None:
    broken = b'{"system_id":1,"system_name":"site","size":1e999}'
    assert [entry.id for entry in newest_first(listed({"id": 1}, broken, {"id": 2}))] == [1, 2]


def test_an_id_that_the_gateway_gives_tells_two_rows_apart_and_stays_when_a_row_changes() -> None:
    rows = ({"client_id": 1}, {"client_id": 2}, {"client_id": 1, "purgeable": True, "status": "Success"})
    first, other, changed = map(entry_id, newest_first(listed(*rows)))
    assert isinstance(first, str)
    assert first == changed
    assert first != other


@pytest.mark.parametrize("complete", [True, "true", 1, "1"])
def test_every_spelling_of_complete_counts(complete: object) -> None:
    assert len(instances_of(newest_first(listed({"complete": complete})), ZONES)) == 1


@pytest.mark.parametrize(
    "row",
    [
        *({"complete": False}, {"complete": None}, {"type": "Restore"}, {"type": "Integrated Bare Metal Recovery"}),
        *({"type": "Verify"}, {"type": "Backup Copy"}, {"type": "Import"}, {"type": "securesync master"}),
        *({"sync_seconds": 4}, {"destination": "vault"}),
    ],
)
def test_what_is_no_complete_backup_is_in_no_catalog_and_no_recovery_point(row: dict[str, Any]) -> None:
    entries = newest_first(listed(row))
    assert instances_of(entries, ZONES) == []
    assert recoverable(entries, None) == []


def test_a_failed_backup_is_in_the_catalog_and_a_job_and_no_recovery_point() -> None:
    entries = newest_first(listed({"status": "Failure"}))
    assert instances_of(entries, ZONES)[0]["backups"][0]["status"] == "Failure"
    assert job_items(finished(entries))[0]["status"] == "failure"
    assert recoverable(entries, None) == []


def test_a_row_that_runs_is_no_finished_job_and_one_with_a_result_is() -> None:
    rows = ({"id": 1, "complete": False, "status": "None"}, {"id": 2, "complete": False, "status": "Failure"})
    assert [entry.id for entry in finished(newest_first(listed(*rows)))] == [2]


def test_rows_without_a_status_count_in_no_rate_of_success() -> None:
    rows = ({"status": "Success"}, {"status": "Warning"}, {"status": "Failure"}, {"status": "None"}, {})
    rate = success_rate(newest_first(listed(*rows)))
    assert (rate["totalJobs"], rate["successfulJobs"], rate["failedJobs"]) == (3, 2, 1)
    assert rate["successRate"] == 0.6667


@pytest.mark.parametrize(
    ("row", "state"),
    [
        ({"verify_status": "Successful"}, "verified"),
        ({"verify_status": "Success", "verified": False}, "verified"),
        ({"verify_status": "Failed", "verified": True}, "failed"),
        ({"verify_status": "Not Applicable"}, "unverified"),
        ({"verified": True}, "verified"),
        ({"verified": False, "verify_status": "N/A"}, "unverified"),
        ({}, "unknown"),
    ],
)
def test_the_state_of_a_verification(row: dict[str, Any], state: str) -> None:
    assert verify_state(newest_first(listed(row))[0]) == state


@pytest.mark.parametrize(
    ("row", "shown"),
    [
        ({"start_date_time": "10/14/2014 09:32 am"}, "10/14/2014 09:32 am"),
        ({"start_date_time": "10/14/2014 21:32:07"}, "10/14/2014 09:32 pm"),
        ({"start_date_time": 1_700_000_000}, "11/14/2023 11:13 pm"),
        ({"start_date_time": "soon", "start_epoch": None}, None),
    ],
)
def test_a_start_is_a_date_that_dotnet_reads_or_none(row: dict[str, Any], shown: str | None) -> None:
    assert instances_of(newest_first(listed(row)), ZONES)[0]["backups"][0]["start_date"] == shown


def test_an_asset_is_the_instance_or_the_client_whether_ids_are_numbers_or_texts() -> None:
    rows = ({"id": 1, "instance_id": "7", "client_id": 2}, {"id": 2, "client_id": 7}, {"id": 3, "instance_id": 8})
    assert [entry.id for entry in recoverable(newest_first(listed(*rows)), 7)] == [1, 2]


def test_machines_without_an_instance_id_are_told_apart_by_name() -> None:
    rows = ({"client_id": 1, "vm_name": "web"}, {"client_id": 1, "vm_name": "db"}, {"client_id": 1, "vm_name": "web"})
    found = instances_of(newest_first(listed(*rows)), ZONES)
    assert [(one["instance_name"], len(one["backups"])) for one in found] == [("web", 2), ("db", 1)]
