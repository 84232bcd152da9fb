"""A caller's question is read as the contract says, from a body or a query string; the rest is refused by name."""

import json
from datetime import date
from typing import Any
from urllib.parse import parse_qsl

import pytest

from gateway.errors import RequestError
from gateway.question.query import BackupQuery, parse_body, parse_query_string

LARGEST = 2**63 - 1
IDS = ("client_id", "instance_id")
EPOCHS = ("start_time", "end_time", "finish_interval_start", "finish_interval_end", "start_hours", "end_hours")
DAYS = ("start_day", "end_day")
ID_LISTS = ("system_id", "sid", "backup_ids")
WORD_LISTS = ("type", "status", "customer", "tag", "fields")
SECONDS = ("max_age", "max_stale", "deadline")


def ask(body: Any) -> BackupQuery:
    return parse_body(body if isinstance(body, bytes) else json.dumps(body).encode())


def refused(body: Any) -> RequestError:
    with pytest.raises(RequestError) as caught:
        ask(body)
    assert caught.value.status == 400
    return caught.value


def field_of(body: Any) -> str | None:
    return refused(body).field


@pytest.mark.parametrize("body", [b"", b"  \n", b"{}", b" {} "])
def test_no_body_asks_for_everything_that_the_caller_may_see(body: bytes) -> None:
    query = ask(body)
    assert query == ask({})
    assert (query.system_ids, query.customers, query.tags, query.require, query.fields) == (
        None,
        None,
        None,
        "any",
        None,
    )


@pytest.mark.parametrize("key", [*IDS, *EPOCHS])
@pytest.mark.parametrize(
    ("value", "read"), [(5, 5), ("5", 5), ("005", 5), (0, 0), (LARGEST, LARGEST), (str(LARGEST), LARGEST)]
)
def test_a_whole_number_may_be_a_digit_string(key: str, value: Any, read: int) -> None:
    assert getattr(ask({key: value}).filter, key) == read


@pytest.mark.parametrize("key", [*IDS, *EPOCHS, *ID_LISTS])
@pytest.mark.parametrize(
    "value",
    [
        *(True, False, 1.0, 1.5, -1, "-1", "1.0", "1e3", "+1", " 1", "1 ", "", "x", "1_0", "0x1", "²", "١", "1\n"),
        *(2**63, str(2**63), "9" * 20, 10**30, {}, {"a": 1}, [[1]], [None], [True], [1, -1], []),
    ],
)
def test_what_is_no_whole_number_is_refused_by_name(key: str, value: Any) -> None:
    assert field_of({key: value}) == key


@pytest.mark.parametrize("key", [*IDS, *EPOCHS])
def test_a_list_where_one_number_is_asked_is_refused(key: str) -> None:
    assert field_of({key: [1]}) == key


@pytest.mark.parametrize("key", ["system_id", "sid"])
@pytest.mark.parametrize(("value", "read"), [(1, (1,)), ("1", (1,)), ([2, "1", 2, "02"], (2, 1))])
def test_systems_are_one_id_or_a_list_and_an_id_twice_is_folded(key: str, value: Any, read: tuple[int, ...]) -> None:
    assert ask({key: value}).system_ids == read


def test_sid_next_to_system_id_is_the_same_key_twice() -> None:
    assert field_of({"sid": 1, "system_id": 1}) == "sid"


def test_sid_and_system_id_ask_for_the_same() -> None:
    assert ask({"sid": 1}).content == ask({"system_id": 1}).content


@pytest.mark.parametrize("body", [{"sid": None, "system_id": 1}, {"sid": 1, "system_id": None}])
def test_a_null_beside_its_other_name_is_absent(body: dict[str, Any]) -> None:
    assert ask(body).system_ids == (1,)


@pytest.mark.parametrize(
    "key", [*IDS, *EPOCHS, *DAYS, *ID_LISTS, *WORD_LISTS, *SECONDS, "require", "order_by", "order_direction"]
)
def test_null_is_the_same_as_absent(key: str) -> None:
    assert ask({key: None}) == ask({})


@pytest.mark.parametrize("key", DAYS)
def test_a_day_is_read_as_it_is_documented(key: str) -> None:
    assert getattr(ask({key: "10/04/2014"}).filter, key) == date(2014, 10, 4)


@pytest.mark.parametrize("key", DAYS)
@pytest.mark.parametrize(
    "value", ["2014-10-04", "10/4/2014", "13/01/2014", "02/30/2014", "", 20141004, True, ["10/04/2014"]]
)
def test_a_bad_date_is_refused_by_name(key: str, value: Any) -> None:
    assert field_of({key: value}) == key


@pytest.mark.parametrize(
    ("first", "last", "low", "high"),
    [
        ("start_time", "end_time", 1, 2),
        ("start_day", "end_day", "10/04/2014", "10/05/2014"),
        ("finish_interval_start", "finish_interval_end", 1, 2),
    ],
)
def test_a_start_after_its_end_is_refused_and_an_equal_one_is_not(first: str, last: str, low: Any, high: Any) -> None:
    assert field_of({first: high, last: low}) == first
    assert ask({first: low, last: low}) != ask({})


def test_a_thousand_backup_ids_are_read_and_one_more_is_refused() -> None:
    assert ask({"backup_ids": list(range(1000))}).filter.backup_ids == frozenset(range(1000))
    assert field_of({"backup_ids": list(range(1001))}) == "backup_ids"


@pytest.mark.parametrize("value", ["Full", ["Full"], ["full", "FULL"]])
def test_a_type_is_one_word_or_a_list_without_regard_to_case(value: Any) -> None:
    assert ask({"type": value}).filter.words.types == {"full"}


@pytest.mark.parametrize("value", ["success", ["SUCCESS", "Success"]])
def test_a_status_is_one_of_four_words_without_regard_to_case(value: Any) -> None:
    assert ask({"status": value}).filter.words.statuses == {"Success"}


@pytest.mark.parametrize("value", ["Successful", "ok", ["Success", "x"], "", 0])
def test_another_status_is_refused_by_name(value: Any) -> None:
    assert field_of({"status": value}) == "status"


@pytest.mark.parametrize("key", [*WORD_LISTS, "order_by"])
@pytest.mark.parametrize("value", ["", " ", 7, True, {}, [], [""], ["a", 1], "a\nb", "a\x00", "\ud800", "x" * 257])
def test_what_is_no_plain_text_is_refused_by_name(key: str, value: Any) -> None:
    assert field_of({key: value}) == key


def test_a_list_of_names_for_the_order_is_refused() -> None:
    assert field_of({"order_by": ["id"]}) == "order_by"


@pytest.mark.parametrize(
    ("value", "read"), [("any", "any"), ("ALL", "all"), (2, 2), ("2", 2), (0, 0), ([1, "2"], frozenset({1, 2}))]
)
def test_what_is_required_is_a_word_a_number_or_systems(value: Any, read: Any) -> None:
    assert ask({"require": value}).require == read


@pytest.mark.parametrize("value", ["some", "", -1, 1.5, True, [], ["x"], {}])
def test_another_requirement_is_refused_by_name(value: Any) -> None:
    assert field_of({"require": value}) == "require"


@pytest.mark.parametrize("key", SECONDS)
@pytest.mark.parametrize(
    ("value", "read"), [(5, 5.0), (0.25, 0.25), ("2.5", 2.5), ("3", 3.0), ("0.30000000000000004", 0.1 + 0.2)]
)
def test_seconds_take_fractions(key: str, value: Any, read: float) -> None:
    assert getattr(ask({key: value}), f"{key}_s") == read


@pytest.mark.parametrize("key", SECONDS)
@pytest.mark.parametrize("value", [-1, "-1", True, "x", "", "1e3", "inf", "nan", [1], {}, 1e300, 2**70])
def test_what_is_no_number_of_seconds_is_refused_by_name(key: str, value: Any) -> None:
    assert field_of({key: value}) == key


@pytest.mark.parametrize(("key", "allowed"), [("max_age", True), ("max_stale", True), ("deadline", False)])
def test_zero_seconds_are_an_age_but_no_deadline(key: str, allowed: bool) -> None:
    if allowed:
        assert getattr(ask({key: 0}), f"{key}_s") == 0.0
    else:
        assert field_of({key: 0}) == key


@pytest.mark.parametrize(("value", "descending"), [("desc", True), ("DESC", True), ("asc", False)])
def test_a_direction_is_asc_or_desc(value: str, descending: bool) -> None:
    assert ask({"order_by": "id", "order_direction": value}).descending == descending


@pytest.mark.parametrize("value", ["down", "", 1, True, ["desc"]])
def test_another_direction_is_refused_by_name(value: Any) -> None:
    assert field_of({"order_direction": value}) == "order_direction"


@pytest.mark.parametrize(("key", "nearest"), [("client", "client_id"), ("System_ID", "system_id"), ("types", "type")])
def test_an_unknown_key_is_refused_with_the_nearest_known_one(key: str, nearest: str) -> None:
    error = refused({key: 1})
    assert error.field == key
    assert nearest in error.message


@pytest.mark.parametrize("key", ["a\r\nb", "\x1b[31m", "\ud800", "x" * 5000, "", "\u202e"])
def test_an_odd_key_is_said_back_clipped_and_printable(key: str) -> None:
    error = refused({key: 1})
    assert error.field is not None
    assert (error.field + error.message).isprintable()
    assert len(error.message) < 300


@pytest.mark.parametrize(
    "body",
    [
        *(b"[]", b"[1]", b"7", b'"x"', b"null", b"true", b"{", b"{} {}", b"{'a':1}", b"\xff", b'{"type":"\xff"}'),
        *(b"\xef\xbb\xbf{}", "{}".encode("utf-16"), b'{"max_age":NaN}', b'{"max_age":Infinity}', b"\x00", b"{}\x00"),
        *(b'{"type":' + b"[" * 100_000, b'{"a":' * 50_000, b'{"client_id":' + b"9" * 5000 + b"}", b'{"client_id":01}'),
    ],
)
def test_a_body_that_is_no_json_object_is_refused(body: bytes) -> None:
    assert field_of(body) == "body"


@pytest.mark.parametrize("body", [b'{"client_id":1,"client_id":1}', b'{"client_id":1,"client\\u005fid":null}'])
def test_a_key_given_twice_is_refused_by_name(body: bytes) -> None:
    assert field_of(body) == "client_id"


def test_a_key_twice_inside_a_value_is_refused_as_well() -> None:
    assert field_of(b'{"type":{"a":1,"a":2}}') == "a"


def test_a_number_that_no_float_holds_is_refused() -> None:
    assert field_of(b'{"max_age":1e999}') == "max_age"


def pairs(text: str) -> list[tuple[str, str]]:
    return parse_qsl(text, keep_blank_values=True)


@pytest.mark.parametrize("text", ["type=Full&type=Incremental", "type=Full,Incremental", "type=Incremental,Full,Full"])
def test_a_list_in_a_query_string_is_repeated_or_comma_separated(text: str) -> None:
    assert parse_query_string(pairs(text)) == ask({"type": ["Full", "Incremental"]})


@pytest.mark.parametrize("text", ["require=2", "require=any", "require=1,2", "require=1&require=2"])
def test_a_requirement_in_a_query_string_is_a_word_a_number_or_a_list(text: str) -> None:
    value = text.replace("require=", "").replace("&", ",").split(",")
    assert parse_query_string(pairs(text)) == ask({"require": value if len(value) > 1 else value[0]})


@pytest.mark.parametrize(
    ("text", "field"),
    [
        *(("client_id=1&client_id=2", "client_id"), ("client_id=1,2", "client_id"), ("client_id=", "client_id")),
        *(("max_age=1&max_age=1", "max_age"), ("nonsense=1", "nonsense"), ("sid=1&system_id=1", "sid")),
        *(
            ("type=", "type"),
            ("system_id=1,,2", "system_id"),
            ("require=any,all", "require"),
            ("isDelete=", "isDelete"),
        ),
    ],
)
def test_a_bad_query_string_is_refused_by_name(text: str, field: str) -> None:
    with pytest.raises(RequestError) as caught:
        parse_query_string(pairs(text))
    assert (caught.value.status, caught.value.field) == (400, field)


def test_a_key_in_the_body_and_in_the_query_string_is_given_twice() -> None:
    with pytest.raises(RequestError) as caught:
        parse_body(b'{"client_id":1}', [("client_id", "1")])
    assert caught.value.field == "client_id"


def test_a_body_and_a_query_string_add_up() -> None:
    assert parse_body(b'{"client_id":1}', [("type", "Full")]) == ask({"client_id": 1, "type": "Full"})
