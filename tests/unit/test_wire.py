"""What an appliance sends is a list, an error or rubbish; what it is sent is one object of typed values."""

import json
from contextlib import suppress
from datetime import date
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gateway.dialects.wire import encode_asked, encode_login, read_object, said_message, split_rows
from gateway.errors import FetchError
from gateway.filter import Asked, Window

BOM = b"\xef\xbb\xbf"


def kind_of(body: bytes) -> str:
    """The kind of the error that a list reply with that body is."""
    with pytest.raises(FetchError) as caught:
        split_rows(body)
    return caught.value.kind


@pytest.mark.parametrize("key", ["backups", "data", "BackupStatus"])
def test_rows_are_found_under_every_name_that_occurs(key: str) -> None:
    assert [bytes(row) for row in split_rows(b'{"%s":[{"id":1},{"id":2}]}' % key.encode())] == [
        b'{"id":1}',
        b'{"id":2}',
    ]


def test_a_bare_list_is_a_list() -> None:
    assert len(split_rows(b' [{"id":1}]\n')) == 1


def test_other_keys_of_the_envelope_do_not_matter() -> None:
    assert len(split_rows(b'{"count":1,"backups":[{}],"result":[{"message":"warned"}],"x":[[[]]]}')) == 1


@pytest.mark.parametrize(
    "body",
    ["{}", "[]", " { } ", '{"data":null}', '{"backups":null}', '{"data":[]}', '{"backups":[]}', '{"data":null,"n":0}'],
)
def test_what_says_nothing_is_an_empty_list(body: str) -> None:
    assert split_rows(body.encode()) == []


@pytest.mark.parametrize("body", [b"[]", b'{"data":[{"id":1}]}', b"{}"])
def test_one_bom_before_the_json_does_not_matter(body: bytes) -> None:
    assert split_rows(BOM + body) == split_rows(body)


@pytest.mark.parametrize(
    "body",
    [
        *(
            b"",
            b" ",
            b"null",
            b"7",
            b'"text"',
            b"true",
            b"OK",
            b"<html><body>Login</body></html>",
            BOM,
            BOM + BOM + b"[]",
        ),
        *(b'{"data":{}}', b'{"data":7}', b'{"data":"x"}', b'{"backups":{"a":[]}}', b'{"BackupStatus":{"acme":[]}}'),
        *(
            b'{"count":0}',
            b'{"DATA":[]}',
            b"[{}",
            b'{"data":[{"id":1},',
            b'{"data":[{"id":1}]',
            b"[{}]]",
            b"{}{}",
            b"[],",
        ),
        *(b'[{"id":NaN}]', b'[{"x":Infinity}]', b'[{"x":-Infinity}]', b"[{'id':1}]", b"[{id:1}]", b"[01]", b"[{},]"),
        *(b'[{"x":"\xff"}]', b'[{"x":"\xed\xa0\x80"}]', b'[{"x":"\xc3"}]', b'[{"x":"\x01"}]', b'[{"x":"\\x"}]'),
        *(b'[{"x":"\\ud800"}]', b'[{"\\udc00":1}]', "[]".encode("utf-16"), b"[]\x00", b"\x00"),
        *(b"[" * 100_000, b'[{"x":' + b"[" * 100_000 + b"]" * 100_000 + b"}]", b'{"data":' + b'[{"a":' * 100_000),
    ],
)
def test_what_is_no_list_is_a_bad_reply(body: bytes) -> None:
    assert kind_of(body) == "bad_reply"


@pytest.mark.parametrize(
    "body", ['{"result":[{"code":"2","message":"no"}]}', '{"data":null,"result":{"message":"no"}}']
)
def test_a_lone_result_is_an_error_of_the_appliance_in_its_words(body: str) -> None:
    with pytest.raises(FetchError, match=r"^no$") as caught:
        split_rows(body.encode())
    assert caught.value.kind == "appliance_error"


@pytest.mark.parametrize("result", ["null", "[]", "[7]", '[{"message":7}]', "{}", "true", '""'])
def test_a_result_without_a_text_is_an_error_all_the_same(result: str) -> None:
    assert kind_of(b'{"result":%s}' % result.encode()) == "appliance_error"


@given(st.binary(max_size=60) | st.text(alphabet='[]{}:,"\\ databckups0e.', max_size=40).map(str.encode))
def test_any_bytes_are_rows_or_a_fetch_error(body: bytes) -> None:
    with suppress(FetchError):
        assert isinstance(split_rows(body), list)


@given(st.lists(st.dictionaries(st.text(max_size=5), st.integers() | st.text(max_size=5), max_size=4), max_size=5))
def test_rows_are_split_as_another_parser_reads_them(rows: list[Any]) -> None:
    body = json.dumps({"backups": rows}, ensure_ascii=True).encode()
    if b"\\ud" not in body.replace(b"\\\\", b""):  # surrogates of hypothesis' text, in pairs or alone
        assert [json.loads(bytes(row)) for row in split_rows(body)] == rows


def test_the_text_of_an_error_page_is_not_in_the_public_message() -> None:
    with pytest.raises(FetchError) as caught:
        split_rows(b"<html>secret intranet page</html>")
    assert "secret" not in caught.value.message


@pytest.mark.parametrize(
    ("body", "said"),
    [
        (b'{"result":[{"message":"Your session has expired"}]}', "Your session has expired"),
        (b'{"result":[{"message":"first"},{"message":"second"}]}', "first"),
        (b'{"result":{"message":"object"}}', "object"),
        (b'{"result":["bare"]}', "bare"),
        (b'{"result":"text"}', "text"),
        (b'{"result":[{"code":"2"}]}', ""),
        (b'{"result":[]}', ""),
        (b'{"result":null}', None),
        (b"{}", None),
        (b"[]", None),
        (b"<html>", None),
        (b"\xff", None),
        (b"", None),
        (b"[" * 100_000, None),
        (b'{"result":"\xff"}', None),
        (BOM + b'{"result":[{"message":"Your session has expired"}]}', "Your session has expired"),
    ],
)
def test_what_an_appliance_says_is_read_where_it_says_it(body: bytes, said: str | None) -> None:
    assert said_message(body) == said


def test_what_an_appliance_says_is_clipped_and_free_of_control_characters() -> None:
    said = said_message(json.dumps({"result": [{"message": "a\n\x1b[31m\u202eb  c" + "x" * 1000}]}).encode())
    assert said == ("a [31m b c" + "x" * 1000)[:200]


@pytest.mark.parametrize(("blanks", "said"), [(798, "xx"), (799, "x"), (800, "")])
def test_a_text_of_blanks_is_looked_at_to_four_times_what_is_shown(blanks: int, said: str) -> None:
    assert said_message(json.dumps({"result": " " * blanks + "xxxx"}).encode()) == said


@pytest.mark.parametrize("body", [b"", b"[]", b"7", b"{", b"\xff", b"[" * 100_000, b"<html>"])
def test_a_login_reply_that_is_no_object_is_a_bad_reply(body: bytes) -> None:
    with pytest.raises(FetchError) as caught:
        read_object(body)
    assert caught.value.kind == "bad_reply"


def test_a_login_reply_may_start_with_a_bom() -> None:
    assert read_object(BOM + b'{"auth_token":"t"}') == {"auth_token": "t"}


def test_a_login_carries_name_and_password_whatever_they_hold() -> None:
    assert json.loads(encode_login('a"b', "p\\é\n")) == {"username": 'a"b', "password": "p\\é\n"}


IDS = st.integers(0, 2**63 - 1)
WINDOWS = st.builds(Window, st.none() | IDS, st.none() | IDS)
ASKED = st.builds(
    Asked,
    client_id=st.none() | IDS,
    instance_id=st.none() | IDS,
    start=WINDOWS,
    finish=WINDOWS,
    start_hours=st.none() | IDS,
    end_hours=st.none() | IDS,
    backup_ids=st.none() | st.frozensets(IDS, min_size=1, max_size=5),
    days=st.none() | st.tuples(st.dates(), st.dates()),
)


@given(ASKED, st.none() | IDS)
def test_upstream_gets_one_object_of_whole_numbers_and_days_alone(asked: Asked, remote: int | None) -> None:
    body = json.loads(encode_asked(asked, remote))
    assert isinstance(body, dict)
    for key, value in body.items():
        if key in ("start_day", "end_day"):
            assert len(value) == 10
        elif key == "backup_ids":
            assert value == sorted(asked.backup_ids or ())
        else:
            assert type(value) is int
    assert body.get("system_id") == remote


def test_every_filter_goes_up_under_its_own_name() -> None:
    asked = Asked(2, 3, Window(4, 5), Window(6, 7), 8, 9, frozenset({30, 10, 20}))
    assert json.loads(encode_asked(asked, 1)) == {
        "system_id": 1,
        "client_id": 2,
        "instance_id": 3,
        "start_time": 4,
        "end_time": 5,
        "finish_interval_start": 6,
        "finish_interval_end": 7,
        "start_hours": 8,
        "end_hours": 9,
        "backup_ids": [10, 20, 30],
    }


def test_a_question_without_a_filter_is_an_empty_object() -> None:
    assert encode_asked(Asked(), None) == b"{}"


def test_days_go_up_in_the_documented_words() -> None:
    asked = Asked(start=Window(1, 2), days=(date(2014, 10, 4), None))
    assert json.loads(encode_asked(asked, 3)) == {"system_id": 3, "start_day": "10/04/2014"}
    until = Asked(start=Window(1, 2), days=(None, date(2014, 10, 5)))
    assert json.loads(encode_asked(until, None)) == {"end_day": "10/05/2014"}
