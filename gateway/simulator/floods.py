"""Answers of more bytes than anybody should take, written without ever holding them whole."""

import zlib
from collections.abc import Iterator
from typing import Final

from aiohttp import web

from gateway.simulator.exchange import Exchange

_HEAD: Final = b'{"backups":['
_TAIL: Final = b'{"id":0}]}'
_ROW: Final = b'{"id":1,"type":"Full","client_name":"flood","output":"' + b"x" * 950 + b'"},'
_ROWS_IN_BLOCK: Final = 1_000
_GZIP_WINDOW: Final = 16 + zlib.MAX_WBITS


async def huge(exchange: Exchange) -> web.StreamResponse:
    """Valid rows, ``size_bytes`` or a little more of them."""
    stream = web.StreamResponse(status=201, headers={"Content-Type": "application/json"})
    if exchange.fault.chunked:
        stream.enable_chunked_encoding()
    else:
        stream.content_length = sum(len(block) for block in _blocks(exchange.fault.size_bytes))
    return await _send(exchange, stream, _blocks(exchange.fault.size_bytes))


async def gzip_bomb(exchange: Exchange) -> web.StreamResponse:
    """The same rows as gzip: a few hundred times smaller on the wire."""
    stream = web.StreamResponse(status=201, headers={"Content-Type": "application/json", "Content-Encoding": "gzip"})
    stream.enable_chunked_encoding()
    return await _send(exchange, stream, _compressed(_blocks(exchange.fault.size_bytes)))


async def _send(exchange: Exchange, stream: web.StreamResponse, blocks: Iterator[bytes]) -> web.StreamResponse:
    await stream.prepare(exchange.request)
    for block in blocks:
        if not exchange.is_open or exchange.released.is_set():
            return exchange.abort()
        await stream.write(block)
    await stream.write_eof()
    return stream


def _blocks(size_bytes: int) -> Iterator[bytes]:
    yield _HEAD
    block = _ROW * _ROWS_IN_BLOCK
    for _ in range(size_bytes // len(block) + 1):
        yield block
    yield _TAIL


def _compressed(blocks: Iterator[bytes]) -> Iterator[bytes]:
    compressor = zlib.compressobj(9, zlib.DEFLATED, _GZIP_WINDOW)
    for block in blocks:
        yield compressor.compress(block)
    yield compressor.flush()
