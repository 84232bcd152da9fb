"""One appliance over a real socket: lists, deletes, load, and what it records."""

import asyncio
import json
from dataclasses import replace
from typing import Any

import pytest
from aiohttp import ClientSession
from simulated import NOW, Clock, log_in

from gateway.simulator import Appliance, ApplianceSpec, Record
from gateway.simulator.dialects import Rendering
from gateway.simulator.facts import Asset

ASSET = Asset("file", 2, "win32", "Windows", 42, instance_id=23)


def backup(number: int, **facts: Any) -> Record:
    start = NOW - 3_600 * number
    record = Record(
        row=number, id=number, core_type="master", asset=ASSET, start=start, duration=60, end=start + 60, status=0
    )
    return replace(record, **facts)


THREE = tuple(backup(number) for number in (1, 2, 3))


def spec(clock: Clock, **knobs: Any) -> ApplianceSpec:
    return ApplianceSpec(**{"clock": clock, "records": THREE, **knobs})


async def post(
    http: ClientSession, appliance: Appliance, body: Any, token: dict[str, str], path: str = "/api/backups"
) -> tuple[int, Any]:
    async with http.post(appliance.url + path, json=body, headers=token) as answer:
        return answer.status, json.loads(await answer.read())


def ids(answer: Any) -> list[int]:
    return [row["id"] for row in answer["backups"]]


async def test_a_list_is_filtered_on_its_true_facts(http: ClientSession, clock: Clock) -> None:
    async with Appliance(spec(clock, token_timeout=0)) as appliance:
        token = await log_in(http, appliance)
        assert ids((await post(http, appliance, {}, token))[1]) == [1, 2, 3]
        assert ids((await post(http, appliance, {"start_hours": 2}, token))[1]) == [1, 2]
        clock.now += 3_600
        assert ids((await post(http, appliance, {"start_hours": 2}, token))[1]) == [1]
        assert appliance.counters.list_calls == 3
        assert appliance.counters.rows_listed == 6


async def test_a_list_call_needs_no_body(http: ClientSession, clock: Clock) -> None:
    async with Appliance(spec(clock)) as appliance:
        headers = await log_in(http, appliance)
        async with http.post(f"{appliance.url}//api/backups/", headers=headers) as answer:
            assert (answer.status, ids(await answer.json())) == (201, [1, 2, 3])


@pytest.mark.parametrize(("order", "expected"), [("newest", [5, 9, 7]), ("oldest", [7, 9, 5]), ("id", [5, 7, 9])])
async def test_order_is_a_knob(http: ClientSession, clock: Clock, order: str, expected: list[int]) -> None:
    records = (backup(1, id=5), backup(3, id=7), backup(2, id=9))
    async with Appliance(spec(clock, records=records, order=order)) as appliance:
        assert ids((await post(http, appliance, {}, await log_in(http, appliance)))[1]) == expected


async def test_another_systems_rows_are_not_here(http: ClientSession, clock: Clock) -> None:
    async with Appliance(spec(clock, system_id=4)) as appliance:
        token = await log_in(http, appliance)
        assert ids((await post(http, appliance, {"system_id": "4"}, token, "/api/backups?sid=4"))[1]) == [1, 2, 3]
        assert ids((await post(http, appliance, {"system_id": 5}, token))[1]) == []
        assert ids((await post(http, appliance, {}, token, "/api/backups?sid=5"))[1]) == []


@pytest.mark.parametrize(
    ("knobs", "expected"),
    [
        ({"dialect": "wiki-2015"}, b'{"backups":[]}'),
        ({"dialect": "10.x"}, b"[]"),
        ({"dialect": "10.x", "empty_body": b"{}"}, b"{}"),
    ],
)
async def test_an_empty_list_is_spelled_as_the_knobs_say(
    http: ClientSession, clock: Clock, knobs: dict[str, Any], expected: bytes
) -> None:
    async with Appliance(spec(clock, records=(), **knobs)) as appliance:
        headers = await log_in(http, appliance)
        async with http.post(f"{appliance.url}/api/backups", headers=headers) as answer:
            assert (answer.status, await answer.read()) == (201, expected)


async def test_sync_messages_come_only_when_asked_for(http: ClientSession, clock: Clock) -> None:
    async with Appliance(spec(clock, records=None, weeks=2)) as appliance:
        token = await log_in(http, appliance)
        plain = (await post(http, appliance, {}, token))[1]["backups"]
        asked = (await post(http, appliance, {"sync_msg": True}, token))[1]["backups"]
    assert not any("sync_message" in row for row in plain)
    messages = [row["sync_message"] for row in asked if "sync_size" in row]
    assert messages
    assert all(message.startswith(("Success", "Failure")) or message == "" for message in messages)


@pytest.mark.parametrize(
    ("path", "body"),
    [
        ("/api/backups", [1, "3"]),
        ("/api/backups?isDelete", [1, 3]),
        ("/api/backups?isDelete=1", {"backup_ids": [1, 3]}),
    ],
)
async def test_a_list_body_or_is_delete_deletes(http: ClientSession, clock: Clock, path: str, body: Any) -> None:
    async with Appliance(spec(clock)) as appliance:
        token = await log_in(http, appliance)
        await post(http, appliance, body, token, path)
        assert appliance.counters.deletes == 1
        assert [record.id for record in appliance.records] == [2]


@pytest.mark.parametrize("target", ["/api/backups/5", "/appliances/1", "/api/clients", "/login", "/"])
async def test_everything_else_is_404(http: ClientSession, clock: Clock, target: str) -> None:
    async with Appliance(spec(clock)) as appliance:
        async with http.post(appliance.url + target) as answer:
            assert answer.status == 404
        async with http.get(f"{appliance.url}/api/backups") as answer:
            assert answer.status == 404
        assert appliance.counters.not_found == 2


async def test_requests_are_recorded_as_they_came(http: ClientSession, clock: Clock) -> None:
    async with Appliance(spec(clock)) as appliance:
        target = f"{appliance.url}/api/backups?sid=1&x=%41"
        headers = [("AuthToken", "one"), ("AuthToken", "two")]
        async with http.post(target.replace("%41", "a%20b"), headers=headers, data=b'{"a": 1}'):
            pass
        (seen,) = appliance.requests
    assert (seen.method, seen.target, seen.path) == ("POST", "/api/backups?sid=1&x=a%20b", "/api/backups")
    assert (seen.body, seen.time) == (b'{"a": 1}', NOW)
    assert seen.header("authtoken") == ["one", "two"]


async def test_the_history_is_bounded(http: ClientSession, clock: Clock) -> None:
    async with Appliance(spec(clock, history=2)) as appliance:
        for _ in range(3):
            await log_in(http, appliance)
        assert len(appliance.requests) == 2


async def test_the_date_header_is_the_appliances_own_clock(http: ClientSession, clock: Clock) -> None:
    clock.now = 784_111_777
    async with (
        Appliance(spec(clock)) as appliance,
        http.post(f"{appliance.url}/api/login", json={"username": "gateway", "password": "simulated"}) as answer,
    ):
        assert answer.headers["Date"] == "Sun, 06 Nov 1994 08:49:37 GMT"


async def test_records_can_be_added_changed_and_purged(http: ClientSession, clock: Clock) -> None:
    async with Appliance(spec(clock)) as appliance:
        token = await log_in(http, appliance)

        async def listed() -> list[tuple[int, str]]:
            return [(row["id"], row["status"]) for row in (await post(http, appliance, {}, token))[1]["backups"]]

        assert await listed() == [(1, "Success"), (2, "Success"), (3, "Success")]
        (running,) = appliance.records.add(backup(0, id=9, end=None, status=None))
        assert (await listed())[0] == (9, "None")
        appliance.records.change(replace(running, end=NOW + 5, status=2))
        assert (await listed())[0] == (9, "Failure")
        assert appliance.records.purge([9, 2]) == 2
        assert await listed() == [(1, "Success"), (3, "Success")]
        with pytest.raises(KeyError):
            appliance.records.change(running)
        appliance.records.clear()
        assert await listed() == []


async def test_an_upgrade_changes_the_dialect_of_every_row(http: ClientSession, clock: Clock) -> None:
    async with Appliance(spec(clock)) as appliance:
        token = await log_in(http, appliance)
        await post(http, appliance, {}, token)
        appliance.records.restyle(Rendering("10.x", appliance.zone))
        answer = (await post(http, appliance, {}, token))[1]
        assert [row["status"] for row in answer["data"]] == ["Successful"] * 3


async def test_gzip_is_a_knob_and_obeys_the_client(http: ClientSession, clock: Clock) -> None:
    async with Appliance(spec(clock, gzip=True)) as appliance:
        token = await log_in(http, appliance)
        async with http.post(f"{appliance.url}/api/backups", headers=token) as answer:
            assert answer.headers["Content-Encoding"] == "gzip"
            assert ids(await answer.json()) == [1, 2, 3]
        token["Accept-Encoding"] = "identity"
        async with http.post(f"{appliance.url}/api/backups", headers=token) as answer:
            assert "Content-Encoding" not in answer.headers
            assert ids(await answer.json()) == [1, 2, 3]


async def test_load_hurts_only_so_many_calls_are_worked_on_at_once(http: ClientSession, clock: Clock) -> None:
    async with Appliance(spec(clock, workers=2, base_ms=10, per_row_ms=1)) as appliance:
        token = await log_in(http, appliance)
        answers = await asyncio.gather(*(post(http, appliance, {}, token) for _ in range(8)))
        assert [status for status, _ in answers] == [201] * 8
        assert appliance.counters.max_in_flight == 8
        assert appliance.counters.max_working == 2
        assert (appliance.counters.in_flight, appliance.counters.working) == (0, 0)


async def test_each_row_costs(http: ClientSession, clock: Clock) -> None:
    loop = asyncio.get_running_loop()
    async with Appliance(spec(clock, per_row_ms=40)) as appliance:
        token = await log_in(http, appliance)
        begun = loop.time()
        await post(http, appliance, {"backup_ids": [99]}, token)
        without_rows = loop.time()
        await post(http, appliance, {}, token)
        assert loop.time() - without_rows >= 0.119
        assert without_rows - begun < 0.119
