"""A question that is wrong in any way gets a 400 that names the field, and no appliance hears of it (section 5.1)."""

import json
from collections.abc import AsyncIterator
from typing import Any

import pytest
import pytest_asyncio

from tests.gateway.live import Answer, Client, gateway_over

pytestmark = pytest.mark.asyncio(loop_scope="module")

IDS = ("client_id", "instance_id")
EPOCHS = ("start_time", "end_time", "finish_interval_start", "finish_interval_end")
HOURS = ("start_hours", "end_hours")
NO_WHOLE_NUMBER: tuple[Any, ...] = (
    *(True, False, 1.5, 1.0, -1, "-1", "1.5", "", " 1", "1 ", "+1", "0x1", "1e3", "١", "one", 2**63, 2**64),
    *(10**30, [], {}, {"a": 1}, "1;client=2", "1 OR 1=1", "1\r\nX: y", "9" * 400),
)
NO_DAY: tuple[Any, ...] = (
    *("2014-10-14", "13/01/2014", "02/30/2014", "00/10/2014", "10/14/14", "10/14/0000", "10/14/2014 09:32 am"),
    *(
        " 10/14/2014",
        "10/14/2014 ",
        "1O/14/2014",
        "10-14-2014",
        "yesterday",
        "",
        20141014,
        True,
        [],
        {},
        ["10/14/2014"],
    ),
)
NO_WORDS: tuple[Any, ...] = ([], "", [""], " ", 5, [5], True, {}, [None], [["Full"]], "a\x00b", "a\r\nb", "x" * 5000)

NO_SECONDS: tuple[Any, ...] = (-1, "-1", -0.5, "x", "", True, [], {}, "1e3", "1,5", 2**64)

WRONG: list[tuple[str, Any]] = [
    *((key, value) for key in (*IDS, *EPOCHS, *HOURS) for value in NO_WHOLE_NUMBER),
    *((key, value) for key in ("system_id", "sid", "backup_ids") for value in NO_WHOLE_NUMBER),
    *((key, [1, value]) for key in ("system_id", "sid", "backup_ids") for value in NO_WHOLE_NUMBER),
    *((key, [1]) for key in (*IDS, *EPOCHS, *HOURS)),
    *((key, value) for key in ("start_day", "end_day") for value in NO_DAY),
    *((key, value) for key in ("type", "status", "customer", "tag", "fields") for value in NO_WORDS),
    ("backup_ids", list(range(1001))),
    *(("status", value) for value in ("Failed", "success!", ["Success", "Running"], "Success,Failure")),
    *(("require", value) for value in ("some", "", -1, 1.5, True, [], [True], [-1], {}, [1.5], "all any")),
    *(
        (key, value)
        for key in ("max_age", "max_stale", "deadline")
        for value in (-1, "-1", "x", "", True, [], {}, "1e3")
    ),
    *(("order_by", value) for value in ("", 5, True, [], {}, "a\nb")),
    *(("order_direction", value) for value in ("up", "", 1, True, ["asc"])),
]
CROSSED = (
    {"start_time": 2, "end_time": 1},
    {"start_time": "20", "end_time": 3},
    {"finish_interval_start": 2, "finish_interval_end": 1},
    {"start_day": "10/15/2014", "end_day": "10/14/2014"},
    {"start_day": "01/01/2015", "end_day": "12/31/2014"},
)
TWICE = (
    b'{"client_id":1,"client_id":2}',
    b'{"client_id":1,"client_id":1}',
    b'{"client_id":1,"client\\u005fid":1}',
    b'{"client_id":null,"client_id":1}',
)
NO_OBJECT = {
    "a list": b"[]",
    "a list of ids": b"[220]",
    "a number": b"5",
    "a text": b'"{}"',
    "true": b"true",
    "null": b"null",
    "half an object": b'{"client_id":1',
    "two objects": b"{}{}",
    "a form": b"client_id=1",
    "single quotes": b"{'client_id': 1}",
    "a comma too many": b'{"client_id":1,}',
    "a comment": b'{"client_id":1}// all',
    "latin-1": b'{"type":"caf\xe9"}',
    "half a character": b'{"type":"\xed\xa0\x80"}',
    "NaN": b'{"client_id":NaN}',
    "infinity": b'{"max_age":Infinity}',
    "5,000 digits": b'{"client_id":' + b"1" * 5000 + b"}",
    "lists in lists": b'{"type":' + b"[" * 30_000 + b"]" * 30_000 + b"}",
    "open lists": b"[" * 60_000,
    "objects in objects": b'{"a":' * 12_000,
    "nothing but a byte": b"\x00",
}


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def client() -> AsyncIterator[Client]:
    async with gateway_over(2) as made:
        yield made


def assert_refused(answer: Answer, field: str | None) -> None:
    """The one shape of a 400."""
    assert answer.status == 400, answer.body[:300]
    assert answer.headers["Content-Type"] == "application/json; charset=utf-8"
    body = answer.json
    (entry,) = body["result"]
    assert entry["code"] == "2"
    assert entry["message"]
    assert {"type", "title", "status", "detail"} <= body.keys()
    assert (body["title"], body["status"]) == ("Bad Request", 400)
    assert field is None or body["field"] == field
    assert "backups" not in body


async def refused_without_a_call(client: Client, body: object, field: str | None) -> Answer:
    calls = client.calls()
    answer = await client.post(body)
    assert_refused(answer, field)
    assert client.calls() == calls
    return answer


@pytest.mark.parametrize("key", sorted({key for key, _ in WRONG}))
async def test_a_wrong_value_is_refused_by_name(client: Client, key: str):
    for value in [value for wrong, value in WRONG if wrong == key]:
        await refused_without_a_call(client, {key: value}, key)


@pytest.mark.parametrize("body", CROSSED, ids=str)
async def test_a_start_after_its_end_is_refused(client: Client, body: dict[str, object]):
    answer = await refused_without_a_call(client, body, None)
    assert answer.json["field"] in body


@pytest.mark.parametrize("body", TWICE, ids=bytes.decode)
async def test_a_key_that_is_given_twice_is_refused(client: Client, body: bytes):
    await refused_without_a_call(client, body, "client_id")


async def test_a_key_that_is_given_in_body_and_query_string_is_refused(client: Client):
    calls = client.calls()
    assert_refused(await client.post({"client_id": 1}, "/api/backups?client_id=1"), "client_id")
    assert client.calls() == calls


async def test_system_id_and_its_alias_together_are_refused(client: Client):
    answer = await refused_without_a_call(client, {"system_id": 1, "sid": 1}, None)
    assert answer.json["field"] in ("sid", "system_id")


@pytest.mark.parametrize("name", NO_OBJECT)
async def test_a_body_that_is_no_sound_json_object_is_refused(client: Client, name: str):
    answer = await refused_without_a_call(client, NO_OBJECT[name], None)
    assert answer.json["field"]


@pytest.mark.parametrize(
    ("key", "nearest"),
    [("client", "client_id"), ("startday", "start_day"), ("backup_id", "backup_ids"), ("systemid", "system_id")],
)
async def test_an_unknown_key_is_refused_with_the_nearest_known_one(client: Client, key: str, nearest: str):
    answer = await refused_without_a_call(client, {key: 1}, key)
    assert nearest in answer.json["result"][0]["message"]


@pytest.mark.parametrize("key", ["isDelete", "isRelated", "lang", "__proto__", "", "Client_Id", "sync_msg", "copies"])
async def test_keys_that_only_appliances_know_are_unknown(client: Client, key: str):
    await refused_without_a_call(client, {key: 1}, key)


@pytest.mark.parametrize(
    ("query", "field"),
    [
        ("client_id=1&client_id=2", "client_id"),
        ("client_id=", "client_id"),
        ("client_id=1,2", "client_id"),
        ("client_id=true", "client_id"),
        ("system_id=", "system_id"),
        ("system_id=1,,2", "system_id"),
        ("system_id=1&sid=2", None),
        ("start_day=2014-10-14", "start_day"),
        ("backup_ids=" + ",".join(map(str, range(1001))), "backup_ids"),
        ("status=Bad", "status"),
        ("isDelete", "isDelete"),
        ("isDelete=1", "isDelete"),
        ("start_time=2&end_time=1", None),
        ("require=1,x", "require"),
        ("fields=", "fields"),
    ],
    ids=lambda value: str(value)[:30],
)
async def test_a_wrong_query_string_is_refused_alike(client: Client, query: str, field: str | None):
    calls = client.calls()
    assert_refused(await client.get(query), field)
    assert_refused(await client.post({}, f"/api/backups?{query}"), field)
    assert client.calls() == calls


async def test_what_was_sent_comes_back_without_control_characters(client: Client):
    answer = await refused_without_a_call(client, {"<script>\r\nX: 1\x1b[31m": 1}, None)
    assert not {"\r", "\n", "\x1b"} & set(answer.json["detail"])


async def test_a_question_is_checked_before_its_systems_are_looked_up(client: Client):
    await refused_without_a_call(client, {"system_id": 99, "client_id": -1}, "client_id")


@pytest.mark.parametrize(
    "body",
    [
        {},
        {"client_id": None},
        {"system_id": None, "sid": 1},
        {"system_id": [1, "1", 1]},
        {"type": None, "status": None},
    ],
    ids=json.dumps,
)
async def test_null_is_as_absent_and_an_id_twice_is_folded(client: Client, body: dict[str, object]):
    answer = await client.post(body)
    assert answer.status == 200
    assert len(answer.json["systems"]) == (1 if "sid" in body or body.get("system_id") else 2)


async def test_a_thousand_backup_ids_are_taken(client: Client):
    assert (await client.post({"backup_ids": list(range(1000))})).status == 200


@pytest.mark.parametrize("body", [b"", b" \r\n", b"{}"])
async def test_an_empty_body_asks_for_everything(client: Client, body: bytes):
    answer = await client.post(body)
    assert answer.status == 200
    assert answer.json["total"] == 60
