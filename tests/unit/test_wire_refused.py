"""What is told of replies that are no list: in public without their words, in the log what they are like."""

import json
import tracemalloc

import msgspec
import pytest

from gateway.dialects.wire import EXPIRED_TEXT, check_pieces, read_object, repeats, split_rows
from gateway.errors import FetchError
from gateway.simulator.replies import EXPIRED_TEXT as SAID_OF_AN_OLD_TOKEN
from gateway.sources.session import refusal
from gateway.sources.transport import Reply

BOM = b"\xef\xbb\xbf"
MEBIBYTE = 1_048_576
TOO_MANY = "the reply is cut into more pieces than any list of backups"


def refusal_of(body: bytes, read: object = split_rows) -> tuple[str, str, str | None]:
    assert callable(read)
    with pytest.raises(FetchError) as caught:
        read(body)
    return caught.value.kind, caught.value.message, caught.value.detail


@pytest.mark.parametrize(
    ("body", "looks"),
    [
        (b"", "0 bytes that begin like nothing"),
        (b" \r\n", "3 bytes that begin like nothing"),
        (b"<html>", "6 bytes that begin like markup"),
        (b"\n\t{'a'}", "7 bytes that begin like an object"),
        (b"[1,", "3 bytes that begin like a list"),
        (b"secret", "6 bytes that begin like something else"),
        (BOM + b" [", "5 bytes that begin like a list"),
    ],
)
def test_a_reply_that_cannot_be_read_is_told_by_its_looks(body: bytes, looks: str) -> None:
    assert refusal_of(body) == ("bad_reply", "the appliance sent no list of backups", looks)
    assert refusal_of(body, read_object) == ("bad_reply", "the appliance sent no JSON", looks)


def test_an_object_without_a_list_is_told_as_such() -> None:
    told = ("bad_reply", "the appliance sent an object without a list", "11 bytes that begin like an object")
    assert refusal_of(b'{"count":0}') == told


def test_a_login_without_an_object_is_told_as_such() -> None:
    told = ("bad_reply", "the appliance sent no JSON object", "2 bytes that begin like a list")
    assert refusal_of(b"[]", read_object) == told


def test_an_error_without_a_text_is_told_as_such() -> None:
    told = ("appliance_error", "the appliance reports an error without a text", None)
    assert refusal_of(b'{"result":[]}') == told


@pytest.mark.parametrize(("more", "said"), [(0, "no"), (1, "the appliance reports an error without a text")])
def test_an_error_is_read_for_its_words_up_to_64_kib(more: int, said: str) -> None:
    text = b'{"result":[{"message":"no"}]}'
    assert refusal_of(text.ljust(65_536 + more)) == ("appliance_error", said, None)
    assert refusal_of((BOM + text).ljust(65_536 + more)) == ("appliance_error", said, None)


def test_a_large_error_is_never_made_into_objects() -> None:
    """8 MB of small ones took 0.7 s and 303 MiB, of what everybody else needs meanwhile."""
    text = b'{"result":[%s]}' % b",".join([b'{"a":[{"b":{}}]}'] * 500_000)
    refused = refusal_of(text)  # once before it counts: what is imported or kept at first is not of it
    tracemalloc.start()
    try:
        assert refusal_of(text) == refused == ("appliance_error", "the appliance reports an error without a text", None)
        assert tracemalloc.get_traced_memory()[1] < MEBIBYTE
    finally:
        tracemalloc.stop()


@pytest.mark.parametrize("result", ["NaN", "[1,]", '"\\ud800"', "[" * 100_000 + "]" * 100_000])
def test_an_error_that_is_no_json_is_a_bad_reply(result: str) -> None:
    for text in ('{"result":%s}', '{"data":[{}],"result":%s}'):
        assert refusal_of((text % result).encode())[0] == "bad_reply"


def test_the_words_for_an_old_token_are_those_of_the_appliances() -> None:
    assert EXPIRED_TEXT in SAID_OF_AN_OLD_TOKEN.lower()
    assert EXPIRED_TEXT == "session has expired or is invalid"


def test_a_reply_of_a_mebibyte_may_be_cut_as_it_likes() -> None:
    check_pieces(b"," * MEBIBYTE)
    check_pieces(b"," * MEBIBYTE, MEBIBYTE)


def test_a_larger_reply_has_at_most_a_piece_for_each_nine_bytes() -> None:
    pieces = MEBIBYTE // 9 + 1
    check_pieces(b"x" * 8 * pieces + b"," * pieces)
    with pytest.raises(FetchError, match=TOO_MANY) as caught:
        check_pieces(b"x" * (8 * pieces - 1) + b"," * (pieces + 1))
    assert (caught.value.kind, caught.value.message) == ("too_large", TOO_MANY)


def test_a_larger_reply_has_at_most_a_row_for_each_64_bytes() -> None:
    text = b"x" * (MEBIBYTE + 64)
    check_pieces(text, len(text) // 64)
    with pytest.raises(FetchError, match=TOO_MANY):
        check_pieces(text, len(text) // 64 + 1)


def test_a_reply_just_above_a_mebibyte_is_looked_at() -> None:
    with pytest.raises(FetchError, match=TOO_MANY):
        check_pieces(b"," * (MEBIBYTE + 1))


@pytest.mark.parametrize("torn", [b'{"a":[1', b"{", b'[{"a":1}', b"["])
@pytest.mark.parametrize(("blanks", "is_seen"), [(0, True), (63, True), (64, False)])
def test_a_reply_that_ends_otherwise_than_it_begins_is_refused_unread(
    torn: bytes, blanks: int, is_seen: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Or read, where so many blanks stand around it that a brief look does not tell."""
    read = []

    def watched(text: bytes) -> object:
        read.append(text)
        return msgspec.json.decode(text)

    monkeypatch.setattr("gateway.dialects.wire._decode_envelope", watched)
    monkeypatch.setattr("gateway.dialects.wire._decode_raws", watched)
    assert refusal_of(b" " * blanks + torn)[:2] == ("bad_reply", "the appliance sent no list of backups")
    assert refusal_of(torn + b" " * blanks)[:2] == ("bad_reply", "the appliance sent no list of backups")
    assert bool(read) is not is_seen


@pytest.mark.parametrize("start", [b"", BOM])
def test_a_large_reply_in_small_pieces_is_refused_before_it_is_read(start: bytes) -> None:
    assert refusal_of(start + b"," * (MEBIBYTE + 1))[0] == "too_large"


def test_a_large_reply_of_small_rows_is_too_large() -> None:
    small = b'{"name":"%s"}' % (b"x" * 30)
    assert refusal_of(b"[" + b",".join([small] * 30_000) + b"]")[0] == "too_large"


def test_a_large_reply_of_rows_with_text_is_a_list() -> None:
    row = b'{"name":"%s"}' % (b"x" * 60)
    assert len(split_rows(b"[" + b",".join([row] * 20_000) + b"]")) == 20_000


SECRET = 'pa"ss/wörd\\1'


@pytest.mark.parametrize(
    "written",
    [
        SECRET,
        SECRET.replace("/", "\\/"),
        json.dumps(SECRET)[1:-1],
        json.dumps(SECRET)[1:-1].replace("/", "\\/"),
        json.dumps(SECRET, ensure_ascii=False)[1:-1],
        json.dumps(SECRET, ensure_ascii=False)[1:-1].replace("/", "\\/"),
    ],
)
def test_a_secret_is_found_however_it_is_written(written: str) -> None:
    assert repeats(f"you sent <{written}>".encode(), SECRET)
    assert not repeats(f"you sent <{written[1:]}>".encode(), SECRET)
    assert not repeats(f"you sent <{written[:-1]}>".encode(), SECRET)


def test_a_secret_that_is_no_text_for_utf8_is_looked_for_all_the_same() -> None:
    assert repeats(b'"\\udc80"', "\udc80")
    assert not repeats(b"anything", "\udc80")


@pytest.mark.parametrize("start", [b"", BOM])
def test_a_refused_login_is_one_whether_or_not_its_text_starts_with_a_bom(start: bytes) -> None:
    """Else our account would be tried again and again, as after a fault that passes."""
    reply = Reply(500, start + b'{"result":[{"message":"Login failed"}]}', None, None)
    found = refusal(reply, 0.0, at_login=True)
    assert (found.kind, found.detail) == ("auth", "Login failed")
