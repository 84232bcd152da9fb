"""CSV: the stamp, the seed's fields, whatever else; a record for each row of the plain JSON (contract section 5.6)."""

import json
from collections.abc import AsyncIterator
from typing import Any

import pytest
import pytest_asyncio

from gateway.simulator import Fault
from tests.forms.fleet import MIXED
from tests.forms.fleet import QUESTIONS as WITHOUT_ORDER
from tests.forms.reading import CSV, FIELDS, assert_cells, media_type, query_of, table_of, unzipped
from tests.gateway.live import ANYBODY, Answer, Client, gateway_over, seconds_of, small

pytestmark = pytest.mark.asyncio(loop_scope="module")

QUESTIONS: tuple[dict[str, Any], ...] = (
    *WITHOUT_ORDER,
    {"order_by": "size"},
    {"order_by": "start_epoch", "order_direction": "DESC", "status": "Success"},
    {"order_by": "new_in_12", "fields": ["output", "size", "new_in_12", "=key"]},
    {"fields": ["gfs_rp_type", "id", "system_name", "finish_epoch", "client_os"]},
    {"fields": ["=key", "system_id"]},
)


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def client() -> AsyncIterator[Client]:
    async with gateway_over(MIXED) as made:
        yield made


def fields_of(question: dict[str, Any]) -> list[str] | None:
    fields = question.get("fields")
    return [fields] if isinstance(fields, str) else fields


@pytest.mark.parametrize("question", QUESTIONS, ids=str)
async def test_every_question_has_the_rows_of_the_plain_answer(client: Client, question: dict[str, Any]):
    plain = await client.post(question)
    for answer in (await client.post(question, Accept=CSV), await client.post(question | {"format": "csv"})):
        assert_cells(table_of(answer), plain.rows, fields_of(question))
        assert answer.headers["X-Gateway-Complete"] == "true"


@pytest.mark.parametrize("question", [each for each in QUESTIONS if "backup_ids" not in each], ids=str)
async def test_a_query_string_means_the_same(client: Client, question: dict[str, Any]):
    plain = await client.post(question)
    for answer in (
        await client.get(query_of(question | {"format": "csv"})),
        await client.get(query_of(question), Accept=CSV),
    ):
        assert_cells(table_of(answer), plain.rows, fields_of(question))


async def test_a_cold_answer_has_the_same_cells():
    async with gateway_over(MIXED) as cold:
        for more in ({}, {"max_age": 0}):
            table = table_of(await cold.post({"format": "csv"} | more))
            assert_cells(table, (await cold.post()).rows)


async def test_the_columns_are_the_same_whatever_occurs(client: Client):
    """The stamp and the seed's fields stand in every table, so that a sheet made for one fits the next."""
    for question in ({"client_id": 999_999}, {"system_id": 1}, {"system_id": 2, "status": "Failure"}):
        header = table_of(await client.post(question | {"format": "csv"})).header
        assert tuple(header[: len(FIELDS)]) == FIELDS
    table = table_of(await client.post({"client_id": 999_999, "format": "csv"}))
    assert (tuple(table.header), table.records) == (FIELDS, [])


@pytest.mark.parametrize(
    "fields", [["size", "status", "id"], ["type", "client_os", "finish_epoch", "system_name"], ["gfs_rp_type", "id"]]
)
async def test_some_columns_alone_keep_the_order_of_all(client: Client, fields: list[str]):
    """The stamp, the seed's fields in its order, then the others: cutting columns is no other order of them."""
    header = table_of(await client.post({"format": "csv", "fields": fields})).header
    others = [name for name in fields if name not in FIELDS]
    assert header == [name for name in FIELDS if name in ("system_id", *fields)] + others


async def test_equal_questions_have_equal_tables(client: Client):
    answers = [await client.post({"format": "csv"}) for _ in range(3)] + [await client.get("format=csv")]
    assert len({answer.body for answer in answers}) == 1


async def test_a_column_that_one_system_has_alone_is_empty_for_the_others(client: Client):
    table = table_of(await client.post({"format": "csv"}))
    at = table.header.index("client_os")
    told = {int(record[0]) for record in table.records if record[at]}
    assert told
    assert told < {int(record[0]) for record in table.records}


@pytest.mark.parametrize(
    ("accept", "is_table"),
    [
        (CSV, True),
        ("TEXT/csv", True),
        ("text/csv;q=0.9, application/json;q=0.1", True),
        ("application/json, text/csv;q=0.5", False),
        ("text/csv;q=0, */*", False),
        ("text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8", False),
    ],
)
async def test_the_header_decides_where_the_question_does_not(client: Client, accept: str, is_table: bool):
    for answer in (await client.post({"system_id": 1}, Accept=accept), await client.get("sid=1", Accept=accept)):
        assert media_type(answer) == (CSV if is_table else "application/json")
        assert "accept" in {word.strip().lower() for word in answer.headers["Vary"].split(",")}


async def test_the_question_goes_before_the_header(client: Client):
    assert media_type(await client.post({"format": "json"}, Accept=CSV)) == "application/json"
    assert media_type(await client.post({"format": "csv"}, Accept="application/json")) == CSV


async def test_a_table_has_the_headers_of_a_safe_answer(client: Client):
    posted, got = await client.post({"format": "csv"}), await client.get("format=csv")
    assert (posted.headers["Cache-Control"], got.headers["Cache-Control"]) == ("no-store", "private, no-cache")
    for answer in (posted, got):
        assert answer.headers["Content-Type"].lower().replace(" ", "") == "text/csv;charset=utf-8"
        assert answer.headers["X-Content-Type-Options"] == "nosniff"
        assert answer.headers["X-Request-ID"]


async def test_a_tag_belongs_to_one_form(client: Client):
    plain, table = await client.get("sid=1"), await client.get("sid=1", Accept=CSV)
    assert table.headers["ETag"] != plain.headers["ETag"]
    again = await client.get("sid=1", Accept=CSV, If_None_Match=plain.headers["ETag"])
    assert (again.status, again.body) == (200, table.body)
    again = await client.get("sid=1", Accept=CSV, If_None_Match=table.headers["ETag"])
    assert (again.status, again.body) == (304, b"")


async def test_a_compressed_table_is_one_member_of_the_same_bytes(client: Client):
    for question in ({}, {"status": "Success"}, {"order_by": "size"}):
        plain = await client.post(question | {"format": "csv"}, Accept_Encoding="identity")
        headers = client.credentials | {"Accept-Encoding": "gzip"}
        data = json.dumps(question | {"format": "csv"}).encode()
        packed = await client.request("POST", "/api/backups", data=data, headers=headers, auto_decompress=False)
        assert packed.headers["Content-Encoding"] == "gzip"
        assert unzipped(packed.body) == plain.body


async def test_head_has_the_headers_alone(client: Client):
    get, head = await client.get("format=csv"), await client.request("HEAD", "/api/backups?format=csv")
    assert (head.status, head.body) == (200, b"")
    for name in ("Content-Type", "X-Gateway-Complete", "ETag", "Cache-Control"):
        assert head.headers.get(name) == get.headers.get(name)


async def test_a_bad_question_is_a_plain_400(client: Client):
    for answer in (await client.post({"format": "csv", "no_such_key": 1}), await client.get("client_id=x", Accept=CSV)):
        assert (answer.status, media_type(answer)) == (400, "application/json")
        assert answer.json["field"] in ("no_such_key", "client_id")


async def test_an_incomplete_table_says_so_in_its_header():
    async with gateway_over(3) as client:
        await client.farm[0].inject("html")
        await client.farm[2].inject("hung")
        answer, took = await seconds_of(client.post({"format": "csv", "deadline": 0.5}))
        assert took < 1.0
        assert answer.headers["X-Gateway-Complete"] == "false"
        assert_cells(table_of(answer), (await client.post({"system_id": 2})).rows)
        await client.farm[2].recover()


@pytest.mark.parametrize(("fault", "status"), [("html", 502), (Fault("unavailable", retry_after=60), 503)], ids=str)
async def test_nothing_usable_has_the_status_of_the_plain_answer(fault: Fault | str, status: int):
    async with gateway_over(2) as client:
        for appliance in client.farm:
            await appliance.inject(fault)
        plain, table = await client.post(), await client.post({"format": "csv"})
        assert (plain.status, table.status) == (status, status)
        assert table.headers["X-Gateway-Complete"] == "false"
        assert ("Retry-After" in table.headers) is (status == 503)


async def test_a_user_reads_the_systems_of_its_rights_alone():
    async with gateway_over([small(1), small(2)], users=[ANYBODY | {"systems": [2]}]) as client:
        answer: Answer = await client.post({"format": "csv"})
        assert {record[:2] == ["2", "site-2"] for record in table_of(answer).records} == {True}
        assert b"site-1" not in answer.body
