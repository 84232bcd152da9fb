"""Bytes that two readers could understand differently: one refusal, and the connection is over.

Each request is followed by a whole second one on the same connection. An answer to that one would mean that the
gateway and a proxy in front of it do not agree on where a request ends.
"""

import json

import pytest
from structlog.testing import capture_logs

from tests.hostile.live import STATIC_TOKEN, Live
from tests.hostile.wire import answers_in, connected, exchange, one_answer, request, until_closed

pytestmark = pytest.mark.asyncio(loop_scope="module")

SECOND = b"GET /healthz HTTP/1.1\r\nHost: gateway\r\n\r\n"
CANARY = "canary-7f3a"
LAST_CHUNK = b"0\r\n\r\n"


def post(*lines: str, tail: bytes = b"", first: str = "POST /api/backups HTTP/1.1") -> bytes:
    """A list request with those header lines and those bytes after its head, and the second request behind it."""
    head = [first, "Host: gateway", f"AuthToken: {STATIC_TOKEN}", f"X-Canary: {CANARY}", *lines, "", ""]
    return "\r\n".join(head).encode("latin-1") + tail + SECOND


def chunked(tail: bytes) -> bytes:
    return post("Transfer-Encoding: chunked", tail=tail)


LENGTHS = {
    "length and chunked": post("Content-Length: 2", "Transfer-Encoding: chunked", tail=LAST_CHUNK),
    "chunked and length": post("Transfer-Encoding: chunked", "Content-Length: 5", tail=LAST_CHUNK),
    "two lengths": post("Content-Length: 2", "Content-Length: 44", tail=b"{}"),
    "one length twice": post("Content-Length: 2", "Content-Length: 2", tail=b"{}"),
    "a list of lengths": post("Content-Length: 2, 2", tail=b"{}"),
    "a length with a plus": post("Content-Length: +2", tail=b"{}"),
    "a length below nothing": post("Content-Length: -2", tail=b"{}"),
    "a length in hex": post("Content-Length: 0x2", tail=b"{}"),
    "a length with a gap": post("Content-Length: 2 0", tail=b"{}"),
    "a length with an underscore": post("Content-Length: 0_2", tail=b"{}"),
    "an empty length": post("Content-Length: ", tail=b"{}"),
    "a length without end": post(f"Content-Length: {'9' * 40}", tail=b"{}"),
    "a length in other digits": post("Content-Length: \xb2", tail=b"{}"),
}

CODINGS = {
    "an unknown coding": post("Transfer-Encoding: xchunked", tail=LAST_CHUNK),
    "gzip, then chunked": post("Transfer-Encoding: gzip, chunked", tail=LAST_CHUNK),
    "chunked, then gzip": post("Transfer-Encoding: chunked, gzip", tail=LAST_CHUNK),
    "identity": post("Transfer-Encoding: identity", tail=LAST_CHUNK),
    "chunked in chunked": post("Transfer-Encoding: chunked, chunked", tail=LAST_CHUNK),
    "two codings": post("Transfer-Encoding: chunked", "Transfer-Encoding: identity", tail=LAST_CHUNK),
    "one coding twice": post("Transfer-Encoding: chunked", "Transfer-Encoding: chunked", tail=LAST_CHUNK),
    "a space before the colon": post("Transfer-Encoding : chunked", tail=LAST_CHUNK),
    "a vertical tab": post("Transfer-Encoding: \x0bchunked", tail=LAST_CHUNK),
    "an empty coding": post("Transfer-Encoding: ", tail=LAST_CHUNK),
    "a quoted coding": post('Transfer-Encoding: "chunked"', tail=LAST_CHUNK),
    "chunks for HTTP/1.0": post("Transfer-Encoding: chunked", first="POST /api/backups HTTP/1.0", tail=LAST_CHUNK),
    "a folded coding": post("Transfer-Encoding:\r\n chunked", tail=LAST_CHUNK),
    "a body that is not announced": post(tail=b"{}"),
}

CHUNKS = {
    "lines that end in LF": chunked(b"2\n{}\n0\n\n"),
    "an extension that ends in LF": chunked(b"2;\n{}\r\n0\r\n\r\n"),
    "a size that is none": chunked(b"x\r\n{}\r\n0\r\n\r\n"),
    "a size below nothing": chunked(b"-2\r\n{}\r\n0\r\n\r\n"),
    "a size with 0x": chunked(b"0x2\r\n{}\r\n0\r\n\r\n"),
    "a size that overflows": chunked(b"fffffffffffffffff1\r\n{}\r\n0\r\n\r\n"),
    "more bytes than the size": chunked(b"2\r\n{}xx\r\n0\r\n\r\n"),
    "a space behind the size": chunked(b"2 \r\n{}\r\n0\r\n\r\n"),
}

HEADS = {
    "a folded header": post("X-A: b\r\n c"),
    "lines that end in LF": SECOND.replace(b"\r\n", b"\n") + SECOND,
    "one line that ends in LF": post("X-A: b\nContent-Length: 2", tail=b"{}"),
    "a CR within a line": post("X-A: b\rContent-Length: 2", tail=b"{}"),
    "NUL in a value": post("X-A: b\x00c"),
    "NUL in a name": post("X\x00A: b"),
    "a control character": post("X-A: b\x01c"),
    "a line without a colon": post("XA"),
    "an empty name": post(": b"),
    "a space in a name": post("X A: b"),
    "a space before the first header": b"GET /healthz HTTP/1.1\r\n Host: gateway\r\n\r\n" + SECOND,
    "a header of 9 KiB": post(f"X-A: {'a' * 9_000}"),
    "a header name of 9 KiB": post(f"{'a' * 9_000}: 1"),
    "two hundred headers": post(*(f"X-{number}: 1" for number in range(200))),
    "an address of 9 KiB": request("GET", "/" + "a" * 9_000) + SECOND,
    "no Host": b"GET /healthz HTTP/1.1\r\n\r\n" + SECOND,
    "two Hosts": b"GET /healthz HTTP/1.1\r\nHost: gateway\r\nHost: evil\r\n\r\n" + SECOND,
}

FIRST_LINES = {
    "HTTP/0.9": b"GET /healthz\r\n\r\n" + SECOND,
    "HTTP/1.2": b"GET /healthz HTTP/1.2\r\nHost: gateway\r\n\r\n" + SECOND,
    "HTTP/1.10": b"GET /healthz HTTP/1.10\r\nHost: gateway\r\n\r\n" + SECOND,
    "HTTP/2.0": b"GET /healthz HTTP/2.0\r\nHost: gateway\r\n\r\n" + SECOND,
    "the preface of HTTP/2": b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n" + SECOND,
    "http in lower case": b"GET /healthz http/1.1\r\nHost: gateway\r\n\r\n" + SECOND,
    "a method in lower case": b"get /healthz HTTP/1.1\r\nHost: gateway\r\n\r\n" + SECOND,
    "NUL in the method": b"G\x00T /healthz HTTP/1.1\r\nHost: gateway\r\n\r\n" + SECOND,
    "a path that starts with nothing": request("GET", "api/systems") + SECOND,
    "no path": request("GET", "") + SECOND,
    "a host for a path": request("GET", "gateway:80") + SECOND,
    "a star to read": request("GET", "*") + SECOND,
    "a file for a path": request("GET", "file:///etc/passwd") + SECOND,
    "bytes that are no ASCII": request("GET", "/api/\xff\xfe") + SECOND,
    "a tunnel": request("CONNECT", "gateway:443") + SECOND,
    "a tunnel to a route": request("CONNECT", "/api/backups") + SECOND,
    "a TLS hello": bytes.fromhex("16030100a5010000a1030308") + b"\0" * 100,
}

ALL = {
    f"{group}: {name}": data
    for group, cases in (
        ("lengths", LENGTHS),
        ("codings", CODINGS),
        ("chunks", CHUNKS),
        ("heads", HEADS),
        ("first lines", FIRST_LINES),
    )
    for name, data in cases.items()
}


@pytest.mark.parametrize("data", ALL.values(), ids=ALL.keys())
async def test_it_is_refused_once_and_the_connection_ends(live: Live, data: bytes) -> None:
    found = answers_in(await exchange(live.port, data))
    assert len(found) == 1, "the second request was answered"
    answer = found[0]
    assert answer.status in (400, 405, 501, 505)
    assert answer.headers["content-type"] == "application/json; charset=utf-8"
    assert answer.headers["x-content-type-options"] == "nosniff"
    assert answer.headers["cache-control"] == "no-store"
    assert answer.headers["server"] == "backup-gateway", "no release of anything"
    assert answer.headers["x-request-id"]
    assert answer.json["result"][0]["code"] == "2"
    assert (answer.json["type"], answer.json["status"]) == ("about:blank", answer.status)
    assert {"title", "detail"} <= answer.json.keys()
    for secret in (CANARY, STATIC_TOKEN, "passwd", "evil"):
        assert secret not in json.dumps([answer.headers, answer.json])


async def test_nothing_of_it_reached_an_appliance(live: Live) -> None:
    for data in (*LENGTHS.values(), *HEADS.values()):
        await exchange(live.port, data)
    assert live.calls() == 0


@pytest.mark.parametrize("protocol", ["h2c", "websocket"])
async def test_an_upgrade_is_declined_and_nothing_behind_it_is_read(live: Live, protocol: str) -> None:
    asks = request("GET", "/healthz", "Connection: Upgrade", f"Upgrade: {protocol}", "Sec-WebSocket-Version: 13")
    found = answers_in(await exchange(live.port, asks + SECOND))
    assert [answer.status for answer in found] == [200]


async def test_a_good_request_before_a_broken_one_is_no_way_around(live: Live) -> None:
    async with connected(live.port) as (reader, writer):
        writer.write(SECOND)
        assert (await one_answer(reader)).status == 200
        writer.write(ALL["lengths: length and chunked"])
        found = answers_in(await until_closed(reader))
    assert [answer.status for answer in found] == [400]


async def test_its_line_in_the_log_names_the_fault_and_repeats_nothing(live: Live) -> None:
    with capture_logs() as lines:
        for data in (ALL["heads: NUL in a value"], ALL["codings: gzip, then chunked"]):
            await exchange(live.port, data)
    assert {line["event"] for line in lines} == {"broken_request", "request"}
    assert CANARY not in str(lines)
    assert STATIC_TOKEN not in str(lines)
