"""Many connections from one address: strangers are ended, whoever has shown a credential or lives elsewhere stays."""

import asyncio
import contextlib
from collections.abc import AsyncIterator

import pytest

from gateway.web import server
from tests.hostile.live import STATIC_TOKEN, Live, running
from tests.hostile.wire import PATIENCE_S, Answer, answers_in, connected, exchange, one_answer, request

GOOD = f"AuthToken: {STATIC_TOKEN}"
FLOOD = "127.0.0.8"
HALF_A_LOGIN = request("POST", "/api/login", "Content-Length: 1000") + b"{"

Connection = tuple[asyncio.StreamReader, asyncio.StreamWriter]


@pytest.fixture
async def live() -> AsyncIterator[Live]:
    async with running() as found:
        yield found


async def crowd(stack: contextlib.AsyncExitStack, live: Live, count: int, say: bytes, source: str) -> list[Connection]:
    """That many connections from one address, each of which has said that much."""
    found = []
    for _ in range(count):
        found.append(await stack.enter_async_context(connected(live.port, source=source)))
        found[-1][1].write(say)
    return found


async def ended(connections: list[Connection], expected: int) -> set[int]:
    """The places of those that the gateway has ended, once they are that many."""
    waits = {asyncio.create_task(reader.read(1)): place for place, (reader, _) in enumerate(connections)}
    over: set[int] = set()
    try:
        async with asyncio.timeout(PATIENCE_S):
            pending = set(waits)
            while len(over) < expected:
                done, pending = await asyncio.wait(pending, return_when=asyncio.FIRST_COMPLETED)
                over |= {waits[task] for task in done if task.exception() is not None or not task.result()}
    finally:
        for task in waits:
            task.cancel()
        await asyncio.gather(*waits, return_exceptions=True)
    return over


async def asked(live: Live, *lines: str, target: str = "/healthz", source: str | None = None) -> Answer:
    async with asyncio.timeout(PATIENCE_S):
        data = await exchange(live.port, request("GET", target, "Connection: close", *lines), source=source)
    return answers_in(data)[0]


@pytest.mark.parametrize("say", [b"", HALF_A_LOGIN, HALF_A_LOGIN[:30]], ids=["silent", "half a body", "half a head"])
async def test_of_strangers_two_hundred_stay_for_each_address(live: Live, say: bytes) -> None:
    async with contextlib.AsyncExitStack() as stack:
        strangers = await crowd(stack, live, 320, say, FLOOD)
        over = await ended(strangers, 120)
        assert len(over) == 120
        assert over == set(range(120)), "the oldest go first"
        for source in (None, "127.0.0.6"):
            assert (await asked(live, source=source)).status == 200
            assert (await asked(live, GOOD, target="/api/systems", source=source)).status == 200


async def test_a_crowd_that_has_shown_credentials_stays_beside_strangers_of_its_address(live: Live) -> None:
    async with contextlib.AsyncExitStack() as stack:
        crowded = await crowd(stack, live, 300, request("GET", "/api/systems", GOOD), FLOOD)
        assert [(await one_answer(reader)).status for reader, _ in crowded] == [200] * 300
        strangers = await crowd(stack, live, 300, b"", FLOOD)
        assert await ended(strangers, 100) == set(range(100))
        for reader, writer in crowded:
            writer.write(request("GET", "/api/systems", GOOD))
            assert (await one_answer(reader)).status == 200


async def test_a_crowd_that_waits_for_slow_appliances_is_no_crowd_of_strangers(live: Live) -> None:
    for appliance in live.farm:
        await appliance.inject("hung")
    async with contextlib.AsyncExitStack() as stack:
        waiting = await crowd(stack, live, 300, request("GET", "/api/backups?deadline=3", GOOD), FLOOD)
        answers = await asyncio.gather(*(one_answer(reader) for reader, _ in waiting))
    assert {answer.status for answer in answers} == {504}


async def test_a_crowd_with_one_question_is_no_crowd_of_strangers(live: Live) -> None:
    """Also where its answer is ready, and nobody looks at what it asks."""
    question = request("GET", "/api/backups", GOOD)
    assert (await asked(live, GOOD, target="/api/backups")).status == 200
    async with contextlib.AsyncExitStack() as stack:
        crowded = await crowd(stack, live, 300, question, FLOOD)
        assert [(await one_answer(reader)).status for reader, _ in crowded] == [200] * 300
        strangers = await crowd(stack, live, 300, b"", FLOOD)
        assert await ended(strangers, 100) == set(range(100))
        for reader, writer in crowded:
            writer.write(question)
            assert (await one_answer(reader)).status == 200


async def test_over_the_number_of_all_connections_nobody_gets_in_until_somebody_leaves(
    live: Live, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(server, "_CONNECTIONS", 50)
    async with contextlib.AsyncExitStack() as stack:
        first = await crowd(stack, live, 50, request("GET", "/api/systems", GOOD), FLOOD)
        assert [(await one_answer(reader)).status for reader, _ in first] == [200] * 50
        async with connected(live.port) as (reader, _):
            with contextlib.suppress(ConnectionError):
                assert await reader.read() == b""
        for reader, writer in first:
            writer.write(request("GET", "/api/systems", GOOD))
            assert (await one_answer(reader)).status == 200
    assert (await asked(live)).status == 200


async def test_a_storm_of_short_connections_leaves_the_listener_responsive(live: Live) -> None:
    async def storm() -> None:
        for _ in range(400):
            async with connected(live.port, source=FLOOD):
                pass

    storms = [asyncio.create_task(storm()) for _ in range(4)]
    statuses = [(await asked(live)).status for _ in range(40)]
    await asyncio.gather(*storms)
    assert statuses == [200] * 40


async def test_requests_over_the_number_at_once_are_refused_quickly_and_health_is_not(
    live: Live, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("gateway.web.middleware._RUNNING", 5)
    async with contextlib.AsyncExitStack() as stack:
        slow = await crowd(stack, live, 5, HALF_A_LOGIN, FLOOD)
        while (refused := await asked(live, GOOD, target="/api/systems")).status == 200:
            pass  # the five have not arrived yet
        assert (refused.status, refused.headers["retry-after"]) == (503, "1")
        assert (await asked(live)).status == 200
        for _, writer in slow:
            writer.write(b" " * 998 + b"}")
        assert [(await one_answer(reader)).status for reader, _ in slow] == [400] * 5
    assert (await asked(live, GOOD, target="/api/systems")).status == 200
