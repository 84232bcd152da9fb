"""What a stream requires before it begins, and rights that are taken away while it runs (sections 5.2, 5.5 and 5.6)."""

import asyncio
from collections.abc import Iterator, Sequence
from typing import Any

import aiohttp
import pytest

from tests.forms.reading import lines_of, row_texts
from tests.forms.sites import Managed, managed, user
from tests.forms.streams import PATIENCE_S, streaming
from tests.gateway.live import gateway_over, small
from tests.kit.toml import Table
from tests.kit.waiting import until


@pytest.mark.parametrize("require", ["any", 1, 2, [1], [1, 3], [3]], ids=str)
async def test_a_stream_begins_as_soon_as_its_requirement_is_met(require: Any):
    async with gateway_over(3) as client:
        await client.farm[1].inject("hung")
        async with streaming(client, {"require": require}) as stream:
            assert {(await stream.closing())["system_id"] for _ in range(2)} == {1, 3}
            assert client.farm[1].counters.in_flight == 1
            await client.farm[1].recover()
            lines = await stream.whole()
        assert lines.texts_in_order() == row_texts(await client.post())


@pytest.mark.parametrize("require", ["all", 3, [1, 2]], ids=str)
async def test_a_requirement_that_is_not_met_has_the_status_and_the_rows_of_the_plain_answer(require: Any):
    async with gateway_over(3) as client:
        await client.farm[1].inject("html")
        plain = await client.post({"require": require})
        lines = lines_of(await client.post({"require": require, "format": "ndjson"}), plain.status)
        assert plain.status == 502
        assert lines.texts_in_order() == row_texts(plain)
        assert lines.last["result"] == plain.json["result"]


async def test_all_that_were_skipped_are_503_with_a_time_to_come_back():
    async with gateway_over(1) as client:
        await client.farm[0].inject("too_many")
        plain, stream = await client.post(), await client.post({"format": "ndjson"})
        assert (plain.status, stream.status) == (503, 503)
        assert int(stream.headers["Retry-After"]) >= 1


@pytest.fixture
def cut_allowed(logged: list[dict[str, Any]]) -> Iterator[None]:
    """A stream whose right has gone may end with a cut, which is logged; nothing else may be."""
    yield
    logged[:] = [event for event in logged if event["event"] != "answer_cut"]


async def read_up_to(site: Managed, users: Sequence[Table]) -> bytes:
    """What comes of a stream in whose middle the rights change, up to its end, however that looks."""
    client = site.client
    await client.farm[1].inject("hung")
    async with streaming(client, {}) as stream:
        assert (await stream.closing())["system_id"] == 1
        await until(lambda: client.farm[1].counters.in_flight == 1)
        site.apply(users)
        await client.farm[1].recover()
        try:
            async with asyncio.timeout(PATIENCE_S):
                return b"".join(stream.read) + await stream.response.content.read()
        except aiohttp.ClientError:
            return b"".join(stream.read)


@pytest.mark.parametrize(
    "users",
    [[user("noc", systems=[1])], [user("other")], [user("noc", disabled=True), user("other")]],
    ids=["one system fewer", "user removed", "user disabled"],
)
async def test_rows_of_a_right_that_was_taken_away_are_not_sent_any_more(cut_allowed, users: list[dict[str, Any]]):
    async with managed([small(1), small(2)], [user("noc")]) as site:
        received = await read_up_to(site, users)
    assert received.count(b'"system_id":1,') >= 30
    assert b"site-2" not in received
    assert b'"complete":true,"total"' not in received, "it does not claim to be whole"


async def test_a_right_that_was_added_changes_nothing_in_a_stream_under_way():
    async with managed([small(1), small(2), small(3)], [user("noc", systems=[1, 2])]) as site:
        received = await read_up_to(site, [user("noc")])
    assert received.count(b'"system_id":2,"system_name":"site-2","start_epoch"') == 30
    assert b"site-3" not in received
    assert received.endswith(b"}\n")


async def test_a_right_that_ends_before_the_first_byte_is_left_out_of_what_was_collected():
    """The answer of system 2 waits for `require`; by the time that it is met, nobody may see it any more."""
    async with managed([small(1), small(2)], users=[user("noc", systems=[1, 2])]) as site:
        client = site.client
        await client.farm[0].inject("hung")
        asked = asyncio.create_task(client.post({"format": "ndjson", "require": [1]}))
        await until(lambda: site.site.held(2) and client.farm[0].counters.in_flight == 1)
        site.apply([user("noc", systems=[1])])
        await client.farm[0].recover()
        answer = await asked
        assert b'"system_id":1,' in answer.body
        assert b'"system_id":2,' not in answer.body
