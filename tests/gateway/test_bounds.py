"""Bounded in every direction: replies of appliances, bodies of callers (contract sections 3, 4 and 5.3)."""

import gzip
import resource

import pytest

from gateway.simulator import Fault
from tests.gateway.conftest import Make
from tests.gateway.live import Answer, gateway_over, raw_exchange, small

MEGABYTE = 1024 * 1024


@pytest.mark.parametrize(
    "fault",
    [
        Fault("huge", size_bytes=80 * MEGABYTE),
        Fault("huge", size_bytes=80 * MEGABYTE, chunked=True),
        Fault("gzip_bomb", size_bytes=200 * MEGABYTE),
    ],
    ids=["of a known length", "in chunks", "as gzip"],
)
async def test_a_flood_is_too_large_and_costs_no_memory(gateway_over: Make, fault: Fault):
    client = await gateway_over(2, fanout={"max_reply_bytes": 4 * MEGABYTE})
    await client.post({"system_id": 2})
    await client.farm[0].inject(fault)
    before = _peak_bytes()
    answer = await client.post()
    assert answer.kinds == {1: "too_large", 2: None}
    assert answer.states == {1: "missing", 2: "ok"}
    assert _peak_bytes() - before < 64 * MEGABYTE


def _peak_bytes() -> int:
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024


async def test_a_list_that_was_too_large_is_not_asked_for_again_at_once(gateway_over: Make):
    client = await gateway_over(1, fanout={"max_reply_bytes": 2000})
    for _ in range(3):
        assert (await client.post({"max_age": 0})).kinds == {1: "too_large"}
    assert client.farm[0].counters.list_calls == 1
    assert (await client.post({"backup_ids": [1]})).states == {1: "ok"}


async def test_the_bound_is_each_systems_own(gateway_over: Make):
    client = await gateway_over(2, each={1: {"max_reply_bytes": 2000}})
    assert (await client.post()).kinds == {1: "too_large", 2: None}


@pytest.mark.parametrize(("exact", "kind"), [(0, None), (-1, "too_large")])
async def test_the_bound_counts_decoded_bytes_to_the_byte(exact: int, kind: str | None):
    """The same list plain and packed: what counts is what it is when it is unpacked."""
    for packed in (False, True):
        async with gateway_over([small(1, gzip=packed)]) as client:
            appliance = client.farm[0]
            size = len(appliance.records.answer(list(appliance.records), sync_message=False))
        async with gateway_over(
            [small(1, gzip=packed, records=tuple(appliance.records))], fanout={"max_reply_bytes": size + exact}
        ) as client:
            assert (await client.post()).kinds == {1: kind}


@pytest.mark.parametrize("mode", ["deep", "nan", "invalid_utf8", "broken_json", "huge_header"])
async def test_bytes_that_are_no_sound_json_are_a_bad_reply(gateway_over: Make, mode: str):
    client = await gateway_over(2)
    await client.farm[0].inject(mode)
    answer = await client.post()
    assert answer.kinds == {1: "bad_reply", 2: None}


def assert_too_large(answer: Answer) -> None:
    """A 400 that names the body, after which the connection ends: what is left of it is not read."""
    assert (answer.status, answer.json["status"], answer.json["field"]) == (400, 400, "body")
    assert "more than the allowed" in answer.json["detail"]
    assert answer.headers["Connection"] == "close"


async def test_a_body_over_the_limit_is_refused_by_name(gateway_over: Make):
    client = await gateway_over(1)
    for body in (b" " * 65_537, b"{" + b" " * 70_000 + b"}", b"x" * MEGABYTE):
        answer = await client.post(body)
        assert_too_large(answer)
        assert answer.json["result"][0]["code"] == "2"
    assert client.calls() == 0


async def test_a_body_of_just_the_limit_is_read(gateway_over: Make):
    client = await gateway_over(1)
    assert (await client.post(b"{" + b" " * 65_534 + b"}")).status == 200
    assert_too_large(await client.post(b"{" + b" " * 65_535 + b"}"))


async def test_the_limit_can_be_configured(gateway_over: Make):
    client = await gateway_over(1, server={"max_body_bytes": 100})
    assert (await client.post(b"{" + b" " * 98 + b"}")).status == 200
    assert_too_large(await client.post(b"{" + b" " * 99 + b"}"))


async def test_a_body_in_chunks_without_end_is_refused_at_the_limit(gateway_over: Make):
    client = await gateway_over(1)
    head = f"POST /api/backups HTTP/1.1\r\nHost: x\r\nAuthToken: {client.credentials['AuthToken']}\r\n"
    chunk = b"8000\r\n" + b" " * 0x8000 + b"\r\n"
    answer = await raw_exchange(client, head.encode() + b"Transfer-Encoding: chunked\r\n\r\n" + chunk * 4)
    assert answer.startswith(b"HTTP/1.1 400 ")
    assert b'"field":"body"' in answer


async def test_a_packed_body_is_read_within_the_same_limit(gateway_over: Make):
    client = await gateway_over(1)
    good = await client.post(gzip.compress(b'{"client_id":5}'), Content_Encoding="gzip")
    bomb = await client.post(gzip.compress(b" " * 10 * MEGABYTE), Content_Encoding="gzip")
    assert good.status == 200
    assert_too_large(bomb)


async def test_the_body_of_a_login_is_bounded_as_well(gateway_over: Make):
    client = await gateway_over(1)
    assert_too_large(await client.request("POST", "/api/login", data=b"x" * 70_000, headers={}))


async def test_long_urls_and_headers_are_refused_and_the_gateway_lives_on(gateway_over: Make):
    client = await gateway_over(1)
    for head in (b"GET /" + b"x" * 100_000 + b" HTTP/1.1\r\n", b"GET / HTTP/1.1\r\nX-Y: " + b"x" * 100_000 + b"\r\n"):
        assert b" 4" in (await raw_exchange(client, head + b"Host: x\r\n\r\n"))[:13]
    assert (await client.post()).status == 200


async def test_an_endless_query_string_of_ids_is_refused(gateway_over: Make):
    client = await gateway_over(1)
    assert (await client.get("backup_ids=" + ",".join(["1"] * 3000))).status in (200, 400, 414)
    assert client.calls() <= 2


async def test_what_does_not_fit_into_memory_is_answered_and_not_kept(gateway_over: Make):
    client = await gateway_over(1, cache={"memory_bytes": 1000})
    answer = await client.post()
    assert answer.states == {1: "ok"}
    assert "not_kept" in answer.system(1)["warnings"]
    await client.post()
    assert client.farm[0].counters.list_calls == 2
