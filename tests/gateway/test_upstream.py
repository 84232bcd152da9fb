"""What an appliance gets to see: constant paths, our own token, our own JSON, whatever a caller sends (section 6)."""

import json
import re
from typing import Any

import pytest
from multidict import CIMultiDict

from gateway.simulator import Appliance, Farm, Fault
from tests.gateway.conftest import Make
from tests.gateway.live import STATIC_TOKEN, raw_exchange, small

PATHS = {"/api/login", "/api/logout", "/api/systems", "/api/backups"}
HEADERS = {"host", "authtoken", "content-type", "accept", "accept-encoding", "user-agent", "content-length"}
WHOLE = ("system_id", "client_id", "instance_id", "start_time", "end_time", "start_hours", "end_hours")
KEYS = {*WHOLE, "finish_interval_start", "finish_interval_end", "start_day", "end_day", "backup_ids"}
CANARY = "canary7f3a"
NASTY = (
    f"'; DROP TABLE backups; -- {CANARY}",
    f"1 OR 1=1 {CANARY}",
    f"`rm -rf /` {CANARY}",
    f"$(reboot) {CANARY}",
    f"x\r\nX-Injected: {CANARY}",
    f"\x00{CANARY}",
    f"../../../etc/passwd?{CANARY}",
    f"?isDelete&{CANARY}",
    f"💾 {CANARY}",
    f'"}}]}}{CANARY}',
    f"%0d%0a{CANARY}",
)
FIELDS = (
    *sorted(KEYS),
    "sid",
    "type",
    "status",
    "customer",
    "tag",
    "require",
    "fields",
    "order_by",
    "order_direction",
    "isDelete",
)
NASTY_HEADERS = (
    ("Cookie", f"auth={CANARY}"),
    ("X-Forwarded-For", f"10.0.0.1, {CANARY}"),
    ("X-Forwarded-Host", CANARY),
    ("X-HTTP-Method-Override", "DELETE"),
    ("TargetToken", CANARY),
    ("SourceID", "2"),
    ("Referer", f"http://{CANARY}/"),
    ("User-Agent", f"{CANARY}' OR 1=1"),
    ("Accept-Language", "fr"),
    ("Range", "bytes=0-10"),
    ("Content-Type", f"application/{CANARY}; charset=utf-7"),
    ("X-Request-ID", CANARY),
    ("Via", CANARY),
    ("Expect", "100-continue"),
)


def assert_clean(appliance: Appliance) -> None:
    """Every request that ever reached an appliance is one that this gateway makes."""
    assert appliance.counters.deletes == 0
    assert appliance.counters.not_found == 0
    for request in appliance.requests:
        path, _, query = request.target.partition("?")
        assert request.method == "POST"
        assert path in PATHS
        assert re.fullmatch(r"(sid=[0-9]+)?", query)
        assert {key.lower() for key, _ in request.headers} <= HEADERS
        assert len(request.headers) == len({key.lower() for key, _ in request.headers})
        assert request.header("User-Agent") == ["backup-gateway"]
        body = json.loads(request.body)
        if path == "/api/login":
            assert body == {"username": appliance.spec.username, "password": appliance.spec.password}
            assert not request.header("AuthToken")
        else:
            assert_typed(body)
            assert len(request.header("AuthToken")) == 1
        sent = repr((request.target, request.headers, request.body))
        assert CANARY not in sent
        assert STATIC_TOKEN not in sent


def assert_typed(body: Any) -> None:
    """A JSON object of typed values: whole numbers, days, and a list of whole numbers."""
    assert isinstance(body, dict)
    assert body.keys() <= KEYS
    for key, value in body.items():
        if key == "backup_ids":
            assert isinstance(value, list)
            assert all(type(number) is int for number in value)
        elif key in ("start_day", "end_day"):
            assert re.fullmatch(r"\d\d/\d\d/\d{4}", value)
        else:
            assert type(value) is int


async def test_no_string_of_a_caller_goes_on_from_any_field(gateway_over: Make):
    client = await gateway_over(1)
    for text in NASTY:
        for field in FIELDS:
            for value in (text, [text], {text: text}, {"$ne": 1}):
                answer = await client.post({field: value})
                assert answer.status in (200, 400, 404), answer.body
            await client.post({field: [1, text], text: field})
    assert client.farm[0].counters.list_calls >= 1
    assert_clean(client.farm[0])
    assert len(client.farm[0].records) == 30


async def test_no_query_string_of_a_caller_goes_on(gateway_over: Make):
    client = await gateway_over(1)
    queries = ("isDelete", "isDelete=1", "isRelated", "lang=fr", "sid=1&isDelete", "sid=1%26isDelete", "format=pdf")
    for query in (
        *queries,
        f"x={CANARY}",
        "sid=1;isDelete",
        "sid=1#isDelete",
        "%69sDelete",
        "sid=1%0d%0aX:y",
        "client_id=5",
    ):
        for body in ("{}", "[220]", '{"backup_ids":[220]}', ""):
            await client.request("POST", f"/api/backups?{query}", data=body)
            await client.request("POST", f"//api/backups/?{query}", data=body)
            await client.request("PUT", f"/api/backups?{query}", data=body)
            await client.request("DELETE", f"/api/backups?{query}", data=body)
        await client.get(query)
    assert client.farm[0].counters.list_calls >= 1
    assert_clean(client.farm[0])
    assert len(client.farm[0].records) == 30


async def test_a_list_of_ids_deletes_nothing(gateway_over: Make):
    client = await gateway_over(2)
    await client.post()
    ids = [record.id for record in client.farm[0].records]
    for path in ("/api/backups", "/api/backups?isDelete", "/api/backups/?isDelete=true"):
        assert (await client.post(ids, path)).status == 400
    for appliance in client.farm:
        assert_clean(appliance)
        assert len(appliance.records) == 30


@pytest.mark.parametrize(("name", "value"), NASTY_HEADERS)
async def test_no_header_of_a_caller_goes_on(gateway_over: Make, name: str, value: str):
    client = await gateway_over(1)
    headers = CIMultiDict(client.credentials)
    headers.add(name, value)
    answer = await client.request("POST", "/api/backups", headers=headers, data=b'{"client_id":5}')
    assert answer.status == 200
    assert client.farm[0].counters.list_calls == 1
    assert_clean(client.farm[0])


async def test_no_odd_bytes_of_a_request_go_on(gateway_over: Make):
    client = await gateway_over(1)
    token = client.credentials["AuthToken"]
    body = b'{"client_id":5}'
    for line in (
        "POST /api/backups HTTP/1.1",
        "POST http://evil.example/api/backups HTTP/1.1",
        "POST /api/backups HTTP/1.0",
    ):
        head = f"{line}\r\nHost: {CANARY}\r\nAuthToken: {token}\r\nContent-Length: {len(body)}\r\nX-{CANARY}: 1\r\n\r\n"
        assert (await raw_exchange(client, head.encode() + body)).startswith(b"HTTP/1.")
    assert_clean(client.farm[0])


async def test_good_values_go_upstream_as_whole_numbers_and_days(gateway_over: Make):
    client = await gateway_over([small(1, system_id=7)], each={1: {"remote_system_id": 7}})
    await client.post({"client_id": "5", "start_time": "100", "backup_ids": ["9", 3], "max_age": 0})
    assert json.loads(client.farm[0].requests[-1].body) == {
        "system_id": 7,
        "client_id": 5,
        "start_time": 100,
        "backup_ids": [3, 9],
    }
    await client.post({"start_day": "01/02/2026", "end_day": "01/03/2026", "end_hours": 9, "max_age": 0})
    assert json.loads(client.farm[0].requests[-1].body) == {
        "system_id": 7,
        "start_day": "01/02/2026",
        "end_day": "01/03/2026",
        "end_hours": 9,
    }
    assert_clean(client.farm[0])


async def test_types_and_statuses_are_decided_here_and_not_sent(gateway_over: Make):
    client = await gateway_over(1)
    await client.post({"type": "Full", "status": "Success", "fields": "id", "order_by": "id", "require": "all"})
    assert client.farm[0].requests[-1].body == b"{}"


async def test_a_remote_system_id_goes_upstream_both_ways(gateway_over: Make):
    client = await gateway_over([small(1, system_id=7)], each={1: {"remote_system_id": 7}})
    answer = await client.post()
    assert answer.system(1)["rows"] == 30
    assert {row["system_id"] for row in answer.rows} == {1}
    call = client.farm[0].requests[-1]
    assert call.target == "/api/backups?sid=7"
    assert json.loads(call.body) == {"system_id": 7}
    assert_clean(client.farm[0])


async def test_without_one_no_system_is_named_upstream(gateway_over: Make):
    client = await gateway_over(1)
    await client.post({"system_id": 1})
    call = client.farm[0].requests[-1]
    assert (call.target, call.body) == ("/api/backups", b"{}")


async def test_each_appliance_gets_its_own_token_and_no_others(gateway_over: Make):
    client = await gateway_over(3)
    await client.post()
    tokens = [{token for request in each.requests for token in request.header("AuthToken")} for each in client.farm]
    assert all(len(each) == 1 for each in tokens)
    assert len(set().union(*tokens)) == 3
    for appliance in client.farm:
        assert appliance.counters.expired_calls == 0


async def test_a_redirect_to_itself_is_never_followed(gateway_over: Make):
    client = await gateway_over(1)
    await client.farm[0].inject(Fault("redirect", status=307, location="/api/backups?isDelete"))
    await client.post()
    assert client.farm[0].counters.list_calls == 1
    assert_clean(client.farm[0])


def _by_name(farm: Farm) -> dict[int, dict[str, str]]:
    """Jars keep no cookies of bare addresses."""
    return {1: {"url": farm[0].url.replace("127.0.0.1", "localhost")}}


async def test_cookies_of_an_appliance_are_not_sent_back(gateway_over: Make):
    client = await gateway_over(1, each=_by_name)
    await client.farm[0].inject(Fault("cookies", frozenset({"login", "backups"})))
    await client.post()
    answer = await client.post({"max_age": 0})
    assert answer.states == {1: "ok"}
    assert "Set-Cookie" not in answer.headers
    assert_clean(client.farm[0])


async def test_nothing_is_ever_written_in_a_whole_working_day(gateway_over: Make):
    """A little of everything: faults, lost tokens, all routes."""
    client = await gateway_over(2)
    for step in range(3):
        await client.post({"client_id": step})
        await client.get("start_hours=24", path="//api/backups/")
        client.farm[0].sessions.revoke_all()
        await client.farm[1].inject(Fault("error", count=1))
        await client.post({"max_age": 0})
        for path in ("/api/systems", "/gateway/systems", "/metrics", "/healthz", "/readyz"):
            await client.get(path=path)
    for appliance in client.farm:
        assert_clean(appliance)
        assert len(appliance.records) == 30
