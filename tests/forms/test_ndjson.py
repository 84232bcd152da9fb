"""NDJSON: one row a line, systems as they finish, the same rows as the plain JSON (contract section 5.6)."""

import json
from collections.abc import AsyncIterator
from typing import Any

import pytest
import pytest_asyncio

from gateway.simulator import Fault
from tests.forms.fleet import MIXED, QUESTIONS
from tests.forms.reading import NDJSON, cut, lines_of, media_type, query_of, row_texts, steady, unzipped
from tests.forms.streams import bytes_for
from tests.gateway.live import ANYBODY, Answer, Client, gateway_over, small

pytestmark = pytest.mark.asyncio(loop_scope="module")


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def client() -> AsyncIterator[Client]:
    async with gateway_over(MIXED) as made:
        yield made


def assert_same(streamed: Answer, plain: Answer) -> None:
    """The same rows byte for byte, the same entries but for their ages, the same end."""
    lines = lines_of(streamed)
    assert lines.texts_in_order() == row_texts(plain)
    assert [steady(entry) for entry in lines.last["systems"]] == [steady(entry) for entry in plain.json["systems"]]
    expected = {key: value for key, value in plain.json.items() if key not in ("backups", "systems")}
    assert {key: value for key, value in lines.last.items() if key != "systems"} == expected


@pytest.mark.parametrize("question", QUESTIONS, ids=str)
async def test_every_question_has_the_rows_of_the_plain_answer(client: Client, question: dict[str, Any]):
    plain = await client.post(question)
    assert_same(await client.post(question, Accept=NDJSON), plain)
    assert_same(await client.post(question | {"format": "ndjson"}), plain)


@pytest.mark.parametrize("question", [each for each in QUESTIONS if "backup_ids" not in each], ids=str)
async def test_a_query_string_means_the_same(client: Client, question: dict[str, Any]):
    plain = await client.post(question)
    assert_same(await client.get(query_of(question | {"format": "ndjson"})), plain)
    assert_same(await client.get(query_of(question), Accept=NDJSON), plain)


async def test_a_cold_answer_has_the_same_rows_too():
    async with gateway_over(MIXED) as cold:
        streamed = await cold.post({"format": "ndjson"})
        assert_same(streamed, await cold.post())
        assert_same(await cold.post({"format": "ndjson", "max_age": 0}), await cold.post())


@pytest.mark.parametrize(
    ("accept", "is_stream"),
    [
        (NDJSON, True),
        ("Application/X-NDJSON", True),
        (f"{NDJSON};q=0.9, application/json;q=0.1", True),
        (f"application/json, {NDJSON};q=0.5", False),
        (f"{NDJSON};q=0, */*", False),
        ("*/*", False),
        ("application/*", False),
        ("application/json", False),
        ("text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8", False),
    ],
)
async def test_the_header_decides_where_the_question_does_not(client: Client, accept: str, is_stream: bool):
    for answer in (await client.post({"system_id": 1}, Accept=accept), await client.get("sid=1", Accept=accept)):
        assert media_type(answer) == (NDJSON if is_stream else "application/json")
        assert "accept" in {word.strip().lower() for word in answer.headers["Vary"].split(",")}


async def test_the_question_goes_before_the_header(client: Client):
    assert media_type(await client.post({"format": "json"}, Accept=NDJSON)) == "application/json"
    assert media_type(await client.post({"format": "ndjson"}, Accept="application/json")) == NDJSON
    assert media_type(await client.post({"format": "ndjson"}, Accept="text/csv")) == NDJSON


async def test_a_stream_is_safe_to_be_shown_and_has_an_id(client: Client):
    for answer in (await client.post({"format": "ndjson"}), await client.get("format=ndjson")):
        assert answer.headers["X-Content-Type-Options"] == "nosniff"
        assert answer.headers["X-Request-ID"]
        assert answer.headers["Cache-Control"] in ("no-store", "private, no-cache")


@pytest.mark.parametrize("question", [{}, {"status": "Success"}, {"client_id": 999_999}, {"fields": "id"}], ids=str)
async def test_a_compressed_stream_is_one_member(client: Client, question: dict[str, Any]):
    headers = client.credentials | {"Accept-Encoding": "gzip"}
    data = json.dumps(question | {"format": "ndjson"}).encode()
    answer = await client.request("POST", "/api/backups", data=data, headers=headers, auto_decompress=False)
    assert answer.headers["Content-Encoding"] == "gzip"
    assert_same(Answer(answer.status, answer.headers, unzipped(answer.body)), await client.post(question))


async def test_a_client_of_http_1_0_reads_up_to_the_end_of_the_connection(client: Client):
    token = client.credentials["AuthToken"]
    lines = ["GET /api/backups?format=ndjson&sid=1&fields=id HTTP/1.0", "Host: gateway", f"AuthToken: {token}", "", ""]
    received = await bytes_for(client, "\r\n".join(lines).encode())
    head, _, body = received.partition(b"\r\n\r\n")
    assert b"chunked" not in head.lower()
    rows = [json.loads(line) for line in body.splitlines()[:-2]]
    assert rows == (await client.post({"system_id": 1, "fields": "id"})).rows


async def test_head_has_the_headers_alone(client: Client):
    answer = await client.request("HEAD", "/api/backups?format=ndjson")
    assert (answer.status, answer.body, media_type(answer)) == (200, b"", NDJSON)
    assert (await client.get(path="/healthz")).status == 200


@pytest.mark.parametrize(
    ("question", "field"),
    [
        ({"no_such_key": 1}, "no_such_key"),
        ({"client_id": -1}, "client_id"),
        ({"start_day": "yesterday"}, "start_day"),
        ({"require": [2, 3], "system_id": 1}, None),
        ({"order_by": "size"}, "order_by"),
        ({"order_by": "size", "order_direction": "desc"}, "order_by"),
    ],
    ids=str,
)
async def test_a_bad_question_is_a_plain_400_before_the_stream(client: Client, question: dict[str, Any], field):
    calls = client.calls()
    for answer in (
        await client.post(question | {"format": "ndjson"}),
        await client.post(question, Accept=NDJSON),
        await client.get(query_of(question), Accept=NDJSON),
    ):
        assert (answer.status, media_type(answer)) == (400, "application/json")
        assert answer.json["result"][0]["message"]
        assert answer.json.get("field") == field or field is None
    assert client.calls() == calls


@pytest.mark.parametrize("value", ["xml", "", " ", "json,csv", 5, True, ["ndjson"], {}, "ndjson\r\n", "x" * 5000])
async def test_a_form_that_does_not_exist_is_refused_by_name(client: Client, value: object):
    answer = await client.post({"format": value})
    assert (answer.status, answer.json["field"]) == (400, "format")


async def test_a_stranger_gets_401_and_what_is_not_visible_404_as_json(client: Client):
    answer = await client.request("POST", "/api/backups", data=b'{"format":"ndjson"}', headers={"Accept": NDJSON})
    assert (answer.status, media_type(answer)) == (401, "application/json")
    answer = await client.post({"format": "ndjson", "system_id": 99})
    assert (answer.status, media_type(answer)) == (404, "application/json")


async def test_a_user_reads_the_systems_of_its_rights_alone():
    users = [ANYBODY | {"systems": [2]}, ANYBODY | {"username": "nobody", "systems": []}]
    async with gateway_over(3, users=users) as client:
        lines = lines_of(await client.post({"format": "ndjson"}))
        assert [entry["system_id"] for entry in lines.last["systems"]] == [2]
        assert set(lines.owners()) == {2}
        assert {len(client.farm[place].requests) for place in (0, 2)} == {0}
        refused = await client.post({"format": "ndjson", "system_id": [1, 2]})
        assert refused.status == 404
        nobody = await client.session("nobody")
        lines = lines_of(await nobody.post({"format": "ndjson"}))
        assert (lines.rows, lines.systems) == ([], [])
        assert lines.last == {"complete": True, "total": 0, "systems": []}


async def test_rows_that_an_appliance_breaks_over_lines_stand_on_one_line():
    """Indented JSON, line breaks of every kind inside of rows: still one row a line."""
    async with gateway_over([small(1), small(2)]) as client:
        rows = [{"id": n, "type": "Full", "deep": {"a": [1, {"b": "x\n\u2028y"}]}, "empty": {}} for n in (1, 2)]
        for appliance, breaks in zip(client.farm, ("\n", "\r\n"), strict=True):
            text = json.dumps({"backups": rows}, indent=3).replace("\n", breaks)
            await appliance.inject(Fault("body", text=text))
        lines = lines_of(await client.post({"format": "ndjson"}))
        assert lines.in_order() == (await client.post()).rows
        some = {"fields": ["id", "deep", "empty"]}
        assert lines_of(await client.post(some | {"format": "ndjson"})).in_order() == (await client.post(some)).rows
        assert cut(lines.in_order(), ("id", "deep")) == [
            {"system_id": number, "id": row["id"], "deep": row["deep"]} for number in (1, 2) for row in rows
        ]


async def test_the_added_window_is_told_in_the_last_line():
    async with gateway_over([small(1, rows=400)], fanout={"default_window_days": 2}) as client:
        lines, plain = lines_of(await client.post({"format": "ndjson"})), await client.post()
        assert lines.last["window"] == plain.json["window"]
        assert lines.rows == plain.rows
