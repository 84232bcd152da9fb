"""Equal questions in quick succession: each gets its own form, its own rights, and what is true by then."""

import asyncio
import json
import zlib
from collections.abc import AsyncIterator
from random import Random
from typing import Any

import pytest
import pytest_asyncio

from gateway.filter import Question
from gateway.lists.plan import Need
from gateway.model import SystemAnswer
from gateway.simulator import ApplianceSpec
from gateway.sources.cached import Cached
from tests.forms.every_form import FORMS, UNSORTED
from tests.forms.fleet import MIXED, stir
from tests.forms.reading import opened, row_texts
from tests.forms.sites import managed, token_of, user
from tests.forms.streams import PATIENCE_S, connected
from tests.gateway.live import STATIC_TOKEN, TOOL, Answer, Client, gateway_over, small

pytestmark = pytest.mark.asyncio(loop_scope="module")

QUESTIONS: tuple[dict[str, Any], ...] = ({}, {"system_id": 2}, {"status": "Success"}, {"fields": ["id", "size"]})


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def client() -> AsyncIterator[Client]:
    async with gateway_over(MIXED) as made:
        yield made


async def test_a_crowd_that_asks_for_all_forms_at_once_gets_what_each_asked_for(client: Client):
    plain = {str(question): (await client.post(question)).rows for question in QUESTIONS}
    asked = [(form, question) for form in (*FORMS.values(), *UNSORTED.values()) for question in QUESTIONS] * 2
    Random(1).shuffle(asked)
    checks = await asyncio.gather(*(form(client, question) for form, question in asked))
    for check, (_, question) in zip(checks, asked, strict=True):
        check(plain[str(question)])


async def test_each_answer_has_an_id_of_its_own(client: Client):
    answers = [await client.get() for _ in range(10)] + list(await asyncio.gather(*(client.get() for _ in range(20))))
    assert len({answer.headers["X-Request-ID"] for answer in answers}) == 30
    assert len({tuple(row_texts(answer)) for answer in answers}) == 1
    named = [await client.get(X_Request_ID=name) for name in ("one", "two", "two")]
    assert [answer.headers["X-Request-ID"] for answer in named] == ["one", "two", "two"]


async def test_ages_only_grow(client: Client):
    await client.post({"max_age": 0})
    ages = [(await client.post()).system(1)["age_seconds"] for _ in range(40)]
    assert ages == sorted(ages)


async def test_methods_and_codings_of_one_connection_do_not_mix(client: Client):
    """Sent without waiting: whole and empty, packed and plain, and an answer that did not change."""
    plain = await client.get("sid=2")
    variants = [
        ("GET", "Accept-Encoding: gzip", True),
        ("HEAD", "Accept-Encoding: gzip", False),
        ("GET", "Accept-Encoding: identity", True),
        ("HEAD", "Accept-Encoding: identity", False),
        ("GET", f"If-None-Match: {plain.headers['ETag']}", False),
        ("GET", "Accept-Encoding: gzip", True),
    ] * 3
    token = f"AuthToken: {client.credentials['AuthToken']}"
    heads = [
        "\r\n".join([f"{verb} /api/backups?sid=2 HTTP/1.1", "Host: x", token, more, "", ""])
        for verb, more, _ in variants
    ]
    async with connected(client) as (reader, writer), asyncio.timeout(PATIENCE_S):
        writer.write("".join(heads).encode())
        for verb, more, has_body in variants:
            head = (await reader.readuntil(b"\r\n\r\n")).decode().lower()
            assert head.startswith("http/1.1 304" if "None-Match" in more else "http/1.1 200"), (verb, more, head)
            body = (
                await reader.readexactly(int(head.partition("content-length: ")[2].partition("\r\n")[0]))
                if has_body
                else b""
            )
            if has_body:
                assert ("content-encoding: gzip" in head) is ("gzip" in more)
                text = zlib.decompress(body, wbits=31) if "gzip" in more else body
                assert json.loads(text)["backups"] == plain.rows


async def test_a_list_that_was_renewed_is_shown_to_the_very_next_question():
    rng = Random("renewed")
    async with gateway_over(3) as client:
        for turn in range(20):
            before = [await client.post(), await client.get("format=csv"), await client.post()]
            assert before[0].rows == before[2].rows
            stir(client.farm[turn % 3], rng)
            renewed = await client.post({"max_age": 0, "system_id": turn % 3 + 1})
            after = await client.post()
            assert after.rows_of(turn % 3 + 1) == renewed.rows != before[0].rows_of(turn % 3 + 1)
            assert (await client.get("format=csv")).body != before[1].body


async def test_a_moment_ends_where_its_list_is_no_longer_fresh():
    async with managed([small(1, base_ms=0)], cache={"fresh_seconds": 60, "revalidate_seconds": 600}) as site:
        await site.client.post()
        site.clock.by += 59.9
        assert (await site.client.post()).system(1)["age_seconds"] >= 59.9
        site.clock.by += 0.11  # within a fifth of a second, but the list is to be renewed from now on
        await site.client.post()
        source = next(iter(site.site.gateway.systems.values())).source
        assert source._soon or source.calls


async def test_an_answer_that_took_long_to_read_tells_no_age_younger_than_it_is(monkeypatch: pytest.MonkeyPatch):
    """Lists are read one after the other: on a busy loop the first one is older by seconds when the last one is."""
    async with managed([small(number, base_ms=0) for number in (1, 2, 3)]) as site:
        await site.client.post()
        answer_held = Cached.answer_held

        def slowly(source: Cached, question: Question, need: Need) -> SystemAnswer | None:
            answer = answer_held(source, question, need)
            site.clock.by += 1.0
            return answer

        monkeypatch.setattr(Cached, "answer_held", slowly)
        told = await site.client.post()
        assert [system["source"] for system in told.json["systems"]] == ["cache"] * 3
        assert [int(told.system(number)["age_seconds"]) for number in (1, 2, 3)] == [3, 3, 3]


async def test_every_use_is_counted():
    async with gateway_over(2) as client:
        for _ in range(10):
            await client.post()
        async with client.http.get(f"{client.url}/gateway/systems", headers=client.credentials) as answer:
            told = (await answer.json())["systems"]
        assert [system["answers"]["hit"] for system in told] == [9, 9]


async def test_a_failure_is_told_to_the_very_next_question():
    async with gateway_over(2) as client:
        for _ in range(3):
            assert (await client.post()).states == {1: "ok", 2: "ok"}
        await client.farm[1].inject("html")
        assert (await client.post({"max_age": 0})).states == {1: "ok", 2: "stale"}
        answer = await client.post()
        assert (answer.states, answer.headers["X-Gateway-Complete"]) == ({1: "ok", 2: "stale"}, "false")
        await client.farm[1].recover()
        assert (await client.post({"max_age": 0})).json["complete"] is True
        assert (await client.post()).states == {1: "ok", 2: "ok"}


@pytest.mark.parametrize("question", [{}, {"format": "csv"}, {"format": "ndjson"}, {"page_size": 5}], ids=str)
async def test_a_session_that_has_ended_asks_nothing_more(question: dict[str, Any]):
    async with gateway_over(2) as client:
        other = await client.session()
        for _ in range(3):
            assert (await client.post(question)).status == 200
        assert (await client.request("POST", "/api/logout")).status == 200
        assert (await client.post(question)).status == 401
        assert (await other.post(question)).status == 200


async def test_rights_that_change_count_for_the_very_next_question():
    users = [user("noc"), user("few", systems=[2])]
    async with managed([small(1), small(2)], users, [TOOL]) as site:
        mine, few = site.client, await site.client.session("few")
        tool = token_of(mine, STATIC_TOKEN)
        for _ in range(3):
            answers = await asyncio.gather(mine.post(), few.post(), tool.post())
            assert [answer.ids() for answer in answers] == [{1, 2}, {2}, {1, 2}]
        site.apply([user("noc", systems=[1]), user("few")], [TOOL | {"systems": [2]}])
        assert [(await each.post()).ids() for each in (mine, few, tool)] == [{1}, {1, 2}, {2}]
        site.apply([user("other")], [])
        assert [(await each.post()).status for each in (mine, few, tool)] == [401, 401, 401]


@pytest.mark.parametrize("empty", [{1}, {3}, {5}, {1, 2}, {2, 3, 4}, {4, 5}, {1, 3, 5}, {1, 2, 3, 4, 5}], ids=str)
async def test_systems_without_a_row_leave_no_gap(empty: set[int]):
    fleet: list[ApplianceSpec] = [
        small(number, **({"records": ()} if number in empty else {})) for number in range(1, 6)
    ]
    async with gateway_over(fleet) as client:
        sent = client.credentials | {"Accept-Encoding": "gzip"}
        for _ in range(3):
            plain = await client.post({}, Accept_Encoding="identity")
            packed = await client.request("POST", "/api/backups", data=b"{}", headers=sent, auto_decompress=False)
            assert plain.json["total"] == 30 * (5 - len(empty))
            assert row_texts(opened(packed)) == row_texts(plain)
        for form in (*FORMS.values(), *UNSORTED.values()):
            (await form(client, {}))(plain.rows)


async def test_lists_that_do_not_fit_are_packed_like_any():
    """Nothing of them can be kept, compressed or not."""
    fleet = [small(number, rows=150) for number in (1, 2, 3)]
    async with gateway_over(fleet, cache={"memory_bytes": 150_000}) as client:
        answers: list[Answer] = []
        for coding in ("identity", "gzip") * 3:
            headers = client.credentials | {"Accept-Encoding": coding}
            answers.append(opened(await client.request("GET", "/api/backups", headers=headers, auto_decompress=False)))
        assert len({tuple(row_texts(answer)) for answer in answers}) == 1
        assert {answer.json["total"] for answer in answers} == {450}


@pytest.mark.parametrize("question", [{"order_by": "size"}, {"fields": ["id"]}, {"format": "csv"}], ids=str)
async def test_what_is_built_beside_the_loop_is_the_same(monkeypatch: pytest.MonkeyPatch, question: dict[str, Any]):
    async with gateway_over(2) as client:
        here = await client.post(question)
        monkeypatch.setattr("gateway.web.backups._ROWS_ON_THE_LOOP", 0)
        beside = await client.post(question | {"system_id": [1, 2]})
        again = here.body.partition(b'],"systems"')[0]
        assert (beside.status, beside.body.partition(b'],"systems"')[0]) == (200, again)
