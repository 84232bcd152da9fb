"""HTTP by hand: bytes onto a socket, and whatever comes back, taken apart strictly."""

import asyncio
import contextlib
import json
from collections.abc import AsyncIterator
from dataclasses import dataclass
from typing import Any

from tests.hostile.live import ADDRESS

PATIENCE_S = 60.0
"""No wait of this suite takes nearly as long, however busy the machine: it ends where nobody ends a connection."""


@dataclass(frozen=True)
class Answer:
    """One answer off the wire."""

    status: int
    headers: dict[str, str]
    body: bytes

    @property
    def json(self) -> Any:
        return json.loads(self.body)


@contextlib.asynccontextmanager
async def connected(
    port: int, *, source: str | None = None, limit: int = 2**16
) -> AsyncIterator[tuple[asyncio.StreamReader, asyncio.StreamWriter]]:
    """A connection, from another loopback address where `source` names one; always closed at the end."""
    local = None if source is None else (source, 0)
    reader, writer = await asyncio.open_connection(ADDRESS, port, local_addr=local, limit=limit)
    try:
        yield reader, writer
    finally:
        writer.transport.abort()
        with contextlib.suppress(ConnectionError):
            await writer.wait_closed()


async def until_closed(reader: asyncio.StreamReader) -> bytes:
    """Everything up to the end of the connection, also where it ends with a reset."""
    data = b""
    async with asyncio.timeout(PATIENCE_S):
        with contextlib.suppress(ConnectionError):
            while piece := await reader.read(65_536):
                data += piece
    return data


async def exchange(port: int, data: bytes, *, source: str | None = None) -> bytes:
    """Send bytes, and read until the gateway ends the connection: our side keeps it open."""
    async with connected(port, source=source) as (reader, writer):
        with contextlib.suppress(ConnectionError):
            writer.write(data)
            await writer.drain()
        return await until_closed(reader)


async def one_answer(reader: asyncio.StreamReader) -> Answer:
    """The next answer of a connection that stays open."""
    async with asyncio.timeout(PATIENCE_S):
        head = await reader.readuntil(b"\r\n\r\n")
        status, headers = _head(head[:-4])
        body = await reader.readexactly(int(headers.get("content-length", "0")))
    return Answer(status, headers, body)


def answers_in(data: bytes) -> list[Answer]:
    """All answers in these bytes; every byte must belong to one."""
    found = []
    while data:
        head, ended, data = data.partition(b"\r\n\r\n")
        assert ended, f"no whole answer: {head[:80]!r}"
        status, headers = _head(head)
        size = int(headers.get("content-length", "0"))
        assert len(data) >= size, "the body is cut short"
        found.append(Answer(status, headers, data[:size]))
        data = data[size:]
    return found


def request(method: str, target: str, *lines: str, body: bytes = b"", host: str = "gateway") -> bytes:
    """A request head with those header lines, and a body with its length where there is one."""
    head = [f"{method} {target} HTTP/1.1", f"Host: {host}", *lines]
    if body:
        head.append(f"Content-Length: {len(body)}")
    return "\r\n".join([*head, "", ""]).encode("latin-1") + body


def _head(head: bytes) -> tuple[int, dict[str, str]]:
    first, *lines = head.decode("latin-1").split("\r\n")
    version, status, _ = first.split(" ", 2)
    assert version.startswith("HTTP/"), first
    headers: dict[str, str] = {}
    for line in lines:
        name, _, value = line.partition(":")
        assert name.lower() not in headers, f"{name} stands twice in one answer"
        headers[name.lower()] = value.strip()
    return int(status), headers
