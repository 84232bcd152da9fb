"""Answers that are given before a request is taken apart: the right ones, to whoever may have them."""

import asyncio
import contextlib
import gc
import re
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence

import pytest
from aiohttp import web
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from gateway.answers.ready import Key
from gateway.web.express import Express
from tests.hostile.live import STATIC_TOKEN, Live, TurnedClock, running
from tests.hostile.wire import Answer, connected, one_answer

TIMES = {"date": "", "server-timing": ""}
BODY = b'{"system_id": [1, 2], "fields": ["id"]}'


def request(method: str = "POST", target: str = "/api/backups", body: bytes = BODY, *more: str) -> bytes:
    size = f"Content-Length: {len(body)}"
    lines = [f"{method} {target} HTTP/1.1", "Host: gateway", f"AuthToken: {STATIC_TOKEN}", size, *more]
    return "\r\n".join([*lines, "", ""]).encode() + body


def ageless(answer: Answer) -> tuple[int, bytes]:
    """Status and body. An answer that is kept for equal requests states the age that it will have at the end."""
    return answer.status, re.sub(rb'"age_seconds":[0-9.]+', b"", answer.body)


@pytest.fixture
def given_at_once(monkeypatch: pytest.MonkeyPatch) -> list[bool]:
    """For each request that came whole and alone, whether it was answered without being taken apart."""
    seen: list[bool] = []
    at_once = Express.at_once

    def watched(self: Express, key: Key, data: bytes) -> Sequence[bytes] | None:
        answer = at_once(self, key, data)
        seen.append(answer is not None)
        return answer

    monkeypatch.setattr(Express, "at_once", watched)
    return seen


@contextlib.asynccontextmanager
async def held(*questions: bytes, rows: int = 40) -> AsyncIterator[tuple[Live, Callable[[bytes], Awaitable[Answer]]]]:
    """A gateway whose clock stands still, and a connection to it on which these questions were asked twice."""
    async with running(clock=TurnedClock(), rows=rows) as live, connected(live.port) as (reader, writer):

        async def ask(data: bytes) -> Answer:
            writer.write(data)
            return await one_answer(reader)

        for question in questions * 2:
            assert (await ask(question)).status == 200
        yield live, ask


async def seen(live: Live) -> None:
    """Until the gateway has surely read what was sent before."""
    async with live.http.get(f"{live.url}/healthz") as answer:
        await answer.read()


async def test_an_equal_request_is_answered_as_it_would_be_on_the_long_way(given_at_once: list[bool]) -> None:
    async with held(request()) as (live, ask):
        long, short = await ask(request("POST", "/api/backups", BODY, "X-Request-ID: mine")), await ask(request())
        assert given_at_once == [False, False, False, True]
        assert ageless(short) == ageless(long)
        assert long.headers.pop("x-request-id") == "mine"
        assert len(short.headers.pop("x-request-id")) == 32
        assert long.headers.keys() == short.headers.keys()
        assert {**long.headers, **TIMES} == {**short.headers, **TIMES}
        async with live.http.get(f"{live.url}/metrics", headers=live.headers) as metrics:
            text = await metrics.text()
    assert 'backup_gateway_cache_requests_total{result="hit"} 6' in text, "two systems, three times out of what is held"
    counted = 'http_request_duration_seconds_count{method="POST",route="/api/backups",status_class="2xx"} 4'
    assert counted in text


async def test_who_has_the_answer_already_is_told_so_at_once(given_at_once: list[bool]) -> None:
    plain = request("GET", "/api/backups?fields=id", b"")
    async with held(plain) as (_, ask):
        etag = (await ask(plain)).headers["etag"]
        known = request("GET", "/api/backups?fields=id", b"", f"If-None-Match: {etag}")
        given_at_once.clear()
        for _ in range(3):
            answer = await ask(known)
            assert (answer.status, answer.body, answer.headers["etag"]) == (304, b"", etag)
        assert given_at_once == [False, True, True]


async def test_it_is_found_on_connections_of_others_that_ask_the_same(given_at_once: list[bool]) -> None:
    async with held(request()) as (live, _), connected(live.port) as (reader, writer):
        await seen(live)  # and the new connection is waited on by now
        given_at_once.clear()
        writer.write(request())
        assert (await one_answer(reader)).status == 200
        assert given_at_once == [True]


async def test_a_right_that_has_ended_counts_at_once() -> None:
    async with held(request()) as (live, ask):
        live.gateway.access.accounts._tokens.clear()
        live.gateway.access.accounts._callers.clear()
        assert (await ask(request())).status == 401


async def test_a_request_that_ends_its_connection_ends_it() -> None:
    closing = request("POST", "/api/backups", BODY, "Connection: close")
    async with held(request()) as (live, _):
        for _ in range(3):
            async with connected(live.port) as (reader, writer):
                writer.write(closing)
                assert (await one_answer(reader)).headers["connection"] == "close"
                assert await reader.read() == b""


async def test_a_gateway_that_ends_says_so_to_those_it_would_answer_at_once(given_at_once: list[bool]) -> None:
    async with held(request()) as (live, ask):
        await live.gateway.drain()
        given_at_once.clear()
        assert (await ask(request())).headers["connection"] == "close"
        assert given_at_once == [False]


async def test_a_connection_that_is_answered_at_once_is_no_silent_one(monkeypatch: pytest.MonkeyPatch) -> None:
    async with held(request()) as (live, ask):
        connection = next(iter(live.runner.server.connections))  # type: ignore[union-attr]
        before = connection._next_keepalive_close_time
        monkeypatch.setattr(asyncio.get_running_loop(), "time", lambda: before + 1000)
        assert (await ask(request())).status == 200
        assert connection._next_keepalive_close_time == before + 1000 + connection.keepalive_timeout


async def test_a_reader_that_takes_nothing_is_not_sent_more_and_more(given_at_once: list[bool]) -> None:
    wide = request("POST", "/api/backups", b"{}")
    async with held(wide, rows=1000) as (live, ask), connected(live.port, limit=1) as (reader, writer):
        assert given_at_once == [False, False]
        size = len((await ask(wide)).body)
        await seen(live)
        ours = writer.get_extra_info("sockname")
        theirs = next(one for one in live.runner.server.connections if one.peername == ours)  # type: ignore[union-attr]
        reader._transport.pause_reading()  # type: ignore[attr-defined]
        for _ in range(200):
            writer.write(wide)
            await seen(live)
            if theirs.writing_paused:
                break
        waiting = theirs.transport.get_write_buffer_size()
        assert 0 < waiting <= size + 1000
        for _ in range(20):
            writer.write(wide)
            await seen(live)
        assert theirs.transport.get_write_buffer_size() <= waiting


async def test_a_connection_that_waits_keeps_nothing_of_what_it_was_sent() -> None:
    named = request("POST", "/api/backups", BODY, "X-Request-ID: mine")
    async with held(named) as (live, _), contextlib.AsyncExitStack() as connections:
        for _ in range(5):
            reader, writer = await connections.enter_async_context(connected(live.port))
            writer.write(named)
            assert (await one_answer(reader)).json["total"] == 80
        await seen(live)
        theirs = [one for one in live.runner.server.connections if one.known]  # type: ignore[union-attr]
        assert len(theirs) == 6
        answers = [one for one in gc.get_objects() if isinstance(one, web.Response) and b'"age_seconds"' in one.body]
        assert not answers


QUESTIONS = [
    request(),
    request("POST", "/api/backups", b'{"system_id": [1], "fields": ["id"]}'),
    request("GET", "/api/backups?system_id=2&fields=id", b""),
    request("GET", "/healthz", b""),
    request("GET", "/no/such/page", b""),
]


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(data=st.data())
async def test_answers_are_those_of_their_requests_in_their_order_however_bytes_come(
    data: st.DataObject, connection: "Connection"
) -> None:
    asked = data.draw(st.lists(st.sampled_from(range(len(QUESTIONS))), min_size=1, max_size=6))
    text = b"".join(QUESTIONS[number] for number in asked)
    ends = [sum(len(QUESTIONS[number]) for number in asked[:count]) for count in range(1, len(asked))]
    cuts = data.draw(st.sets(st.sampled_from(ends) if ends else st.nothing(), max_size=5)) if ends else set()
    cuts |= data.draw(st.sets(st.integers(1, len(text) - 1), max_size=3))
    waits = data.draw(st.booleans())
    told = await connection.told(text, sorted(cuts), len(asked), waits)
    assert told == [connection.expected[number] for number in asked]


class Connection:
    """New connections to one gateway, on which bytes are sent in pieces."""

    def __init__(self, live: Live, expected: list[tuple[int, bytes]]) -> None:
        self._live = live
        self.expected = expected

    async def told(self, text: bytes, cuts: list[int], answers: int, waits: bool) -> list[tuple[int, bytes]]:
        async with connected(self._live.port) as (reader, writer):
            for begin, end in zip([0, *cuts], [*cuts, len(text)], strict=True):
                writer.write(text[begin:end])
                await writer.drain()
                if waits:  # until the gateway has surely read it
                    await seen(self._live)
            return [ageless(await one_answer(reader)) for _ in range(answers)]


@pytest.fixture
async def connection() -> AsyncIterator[Connection]:
    async with held(*QUESTIONS[:3]) as (live, ask):
        expected = [await ask(question) for question in QUESTIONS]
        yield Connection(live, [ageless(answer) for answer in expected])
