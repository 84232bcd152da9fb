"""Where requests begin and end: whatever the pieces in which they come, and never more than the parser sees."""

from hashlib import blake2b

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gateway.web.framing import Framing, asked_of, is_usual

TOKEN = "a-token"


def request(target: str, body: bytes = b"", *more: str) -> bytes:
    lines = [f"{'POST' if body else 'GET'} {target} HTTP/1.1", "Host: gateway", *more]
    lines += [f"Content-Length: {len(body)}"] * bool(body)
    return "\r\n".join([*lines, "", ""]).encode() + body


requests = st.builds(
    request, st.sampled_from(["/api/backups", "/healthz?a=b"]), st.binary(max_size=40), st.just(f"AuthToken: {TOKEN}")
)


@given(st.lists(requests, min_size=1, max_size=4), st.data())
def test_a_request_has_the_digest_of_its_bytes_however_it_is_cut(whole: list[bytes], data: st.DataObject) -> None:
    framing = Framing()
    for number, one in enumerate(whole, start=1):
        cuts = sorted(data.draw(st.sets(st.integers(1, len(one) - 1), max_size=3)))
        for begin, end in zip([0, *cuts], [*cuts, len(one)], strict=True):
            assert framing.is_between == (begin == 0)
            framing.feed(one[begin:end])
            assert (framing.key is None) == (end < len(one)), "a key only with the last byte"
        assert framing.key == blake2b(one, digest_size=32).digest()
        framing.agree(number)
        assert framing.is_between


@given(requests, requests, st.data())
def test_what_comes_with_a_part_of_the_next_request_is_never_told(one: bytes, two: bytes, data: st.DataObject) -> None:
    framing = Framing()
    cut = data.draw(st.integers(1, len(two)))
    framing.feed(one + two[:cut])
    assert framing.is_lost
    framing.feed(two[cut:])
    framing.feed(one)
    assert framing.key is None
    assert not framing.is_between


@pytest.mark.parametrize(
    "odd",
    [
        b"POST / HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\n",
        b"POST / HTTP/1.1\r\nContent-Length: 0\r\ncontent-length: 5\r\n\r\n",
        b"POST / HTTP/1.1\r\nContent-Length : 0\r\nTransfer-Encoding : x\r\n\r\n",
    ],
)
def test_a_body_of_unsure_length_is_not_told(odd: bytes) -> None:
    framing = Framing()
    framing.feed(odd)
    assert framing.is_lost
    assert framing.key is None


def test_a_head_without_an_end_is_not_kept_for_ever() -> None:
    framing = Framing()
    for _ in range(70):
        framing.feed(b"x" * 1000)
    assert framing.is_lost


@pytest.mark.parametrize("seen", [0, 2])
def test_where_the_parser_sees_other_requests_nothing_more_is_told(seen: int) -> None:
    framing = Framing()
    framing.feed(request("/"))
    framing.agree(seen)
    assert framing.key is None
    assert not framing.is_between


@pytest.mark.parametrize(
    ("more", "usual"),
    [
        ("Accept: */*", True),
        ("Connection: keep-alive", True),
        ("connection:keep-alive ", True),
        ("Connection: close", False),
        ("CONNECTION: keep-alive, close", False),
        ("Connection:", False),
        ("Upgrade: h2c", False),
        ("Expect: 100-continue", False),
        ("X-Request-Id: mine", True),
    ],
)
def test_what_asks_for_more_than_an_answer_is_not_usual(more: str, usual: bool) -> None:
    data = request("/api/backups", b"{}", f"AuthToken: {TOKEN}", more)
    assert is_usual(data) == usual
    assert (asked_of(data) is not None) == usual


@pytest.mark.parametrize(
    ("target", "raw_path", "path"),
    [
        ("/api/backups", "/api/backups", "/api/backups"),
        ("/api//backups/?a=/x", "/api//backups/", "/api/backups"),
        ("/healthz#x", "/healthz", "/healthz"),
    ],
)
def test_a_path_is_told_without_its_query(target: str, raw_path: str, path: str) -> None:
    asked = asked_of(request(target, b"", f"AuthToken: {TOKEN}"))
    assert asked is not None
    assert (asked.method, asked.raw_path, asked.path, asked.token) == ("GET", raw_path, path, TOKEN)


@pytest.mark.parametrize("header", ["authtoken:a-token", "AUTHTOKEN:\ta-token ", "Authorization: bearer  a-token"])
def test_a_token_is_found_however_it_is_spelled(header: str) -> None:
    asked = asked_of(request("/", b"", header))
    assert asked is not None
    assert asked.token == TOKEN


@pytest.mark.parametrize(
    "headers",
    [
        [],
        ["AuthToken:"],
        ["Authorization: Basic YTpi"],
        ["Authorization: a-token"],
        ["AuthToken: a token"],
        ["AuthToken: one", "AuthToken: two"],
        ["AuthToken: one", "Authorization: Bearer one"],
    ],
)
def test_where_no_token_or_more_than_one_is_given_the_long_way_says_so(headers: list[str]) -> None:
    assert asked_of(request("/", b"", *headers)) is None


@pytest.mark.parametrize(
    "line",
    ["GET http://gateway/ HTTP/1.1", "HEAD / HTTP/1.1", "GET / HTTP/1.0", "GET /\xff HTTP/1.1", "get / HTTP/1.1"],
)
def test_other_request_lines_go_the_long_way(line: str) -> None:
    assert asked_of(f"{line}\r\nAuthToken: {TOKEN}\r\n\r\n".encode("latin-1")) is None


def test_a_token_in_the_body_is_none() -> None:
    body = b"\r\nAuthToken: other\r\n"
    assert asked_of(request("/", body)) is None
    asked = asked_of(request("/", body, f"AuthToken: {TOKEN}"))
    assert asked is not None
    assert asked.token == TOKEN
