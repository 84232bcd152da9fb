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
    st.tuples(
        st.sampled_from(["", "-"]),
        st.sampled_from("19"),
        st.integers(1, 420),
        st.sampled_from(["", ".5", "e1", "E+9", "e99", "e-1", "e-99", ".25e+0099", "e100", "e-200"]),
    ).map(lambda drawn: drawn[0] + drawn[1] * drawn[2] + drawn[3]),
)
DIGITS = "9" * 309
TEXTS = st.sampled_from(["3e999", "1e999,", "1e999 ]", '1e999"', "a", "é1e400}", "\\", "0123e456789"])


@given(rows=st.lists(st.dictionaries(TEXTS, st.one_of(NUMBERS, TEXTS.map(json.dumps)), max_size=4), max_size=4))
@example(rows=[{"a": "1e999"}])
@example(rows=[{"1e999,": '"1e999,"'}])
@example(rows=[{"a": f"{DIGITS}e1"}])
@example(rows=[{"a": f"{DIGITS}.0"}])
@example(rows=[{"a": DIGITS}])
@example(rows=[{"a": f'"{DIGITS}e1"'}])
@example(rows=[{"a": "9" * 210 + "e99"}])
@example(rows=[{"a": "1" * 209 + "e99"}])
@example(rows=[{"a": f"0.{DIGITS}e1"}])
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


@pytest.mark.parametrize("before", [*range(261_880, 262_150, 7), *range(50)])
def test_many_digits_are_found_wherever_they_begin(before: int) -> None:
    """At the edge of a slice as well, and wherever the places lie that are looked at."""
    for number, is_endless in (("9" * 210 + "e99", True), ("9" * 209 + "e99", False)):
        text = '[{"a":"' + "x" * before + '","b":' + number + "}]"
        assert holds_endless_number(text.encode()) is is_endless


@pytest.mark.parametrize(
    "value", ["9" * 400, f'"{"0" * 400}"', f'"x {"0" * 400}.5"', f'"{DIGITS}.5e1"', f"0.{DIGITS}", f"-1.{DIGITS}e9"]
)
def test_long_runs_of_digits_that_are_no_such_number_cost_no_parser(
    value: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It would make objects of all of a large list, for a text that somebody dumped."""
    monkeypatch.setattr("gateway.dialects.endless._decode", lambda _body: pytest.fail("decoded"))
    for before in range(50):
        assert not holds_endless_number(f'[{{"{"x" * before}":{value}}}]'.encode())


@pytest.mark.parametrize(
    "body", [b"", b"e", b"1e", b"1e9", b"e999,", b"\xff1e999,", b"1e" + b"0" * 100_000, b"9" * 10, b"9" * 400]
)
def test_what_is_no_list_is_no_reason_to_fail(body: bytes) -> None:
    """Others judge it."""
    assert holds_endless_number(body) in (True, False)
