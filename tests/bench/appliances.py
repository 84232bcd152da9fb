"""Appliances for the benchmark, in a process of their own: raw sockets that send prebuilt bytes after a drawn delay.

They cost far less than whoever asks them, so that the asking side is what is measured.
"""

import asyncio
import resource
import ssl
import time
from collections.abc import Iterator
from email.utils import formatdate
from functools import cache
from itertools import cycle
from multiprocessing.connection import Connection
from typing import Any, Final
from zoneinfo import ZoneInfo

from gateway.simulator import generate_rows
from gateway.simulator.dialects import Dialect, Rendering
from gateway.simulator.tls import self_signed
from tests.bench.fleet import TIMEZONE, Fleet, Site

_HOST: Final = "127.0.0.1"
_FILES: Final = 32_768
_DIFFERENT_LISTS: Final = 10
_LIST_MADE_AT: Final = 1_790_000_000
_LOGIN: Final = b'{"auth_token":"v1:bench-token","id":1,"superuser":true,"timeout":3600}'


@cache
def list_body(dialect: Dialect, rows: int, seed: int) -> bytes:
    """A whole list reply as an appliance of that dialect writes it, newest row first."""
    zone = ZoneInfo(TIMEZONE)
    style = Rendering(dialect, zone)
    records = generate_rows(seed, zone, _LIST_MADE_AT, rows, 14)
    return style.envelope([style.encode(style.row(record)) for record in reversed(records)])


def bodies(fleet: Fleet) -> list[bytes]:
    """The reply of each appliance of a fleet."""
    return [list_body(fleet.dialect, fleet.rows, number % _DIFFERENT_LISTS) for number in range(fleet.size)]


def serve(pipe: Connection) -> None:
    """The process: takes fleets, sends where they listen."""
    allow_many_files()
    asyncio.run(_serve_all(pipe))


def allow_many_files() -> None:
    """Fleets and crowds of callers need more open sockets than some systems allow at first."""
    _, most = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (min(most, _FILES) if most > 0 else _FILES, most))


async def _serve_all(pipe: Connection) -> None:
    certificate = self_signed("bench")
    context = certificate.server_context()
    sites: dict[Fleet, list[Site]] = {}
    for fleet in pipe.recv():
        sites[fleet] = []
        for number, (body, latency) in enumerate(zip(bodies(fleet), fleet.latencies(), strict=True), 1):
            tls = context if fleet.tls else None
            lists = [body, list_body(fleet.dialect, fleet.rows, _DIFFERENT_LISTS)] if fleet.moving else [body]
            port = await _listen(cycle(lists), latency, tls)
            scheme, pin = ("https", certificate.fingerprint) if fleet.tls else ("http", None)
            sites[fleet].append(Site(number, f"{scheme}://{_HOST}:{port}", pin))
    pipe.send(sites)
    await asyncio.Event().wait()


async def _listen(lists: Iterator[bytes], latency: float, tls: ssl.SSLContext | None) -> int:
    loop = asyncio.get_running_loop()
    server = await loop.create_server(lambda: _Appliance(lists, latency / 2), _HOST, 0, ssl=tls, backlog=512)
    return int(server.sockets[0].getsockname()[1])


_date: tuple[int, bytes] = (0, b"")


def _date_line() -> bytes:
    global _date
    now = int(time.time())
    if _date[0] != now:
        _date = now, b"Date: %s\r\n" % formatdate(now, usegmt=True).encode()
    return _date[1]


class _Appliance(asyncio.Protocol):
    """One kept-alive connection: a request whose path ends in `login` gets the token, any other the list."""

    def __init__(self, lists: Iterator[bytes], delay_s: float) -> None:
        self._lists = lists
        self._delay_s = delay_s
        self._got = b""
        self._transport: Any = None

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = transport

    def data_received(self, data: bytes) -> None:
        self._got += data
        head, end, body = self._got.partition(b"\r\n\r\n")
        if not end:
            return
        length = head.lower().partition(b"content-length:")[2].split(b"\r\n", 1)[0]
        if len(body) < int(length or 0):
            return
        self._got = b""
        reply = _LOGIN if b"/login" in head.split(b"\r\n", 1)[0] else next(self._lists)
        if self._delay_s:
            asyncio.get_running_loop().call_later(self._delay_s, self._send, reply)
        else:
            self._send(reply)

    def _send(self, reply: bytes) -> None:
        head = b"HTTP/1.1 201 Created\r\nContent-Type: application/json\r\nContent-Length: %d\r\n" % len(reply)
        self._transport.write(head + _date_line() + b"\r\n" + reply)
