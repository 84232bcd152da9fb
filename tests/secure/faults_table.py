"""The fault matrix, row by row: what goes wrong, and what a caller must read of it."""

from dataclasses import dataclass, field
from typing import Any

from gateway.simulator import Fault

SMALL_CAP = 200_000


@dataclass(frozen=True)
class Case:
    """One fault of an appliance.

    `row` is that of the fault matrix. `fault` is one of a simulated appliance, `raw` a mode of the raw one, with its
    `reply`. `warms` is False where the fault cannot hit after a good answer. `heals` tells whether the next call after
    the fault is let through.
    """

    row: int
    name: str
    kind: str
    alone: int
    fault: Fault | None = None
    raw: str | None = None
    reply: bytes = b""
    spec: dict[str, Any] = field(default_factory=dict)
    system: dict[str, Any] = field(default_factory=dict)
    heals: bool = True

    def __str__(self) -> str:
        return f"{self.row:02}-{self.name}"


def _on_list(row: int, mode: str, kind: str, alone: int = 502, *, name: str = "", **more: Any) -> Case:
    own = {key: more.pop(key) for key in ("spec", "system", "heals") if key in more}
    return Case(row, name or mode, kind, alone, Fault(mode, **more), **own)


TLS = {"tls": True}
CAPPED = {"max_reply_bytes": SMALL_CAP}
ROW = '{"id":1,"type":"Full","client_name":"%s","start_date_time":"10/14/2014 09:32 am","size":%s}'

FAILURES = (
    _on_list(1, "refusing", "refused"),
    Case(2, "black hole", "timeout", 504, raw="black_hole"),
    _on_list(7, "other_certificate", "tls_pin", spec=TLS, heals=False),
    _on_list(8, "stalled", "timeout", 504, spec=TLS, name="stalled handshake"),
    _on_list(9, "plain_http", "tls", spec=TLS),
    _on_list(10, "hung", "timeout", 504),
    _on_list(10, "stalled", "timeout", 504, name="accepted and left alone"),
    _on_list(11, "trickling", "timeout", 504, interval=0.02),
    _on_list(12, "reset", "reset"),
    Case(12, "end inside the headers", "reset", 502, raw="short_head"),
    Case(12, "another protocol", "bad_reply", 502, raw="no_http"),
    _on_list(13, "cut", "reset"),
    Case(14, "Content-Length too long", "reset", 502, raw="long_length"),
    _on_list(15, "unended", "reset"),
    _on_list(17, "broken_json", "bad_reply"),
    _on_list(18, "empty_body", "bad_reply"),
    _on_list(19, "wrong_shape", "bad_reply", name="a number for the list"),
    _on_list(19, "wrong_shape", "bad_reply", name="a text", text='"backups"'),
    _on_list(19, "wrong_shape", "bad_reply", name="null", text="null"),
    _on_list(19, "wrong_shape", "bad_reply", name="an object without a list", text='{"rows":[]}'),
    _on_list(19, "wrong_shape", "bad_reply", name="an object for the list", text='{"backups":{"1":{}}}'),
    _on_list(20, "html", "bad_reply"),
    _on_list(22, "huge", "too_large", size_bytes=1_000_000, system=CAPPED, heals=False),
    _on_list(23, "huge", "too_large", size_bytes=1_000_000, chunked=True, system=CAPPED, heals=False, name="chunked"),
    _on_list(24, "gzip_bomb", "too_large", size_bytes=2_000_000, system=CAPPED, heals=False),
    _on_list(26, "deep", "bad_reply"),
    _on_list(27, "nan", "bad_reply"),
    _on_list(27, "body", "bad_reply", name="1e999", text='{"backups":[' + ROW % ("a", "1e999") + "]}"),
    _on_list(27, "body", "bad_reply", name="310 digits", text='{"backups":[{"files":' + "9" * 309 + "e1}]}"),
    _on_list(28, "invalid_utf8", "bad_reply"),
    _on_list(28, "body", "bad_reply", name="lone surrogate", text='{"backups":[' + ROW % (r"a\ud800b", "1") + "]}"),
    _on_list(28, "body", "bad_reply", name="an unknown escape", text='{"backups":[' + ROW % (r"a\qb", "1") + "]}"),
    _on_list(31, "non_objects", "bad_reply", percent=10),
    _on_list(37, "unauthorized", "auth", heals=False),
    _on_list(39, "no_token", "auth", heals=False),
    _on_list(39, "bad_token", "auth", heals=False),
    _on_list(40, "forbidden", "denied", heals=False),
    _on_list(41, "too_many", "overloaded", 503, heals=False),
    _on_list(41, "unavailable", "overloaded", 503, http_date=True, heals=False),
    _on_list(42, "error", "appliance_error", text="core error 17"),
    _on_list(42, "error", "appliance_error", name="502 of a proxy", status=502),
    _on_list(43, "result_only", "appliance_error"),
    _on_list(44, "missing", "unsupported"),
    *(_on_list(45, "redirect", "bad_reply", name=f"redirect {status}", status=status) for status in (301, 302, 307)),
    Case(45, "another protocol", "bad_reply", 502, raw="raw", reply=b"HTTP/1.1 101 x\r\nUpgrade: x\r\n\r\n"),
    _on_list(50, "huge_header", "bad_reply"),
    Case(50, "a header of 9,000 bytes", "bad_reply", 502, raw="raw", reply=b"HTTP/1.1 201 x\r\nX-A: " + b"x" * 9_000),
    Case(50, "a status line of nonsense", "bad_reply", 502, raw="raw", reply=b"HTTP/9.9 9999999 x\r\n\r\n"),
    Case(50, "NUL in a header", "bad_reply", 502, raw="raw", reply=b"HTTP/1.1 201 x\r\nX-A: a\x00b\r\n\r\n"),
    Case(
        50,
        "two lengths",
        "bad_reply",
        502,
        raw="raw",
        reply=b"HTTP/1.1 201 x\r\nContent-Length: 2\r\nContent-Length: 9\r\n\r\n{}",
    ),
    Case(
        24,
        "no gzip",
        "bad_reply",
        502,
        raw="raw",
        reply=b"HTTP/1.1 201 x\r\nContent-Encoding: gzip\r\nContent-Length: 9\r\n\r\nnot gzip!",
    ),
)
"""Faults that leave the system without a new list."""

AT_LOGIN = (
    ("hung", "timeout", 504),
    ("reset", "reset", 502),
    ("cut", "reset", 502),
    ("html", "bad_reply", 502),
    ("broken_json", "bad_reply", 502),
    ("empty_body", "bad_reply", 502),
    ("empty_list", "bad_reply", 502),
    ("empty", "auth", 502),
    ("deep", "bad_reply", 502),
    ("invalid_utf8", "bad_reply", 502),
    ("nan", "bad_reply", 502),
    ("login_refused", "auth", 502),
    ("unauthorized", "auth", 502),
    ("no_token", "auth", 502),
    ("bad_token", "auth", 502),
    ("forbidden", "denied", 502),
    ("missing", "unsupported", 502),
    ("too_many", "overloaded", 503),
    ("unavailable", "overloaded", 503),
    ("redirect", "bad_reply", 502),
    ("huge_header", "bad_reply", 502),
)
"""The same at the login: mode, kind, status alone."""
