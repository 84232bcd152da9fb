"""An appliance that points elsewhere gets nobody to go there: a followed redirect would carry our token along."""

import asyncio
import contextlib
from collections.abc import AsyncIterator

import pytest

from gateway.simulator import Fault
from tests.gateway.live import gateway_over


@contextlib.asynccontextmanager
async def trap() -> AsyncIterator[tuple[str, list[bytes]]]:
    """A server that nobody should come to, and what came."""
    caught: list[bytes] = []

    async def spring(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        caught.append(b"")
        caught.append(await reader.read(65_536))
        writer.close()

    server = await asyncio.start_server(spring, "127.0.0.1", 0)
    async with server:
        yield f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}", caught


@pytest.mark.parametrize("route", ["login", "backups"])
@pytest.mark.parametrize("status", [300, 301, 302, 303, 307, 308])
async def test_a_redirect_is_never_followed(route: str, status: int):
    async with trap() as (elsewhere, caught), gateway_over(1) as client:
        location = f"{elsewhere}/api/{route}"
        await client.farm[0].inject(Fault("redirect", frozenset({route}), status=status, location=location))
        answer = await client.post()
        assert (answer.status, answer.kinds) == (502, {1: "bad_reply"})
        assert elsewhere.encode() not in answer.body
        assert client.farm[0].counters.list_calls == (1 if route == "backups" else 0)
    assert caught == []


async def test_proxies_of_the_environment_are_not_used(monkeypatch: pytest.MonkeyPatch):
    async with trap() as (elsewhere, caught):
        for name in ("http_proxy", "HTTP_PROXY", "ALL_PROXY"):
            monkeypatch.setenv(name, elsewhere)
        async with gateway_over(1) as client:
            assert (await client.post()).states == {1: "ok"}
    assert caught == []
