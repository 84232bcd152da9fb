"""Faults of the connection, as a client sees them: late, cut, hung, refused, or far too much."""

import asyncio
import contextlib
import json
import zlib
from typing import Any

import pytest
from aiohttp import (
    ClientConnectorError,
    ClientError,
    ClientPayloadError,
    ClientSession,
    ClientTimeout,
    ServerDisconnectedError,
)
from simulated import Client

from gateway.simulator import Appliance, ApplianceSpec, Fault


async def until(condition: Any) -> None:
    """Let the loop run until the condition holds; the suite's time-out ends a vain wait."""
    while not condition():  # noqa: ASYNC110  # counters have no event to wait for
        await asyncio.sleep(0)


@pytest.mark.parametrize("chunked", [False, True])
async def test_huge_is_as_big_as_it_says(appliance: Appliance, client: Client, chunked: bool) -> None:
    await appliance.inject(Fault("huge", size_bytes=2_000_000, chunked=chunked))
    _, body, headers = await client.call()
    assert len(json.loads(body)["backups"]) > 1_900
    assert len(body) >= 2_000_000
    assert ("Content-Length" in headers) is not chunked


async def test_a_gzip_bomb_is_small_on_the_wire(appliance: Appliance, client: Client, http: ClientSession) -> None:
    await appliance.inject(Fault("gzip_bomb", size_bytes=20_000_000))
    async with ClientSession(auto_decompress=False) as raw:
        packed = (await Client(raw, appliance).call())[1]
    assert len(packed) < 200_000
    assert len(zlib.decompress(packed, 31)) >= 20_000_000


async def test_cut_and_unended_bodies_break_off(appliance: Appliance, client: Client) -> None:
    for mode in ("cut", "unended"):
        await appliance.inject(mode)
        with pytest.raises(ClientPayloadError):
            await client.call()


async def test_reset_comes_before_any_byte(appliance: Appliance, client: Client) -> None:
    await appliance.inject("reset")
    with pytest.raises((ServerDisconnectedError, ConnectionResetError, ClientError)):
        await client.call()
    assert appliance.counters.list_calls >= 1
    assert appliance.counters.in_flight == 0


async def test_slow_is_late_and_genuine(appliance: Appliance, client: Client) -> None:
    loop = asyncio.get_running_loop()
    await appliance.inject(Fault("slow", seconds=0.1))
    begun = loop.time()
    assert await client.rows() == 40
    assert loop.time() - begun >= 0.099


async def test_hung_never_answers_until_it_is_let_go(appliance: Appliance, client: Client) -> None:
    await appliance.inject("hung")
    call = asyncio.ensure_future(client.call())
    await until(lambda: appliance.counters.in_flight == 1)
    assert not call.done()
    await appliance.recover()
    with pytest.raises(ClientError):
        await call
    assert await client.rows() == 40


async def test_hung_notices_a_client_that_left(appliance: Appliance, client: Client) -> None:
    await appliance.inject("hung")
    with pytest.raises(TimeoutError):
        await client.call(timeout=ClientTimeout(total=0.05))
    await until(lambda: appliance.counters.in_flight == 0)


async def test_trickling_sends_byte_by_byte(appliance: Appliance, http: ClientSession, client: Client) -> None:
    await appliance.inject(Fault("trickling", interval=0.001))
    received = []
    async with http.post(f"{appliance.url}/api/backups", headers=client._headers) as answer:
        async for chunk in answer.content.iter_any():
            received.append(chunk)
            if len(received) == 5:
                break
    assert b"".join(received).startswith(b'{"ba')
    assert all(len(chunk) < 50 for chunk in received)


async def test_refusing_closes_the_port_and_kept_alive_connections(appliance: Appliance, client: Client) -> None:
    assert await client.rows() == 40
    url = appliance.url
    await appliance.inject("refusing")
    with pytest.raises(ClientConnectorError) as refused:
        await client.call()
    assert isinstance(refused.value.os_error, ConnectionRefusedError)
    await appliance.recover()
    assert appliance.url == url
    assert await client.rows() == 40


async def test_a_dead_appliance_has_a_port_that_refuses_and_can_come_to_life(http: ClientSession) -> None:
    async with Appliance(ApplianceSpec(rows=5, dead=True)) as dead:
        assert dead.listener.port > 0
        with pytest.raises(ClientConnectorError):
            await Client(http, dead).call()
        await dead.recover()
        assert await Client(http, dead).rows() == 5


async def test_stalled_connects_and_says_nothing(appliance: Appliance) -> None:
    await appliance.inject("stalled")
    reader, writer = await asyncio.open_connection("127.0.0.1", appliance.listener.port)
    writer.write(b"GET / HTTP/1.1\r\n\r\n")
    with pytest.raises(TimeoutError):
        await asyncio.wait_for(reader.read(1), 0.1)
    await appliance.recover()
    with contextlib.suppress(ConnectionResetError):
        assert await reader.read() == b""
    writer.close()
    with contextlib.suppress(ConnectionResetError):
        await writer.wait_closed()
