"""Callers that send or take drop by drop, or far too much at once: each one is ended, and nobody else notices.

The limits are shrunk where that keeps their meaning; that they are the ones of the contract is a test of its own.
"""

import asyncio
import contextlib
import time
from collections.abc import AsyncIterator

import pytest

from gateway.web import body, connection, server
from tests.hostile.live import STATIC_TOKEN, Live, running
from tests.hostile.wire import answers_in, connected, exchange, one_answer, request, until_closed

GOOD = f"AuthToken: {STATIC_TOKEN}"
HEALTH = request("GET", "/healthz")


def test_the_limits_are_those_of_the_contract() -> None:
    assert (server.HEADERS_S, body.BODY_S, connection.READER_S) == (15.0, 10.0, 30.0)
    assert server.LINGER_S <= body.BODY_S


async def _drip(writer: asyncio.StreamWriter, data: bytes, pause_s: float) -> None:
    with contextlib.suppress(ConnectionError):
        for byte in data:
            writer.write(bytes([byte]))
            await writer.drain()
            await asyncio.sleep(pause_s)


async def _ended_after(port: int, start: bytes, dripped: bytes = b"") -> tuple[float, bytes]:
    """Seconds until the gateway ends a connection on which `start` comes at once and the rest in drops."""
    async with connected(port) as (reader, writer):
        begun = time.monotonic()
        writer.write(start)
        dripping = asyncio.create_task(_drip(writer, dripped, 0.1))
        data = await until_closed(reader)
        took = time.monotonic() - begun
        dripping.cancel()
        await asyncio.gather(dripping, return_exceptions=True)
    return took, data


@pytest.fixture
async def hasty(monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[Live]:
    """A gateway that waits one second for a head, and as long for a body."""
    monkeypatch.setattr(server, "HEADERS_S", 1.0)
    monkeypatch.setattr(body, "BODY_S", 1.0)
    monkeypatch.setattr(server, "LINGER_S", 1.0)
    async with running() as live:
        yield live


@pytest.fixture
async def patient() -> AsyncIterator[Live]:
    async with running() as live:
        yield live


async def test_heads_that_do_not_come_are_not_waited_for(hasty: Live) -> None:
    slow = b"X-Slow: " + b"a" * 400
    results = await asyncio.gather(
        _ended_after(hasty.port, b""),
        _ended_after(hasty.port, HEALTH[:-4]),
        _ended_after(hasty.port, b"", HEALTH[:-2] + slow),
        _ended_after(hasty.port, b"\r\n" * 10),
        _ended_after(hasty.port, HEALTH),
        _ended_after(hasty.port, HEALTH, HEALTH[:-2] + slow),
        _ended_after(hasty.port, HEALTH + HEALTH[:-4]),
    )
    for took, _ in results:
        assert 0.9 <= took < 10
    assert [len(answers_in(data)) for _, data in results] == [0, 0, 0, 0, 1, 1, 1]


@pytest.mark.parametrize("target", ["/api/backups", "/api/login"])
async def test_a_body_that_does_not_come_is_408_and_the_end(hasty: Live, target: str) -> None:
    head = request("POST", target, GOOD, "Content-Length: 60000")
    chunked = request("POST", target, GOOD, "Transfer-Encoding: chunked")
    results = await asyncio.gather(
        _ended_after(hasty.port, head),
        _ended_after(hasty.port, head, b" " * 400),
        _ended_after(hasty.port, chunked, b"1\r\n \r\n" * 60),
        _ended_after(hasty.port, chunked + b"5"),
    )
    for took, data in results:
        found = answers_in(data)
        assert [answer.status for answer in found] == [408]
        assert found[0].json["field"] == "body"
        assert found[0].headers["connection"] == "close"
        assert 0.9 <= took < 10


async def test_a_body_that_nobody_reads_does_not_hold_the_connection(hasty: Live) -> None:
    data = request("POST", "/api/backups", "AuthToken: wrong", "Content-Length: 60000", "Connection: close")
    took, found = await _ended_after(hasty.port, data, b" " * 200)
    assert [answer.status for answer in answers_in(found)] == [401]
    assert took < 10


async def test_thousands_of_requests_on_one_connection_wait_in_a_short_line(patient: Live) -> None:
    async with connected(patient.port) as (reader, writer):
        sending = asyncio.create_task(_sent_slowly(writer, HEALTH * 4_000))
        lags = asyncio.create_task(_lags())
        for _ in range(4_000):
            assert (await one_answer(reader)).status == 200
        await sending
        lags.cancel()
        longest = max(await lags)
    print(f"4,000 requests on one connection: longest lag of the loop {longest * 1000:.0f} ms")
    assert longest < 5.0, "the loop is not held for as long as all of it takes"


async def _sent_slowly(writer: asyncio.StreamWriter, data: bytes) -> None:
    writer.write(data)
    await writer.drain()


async def _lags() -> list[float]:
    """How late the loop came back, until cancelled."""
    loop, found = asyncio.get_running_loop(), []
    with contextlib.suppress(asyncio.CancelledError):
        while True:
            begun = loop.time()
            await asyncio.sleep(0.01)
            found.append(loop.time() - begun - 0.01)
    return found


async def test_a_hundred_thousand_chunks_of_one_byte_are_one_body_too_large(patient: Live) -> None:
    few = request("POST", "/api/backups", GOOD, "Transfer-Encoding: chunked") + b"1\r\n \r\n" * 60_000
    many = few + b"1\r\n \r\n" * 40_000
    lags = asyncio.create_task(_lags())
    fits = await exchange(patient.port, few + b"2\r\n{}\r\n0\r\n\r\n" + request("GET", "/x", "Connection: close"))
    over = await exchange(patient.port, many + b"0\r\n\r\n")
    lags.cancel()
    longest = max(await lags)
    assert fits.startswith(b"HTTP/1.1 200 ")
    assert [(answer.status, answer.json["field"]) for answer in answers_in(over)] == [(400, "body")]
    print(f"100,000 chunks of one byte: longest lag of the loop {longest * 1000:.0f} ms")
    assert longest < 5.0, "the loop is not held for as long as all of it takes"
