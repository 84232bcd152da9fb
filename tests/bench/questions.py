"""Requests as they are sent, byte by byte, and one plain look at what comes back."""

import http.client
import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Final

from tests.bench.settings import TOKEN

HOST: Final = "127.0.0.1"

NOTHING: Final = {"type": "no such type"}
"""A question whose answer has no rows: it brings every list into the gateway, with its index, and sends none."""


@dataclass(frozen=True, slots=True)
class Request:
    """One request; a body makes it a POST."""

    body: Mapping[str, Any] | None = None
    token: str = TOKEN
    headers: Mapping[str, str] = field(default_factory=dict)

    @property
    def method(self) -> str:
        """GET or POST."""
        return "GET" if self.body is None else "POST"

    @property
    def sent_headers(self) -> dict[str, str]:
        """All of them; no coding unless one is asked for."""
        return {"Host": HOST, "AuthToken": self.token, "Accept-Encoding": "identity", **self.headers}

    @property
    def sent_body(self) -> bytes:
        """What follows the headers."""
        return b"" if self.body is None else json.dumps(self.body).encode()

    @property
    def raw(self) -> bytes:
        """The whole of it on a connection that is kept."""
        headers = self.sent_headers
        if self.body is not None:
            headers |= {"Content-Type": "application/json", "Content-Length": str(len(self.sent_body))}
        lines = "".join(f"{name}: {value}\r\n" for name, value in headers.items())
        return f"{self.method} /api/backups HTTP/1.1\r\n{lines}\r\n".encode() + self.sent_body

    def look(self, port: int) -> "Look":
        """Send it once, read all of the answer."""
        connection = http.client.HTTPConnection(HOST, port)
        try:
            connection.request(self.method, "/api/backups", self.sent_body or None, self.sent_headers)
            response = connection.getresponse()
            headers = {name.lower(): value for name, value in response.getheaders()}
            return Look(response.status, headers, response.read())
        finally:
            connection.close()


@dataclass(frozen=True, slots=True)
class Look:
    """An answer as it came; names of headers in lower case."""

    status: int
    headers: Mapping[str, str]
    body: bytes

    def good(self) -> bytes:
        """The body of a 200; what is measured cannot go on without it."""
        if self.status != 200:
            raise RuntimeError(f"HTTP {self.status}: {self.body[:300]!r}")
        return self.body
