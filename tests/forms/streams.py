"""A client that reads an NDJSON answer line by line, while it is made."""

import asyncio
import contextlib
import json
from collections.abc import AsyncIterator, Mapping
from contextlib import AbstractAsyncContextManager
from dataclasses import dataclass, field
from typing import Any, Final

from aiohttp import ClientResponse
from yarl import URL

from tests.forms.reading import NDJSON, Lines, lines_of
from tests.gateway.live import Answer, Client
from tests.hostile import wire

PATIENCE_S: Final = 20.0
"""No line of these tests takes nearly as long, however busy the machine."""


@dataclass
class Stream:
    """One answer under way; `read` are the lines that came so far."""

    response: ClientResponse
    read: list[bytes] = field(default_factory=list)

    async def line(self) -> Any:
        """The next line; None at the end."""
        async with asyncio.timeout(PATIENCE_S):
            text = await self.response.content.readline()
        self.read.append(text)
        return json.loads(text) if text else None

    async def closing(self, number: int | None = None) -> dict[str, Any]:
        """The closing line of that system, or the next one of any; what stands before it is read over."""
        while (value := await self.line()) is not None:
            if value.keys() == {"system"} and number in (None, value["system"]["system_id"]):
                return value["system"]
        raise AssertionError(f"the stream ended without the closing line of {number}")

    async def whole(self) -> Lines:
        """Everything, to the end."""
        while await self.line() is not None:
            continue
        return lines_of(Answer(self.response.status, self.response.headers, b"".join(self.read)))

    def leave(self) -> None:
        """Break the connection."""
        self.response.close()


@contextlib.asynccontextmanager
async def streaming(client: Client, question: Mapping[str, Any], **headers: str) -> AsyncIterator[Stream]:
    """The stream of a question; its status and type are known."""
    sent = client.credentials | {key.replace("_", "-"): value for key, value in headers.items()}
    data = json.dumps({"format": "ndjson"} | dict(question)).encode()
    async with client.http.post(f"{client.url}/api/backups", data=data, headers=sent) as response:
        assert (response.status, response.content_type) == (200, NDJSON), await response.read()
        yield Stream(response)


def connected(client: Client, limit: int = 65_536) -> AbstractAsyncContextManager[tuple[asyncio.StreamReader, Any]]:
    """A bare connection to the gateway, which keeps about `limit` bytes that nobody has read."""
    return wire.connected(URL(client.url).port or 80, limit=limit)


async def bytes_for(client: Client, sent: bytes) -> bytes:
    """Everything that comes back for these bytes, up to the end of the connection."""
    async with connected(client) as (reader, writer), asyncio.timeout(PATIENCE_S):
        writer.write(sent)
        return await reader.read()
