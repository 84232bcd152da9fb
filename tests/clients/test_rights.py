"""Nothing of a system that the caller may not see, on any of these routes; and what is served nowhere says so."""

import pytest

from tests.clients.asking import node, toolkit
from tests.forms.sites import user
from tests.gateway.conftest import Make
from tests.gateway.live import USER

LISTS = ["/api/jobs/history", "/api/recovery_points", "/api/reports/successrate", "/api/catalog", "/api/appliances"]
USERS = (user(USER), user("one", systems=[1]), user("none", systems=[]))


async def one_of(gateway_over: Make, name: str):
    client = await gateway_over(2, users=USERS)
    return await client.session(name)


@pytest.mark.parametrize("path", LISTS)
async def test_a_caller_sees_only_its_own_systems(gateway_over: Make, path: str):
    client = await one_of(gateway_over, "one")
    answer = await node(client, path)
    assert answer.status == 200
    assert b"site-2" not in answer.body
    assert b"site-1" in answer.body or "successRate" in answer.json
    assert not client.systems[1].requests


@pytest.mark.parametrize("path", LISTS)
async def test_a_caller_of_no_system_gets_empty_lists(gateway_over: Make, path: str):
    client = await one_of(gateway_over, "none")
    answer = await node(client, path)
    assert answer.status == 200
    assert answer.json.get("items", []) == []
    assert answer.json.get("catalog", {}).get("instances", []) == []
    assert answer.json.get("totalJobs", 0) == 0
    assert not client.calls()


@pytest.mark.parametrize("path", LISTS)
async def test_without_a_credential_nobody_is_asked(gateway_over: Make, path: str):
    client = await gateway_over(1, login=False)
    answer = await client.request("GET", path, headers={})
    assert answer.status == 401
    assert not client.calls()


@pytest.mark.parametrize(("path", "key"), [(path, "applianceId") for path in LISTS[:3]] + [("/api/catalog", "sid")])
async def test_a_hidden_system_and_an_unknown_one_are_the_same_404_as_for_backups(gateway_over: Make, path, key):
    client = await one_of(gateway_over, "one")
    hidden = await node(client, f"{path}?{key}=2")
    unknown = await node(client, f"{path}?{key}=9")
    assert hidden.status == unknown.status == 404
    assert hidden.body.replace(b"system 2", b"system 9") == unknown.body
    assert unknown.json == (await client.get("system_id=9")).json | {"field": key}
    assert not client.systems[1].requests


@pytest.mark.parametrize(
    "path",
    [
        *("api/assets", "/api/assets", "api/reports/system/alerts", "api/joborders", "api/jobs/active"),
        *("/api/backups/latest/?sid=1&iid=2&days=7", "/api/summary/current", "api/alerts", "api/jobs/backups"),
        *("replication/queue", "restores/9"),
    ],
)
async def test_what_only_an_appliance_serves_is_a_404_that_says_what_there_is(gateway_over: Make, path: str):
    client = await gateway_over(1)
    answer = await toolkit(client, path)
    assert answer.status == 404
    (entry,) = answer.json["result"]
    assert "/api/backups" in entry["message"]
    assert "/api/jobs/history" in entry["message"]


@pytest.mark.parametrize("base", ["", "/api"])
async def test_an_asset_is_a_404_with_both_ids_since_one_client_confuses_them(gateway_over: Make, base: str):
    client = await gateway_over(1)
    message = (await node(client, f"{base}/assets/1?applianceId=77")).json["result"][0]["message"]
    assert "asset 1 of appliance 77" in message


@pytest.mark.parametrize(
    ("method", "path"),
    [
        *(("PUT", "/api/backups"), ("POST", "/restores"), ("POST", "/api/restores"), ("DELETE", "/api/joborders/1")),
        *(("POST", "/catalog"), ("PUT", "/api/clients"), ("POST", "/api/jobs/history"), ("PUT", "/api/restore")),
    ],
)
async def test_writing_is_a_405_that_says_that_the_gateway_only_reads(gateway_over: Make, method: str, path: str):
    client = await gateway_over(1)
    answer = await client.request(method, path, data=b"{}")
    assert answer.status == 405
    assert "GET" in answer.headers["Allow"]
    assert "only reads" in answer.json["result"][0]["message"]
    assert not client.calls()


@pytest.mark.parametrize("path", ["/backups", "//backups/", "/systems", "/catalog", "/logout"])
async def test_every_route_below_api_is_served_at_the_root(gateway_over: Make, path: str):
    client = await gateway_over(1)
    method = "POST" if path == "/logout" else "GET"
    assert (await client.request(method, path)).status == 200


async def test_a_question_at_the_root_is_the_same_question(gateway_over: Make):
    client = await gateway_over(2)
    assert (await client.post({"system_id": 1}, path="/backups")).rows == (await client.post({"system_id": 1})).rows
