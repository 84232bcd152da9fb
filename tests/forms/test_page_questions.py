"""Questions for pages that make no sense are a 400 that names the field; no appliance hears of them (section 5.2)."""

from collections.abc import AsyncIterator
from typing import Any

import pytest
import pytest_asyncio

from tests.forms.reading import links, query_of
from tests.forms.walking import next_cursor
from tests.gateway.live import Answer, Client, gateway_over

pytestmark = pytest.mark.asyncio(loop_scope="module")

NO_SIZE: tuple[Any, ...] = (
    *(0, -1, 1.5, 1.0, True, False, [], [10], {}, "", " ", "0", "-1", "+1", "1.5", "ten", "1e2", "0x10", "١", " 1"),
    *(10_000_000, 2**31, 2**63, 2**64, 10**30, "9" * 400, "1\r\nX: y"),
)
NO_NUMBER: tuple[Any, ...] = (*NO_SIZE[:20], 2**64, 10**30, "9" * 400, "1\r\nX: y")
BESIDE_A_CURSOR: tuple[tuple[str, Any], ...] = (
    *(("page_number", 2), ("system_id", 1), ("sid", 1), ("client_id", 5), ("status", "Success"), ("type", "Full")),
    *(
        ("order_by", "size"),
        ("fields", "id"),
        ("start_hours", 5),
        ("require", "all"),
        ("max_age", 0),
        ("customer", "x"),
    ),
)


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def client() -> AsyncIterator[Client]:
    async with gateway_over(2) as made:
        await made.post()
        yield made


def assert_refused(answer: Answer, *fields: str) -> None:
    assert answer.status == 400, answer.body[:300]
    assert answer.headers["Content-Type"] == "application/json; charset=utf-8"
    assert answer.json["field"] in fields
    assert answer.json["result"][0]["code"] == "2"
    assert answer.json["result"][0]["message"]
    assert "backups" not in answer.json
    assert "next_cursor" not in answer.json
    assert not links(answer)


async def refused(client: Client, question: dict[str, Any], *fields: str) -> None:
    """As a body and as a query string."""
    calls = client.calls()
    assert_refused(await client.post(question), *fields)
    if not any(isinstance(value, list | dict | bool) for value in question.values()):
        assert_refused(await client.get(query_of(question)), *fields)
    assert client.calls() == calls


@pytest.mark.parametrize("size", NO_SIZE, ids=lambda value: repr(value)[:20])
async def test_a_size_that_is_none_is_refused(client: Client, size: object):
    await refused(client, {"page_size": size}, "page_size")
    await refused(client, {"page_size": size, "page_number": 1}, "page_size")


@pytest.mark.parametrize("number", NO_NUMBER, ids=lambda value: repr(value)[:20])
async def test_a_number_that_is_none_is_refused(client: Client, number: object):
    await refused(client, {"page_size": 10, "page_number": number}, "page_number")


async def test_a_number_without_a_size_is_refused(client: Client):
    for number in (1, 2, 1000):
        await refused(client, {"page_number": number}, "page_number", "page_size")


async def test_null_is_as_absent(client: Client):
    answer = await client.post({"page_size": None, "page_number": None, "cursor": None})
    assert (answer.status, len(answer.rows)) == (200, 60)
    assert "next_cursor" not in answer.json
    first = await client.post({"page_size": 7, "page_number": None, "cursor": None})
    second = await client.post({"cursor": next_cursor(first), "page_size": None, "status": None})
    assert second.rows == answer.rows[7:14]


@pytest.mark.parametrize(("key", "value"), BESIDE_A_CURSOR, ids=str)
async def test_a_cursor_stands_alone(client: Client, key: str, value: object):
    """What was asked is frozen: another question beside the cursor cannot be meant."""
    cursor = next_cursor(await client.post({"page_size": 7}))
    await refused(client, {"cursor": cursor, key: value}, key, "cursor")
    assert (await client.post({"cursor": cursor})).status == 200


@pytest.mark.parametrize("cursor", [5, 1.5, True, False, [], ["x"], {}], ids=repr)
async def test_a_cursor_that_is_no_text_is_refused(client: Client, cursor: object):
    calls = client.calls()
    assert_refused(await client.post({"cursor": cursor}), "cursor")
    assert client.calls() == calls


async def test_a_size_beside_a_cursor_is_refused_or_meant(client: Client):
    """It may cut the same frozen rows into other pages, and nothing else."""
    plain = await client.post()
    cursor = next_cursor(await client.post({"page_size": 7}))
    answer = await client.post({"cursor": cursor, "page_size": 4})
    if answer.status == 200:
        assert answer.rows in (plain.rows[7:11], plain.rows[7:14])
        assert (await client.post({"cursor": next_cursor(answer)})).rows[0] == plain.rows[7 + len(answer.rows)]
    else:
        assert_refused(answer, "page_size", "cursor")


@pytest.mark.parametrize("key", ["page_size", "page_number", "cursor"])
async def test_a_key_that_is_given_twice_is_refused(client: Client, key: str):
    beside = "&page_size=5" if key == "page_number" else ""
    assert_refused(await client.get(f"{key}=5&{key}=6{beside}"), key)
    assert_refused(await client.post({key: 5}, f"/api/backups?{key}=5{beside}"), key)
    assert_refused(await client.post(f'{{"{key}":5,"{key}":5}}'.encode()), key)


async def test_the_nearest_known_key_is_told(client: Client):
    for wrong, known in (("pagesize", "page_size"), ("page", "page_"), ("pagenumber", "page_number")):
        answer = await client.post({wrong: 5})
        assert_refused(answer, wrong)
        assert known in answer.json["detail"]


@pytest.mark.parametrize("page", [{"page_size": 5}, {"page_size": 5, "page_number": 2}], ids=str)
async def test_a_stream_has_no_pages(client: Client, page: dict[str, int]):
    """Systems come in the order in which they finish, so there is no order that could be cut."""
    await refused(client, page | {"format": "ndjson"}, "page_size", "page_number", "format")
