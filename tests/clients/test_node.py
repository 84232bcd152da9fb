"""node-unitrends and its MCP server: logins, pages, types, one request after the other."""

import time
from collections import Counter

import pytest

from tests.clients.asking import in_catalog, known, node, walked
from tests.gateway.conftest import Make
from tests.gateway.live import small

WORDS = {0: "success", 1: "warning", 2: "failure", None: "none"}


@pytest.mark.parametrize("base", ["", "/api"])
async def test_a_login_has_a_token_and_an_end_in_epoch_seconds(gateway_over: Make, base: str):
    client = await gateway_over(1)
    body = b'{"username":"noc","password":"correct horse battery staple"}'
    sent = {"Content-Type": "application/json", "Accept": "application/json"}
    answer = await client.request("POST", f"{base}/login", data=body, headers=sent)
    assert answer.status == 201
    assert isinstance(answer.json["token"], str)
    assert time.time() + 30 < answer.json["expires"] < time.time() + 10**7
    bearer = {"Authorization": f"Bearer {answer.json['token']}"}
    assert (await client.request("GET", f"{base}/appliances", headers=bearer)).status == 200


@pytest.mark.parametrize("base", ["", "/api"])
async def test_appliances_are_paged_and_their_ids_are_texts(gateway_over: Make, base: str):
    client = await gateway_over([small(number, rows=1) for number in range(1, 6)])
    before = client.calls()
    items, pages = await walked(client, f"{base}/appliances", 2)
    assert pages == 3
    assert [(one["id"], one["name"]) for one in items] == [(str(number), f"site-{number}") for number in range(1, 6)]
    assert items[0].keys() == {"id", "name", "hostname", "version", "status"}
    assert all(isinstance(value, str) for one in items for value in one.values())
    assert client.calls() == before
    answer = await node(client, f"{base}/appliances")
    assert {key: answer.json[key] for key in ("total", "limit", "offset")} == {"total": 5, "limit": 50, "offset": 0}


@pytest.mark.parametrize("base", ["", "/api"])
async def test_the_history_walked_page_by_page_has_every_finished_job_once(gateway_over: Make, base: str):
    client = await gateway_over([known(1), known(2)])
    items, pages = await walked(client, f"{base}/jobs/history", 64)
    truth = Counter(
        (str(number), record.id, WORDS[record.status])
        for number, appliance in enumerate(client.farm, 1)
        for record in appliance.spec.records
        if not record.is_running
    )
    told = Counter(
        (one["applianceId"], one["id"] if isinstance(one["id"], int) else None, one["status"]) for one in items
    )
    assert told == truth
    assert pages == -(-truth.total() // 64)
    starts = [one["startTime"] for one in items]
    assert starts == sorted(starts, reverse=True)


async def test_a_job_is_typed_as_the_client_has_it(gateway_over: Make):
    client = await gateway_over([known(1), known(2)])
    rows = {
        (row["system_id"], row.get("id"), row["start_epoch"], row["type"]): row for row in (await client.post()).rows
    }
    items = (await node(client, "/api/jobs/history?limit=500&offset=0")).json["items"]
    finished = [record for one in client.farm for record in one.spec.records if not record.is_running]
    verified = Counter(("unverified", "verified", "failed")[record.verify_status] for record in finished)
    assert Counter(one["verifyState"] for one in items) == verified
    for one in items:
        assert isinstance(one["applianceId"], str)
        assert isinstance(one["startTime"], int)
        if isinstance(one["id"], str):
            continue
        row = rows[int(one["applianceId"]), one["id"], one["startTime"], one["type"]]
        assert one["endTime"] == row["finish_epoch"]
        assert one["assetId"] == row.get("instance_id", row["client_id"])


async def test_recovery_points_are_the_complete_backups_that_did_not_fail(gateway_over: Make):
    client = await gateway_over([known(1), known(2)])
    items, _ = await walked(client, "/api/recovery_points", 100)
    truth = Counter(
        (str(number), record.id)
        for number, appliance in enumerate(client.farm, 1)
        for record in appliance.spec.records
        if in_catalog(record) and record.status != 2
    )
    assert Counter((one["applianceId"], one["id"]) for one in items if isinstance(one["id"], int)) == truth
    for one in items:
        assert isinstance(one["timestamp"], int)
        assert isinstance(one["verified"], bool)
        assert one["size"] >= 0


async def test_recovery_points_of_one_asset_and_one_appliance(gateway_over: Make):
    client = await gateway_over([known(1), known(2)])
    items, _ = await walked(client, "/recovery_points", 500)
    chosen = items[3]["assetId"]
    found = await node(client, f"/recovery_points?assetId={chosen}&applianceId=1&limit=500")
    assert found.json["items"] == [one for one in items if one["assetId"] == chosen and one["applianceId"] == "1"]
    both = await node(client, f"/recovery_points?assetId={chosen}&limit=500")
    assert both.json["items"] == [one for one in items if one["assetId"] == chosen]
    assert both.json["total"] >= 1


async def test_the_rate_of_success_is_a_fraction_of_the_finished_jobs_of_a_window(gateway_over: Make):
    client = await gateway_over([known(1), known(2)])
    now = int(time.time())
    start = (now - 3 * 86_400) // 60 * 60
    for path, first, numbers in (
        ("/api/reports/successrate", 0, (1, 2)),
        (f"/reports/successrate?startTime={start}&endTime={now}", start, (1, 2)),
        (f"/reports/successrate?startTime={start}&endTime={now}&applianceId=2", start, (2,)),
    ):
        records = [one for number in numbers for one in client.farm[number - 1].spec.records]
        words = Counter(WORDS[one.status] for one in records if not one.is_running and one.start >= first)
        answer = (await node(client, path)).json
        total = words["success"] + words["warning"] + words["failure"]
        assert answer["totalJobs"] == total > 0
        assert (answer["failedJobs"], answer["warningJobs"]) == (words["failure"], words["warning"])
        assert answer["successfulJobs"] == total - words["failure"]
        assert answer["successRate"] == round((total - words["failure"]) / total, 4)


async def test_no_jobs_are_a_rate_of_zero(gateway_over: Make):
    client = await gateway_over(1)
    answer = await node(client, "/reports/successrate?startTime=1&endTime=2")
    assert (answer.status, answer.json["totalJobs"], answer.json["successRate"]) == (200, 0, 0)


async def test_all_of_it_costs_one_call_to_each_appliance(gateway_over: Make):
    client = await gateway_over(2)
    await node(client, "/jobs/history")
    before = client.calls()
    for path in (
        *("/jobs/history?applianceId=1", "/recovery_points", "/recovery_points?assetId=7"),
        *("/reports/successrate", "/reports/successrate?startTime=1", "/catalog"),
    ):
        assert (await node(client, path)).status == 200
    assert client.calls() == before


@pytest.mark.parametrize(
    ("path", "field"),
    [
        ("/appliances?limit=0", "limit"),
        ("/appliances?limit=501", "limit"),
        ("/jobs/history?limit=ten", "limit"),
        ("/jobs/history?offset=-1", "offset"),
        ("/jobs/history?applianceId=app-1", "applianceId"),
        ("/recovery_points?assetId=web01", "assetId"),
        ("/recovery_points?assetid=1", "assetid"),
        ("/reports/successrate?startTime=3&endTime=2", "startTime"),
        ("/reports/successrate?endTime=now", "endTime"),
    ],
)
async def test_what_cannot_be_read_is_refused_by_name(gateway_over: Make, path: str, field: str):
    client = await gateway_over(1)
    answer = await node(client, path)
    assert (answer.status, answer.json["field"]) == (400, field)


@pytest.mark.parametrize("path", ["/jobs/history", "/recovery_points", "/reports/successrate"])
async def test_a_dead_appliance_is_told_of(gateway_over: Make, path: str):
    client = await gateway_over([small(1), small(2, dead=True)])
    answer = await node(client, path)
    assert (answer.status, answer.headers["X-Gateway-Complete"]) == (200, "false")
    assert answer.states == {1: "ok", 2: "missing"}
    answer = await node(client, f"{path}?applianceId=2")
    assert answer.status in (502, 503)
    assert answer.json["result"][0]["code"] == "2"
