"""Callers that ask for much and take nothing of it: what is held for them is free again soon."""

import asyncio
import contextlib
import socket
import time
from collections.abc import AsyncIterator, Sequence

import pytest
import pytest_asyncio
from aiohttp import web

from gateway.web import connection, server
from tests.hostile.live import ADDRESS, STATIC_TOKEN, Live, running
from tests.hostile.wire import PATIENCE_S, connected, exchange, request

pytestmark = pytest.mark.asyncio(loop_scope="module")

DEAF = "127.0.0.7"
GOOD = f"AuthToken: {STATIC_TOKEN}"


async def _deaf(port: int) -> socket.socket:
    """A connection with a tiny window, so that what is not taken stays with the gateway."""
    plug = socket.socket()
    plug.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4_096)
    plug.setblocking(False)
    plug.bind((DEAF, 0))
    await asyncio.get_running_loop().sock_connect(plug, (ADDRESS, port))
    return plug


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def impatient() -> AsyncIterator[tuple[Live, asyncio.Queue[None]]]:
    """A gateway over large lists that waits half a second for readers; the queue tells each deaf one that has gone."""
    gone: asyncio.Queue[None] = asyncio.Queue()
    forget = server.Server.connection_lost

    def tell(self: server.Server, handler: connection.Protocol, exc: BaseException | None = None) -> None:
        forget(self, handler, exc)
        if handler.address == DEAF:
            gone.put_nowait(None)

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(connection, "READER_S", 0.5)
        patch.setattr(server.Server, "connection_lost", tell)
        async with running(rows=8_000) as live:
            async with live.http.get(f"{live.url}/api/backups", headers=live.headers) as answer:
                assert len(await answer.read()) > 8_000_000, "more than any socket keeps"
            yield live, gone


READERS = {
    "a large answer": request("GET", "/api/backups", GOOD),
    "a large answer, then the end": request("GET", "/api/backups", GOOD, "Connection: close"),
    "many answers of one piece": request("GET", "/openapi.json", GOOD) * 1_000,
}


@pytest.mark.parametrize("data", READERS.values(), ids=READERS.keys())
async def test_a_reader_that_takes_nothing_is_let_go(impatient: tuple[Live, asyncio.Queue[None]], data: bytes) -> None:
    live, gone = impatient
    begun = time.monotonic()
    plugs = [await _deaf(live.port) for _ in range(3)]
    sending = [asyncio.create_task(_sent(plug, data)) for plug in plugs]
    try:
        async with asyncio.timeout(PATIENCE_S):
            for _ in plugs:
                await gone.get()
        assert time.monotonic() - begun >= 0.5, "not before its time"
        async with live.http.get(f"{live.url}/healthz") as answer:
            assert answer.status == 200
    finally:
        for task in sending:
            task.cancel()
        await asyncio.gather(*sending, return_exceptions=True)
        for plug in plugs:
            plug.close()


async def _sent(plug: socket.socket, data: bytes) -> None:
    with contextlib.suppress(ConnectionError):
        await asyncio.get_running_loop().sock_sendall(plug, data)


async def test_a_reader_that_is_slow_but_takes_gets_everything(impatient: tuple[Live, asyncio.Queue[None]]) -> None:
    live, _ = impatient
    async with connected(live.port) as (reader, writer):
        writer.write(request("GET", "/api/backups", GOOD))
        head = await reader.readuntil(b"\r\n\r\n")
        size = int(head.lower().partition(b"content-length: ")[2].partition(b"\r\n")[0])
        begun, taken = time.monotonic(), 0
        while taken < size:
            taken += len(await reader.read(262_144))
            await asyncio.sleep(0.04)
    assert taken == size
    assert time.monotonic() - begun > 0.5, "slower than the limit for taking nothing"


async def test_a_fault_in_the_middle_of_an_answer_cuts_it_and_never_starts_a_second(
    impatient: tuple[Live, asyncio.Queue[None]], monkeypatch: pytest.MonkeyPatch
) -> None:
    live, _ = impatient

    async def half(response: web.StreamResponse, parts: Sequence[bytes]) -> None:
        await response.write(parts[1][:5_000])
        raise RuntimeError("canary-7f3a")

    monkeypatch.setattr("gateway.web.respond._write_groups", half)
    data = await exchange(live.port, request("GET", "/api/backups", GOOD) + request("GET", "/healthz"))
    assert data.count(b"HTTP/1.1 ") == 1
    assert data.startswith(b"HTTP/1.1 200 ")
    assert b"canary-7f3a" not in data
