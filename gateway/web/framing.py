"""Where the requests of a connection begin and end, and what one asks, told from its bytes (RFC 9112).

Not every request can be told so, and none needs to: what is not told here is read by the HTTP parser, which alone
decides what is a request. Whoever answers by what is told here must have seen the parser take the same bytes before, or
refuse whatever they ask.
"""

import re
from dataclasses import dataclass
from hashlib import blake2b
from typing import Final

from gateway.answers.ready import Key
from gateway.web.paths import normalised

_LONGEST_HEAD: Final = 65_536
_HEAD_END: Final = b"\r\n\r\n"
_BODY: Final = re.compile(
    rb"\r\n(?:content-length[ \t]*:[ \t]*(\d{1,15})[ \t]*(?=\r\n)|(transfer-encoding)[ \t]*:)", re.I
)
_LINE: Final = re.compile(rb"(GET|POST) (/[!-~]*) HTTP/1\.1\r\n")
_TOKEN: Final = re.compile(
    rb"\r\n(?:authtoken[ \t]*:[ \t]*|authorization[ \t]*:[ \t]*bearer[ \t]+)([!-~]*)[ \t]*(?=\r\n)", re.I
)
_UNUSUAL: Final = re.compile(rb"\r\n(?:connection:(?![ \t]*keep-alive[ \t]*\r\n)|upgrade:|expect:)", re.I)
_REQUEST_ID: Final = re.compile(rb"\r\nx-request-id:([^\r]*)", re.I)


class Framing:
    """The bytes of one connection, cut into requests. `key` is that of the request that has just come, if it is whole.

    The two counts are of requests whose head has come: as this sees it, and as the parser does. Where they differ the
    bytes are not what they seem, and nothing more is told of this connection.
    """

    __slots__ = ("_digest", "_head", "_missing", "begun", "is_lost", "key")

    def __init__(self) -> None:
        self._digest: blake2b | None = None
        self._head = b""
        self._missing = 0
        self.begun = 0
        self.is_lost = False
        self.key: Key | None = None

    @property
    def is_between(self) -> bool:
        """Whether all bytes so far belong to whole requests."""
        return not (self.is_lost or self._missing or self._head)

    def lose(self) -> None:
        """Tell nothing more."""
        self.is_lost, self.key, self._head, self._digest = True, None, b"", None

    def feed(self, data: bytes) -> None:
        """The next bytes."""
        if self.is_lost:
            return
        self.key = None
        if self._digest is None:
            self._digest = blake2b(digest_size=32)
        self._digest.update(data)
        if self._missing:
            missing: int | None = self._missing - len(data)
        else:
            head = self._head + data
            missing = _missing_of(head)
            self._head = head if missing is None else b""
            self.begun += missing is not None
        if len(self._head) > _LONGEST_HEAD or (missing or 0) < 0:
            self.lose()
        elif missing is not None:
            self._missing = missing
            if not missing:
                self.key, self._digest = self._digest.digest(), None

    def agree(self, begun: int) -> None:
        """The parser has seen the heads of so many requests."""
        if begun != self.begun:
            self.lose()


def _missing_of(text: bytes) -> int | None:
    """How many bytes of a request are still to come. None where its head has no end yet; -1 for what is not told."""
    end = text.find(_HEAD_END)
    if end < 0:
        return None
    bodies = _BODY.findall(text, 0, end + 2)
    if len(bodies) > 1 or (bodies and bodies[0][1]):
        return -1
    return end + len(_HEAD_END) + (int(bodies[0][0]) if bodies else 0) - len(text)


def is_usual(data: bytes) -> bool:
    """Whether a whole request of HTTP/1.1 leaves its connection as it is."""
    return _UNUSUAL.search(data) is None


@dataclass(frozen=True, slots=True)
class Asked:
    """What a refusal needs to know: the path without its query, once with all slashes, once without doubled ones.

    `request_id` is the one that was given, or "".
    """

    method: str
    raw_path: str
    path: str
    token: str
    request_id: str


def asked_of(data: bytes) -> Asked | None:
    """What a whole and usual request asks, if it carries one token; None where it must be looked at in earnest."""
    line = _LINE.match(data)
    if line is None or not is_usual(data):
        return None
    begin, end = line.end() - 2, data.find(_HEAD_END) + 2
    tokens, given = _TOKEN.findall(data, begin, end), _REQUEST_ID.search(data, begin, end)
    if len(tokens) != 1 or not tokens[0]:
        return None
    raw_path = line[2].partition(b"?")[0].partition(b"#")[0].decode()
    request_id = "" if given is None else given[1].strip().decode("latin-1")
    return Asked(line[1].decode(), raw_path, normalised(raw_path), tokens[0].decode(), request_id)
