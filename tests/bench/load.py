"""The load: raw sockets in a process of their own that send one prebuilt request and count what comes back.

They read heads as far as needed to know where an answer ends, and throw its body away.
"""

import asyncio
import gc
import time
from collections.abc import Callable, Coroutine
from dataclasses import dataclass, field
from multiprocessing.connection import Connection
from typing import Any, Final, TypeVar

from tests.bench.questions import HOST

_BUFFER: Final = bytearray(524_288)
"""One for all connections: what came is looked at before anything else is received."""

T = TypeVar("T")

_HEAD_BYTES: Final = 4096
_RAMP_SHARE: Final = 0.2
_LONGEST_S: Final = 20.0
_PATIENCE_S: Final = 60.0


@dataclass(frozen=True, slots=True)
class Rate:
    """Answers in a second; `status` is the first one that was not expected, or the expected one."""

    per_s: float
    status: int


@dataclass(frozen=True, slots=True)
class Once:
    """One answer on each connection: when the first line and the last byte had come, on the slowest of them."""

    status: int
    content_type: str
    size: int
    first_line_s: float
    last_s: float

    def good(self) -> "Once":
        """The same, if it was a 200; what is measured cannot go on without it."""
        if self.status != 200:
            raise RuntimeError(f"HTTP {self.status}")
        return self


@dataclass(slots=True)
class Tally:
    """What all connections of a load have read so far."""

    answers: int = 0
    answer_bytes: int = 0
    body_bytes: int = 0
    statuses: set[int] = field(default_factory=set)


class Client(asyncio.BufferedProtocol):
    """A kept connection; asks again as long as `again` says so. `status` is that of the newest answer."""

    def __init__(self, request: bytes, tally: Tally, again: Callable[[], bool], *, lines: bool = False) -> None:
        self._request = request
        self._tally = tally
        self._again = again
        self._lines = lines
        self._buffer = _BUFFER
        self._carry = b""
        self._read: Callable[[int, int], int] = self._head
        self._left = 0
        self._chunked = False
        self._size = 0
        self._transport: Any = None
        self.content_type = ""
        self.status = 0
        self.first_line_at = 0.0
        self.ended = asyncio.get_running_loop().create_future()

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = transport
        self._transport.write(self._request)

    def connection_lost(self, exc: Exception | None) -> None:
        if not self.ended.done():
            self.ended.set_exception(exc or ConnectionError("the other side closed the connection"))

    def get_buffer(self, sizehint: int) -> bytearray:
        return self._buffer

    def buffer_updated(self, nbytes: int) -> None:
        at = 0
        while at < nbytes:
            at = self._read(at, nbytes)

    def _text(self, at: int, end: int, ends_with: bytes) -> tuple[bytes | None, int]:
        """The text up to its end mark, None while it is not here; and where to read on."""
        piece = bytes(self._buffer[at : min(end, at + _HEAD_BYTES)])
        before = len(self._carry)
        self._carry += piece
        found = self._carry.find(ends_with)
        if found < 0:
            return None, at + len(piece)
        text, self._carry = self._carry[:found], b""
        return text, at + found + len(ends_with) - before

    def _head(self, at: int, end: int) -> int:
        head, at = self._text(at, end, b"\r\n\r\n")
        if head is None:
            return at
        status, head = int(head[9:12]), head.lower()
        self.status = status
        self._tally.statuses.add(status)
        self.content_type = _header(head, b"content-type")
        self._size = 0
        self._chunked = b"\r\ntransfer-encoding: chunked" in head
        self._left = 0 if status == 304 else int(_header(head, b"content-length") or 0)
        self._read = self._chunk_head if self._chunked else self._body
        if not self._chunked and not self._left:
            self._end()
        return at

    def _chunk_head(self, at: int, end: int) -> int:
        line, at = self._text(at, end, b"\r\n")
        if line:  # the empty one ends the chunk before
            self._left = int(line.partition(b";")[0], 16)
            self._read = self._body if self._left else self._last_line
        return at

    def _last_line(self, at: int, end: int) -> int:
        line, at = self._text(at, end, b"\r\n")
        if line == b"":
            self._end()
        return at

    def _body(self, at: int, end: int) -> int:
        step = min(self._left, end - at)
        if self._lines and not self.first_line_at and self._buffer.find(b"\n", at, at + step) >= 0:
            self.first_line_at = time.perf_counter()
        self._left -= step
        self._size += step
        self._tally.body_bytes += step
        if not self._left:
            if self._chunked:
                self._read = self._chunk_head
            else:
                self._end()
        return at + step

    def _ask(self) -> None:
        """Ask again: at once."""
        self._transport.write(self._request)

    def _end(self) -> None:
        self._read = self._head
        self._tally.answers += 1
        self._tally.answer_bytes += self._size
        if self._again():
            self._ask()
        else:
            self.ended.set_result(time.perf_counter())
            self._transport.close()


def _header(head: bytes, name: bytes) -> str:
    return head.partition(b"\r\n" + name + b":")[2].partition(b"\r\n")[0].decode().strip()


async def _open(port: int, made: Callable[[], Client], count: int) -> list[Client]:
    loop = asyncio.get_running_loop()
    return [(await loop.create_connection(made, HOST, port))[1] for _ in range(count)]


async def _rate(port: int, request: bytes, connections: int, seconds: float, status: int) -> Rate:
    tally, stopped = Tally(), asyncio.Event()
    clients = await _open(port, lambda: Client(request, tally, lambda: not stopped.is_set()), connections)
    await asyncio.sleep(seconds * _RAMP_SHARE)
    begun, before = time.perf_counter(), (tally.answers, tally.body_bytes)
    while True:
        await asyncio.sleep(seconds)
        took = time.perf_counter() - begun
        if tally.answers > before[0] or took > _LONGEST_S:
            break
    per_answer = tally.answer_bytes / max(1, tally.answers)
    count = (tally.body_bytes - before[1]) / per_answer if per_answer else tally.answers - before[0]
    stopped.set()
    await asyncio.gather(*(client.ended for client in clients))
    return Rate(count / took, next(iter(tally.statuses - {status}), status))


async def _once(port: int, request: bytes, connections: int) -> Once:
    tally = Tally()
    begun = time.perf_counter()
    clients = await _open(port, lambda: Client(request, tally, lambda: False, lines=True), connections)
    last_at = max(await asyncio.gather(*(client.ended for client in clients)))
    first_at = max(client.first_line_at or last_at for client in clients)
    size = tally.answer_bytes // connections
    return Once(max(tally.statuses), clients[0].content_type, size, first_at - begun, last_at - begun)


def serve(pipe: Connection) -> None:
    """The process: takes coroutine functions of modules with their arguments, sends their outcome."""
    gc.disable()
    while True:
        work, arguments, patience_s = pipe.recv()
        try:
            outcome: Any = asyncio.run(_in_time(work(*arguments), patience_s))
        except (OSError, ValueError) as error:
            outcome = OSError(f"{type(error).__name__} {error}")
        pipe.send(outcome)


async def _in_time(work: Coroutine[Any, Any, Any], patience_s: float) -> Any:
    async with asyncio.timeout(patience_s):
        return await work


class Load:
    """The other end of that process's pipe."""

    def __init__(self, pipe: Connection) -> None:
        self._pipe = pipe

    def rate(self, port: int, request: bytes, *, connections: int, seconds: float, status: int = 200) -> Rate:
        """Answers in a second over some connections, each of which asks again as soon as it has its answer."""
        return self.run(_rate, port, request, connections, seconds, status)

    def once(self, port: int, request: bytes, *, connections: int = 1) -> Once:
        """One answer on each connection, all asked for at once."""
        return self.run(_once, port, request, connections)

    def run(self, work: Callable[..., Coroutine[Any, Any, T]], *arguments: Any, patience_s: float = _PATIENCE_S) -> T:
        """What that coroutine function of a module returns there, within so many seconds."""
        self._pipe.send((work, arguments, patience_s))
        outcome = self._pipe.recv()
        if isinstance(outcome, Exception):
            raise outcome
        return outcome  # type: ignore[no-any-return]
