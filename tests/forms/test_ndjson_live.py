"""NDJSON while it is made: what is there comes at once, whoever else is silent (contract sections 5.5 and 5.6)."""

import asyncio
import json
from typing import Any

import pytest

from gateway.simulator import Fault
from tests.forms.reading import lines_of, row_texts, unzipped
from tests.forms.streams import PATIENCE_S, connected, streaming
from tests.gateway.live import Client, gateway_over, small
from tests.kit.waiting import until

CODINGS = ("identity", "gzip")
GRACE_S = 0.5


def in_the_house(client: Client, number: int) -> int:
    """How many list calls the appliance has not answered yet."""
    return client.farm[number - 1].counters.in_flight


@pytest.mark.parametrize("coding", CODINGS)
async def test_rows_of_a_fast_system_come_while_another_is_silent(coding: str):
    async with gateway_over(3) as client:
        await client.farm[0].inject("hung")
        async with streaming(client, {}, Accept_Encoding=coding) as stream:
            closed = {(await stream.closing())["system_id"] for _ in range(2)}
            assert closed == {2, 3}
            assert in_the_house(client, 1) == 1, "the first one is still silent"
            rows = [json.loads(line) for line in stream.read if not line.startswith(b'{"system":')]
            assert [row["system_id"] for row in rows].count(2) == 30
            await client.farm[0].recover()  # its call ends with a reset, and is made once more
            lines = await stream.whole()
        assert [entry["system_id"] for entry in lines.systems][-1] == 1
        assert lines.last["complete"] is True
        assert lines.texts_in_order() == row_texts(await client.post())


@pytest.mark.parametrize("coding", CODINGS)
async def test_what_is_held_comes_before_everything_else(coding: str):
    """Ascending ids would be slow first; held lists come first though, with no call."""
    async with gateway_over(4) as client:
        await client.post({"system_id": [2, 4]})
        calls = [len(client.farm[place].requests) for place in (1, 3)]
        for place in (0, 2):
            await client.farm[place].inject("hung")
        async with streaming(client, {}, Accept_Encoding=coding) as stream:
            entries = [await stream.closing() for _ in range(2)]
            assert {(entry["system_id"], entry["source"]) for entry in entries} == {(2, "cache"), (4, "cache")}
            await until(lambda: in_the_house(client, 1) == in_the_house(client, 3) == 1)
            await client.farm[2].recover()
            assert (await stream.closing())["system_id"] == 3
            assert in_the_house(client, 1) == 1
            await client.farm[0].recover()
            lines = await stream.whole()
        assert [entry["system_id"] for entry in lines.systems][2:] == [3, 1]
        assert [entry["system_id"] for entry in lines.last["systems"]] == [1, 2, 3, 4]
        assert [len(client.farm[place].requests) for place in (1, 3)] == calls


async def test_a_missing_system_is_closed_with_its_error():
    async with gateway_over(4, fanout={"deadline_seconds": 5}) as client:
        for place, fault in ((0, "refusing"), (1, "html"), (2, Fault("unavailable", retry_after=60))):
            await client.farm[place].inject(fault)
        lines = lines_of(await client.post({"format": "ndjson"}))
        plain = await client.post()
        entries = {entry["system_id"]: entry for entry in lines.systems}
        assert {number: entry["state"] for number, entry in entries.items()} == plain.states
        kinds = {number: (entry["error"] or {}).get("kind") for number, entry in entries.items()}
        assert kinds == {1: "refused", 2: "bad_reply", 3: "overloaded", 4: None}
        assert entries[3]["error"]["retry_at"]
        assert all(entry["rows"] == 0 and entry["source"] is None for number, entry in entries.items() if number < 4)
        assert lines.last["complete"] is False
        assert lines.texts == row_texts(plain)


async def test_a_stand_in_is_closed_as_stale_with_all_its_rows():
    async with gateway_over(2) as client:
        plain = await client.post()
        await client.farm[1].inject("broken_json")
        lines = lines_of(await client.post({"format": "ndjson", "max_age": 0}))
        assert {entry["system_id"]: entry["state"] for entry in lines.systems} == {1: "ok", 2: "stale"}
        assert lines.last["complete"] is False
        assert lines.texts_in_order() == row_texts(plain)


@pytest.mark.parametrize("question", [{}, {"require": "all"}, {"require": 1}], ids=str)
async def test_nothing_usable_is_told_to_the_end_all_the_same(question: dict[str, Any]):
    """The closing lines and the last one say what is wrong; the status is that of the plain answer."""
    async with gateway_over(2) as client:
        for appliance in client.farm:
            await appliance.inject("html")
        plain = await client.post(question)
        lines = lines_of(await client.post(question | {"format": "ndjson"}), plain.status)
        assert {entry["state"] for entry in lines.systems} == {"missing"}
        assert (lines.rows, lines.last["complete"], lines.last["total"]) == ([], False, 0)
        assert lines.last["result"] == plain.json["result"]


@pytest.mark.parametrize("deadline_s", [0.4, 1.2])
async def test_a_hung_system_costs_no_more_than_its_deadline(deadline_s: float):
    async with gateway_over(3) as client:
        await client.farm[1].inject("hung")
        loop = asyncio.get_running_loop()
        begun = loop.time()
        async with streaming(client, {"deadline": deadline_s}) as stream:
            lines = await stream.whole()
        assert deadline_s - 0.05 <= loop.time() - begun < deadline_s + GRACE_S
        assert [entry["system_id"] for entry in lines.systems][-1] == 2
        assert lines.systems[-1]["error"]["kind"] == "timeout"
        assert lines.last["complete"] is False
        await client.farm[1].recover()


async def test_a_queued_call_of_a_client_that_left_is_not_made(logged: list[dict[str, Any]]):
    """The only place before the second appliance is taken; the stream waits behind it, and goes."""
    async with gateway_over(2, fanout={"concurrency": 1}) as client:
        appliance = client.farm[1]
        await appliance.inject("hung")
        first = asyncio.create_task(client.post({"system_id": 2}))
        await until(lambda: in_the_house(client, 2))
        async with streaming(client, {"client_id": 5}) as stream:
            assert (await stream.closing())["system_id"] == 1
            done = len(requests_logged(logged))
            stream.leave()
        await until(lambda: len(requests_logged(logged)) > done)
        await appliance.recover()
        assert (await first).status == 200
        answer = await client.post({"system_id": 2, "backup_ids": [1], "max_age": 0})
        assert answer.states == {2: "ok"}
        asked = [request.body for request in appliance.requests if request.path.endswith("/backups")]
        assert not [body for body in asked if b"client_id" in body]
    assert_no_errors(logged)


@pytest.mark.parametrize("coding", CODINGS)
async def test_a_client_that_leaves_in_the_middle_of_its_rows_disturbs_nobody(logged, coding: str):
    async with gateway_over([small(1, rows=8_000), small(2)]) as client:
        await client.farm[1].inject("hung")
        for _ in range(3):
            done = len(requests_logged(logged))
            async with streaming(client, {}, Accept_Encoding=coding) as stream:
                for _ in range(10):
                    await stream.line()
                stream.leave()
            await until(lambda before=done: len(requests_logged(logged)) > before)
        await client.farm[1].recover()
        plain = await client.post()
        assert plain.json["complete"] is True
        assert lines_of(await client.post({"format": "ndjson"})).texts_in_order() == row_texts(plain)
    assert_no_errors(logged)


def requests_logged(logged: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """The lines of questions that have ended, whichever way."""
    return [event for event in logged if event["event"] == "request" and event["path"] == "/api/backups"]


def assert_no_errors(logged: list[dict[str, Any]]) -> None:
    assert not [event for event in logged if event["level"] in ("error", "critical")]


async def test_a_reader_that_stops_for_a_while_gets_everything():
    """A stream that is larger than all buffers stands still while others are answered, and goes on then."""
    async with gateway_over([small(number, rows=6_000) for number in (1, 2)]) as client:
        plain = await client.post()
        token = client.credentials["AuthToken"]
        head = ["GET /api/backups?format=ndjson HTTP/1.1", "Host: x", "Connection: close", f"AuthToken: {token}"]
        async with connected(client, 4_096) as (reader, writer), asyncio.timeout(PATIENCE_S * 2):
            writer.write("\r\n".join([*head, "", ""]).encode())
            await reader.readuntil(b"\r\n\r\n")
            assert (await client.post()).rows == plain.rows
            assert lines_of(await client.post({"format": "ndjson", "system_id": 2})).rows == plain.rows_of(2)
            pieces = []
            while piece := await reader.read(4_096):
                pieces.append(piece)
        body = unchunked(b"".join(pieces))
        texts = [line for line in body.decode().split("\n")[:-2] if not line.startswith('{"system":{')]
        assert sorted(texts) == sorted(row_texts(plain))
        assert json.loads(body[:-1].rpartition(b"\n")[2])["total"] == 12_000


def unchunked(body: bytes) -> bytes:
    """A chunked body, which must end well."""
    found = b""
    while True:
        size, _, body = body.partition(b"\r\n")
        length = int(size, 16)
        found, rest = found + body[:length], body[length : length + 2]
        assert rest == b"\r\n"
        if not length:
            return found
        body = body[length + 2 :]


async def test_a_large_compressed_stream_is_one_member_with_every_row():
    async with gateway_over([small(number, rows=4_000) for number in (1, 2)]) as client:
        plain = await client.post()
        headers = client.credentials | {"Accept-Encoding": "gzip"}
        answer = await client.request("GET", "/api/backups?format=ndjson", headers=headers, auto_decompress=False)
        body = unzipped(answer.body)
        assert len(answer.body) < len(body) / 4
        texts = [line for line in body.decode().split("\n")[:-2] if not line.startswith('{"system":{')]
        assert sorted(texts) == sorted(row_texts(plain))
