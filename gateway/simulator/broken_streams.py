"""Faults of the connection: answers that come late, in pieces, in part, or not at all."""

import asyncio
from typing import Final

from aiohttp import web

from gateway.simulator.exchange import Exchange
from gateway.simulator.replies import body_of

_LOOK_SECONDS: Final = 0.05


async def slow(exchange: Exchange) -> web.StreamResponse:
    """Late, but genuine."""
    await asyncio.sleep(exchange.fault.seconds)
    return await exchange.genuine()


async def hung(exchange: Exchange) -> web.StreamResponse:
    """No byte, ever."""
    # Handlers are not told of a client that has gone, so look now and then.
    while not exchange.released.is_set() and exchange.is_open:
        try:
            await asyncio.wait_for(exchange.released.wait(), _LOOK_SECONDS)
        except TimeoutError:
            continue
    return exchange.abort()


async def trickling(exchange: Exchange) -> web.StreamResponse:
    """The genuine answer, one byte at a time."""
    response = await exchange.genuine()
    body = body_of(response)
    stream = web.StreamResponse(status=response.status, headers={"Content-Type": "application/json"})
    stream.content_length = len(body)
    await stream.prepare(exchange.request)
    for number in range(len(body)):
        if exchange.released.is_set() or not exchange.is_open:
            return exchange.abort()
        await stream.write(body[number : number + 1])
        await asyncio.sleep(exchange.fault.interval)
    await stream.write_eof()
    return stream


async def cut(exchange: Exchange) -> web.StreamResponse:
    """Half of the body, then the end of the connection."""
    body = await exchange.genuine_body()
    stream = web.StreamResponse(status=201, headers={"Content-Type": "application/json"})
    stream.content_length = len(body)
    await stream.prepare(exchange.request)
    await stream.write(body[: max(1, len(body) // 2)])
    exchange.close()
    return stream


async def unended(exchange: Exchange) -> web.StreamResponse:
    """All of a chunked body but its last chunk."""
    body = await exchange.genuine_body()
    stream = web.StreamResponse(status=201, headers={"Content-Type": "application/json"})
    stream.enable_chunked_encoding()
    await stream.prepare(exchange.request)
    await stream.write(body)
    exchange.close()
    return stream


async def reset(exchange: Exchange) -> web.StreamResponse:
    """A reset before any byte."""
    return exchange.abort()
