"""Whatever a caller writes, it is a question or a refusal with status 400; both ways of writing it mean the same."""

import json
from contextlib import suppress
from typing import Any
from urllib.parse import parse_qsl, urlencode

from hypothesis import given, settings
from hypothesis import strategies as st

from gateway.errors import RequestError
from gateway.question.query import BackupQuery, parse_body, parse_query_string

KEYS = (
    *("system_id", "sid", "client_id", "instance_id", "type", "start_time", "end_time", "start_day", "end_day"),
    *("finish_interval_start", "finish_interval_end", "start_hours", "end_hours", "backup_ids", "status", "customer"),
    *("tag", "require", "max_age", "max_stale", "deadline", "order_by", "order_direction", "fields"),
    *("page_size", "page_number", "cursor", "format"),
)
WHOLE = st.integers(0, 2**63 - 1)
WORD = st.text(st.characters(categories=["L", "N"]), min_size=1, max_size=9)
DAY = st.dates().map(lambda day: f"{day.month:02}/{day.day:02}/{day.year:04}")
GOOD: dict[str, st.SearchStrategy[Any]] = {
    **dict.fromkeys(
        ("client_id", "instance_id", "start_time", "finish_interval_end", "start_hours", "end_hours"), WHOLE
    ),
    **dict.fromkeys(("system_id", "backup_ids"), st.lists(WHOLE, min_size=1, max_size=4)),
    **dict.fromkeys(("type", "customer", "tag", "fields"), st.lists(WORD, min_size=1, max_size=4)),
    "status": st.lists(st.sampled_from(["Success", "warning", "FAILURE", "None"]), min_size=1, max_size=3),
    "start_day": DAY,
    "order_by": WORD,
    "order_direction": st.sampled_from(["asc", "desc"]),
    "max_age": st.integers(0, 10**6) | st.sampled_from([0.5, 2.25]),
    "deadline": st.integers(1, 10**6),
    "require": st.sampled_from(["any", "all", 3]) | st.lists(WHOLE, min_size=2, max_size=3, unique=True),
}
ODD = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=6),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=3), inner, max_size=2),
    max_leaves=6,
)


def outcome(body: bytes, pairs: list[tuple[str, str]]) -> BackupQuery | None:
    """The question, or None where it is refused with 400; any other exception is a failure of the test."""
    try:
        return parse_body(body, pairs)
    except RequestError as error:
        if error.status != 400 or error.field is None:
            raise
        return None


@given(st.fixed_dictionaries({}, optional=GOOD), st.booleans())
def test_a_query_string_means_what_the_same_body_means(values: dict[str, Any], repeated: bool) -> None:
    flat: list[tuple[str, str]] = []
    for key, value in values.items():
        parts = [str(part) for part in value] if isinstance(value, list) else [str(value)]
        flat += [(key, part) for part in parts] if repeated else [(key, ",".join(parts))]
    told = parse_qsl(urlencode(flat), keep_blank_values=True)
    assert parse_query_string(told) == parse_body(json.dumps(values).encode())


@given(st.fixed_dictionaries({}, optional=GOOD), st.data())
def test_a_question_may_be_split_between_body_and_query_string(values: dict[str, Any], data: st.DataObject) -> None:
    told = {key: value for key, value in values.items() if not isinstance(value, list) and data.draw(st.booleans())}
    body = {key: value for key, value in values.items() if key not in told}
    split = parse_body(json.dumps(body).encode(), [(key, str(value)) for key, value in told.items()])
    assert split == parse_body(json.dumps(values).encode())


@given(st.fixed_dictionaries({}, optional=GOOD), st.randoms())
def test_the_order_of_keys_and_of_the_entries_of_filters_does_not_matter(values: dict[str, Any], rng: Any) -> None:
    keys = list(values)
    rng.shuffle(keys)
    shuffled = {key: values[key] for key in keys}
    for key in {"backup_ids", "type", "status"} & set(shuffled):
        shuffled[key] = rng.sample(shuffled[key], len(shuffled[key]))
    assert parse_body(json.dumps(shuffled).encode()) == parse_body(json.dumps(values).encode())


@settings(max_examples=200)
@given(st.binary(max_size=60) | st.text(alphabet='{}[]",:0123456789eE.-+truefalsn \\ud', max_size=40).map(str.encode))
def test_any_bytes_are_a_question_or_a_refusal(body: bytes) -> None:
    outcome(body, [])


@settings(max_examples=200)
@given(st.dictionaries(st.sampled_from(KEYS) | st.text(max_size=8), ODD, max_size=4))
def test_any_json_is_a_question_or_a_refusal(values: dict[str, Any]) -> None:
    outcome(json.dumps(values).encode(), [])


@settings(max_examples=200)
@given(st.lists(st.tuples(st.sampled_from(KEYS) | st.text(max_size=8), st.text(max_size=12)), max_size=4))
def test_any_query_string_is_a_question_or_a_refusal(told: list[tuple[str, str]]) -> None:
    outcome(b"", told)


@given(st.dictionaries(st.sampled_from(KEYS), ODD, min_size=1, max_size=3))
def test_a_refusal_names_a_key_that_was_given(values: dict[str, Any]) -> None:
    with suppress(RequestError):
        parse_body(json.dumps(values).encode())
        return
    try:
        parse_body(json.dumps(values).encode())
    except RequestError as error:
        named = error.field
    inner = json.dumps(values)
    assert named in values or named == "body" or json.dumps(named)[1:-1] in inner
