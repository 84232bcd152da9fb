"""The PowerShell toolkit: Get-UebSystems, Get-UebCatalog, Get-UebBackup, Get-UebBackupSummary, Get-UebJob -Recent."""

import json
import time
from collections import Counter
from datetime import UTC, datetime
from zoneinfo import ZoneInfo

import pytest

from gateway.simulator import Fault
from tests.clients.asking import dotnet_date, in_catalog, is_backup, known, toolkit
from tests.gateway.conftest import Make
from tests.gateway.live import USER, Client
from tests.kit.accounts import PASSWORD

DAY_S = 86_400
WORDS = {0: "Success", 1: "Warning", 2: "Failure", None: "None"}


def counted(client: Client, since: float) -> Counter[tuple[int, int | None]]:
    """(system, id) of what a catalog since then must list, from the true facts."""
    return Counter(
        (number, record.id)
        for number, appliance in enumerate(client.farm, 1)
        for record in appliance.spec.records
        if in_catalog(record, since)
    )


def thirty_days_ago() -> int:
    """The whole hour from which a catalog without dates begins."""
    return int(time.time() - 30 * DAY_S) // 3600 * 3600


def listed(answer) -> Counter[tuple[int, int | None]]:
    """The same out of a catalog; an id that the gateway gave is none of the appliance's."""
    return Counter(
        (instance["system_id"], backup["id"] if isinstance(backup["id"], int) else None)
        for instance in answer.json["catalog"]["instances"]
        for backup in instance["backups"]
    )


def a_day_ago() -> int:
    """A whole minute within the last day: some appliances hide the seconds of a start."""
    return int(time.time() - DAY_S) // 60 * 60 + 120


def finished_since(client: Client, since: float) -> list[dict]:
    """System and status of every job that has ended and started after `since`, from the true facts."""
    return [
        {"sid": number, "status": WORDS[record.status]}
        for number, appliance in enumerate(client.farm, 1)
        for record in appliance.spec.records
        if record.start > since and not record.is_running
    ]


def counted_failures(jobs: list[dict]) -> Counter[tuple[int, str]]:
    """How many jobs of each system ended in what is no success."""
    return Counter((job["sid"], job["status"]) for job in jobs if job["status"] != "Success")


async def test_connect_sends_json_under_the_form_type_and_reads_the_token(gateway_over: Make):
    client = await gateway_over(1)
    body = json.dumps({"username": USER, "password": PASSWORD}).encode()
    kind = {"Content-Type": "application/x-www-form-urlencoded"}
    for path in ("/api/login", "//api/login/", "/login"):
        answer = await client.request("POST", path, data=body, headers=kind)
        assert answer.status == 201
        assert answer.json["auth_token"] == answer.json["token"]


@pytest.mark.parametrize("path", ["/api/systems/", "api/systems/", "systems"])
async def test_systems_are_listed_whatever_is_to_be_included(gateway_over: Make, path: str):
    client = await gateway_over(2)
    answer = await toolkit(client, f"{path}?include_pending=1&include_rejected=1")
    assert answer.status == 200
    assert [(one["name"], one["local"]) for one in answer.json["appliance"]] == [("site-1", False), ("site-2", False)]
    assert {"host", "role", "status", "id"} <= answer.json["appliance"][0].keys()


async def test_a_catalog_lists_exactly_the_complete_backups_of_both_dialects(gateway_over: Make):
    client = await gateway_over([known(1), known(2)])
    answer = await toolkit(client, "api/catalog/?start_date=01/01/2020")
    assert answer.status == 200
    assert answer.headers["X-Gateway-Complete"] == "true"
    assert "systems" not in answer.json
    expected = counted(client, 0)
    assert listed(answer) == expected
    assert 50 < expected.total() < 400, "some rows are no complete backups"


async def test_every_backup_of_a_catalog_is_a_row_of_the_merged_list(gateway_over: Make):
    client = await gateway_over([known(1), known(2)])
    rows = {(row["system_id"], row.get("id"), row["start_epoch"]): row for row in (await client.post()).rows}
    answer = await toolkit(client, "api/catalog?start_date=01/01/2020")
    for instance in answer.json["catalog"]["instances"]:
        for backup in instance["backups"]:
            if isinstance(backup["id"], str):
                continue
            row = rows[instance["system_id"], backup["id"], backup["start_epoch"]]
            assert backup["start_date"] == row["start_date_time"]
            assert (backup["status"], backup["size"]) == (row["status"], row["size"])
            assert instance["client_id"] == row["client_id"]
            assert instance["instance_id"] == row.get("instance_id")


async def test_instances_and_their_backups_stand_newest_first_under_names_that_the_toolkit_shows(gateway_over: Make):
    client = await gateway_over([known(1), known(2)])
    instances = (await toolkit(client, "api/catalog/?start_date=01/01/2020")).json["catalog"]["instances"]
    newest = [instance["backups"][0]["start_epoch"] for instance in instances]
    assert newest == sorted(newest, reverse=True)
    zone = ZoneInfo("America/New_York")
    for instance in instances:
        starts = [backup["start_epoch"] for backup in instance["backups"]]
        assert starts == sorted(starts, reverse=True)
        for backup in instance["backups"]:
            shown = datetime.fromtimestamp(backup["start_epoch"], UTC).astimezone(zone)
            assert dotnet_date(backup["start_date"]) == shown.replace(second=0, tzinfo=None)
        asset = instance["client_name"] if instance["app_type"] == "Physical Server" else instance["database_name"]
        assert asset
    assert {"Physical Server", "VMware", "SQL Server", "Hyper-V"} <= {one["app_type"] for one in instances}
    assert len({(one["system_id"], one["client_id"], one["instance_id"]) for one in instances}) == len(instances)


async def test_without_dates_a_catalog_has_thirty_days_and_equal_questions_share_one_list(gateway_over: Make):
    client = await gateway_over([known(1, rows=1800, assets=14)])
    since = thirty_days_ago()
    answer = await toolkit(client, "api/catalog")
    calls = client.calls()
    again = await toolkit(client, "catalog/")
    assert again.json == answer.json
    assert client.calls() == calls
    later = thirty_days_ago()
    assert listed(answer) in (counted(client, since), counted(client, later))
    assert counted(client, since).total() < counted(client, 0).total(), "some backups are older"
    bodies = [json.loads(one.body) for one in client.systems[0].requests if one.path == "/api/backups"]
    assert bodies[0] in ({"start_time": since}, {"start_time": later}), "no appliance is asked for more"


async def test_recent_results_finds_every_failure_since_it_looked_last(gateway_over: Make):
    """RecentResults.ps1: `.data | ?{$_.sort_start_time -gt (now - drift) -and $_.Status -ne 'Success'}`."""
    client = await gateway_over([known(number, rows=600) for number in range(1, 6)])
    drift = a_day_ago() - 1
    data = (await toolkit(client, "api/jobs/history?showFlat=true")).json["data"]
    found = [job for job in data if job["sort_start_time"] > drift and job["status"] != "Success"]
    assert counted_failures(found) == counted_failures(finished_since(client, drift))
    assert found
    for job in found:
        assert {"client_name", "asset_name", "name", "backup_id", "mode", "start_time", "status"} <= job.keys()
        assert "backups" not in job


async def test_a_recent_job_has_its_backup_inside_for_scripts_that_look_there(gateway_over: Make):
    """Get-UebJob -Recent shows name, status, type and start_date; Slack_Notification.ps1 reads `.backups`."""
    client = await gateway_over([known(1), known(2)])
    answer = (await toolkit(client, "api/jobs/history")).json
    assert (answer["count"], answer["limited"]) == (len(answer["data"]), answer["count"] < answer["total"])
    rows = {(row["system_id"], row.get("id"), row["start_epoch"]): row for row in (await client.post()).rows}
    for job in answer["data"]:
        assert {"name", "status", "type", "start_date", "percent_complete", "instance_name"} <= job.keys()
        (backup,) = job["backups"]
        assert {key: value for key, value in job.items() if key != "backups"} == backup
        dotnet_date(backup["start_time"])
        if isinstance(backup["id"], int):
            row = rows[backup["sid"], backup["id"], backup["sort_start_time"]]
            assert (backup["status"], backup["mode"], backup["client_name"]) == (
                *(row["status"], row["type"], row["client_name"]),
            )


async def test_the_toolkit_gets_the_last_day_whole_and_a_page_has_its_own_jobs(gateway_over: Make):
    client = await gateway_over([known(number, rows=600) for number in range(1, 6)])
    whole = (await toolkit(client, "api/jobs/history")).json
    assert len(whole["items"]) == whole["limit"] == 50
    yesterday = a_day_ago() - 1
    wanted = finished_since(client, yesterday)
    assert len(wanted) > 50
    assert sum(job["sort_start_time"] > yesterday for job in whole["data"]) == len(wanted)
    page = (await toolkit(client, "api/jobs/history?limit=7&offset=3")).json
    assert page["data"] == whole["data"][3:10]
    assert [(job["sid"], job["id"]) for job in page["data"]] == [
        (int(item["applianceId"]), item["id"]) for item in page["items"]
    ]


@pytest.mark.parametrize(
    "path",
    [
        *("api/joborders", "api/jobs/active", "/api/assets", "api/reports/system/alerts"),
        *("/api/backups/latest/?sid=1&iid=2&days=7", "/api/summary/current"),
    ],
)
async def test_what_the_toolkit_asks_for_besides_backups_is_refused_and_not_empty(gateway_over: Make, path: str):
    client = await gateway_over(1)
    answer = await toolkit(client, path)
    assert answer.status == 404
    assert "/api/catalog" in answer.json["result"][0]["message"]


async def test_days_instance_and_system_narrow_a_catalog(gateway_over: Make):
    client = await gateway_over([known(1), known(2)])
    whole = (await toolkit(client, "api/catalog/?start_date=01/01/2020")).json["catalog"]["instances"]
    chosen = next(one for one in whole if one["instance_id"] is not None and one["system_id"] == 2)
    found = await toolkit(client, f"api/catalog/?start_date=01/01/2020&iid={chosen['instance_id']}&sid=2")
    assert found.json["catalog"]["instances"] == [chosen]
    day = chosen["backups"][0]["start_date"][:10]
    found = await toolkit(client, f"api/catalog/?start_date={day}&end_date={day}&iid=&sid=")
    told = [one["start_date"][:10] for instance in found.json["catalog"]["instances"] for one in instance["backups"]]
    wanted = [one["start_date"] for instance in whole for one in instance["backups"] if one["start_date"][:10] == day]
    assert set(told) == {day}
    assert len(told) == len(wanted)


async def test_a_running_backup_a_restore_and_a_copy_are_rows_and_stand_in_no_catalog(gateway_over: Make):
    client = await gateway_over([known(1), known(2)])
    records = [record for appliance in client.farm for record in appliance.spec.records]
    assert any(record.is_running for record in records)
    assert any(record.core_type.startswith("securesync") for record in records)
    assert any(not is_backup(record) for record in records)
    assert len((await client.post()).rows) == len(records)
    answer = await toolkit(client, "api/catalog/?start_date=01/01/2020")
    assert listed(answer).total() == sum(in_catalog(record) for record in records)


async def test_rows_without_an_id_get_one_that_stays(gateway_over: Make):
    client = await gateway_over([known(1), known(2)])
    first, second = [
        [
            (instance["system_id"], backup["id"])
            for instance in (await toolkit(client, "api/catalog/?start_date=01/01/2020")).json["catalog"]["instances"]
            for backup in instance["backups"]
        ]
        for _ in range(2)
    ]
    assert first == second
    assert all(isinstance(backup_id, int | str) for _, backup_id in first)


@pytest.mark.parametrize(
    ("query", "field"),
    [
        ("start_date=2026-01-01", "start_date"),
        ("start_date=13/01/2026", "start_date"),
        ("end_date=yesterday", "end_date"),
        ("start_date=02/01/2026&end_date=01/01/2026", "start_date"),
        ("iid=-1", "iid"),
        ("sid=one", "sid"),
        ("sid=1&sid=2", "sid"),
        ("cid=1", "cid"),
    ],
)
async def test_what_a_catalog_cannot_read_is_refused_by_name(gateway_over: Make, query: str, field: str):
    client = await gateway_over(1)
    answer = await toolkit(client, f"api/catalog/?{query}")
    assert (answer.status, answer.json["field"]) == (400, field)


async def test_a_dead_appliance_is_told_of_and_the_others_are_listed(gateway_over: Make):
    client = await gateway_over([known(1), known(2, dead=True)])
    answer = await toolkit(client, "api/catalog/?start_date=01/01/2020")
    assert answer.status == 200
    assert answer.headers["X-Gateway-Complete"] == "false"
    assert answer.states == {1: "ok", 2: "missing"}
    assert answer.kinds[2] == "refused"
    assert listed(answer) == Counter({key: n for key, n in counted(client, 0).items() if key[0] == 1})


async def test_where_nothing_answers_the_catalog_keeps_its_shape_beside_a_result(gateway_over: Make):
    client = await gateway_over(1, fanout={"deadline_seconds": 0.5})
    await client.systems[0].inject(Fault("unavailable"))
    answer = await toolkit(client, "api/catalog")
    assert answer.status == 503
    assert int(answer.headers["Retry-After"]) > 0
    assert answer.json["catalog"] == {"instances": []}
    assert answer.json["result"][0]["message"]
