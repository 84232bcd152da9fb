"""A small appliance on raw sockets, for faults that no HTTP server can be talked into; it keeps every byte it gets.

well           answers as an appliance does
black_hole     the port takes no connection and refuses none: its queue is full
half_open      a connection ends when it has served `served` requests, with the next one on it
half_reset     the same with a reset
long_length    Content-Length is larger than the body, and the connection ends
short_head     the connection ends inside the headers
no_http        another protocol speaks first
raw            answers `reply` to a list call, whatever it is
"""

import asyncio
import json
import socket
import struct
from typing import Self

from gateway.simulator.tls import Certificate

ADDRESS = "127.0.0.1"
USERNAME, PASSWORD, APPLIANCE_TOKEN = "gateway", "password-of-the-faulty-one", "token_of_the_faulty_one"
ROWS: list[dict[str, object]] = [
    {
        "id": 100 + number,
        "type": "Full",
        "client_id": 7,
        "client_name": "raw-client",
        "instance_id": 3,
        "start_date_time": f"10/{number + 1:02}/2025 09:32 am",
        "duration": "00:00:28",
        "complete": True,
        "status": "Success",
        "size": 5,
    }
    for number in range(20)
]


def listing(rows: object = ROWS) -> bytes:
    """The body of a list answer."""
    return json.dumps({"backups": rows}).encode()


def http(body: bytes, head: str = "HTTP/1.1 201 Created", more: str = "", length: int | None = None) -> bytes:
    """A whole HTTP answer; `more` are header lines."""
    size = len(body) if length is None else length
    lines = f"{head}\r\nContent-Type: application/json\r\nContent-Length: {size}\r\n{more}\r\n"
    return lines.encode("latin-1") + body


class Faulty:
    """``async with Faulty() as faulty:`` listens; ``switch`` and the attributes change what it does."""

    def __init__(self, certificate: Certificate | None = None) -> None:
        self.certificate = certificate
        self.mode = "well"
        self.reply = http(listing())
        self.login = http(json.dumps({"auth_token": APPLIANCE_TOKEN, "timeout": 600}).encode())
        self.served = 1
        self.received: list[bytes] = []
        """What came, one entry for each connection."""
        self._server: asyncio.Server | None = None
        self._writers: set[asyncio.StreamWriter] = set()
        self._sockets: list[socket.socket] = []
        self.port = 0

    @property
    def url(self) -> str:
        return f"{'https' if self.certificate else 'http'}://{ADDRESS}:{self.port}"

    @property
    def requests(self) -> int:
        """How many requests came in all."""
        return sum(connection.count(b" HTTP/1.1\r\n") for connection in self.received)

    def system(self, number: int = 1, **more: object) -> dict[str, object]:
        """Its [[system]]."""
        pin = {} if self.certificate is None else {"fingerprint": self.certificate.fingerprint}
        own = {"name": "faulty", "url": self.url, "username": USERNAME, "password": PASSWORD}
        return {"id": number, **own, "timezone": "UTC", **pin, **more}

    async def __aenter__(self) -> Self:
        await self._listen()
        return self

    async def __aexit__(self, *error: object) -> None:
        await self._hang_up()

    async def switch(self, mode: str) -> None:
        """Behave so from now on. A black hole, and another protocol, end the connections that are open."""
        if mode == "black_hole":
            await self._hang_up()
            self._fill_queue()
        elif self.mode == "black_hole" or mode == "no_http":
            await self._hang_up()
            await self._listen()
        self.mode = mode

    async def show(self, certificate: Certificate) -> None:
        """Show another certificate, to new connections; the old ones are ended."""
        await self._hang_up()
        self.certificate = certificate
        await self._listen()

    def say(self, unasked: bytes) -> None:
        """Send this on every connection that is open."""
        for writer in self._writers:
            writer.write(unasked)

    async def _listen(self) -> None:
        context = None if self.certificate is None else self.certificate.server_context()
        self._server = await asyncio.start_server(self._serve, sock=self._bound(), ssl=context)

    async def _hang_up(self) -> None:
        if self._server is not None:
            self._server.close()
        for writer in list(self._writers):
            writer.transport.abort()
        for left in self._sockets:
            left.close()
        self._sockets.clear()
        for _ in range(4):  # a client in this process shall have seen the end before its next call
            await asyncio.sleep(0)

    def _bound(self) -> socket.socket:
        bound = socket.socket()
        bound.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        bound.bind((ADDRESS, self.port))
        self.port = bound.getsockname()[1]
        return bound

    def _fill_queue(self) -> None:
        """A queue for one connection, with several that wait for it: whoever comes next hears nothing."""
        listening = self._bound()
        listening.listen(0)
        self._sockets = [listening]
        for _ in range(4):
            waiting = socket.socket()
            waiting.setblocking(False)
            waiting.connect_ex((ADDRESS, self.port))
            self._sockets.append(waiting)

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        place = len(self.received)
        self.received.append(b"")
        self._writers.add(writer)
        number = 0
        try:
            if self.mode == "no_http":
                writer.write(b"SSH-2.0-OpenSSH_9.6\r\n")
                await writer.drain()
            while request := await self._request(reader, place):
                number += 1
                if not await self._answer(request, number, writer):
                    break
        except (ConnectionError, asyncio.IncompleteReadError):
            pass
        finally:
            self._writers.discard(writer)
            writer.close()

    async def _request(self, reader: asyncio.StreamReader, place: int) -> bytes:
        head = b""
        while not head.endswith(b"\r\n\r\n"):
            line = await reader.readline()
            self.received[place] += line
            if not line:
                return b""
            head += line
        fields = dict(line.lower().split(b": ", 1) for line in head.split(b"\r\n") if b": " in line)
        body = await reader.readexactly(int(fields.get(b"content-length", b"0")))
        self.received[place] += body
        return head + body

    async def _answer(self, request: bytes, number: int, writer: asyncio.StreamWriter) -> bool:
        """Whether the connection goes on."""
        is_login = request.startswith(b"POST /api/login")
        if self.mode in ("half_open", "half_reset") and number > self.served:
            if self.mode == "half_reset":
                at_once = struct.pack("ii", 1, 0)
                writer.get_extra_info("socket").setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, at_once)
            return False
        answer = self.login if is_login else http(listing())
        if self.mode == "long_length" and not is_login:
            writer.write(http(listing(), length=len(listing()) + 1000))
        elif self.mode == "short_head" and not is_login:
            writer.write(answer[:40])
        elif self.mode == "raw" and not is_login:
            writer.write(self.reply)
            answer = self.reply
        else:
            writer.write(answer)
        await writer.drain()
        return self.mode not in ("long_length", "short_head") or is_login
