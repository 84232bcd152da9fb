"""A body that comes in: bounded in size and time."""

import asyncio
import zlib
from typing import Final

from aiohttp import web

from gateway.errors import RequestError
from gateway.web.keys import GATEWAY

BODY_S: Final = 10.0
"""A body must have arrived within so long (contract section 4)."""

_GZIP: Final = ("gzip", "x-gzip")


async def read_body(request: web.Request) -> bytes:
    """The whole body, unpacked, whatever its Content-Type says.

    RequestError 400 when it is too large (packed or unpacked), 408 when too slow, 415 for a coding but gzip.
    """
    limit = request.app[GATEWAY].config.server.max_body_bytes
    coding = ",".join(request.headers.getall("Content-Encoding", ())).strip().lower()
    if coding not in ("", "identity", *_GZIP):
        raise RequestError(
            415, "the body may be gzip or plain", field="Content-Encoding", headers={"Accept-Encoding": "gzip"}
        )
    body = await _received(request, limit)
    return _unpacked(body, limit) if coding in _GZIP and body else body


async def _received(request: web.Request, limit: int) -> bytes:
    chunks, size = [], 0
    if request.content_length is not None and request.content_length > limit:
        raise _too_large(limit)
    try:
        async with asyncio.timeout(BODY_S):
            async for chunk in request.content.iter_any():
                size += len(chunk)
                if size > limit:
                    raise _too_large(limit)
                chunks.append(chunk)
    except TimeoutError:
        raise RequestError(408, f"the body did not arrive within {BODY_S:g} s", field="body", ends=True) from None
    except web.RequestPayloadError as error:
        raise RequestError(400, "the body cannot be read", field="body") from error
    return b"".join(chunks)


def _unpacked(body: bytes, limit: int) -> bytes:
    """One gzip member, never more than the limit of it: a bomb costs what a plain body costs."""
    unzip = zlib.decompressobj(wbits=zlib.MAX_WBITS | 16)
    try:
        plain = unzip.decompress(body, limit + 1)
    except zlib.error:
        raise RequestError(400, "the body is no gzip", field="body") from None
    if len(plain) > limit:
        raise _too_large(limit)
    if not unzip.eof or unzip.unused_data:
        raise RequestError(400, "the body is no whole gzip", field="body")
    return plain


def _too_large(limit: int) -> RequestError:
    return RequestError(400, f"the body has more than the allowed {limit} bytes", field="body", ends=True)
