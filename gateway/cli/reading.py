"""The forms of an answer as they come: bytes passed on unchanged, and what is to be learnt from them on the way."""

from collections.abc import AsyncIterator, Callable
from typing import Final

import msgspec
from aiohttp import ClientResponse

from gateway.cli.client import no_gateway
from gateway.cli.exits import ClientError, Exit
from gateway.cli.summary import Summary, SystemState, Whole

_SYSTEM: Final = b'{"system":{'
_LAST: Final = b'{"complete":'
"""How the two kinds of lines begin that are no rows: a row begins with its system_id (contract section 5.6)."""

Write = Callable[[bytes], None]


class _Closed(msgspec.Struct):
    system: SystemState


async def read_json(response: ClientResponse, write: Write | None = None) -> Whole | Summary:
    """A whole answer. With `write` its bytes are passed on and its rows are not looked at."""
    body = bytearray()
    async for chunk in response.content.iter_any():
        if write is not None:
            write(chunk)
        body += chunk
    try:
        return msgspec.json.decode(body, type=Whole if write is None else Summary)
    except (ValueError, RecursionError) as error:
        raise no_gateway(str(response.url.origin()), f"{error}") from None


async def read_ndjson(
    response: ClientResponse,
    *,
    write: Write | None = None,
    row: Write | None = None,
    closed: Callable[[SystemState], None],
) -> Summary:
    """A stream, line by line: `write` gets its bytes as they come, `row` each row, `closed` each system's end.

    Raises ClientError for a stream without its last line: it was cut.
    """
    last = None
    async for line in _lines(response, write):
        try:
            if line.startswith(_LAST):
                last = msgspec.json.decode(line, type=Summary)
            elif line.startswith(_SYSTEM):
                closed(msgspec.json.decode(line, type=_Closed).system)
            elif row is not None and line:
                row(line)
        except (ValueError, RecursionError) as error:
            raise no_gateway(str(response.url.origin()), f"{error}") from None
    if last is None:
        raise ClientError(Exit.PARTIAL, "the answer was cut before its end: what has come is not all")
    return last


async def _lines(response: ClientResponse, write: Write | None) -> AsyncIterator[bytes]:
    """Lines without their ends; of the stream no more is held than the line that has not ended yet."""
    rest = b""
    async for chunk in response.content.iter_any():
        if write is not None:
            write(chunk)
        *lines, rest = (rest + chunk).split(b"\n")
        for line in lines:
            yield line
    if rest:
        yield rest


async def read_csv(response: ClientResponse, write: Write) -> bool:
    """A table, passed on as it comes. Whether it has more than its head."""
    ends = 0
    async for chunk in response.content.iter_any():
        write(chunk)
        ends += chunk.count(b"\n")
    return ends > 1
