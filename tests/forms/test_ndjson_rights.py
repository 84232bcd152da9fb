"""What a stream requires before it begins, and rights that are taken away while it runs (sections 5.2, 5.5 and 5.6)."""

import asyncio
import socket
from collections.abc import Iterator, Sequence
from dataclasses import replace
from typing import Any

import aiohttp
import pytest

from tests.forms.reading import lines_of, row_texts
from tests.forms.sites import Managed, managed, user
from tests.forms.streams import PATIENCE_S, streaming
from tests.gateway.live import config_text, gateway_over, small
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


def without(site: Managed, number: int) -> str:
    """Its configuration less one system."""
    head, *systems = config_text(site.client.farm).split("[[system]]")
    last, rest = systems[-1].split("[[user]]", 1)
    kept = [text for at, text in enumerate([*systems[:-1], last], 1) if at != number]
    return "[[system]]".join([head, *kept]) + "\n[[user]]" + rest


async def test_a_system_of_others_that_is_removed_meanwhile_cuts_nobodys_stream():
    async with managed([small(1), small(2), small(3)]) as site:
        await site.client.farm[1].inject("hung")
        async with streaming(site.client, {"system_id": [1, 2]}) as stream:
            await stream.closing(1)
            site.site.apply(without(site, 3))
            await site.client.farm[1].recover()
            lines = await stream.whole()
        assert lines.last["complete"] is True


@pytest.mark.parametrize("form", ["json", "ndjson"])
async def test_an_asked_system_that_is_removed_meanwhile_is_answered_as_it_was_asked(form: str):
    """A reload touches no request in flight (contract section 7)."""
    async with managed([small(1), small(2)]) as site:
        await site.client.farm[1].inject("hung")
        asked = asyncio.create_task(site.client.post({"format": form, "require": "all", "system_id": [1, 2]}))
        await until(lambda: site.client.farm[1].counters.in_flight == 1)
        site.site.apply(without(site, 2))
        await site.client.farm[1].recover()
        answer = await asked
        assert answer.status == 200
        assert answer.body.count(b'{"system_id":2,"system_name":"site-2","start_epoch"') == 30
        assert b'"complete":true' in answer.body
        assert (await site.client.post({"system_id": 2})).status == 404


def _small_window(address: Any) -> socket.socket:
    plug = socket.socket(*address[:3])
    plug.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4_096)
    return plug


async def test_a_removed_user_gets_no_more_of_what_was_collected_for_a_requirement(cut_allowed):
    """Ten megabytes: more than any socket keeps."""
    async with managed([small(1, rows=12_000), small(2)], [user("noc")]) as site:
        await site.client.post()
        connector = aiohttp.TCPConnector(socket_factory=_small_window)
        async with (
            aiohttp.ClientSession(connector=connector) as http,
            streaming(replace(site.client, http=http), {"require": "all"}, Accept_Encoding="identity") as stream,
        ):
            await stream.line()
            site.apply([user("other")])
            try:
                async with asyncio.timeout(PATIENCE_S):
                    rest = await stream.response.content.read()
            except aiohttp.ClientError:
                rest = b""
        assert b'"total"' not in rest, "it does not claim to be whole"


async def test_what_was_held_has_grown_older_when_a_slow_system_has_answered():
    async with managed([small(1), small(2)]) as site:
        await site.client.post({"system_id": 1})
        await site.client.farm[1].inject("hung")
        asked = asyncio.create_task(site.client.post({"page_size": 5}))
        await until(lambda: site.client.farm[1].counters.in_flight == 1)
        site.clock.by += 4.0
        await site.client.farm[1].recover()
        first = await asked
        assert first.system(1)["age_seconds"] >= 4.0
        site.clock.by += 3.0
        later = await site.client.post({"cursor": first.json["next_cursor"]})
        assert later.system(1)["age_seconds"] >= 7.0
