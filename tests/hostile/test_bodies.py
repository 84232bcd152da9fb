"""Bodies that are traps: refused in time and in bounds, with the field that is at fault, and no appliance asked."""

import asyncio
import gzip
import json
from typing import Any

import pytest

from tests.hostile.live import STATIC_TOKEN, Live
from tests.hostile.wire import Answer, answers_in, connected, exchange, one_answer, request, until_closed
from tests.kit.accounts import PASSWORD

pytestmark = pytest.mark.asyncio(loop_scope="module")

GOOD = f"AuthToken: {STATIC_TOKEN}"
LIMIT = 65_536


async def posted(live: Live, body: bytes, *lines: str, target: str = "/api/backups") -> Answer:
    data = request("POST", target, "Connection: close", GOOD, *lines, body=body)
    found = answers_in(await exchange(live.port, data))
    assert len(found) == 1
    return found[0]


BROKEN = {
    "no JSON": b"backups, please",
    "half an object": b'{"system_id":',
    "two objects": b"{}{}",
    "a form": b"system_id=1&client_id=2",
    "XML": b'<?xml version="1.0"?><!DOCTYPE x [<!ENTITY e SYSTEM "file:///etc/passwd">]><x>&e;</x>',
    "a list": b"[]",
    "a text": b'"all"',
    "a number": b"1",
    "null": b"null",
    "NaN": b'{"max_age":NaN}',
    "Infinity": b'{"max_age":Infinity}',
    "minus Infinity": b'{"max_age":-Infinity}',
    "a number of 5,000 digits": b'{"client_id":' + b"9" * 5_000 + b"}",
    "a BOM": b"\xef\xbb\xbf{}",
    "UTF-16": '{"system_id":1}'.encode("utf-16"),
    "UTF-7": b"+AHsAfQ-",
    "Latin-1": '{"type":"Größe"}'.encode("latin-1"),
    "a surrogate in UTF-8": b'{"type":"\xed\xa0\x80"}',
    "an overlong NUL": b'{"type":"\xc0\x80"}',
    "a NUL behind": b"{}\x00",
    "single quotes": b"{'system_id':1}",
    "a comment": b'{"system_id":1/* all */}',
    "a comma too many": b'{"system_id":1,}',
    "30,000 lists in one another": b'{"type":' + b"[" * 30_000 + b"]" * 30_000 + b"}",
    "10,000 objects in one another": b'{"a":' * 10_000 + b"1" + b"}" * 10_000,
    "lists that never end": b"[" * 60_000,
}

FAULTY: dict[str, tuple[str, str]] = {
    "a key twice": ('{"system_id":1,"system_id":2}', "system_id"),
    "a key twice, once escaped": ('{"system_id":1,"system\\u005fid":2}', "system_id"),
    "a key under two names": ('{"system_id":1,"sid":1}', "sid"),
    "a key of a prototype": ('{"__proto__":{"admin":true}}', "__proto__"),
    "an operator for a value": ('{"client_id":{"$gt":0}}', "client_id"),
    "a truth for an id": ('{"system_id":true}', "system_id"),
    "a fraction for an id": ('{"system_id":1.0}', "system_id"),
    "an exponent for an id": ('{"system_id":1e0}', "system_id"),
    "an id below nothing": ('{"system_id":-1}', "system_id"),
    "an id of 2^63": ('{"system_id":9223372036854775808}', "system_id"),
    "an id of 4,000 digits": ('{"system_id":' + "9" * 4_000 + "}", "system_id"),
    "an id in other digits": ('{"system_id":"\\u0661"}', "system_id"),
    "an id with a space": ('{"system_id":" 1"}', "system_id"),
    "an id with SQL": ('{"system_id":"1;client=2"}', "system_id"),
    "no ids": ('{"system_id":[]}', "system_id"),
    "ids in a list of lists": ('{"system_id":[[1]]}', "system_id"),
    "1,001 backup ids": (json.dumps({"backup_ids": list(range(1_001))}), "backup_ids"),
    "a type with a newline": ('{"type":"Full\\r\\nAuthToken: x"}', "type"),
    "a type with NUL": ('{"type":"Full\\u0000"}', "type"),
    "a type that is half a character": ('{"type":"\\ud800"}', "type"),
    "a key that is half a character": ('{"\\udc00":1}', "?"),
    "a status that is none": ('{"status":"Fail; rm -rf /"}', "status"),
    "a day that is none": ('{"start_day":"02/30/2026"}', "start_day"),
    "a day with SQL": ('{"start_day":"01/01/2026\' OR 1=1"}', "start_day"),
    "seconds without end": ('{"max_age":1e999}', "max_age"),
    "a start after its end": ('{"start_time":2,"end_time":1}', "start_time"),
}


@pytest.mark.parametrize("body", BROKEN.values(), ids=BROKEN.keys())
async def test_broken_json_is_400_for_the_body(live: Live, body: bytes) -> None:
    before = live.calls()
    for target in ("/api/backups", "/api/login"):
        answer = await posted(live, body, target=target)
        assert (answer.status, answer.json["field"]) == (400, "body")
        assert "Traceback" not in answer.body.decode()
    assert live.calls() == before


@pytest.mark.parametrize(("body", "field"), FAULTY.values(), ids=FAULTY.keys())
async def test_faulty_values_are_400_for_their_field(live: Live, body: str, field: str) -> None:
    before = live.calls()
    answer = await posted(live, body.encode())
    assert (answer.status, answer.json["field"]) == (400, field)
    assert "rm -rf" not in answer.json["detail"] or answer.json["detail"].isprintable()
    assert live.calls() == before


async def test_the_content_type_decides_nothing(live: Live) -> None:
    for content_type in ("text/plain", "application/json; charset=bogus", "multipart/form-data; boundary=x", "\xff"):
        assert (await posted(live, b"{}", f"Content-Type: {content_type}")).status == 200


CODED = {
    "gzip": (gzip.compress(b'{"client_id":1}'), "gzip", 200),
    "GZIP": (gzip.compress(b'{"client_id":1}'), "GZIP", 200),
    "identity": (b"{}", "identity", 200),
    "gzip that is none": (b"{}", "gzip", 400),
    "half a gzip": (gzip.compress(b'{"client_id":1}')[:-6], "gzip", 400),
    "two gzips": (gzip.compress(b"{}") * 2, "gzip", 400),
    "gzip with a wrong sum": (gzip.compress(b"{}")[:-8] + b"\0" * 8, "gzip", 400),
    "a small bomb": (gzip.compress(b" " * 10_000_000), "gzip", 400),
    "one byte over the limit": (gzip.compress(b" " * (LIMIT + 1)), "gzip", 400),
    "just the limit": (gzip.compress(b" " * (LIMIT - 2) + b"{}"), "gzip", 200),
    "gzip in gzip": (gzip.compress(gzip.compress(b"{}")), "gzip, gzip", 415),
    "deflate": (b"{}", "deflate", 415),
    "brotli": (b"{}", "br", 415),
    "zstd": (b"{}", "zstd", 415),
    "a coding that nobody knows": (b"{}", "canary-7f3a", 415),
}


@pytest.mark.parametrize(("body", "coding", "status"), CODED.values(), ids=CODED.keys())
async def test_a_packed_body_counts_as_it_is_unpacked(live: Live, body: bytes, coding: str, status: int) -> None:
    answer = await posted(live, body, f"Content-Encoding: {coding}")
    assert answer.status == status
    assert b"canary-7f3a" not in answer.body


async def test_two_codings_in_two_headers_are_two_codings(live: Live) -> None:
    body = gzip.compress(b"{}")
    assert (await posted(live, body, "Content-Encoding: gzip", "Content-Encoding: br")).status == 415


async def test_five_megabytes_are_refused_before_they_are_sent(live: Live) -> None:
    async with connected(live.port) as (reader, writer):
        writer.write(request("POST", "/api/backups", GOOD, "Expect: 100-continue", "Content-Length: 5000000"))
        answer = await one_answer(reader)
    assert (answer.status, answer.json["field"]) == (400, "body")


async def test_five_megabytes_that_are_sent_anyway_end_the_connection(live: Live) -> None:
    answer = await posted(live, b" " * 5_000_000)
    assert (answer.status, answer.headers["connection"]) == (400, "close")


async def test_chunks_without_end_are_cut_off_at_the_limit(live: Live) -> None:
    async def pour(writer: asyncio.StreamWriter) -> None:
        while True:
            writer.write(b"400\r\n" + b" " * 1_024 + b"\r\n")
            await writer.drain()

    async with connected(live.port) as (reader, writer):
        writer.write(request("POST", "/api/backups", GOOD, "Transfer-Encoding: chunked"))
        pouring = asyncio.create_task(pour(writer))
        answer = await one_answer(reader)
        pouring.cancel()
        await asyncio.gather(pouring, return_exceptions=True)
    assert (answer.status, answer.json["field"]) == (400, "body")


@pytest.mark.parametrize("expected", ["canary-7f3a", "100-continue, canary-7f3a", ""])
async def test_other_expectations_are_refused_in_our_words(live: Live, expected: str) -> None:
    data = request("POST", "/api/backups", GOOD, f"Expect: {expected}", "Connection: close", body=b"{}")
    answer = answers_in(await exchange(live.port, data))[0]
    assert answer.status == (417 if expected else 200)
    assert answer.headers["x-content-type-options"] == "nosniff"
    assert b"canary-7f3a" not in answer.body


async def test_a_met_expectation_is_told_before_the_body_is_sent(live: Live) -> None:
    async with connected(live.port) as (reader, writer):
        writer.write(request("POST", "/api/backups", GOOD, "Expect: 100-continue", "Content-Length: 2"))
        assert (await one_answer(reader)).status == 100
        writer.write(b"{}")
        assert (await one_answer(reader)).status == 200


LOGINS: list[tuple[Any, str]] = [
    ({"username": "noc", "password": "a" * 1_025}, "password"),
    ({"username": "noc", "password": "é" * 513}, "password"),
    ({"username": "a" * 1_025, "password": PASSWORD}, "username"),
    ({"username": "noc", "password": "\ud800"}, "password"),
    ({"username": "\udfff", "password": PASSWORD}, "username"),
    ({"username": "noc"}, "password"),
    ({"password": PASSWORD}, "username"),
    ({"username": "", "password": PASSWORD}, "username"),
    ({"username": ["noc"], "password": PASSWORD}, "username"),
    ({"username": "noc", "password": {"$ne": None}}, "password"),
    ({"username": True, "password": 1}, "username"),
]


@pytest.mark.parametrize(("body", "field"), LOGINS)
async def test_a_login_that_cannot_be_right_is_refused_before_any_hash(
    live: Live, monkeypatch: pytest.MonkeyPatch, body: Any, field: str
) -> None:
    def never(*_: object) -> bool:
        raise AssertionError("a hash was made")

    monkeypatch.setattr("gateway.callers.hashing.matches", never)
    answer = await posted(live, json.dumps(body).encode(), target="/api/login")
    assert (answer.status, answer.json["field"]) == (400, field)


async def test_the_longest_password_and_a_nul_in_it_are_only_wrong(live: Live) -> None:
    for password in ("a" * 1_024, f"{PASSWORD}\0", "\u202e" * 300):
        answer = await posted(
            live, json.dumps({"username": f"x{len(password)}", "password": password}).encode(), target="/api/login"
        )
        assert answer.status == 401


async def test_a_caller_that_leaves_in_the_middle_of_its_body_costs_nothing(live: Live) -> None:
    before = live.calls()
    for _ in range(50):
        async with connected(live.port) as (_, writer):
            writer.write(request("POST", "/api/backups", GOOD, "Content-Length: 60000") + b"{")
            await writer.drain()
    async with connected(live.port) as (reader, writer):
        writer.write(request("POST", "/api/backups", GOOD, "Content-Length: 2") + b"{")
        writer.write_eof()
        assert b" 200 " not in await until_closed(reader)
    assert live.calls() == before
