"""The bound: a bare aiohttp application of one route that returns the very same bytes, in a process of its own."""

import asyncio
import gc
import zlib
from collections.abc import Awaitable, Callable, Iterator
from contextlib import contextmanager
from multiprocessing.connection import Connection
from typing import Final

from aiohttp import web

from tests.bench.questions import HOST

GZIP_LEVEL: Final = 6
GZIP_BITS: Final = zlib.MAX_WBITS | 16


def gzipped(body: bytes) -> bytes:
    """One gzip member, as most servers make it at each request."""
    packer = zlib.compressobj(GZIP_LEVEL, zlib.DEFLATED, GZIP_BITS)
    return packer.compress(body) + packer.flush()


def _plain(body: bytes) -> Callable[[web.Request], Awaitable[web.Response]]:
    async def handler(_request: web.Request) -> web.Response:
        return web.Response(body=body, content_type="application/json")

    return handler


def _packing(body: bytes) -> Callable[[web.Request], Awaitable[web.Response]]:
    async def handler(_request: web.Request) -> web.Response:
        headers = {"Content-Encoding": "gzip"}
        return web.Response(body=gzipped(body), content_type="application/json", headers=headers)

    return handler


async def _serve(pipe: Connection) -> None:
    runners: dict[int, web.AppRunner] = {}
    while True:
        command, value, gzip = await asyncio.to_thread(pipe.recv)
        if command == "close":
            await runners.pop(value).cleanup()
            gc.collect()
            pipe.send(value)
            continue
        app = web.Application()
        app.router.add_route("*", "/api/backups", (_packing if gzip else _plain)(value))
        runner = web.AppRunner(app, access_log=None)
        await runner.setup()
        await web.TCPSite(runner, HOST, 0, backlog=1024).start()
        port = int(runner.addresses[0][1])
        runners[port] = runner
        pipe.send(port)


def serve(pipe: Connection) -> None:
    """The process."""
    asyncio.run(_serve(pipe))


class Bare:
    """The other end of that process's pipe."""

    def __init__(self, pipe: Connection) -> None:
        self._pipe = pipe

    @contextmanager
    def answering(self, body: bytes, *, gzip: bool = False) -> Iterator[int]:
        """The port of a server that returns `body`; with `gzip` compressed anew at each request."""
        self._pipe.send(("open", body, gzip))
        port = self._pipe.recv()
        try:
            yield port
        finally:
            self._pipe.send(("close", port, gzip))
            self._pipe.recv()
