"""Numbers that no double can hold are found wherever they stand, and nothing else is taken for one."""

import json
import math
from typing import Any

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from gateway.dialects.endless import holds_endless_number

NUMBERS = st.one_of(
    st.integers(-(10**30), 10**30).map(str),
    st.floats(allow_nan=False, allow_infinity=False).map(json.dumps),
    st.tuples(
        st.sampled_from(["", "-"]),
        st.sampled_from(["0", "1", "9", "12.5", "0.0", "1.000"]),
        st.sampled_from("eE"),
        st.sampled_from(["", "+", "-", "0", "+000"]),
        st.sampled_from(["0", "5", "99", "307", "308", "309", "310", "400", "999", "99999"]),
    ).map("".join),
)
TEXTS = st.sampled_from(["3e999", "1e999,", "1e999 ]", '1e999"', "a", "é1e400}", "\\", "0123e456789"])


@given(rows=st.lists(st.dictionaries(TEXTS, st.one_of(NUMBERS, TEXTS.map(json.dumps)), max_size=4), max_size=4))
@example(rows=[{"a": "1e999"}])
@example(rows=[{"1e999,": '"1e999,"'}])
def test_it_agrees_with_a_parser(rows: list[dict[str, str]]) -> None:
    """The standard library's parser turns such a number into infinity."""
    objects = ["{" + ", ".join(f"{json.dumps(key)}:{value}" for key, value in row.items()) + "}" for row in rows]
    body = ("[" + ",".join(objects) + "]").encode()
    assert holds_endless_number(body) == _has_infinity(json.loads(body))


def _has_infinity(value: Any) -> bool:
    if isinstance(value, dict):
        return any(map(_has_infinity, value.values()))
    if isinstance(value, list):
        return any(map(_has_infinity, value))
    return isinstance(value, float) and math.isinf(value)


@pytest.mark.parametrize("before", range(262_140, 262_150))
def test_it_is_found_across_the_edge_of_a_slice(before: int) -> None:
    """The digit, the letter and its exponent may lie on either side."""
    for number, is_endless in (("1e999", True), ("1e99", False)):
        text = '[{"a":"' + "x" * (before - 16) + '","b":' + number + "}]"
        assert holds_endless_number(text.encode()) is is_endless


@pytest.mark.parametrize("body", [b"", b"e", b"1e", b"1e9", b"e999,", b"\xff1e999,", b"1e" + b"0" * 100_000, b"9" * 10])
def test_what_is_no_list_is_no_reason_to_fail(body: bytes) -> None:
    """Others judge it."""
    assert holds_endless_number(body) in (True, False)
