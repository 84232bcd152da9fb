"""Rows as lines of a table: the quick way and the exact one write the same."""

import json
from typing import Any

from hypothesis import example, given
from hypothesis import strategies as st

from gateway.answers.table import _line, _odd_line, _written, csv_pieces

COLUMNS = ("id", "output", "new")

numbers = st.one_of(
    st.integers().map(str),
    st.floats(allow_nan=False, allow_infinity=False).map(repr),
    st.just("-1.50"),
    st.just("1E400"),
).filter(lambda text: text != "-0")
values = st.one_of(
    numbers,
    st.sampled_from(["true", "false", "null", '"=1"', '"\\t"', "9" * 4400, "[1, -0.0]", '{"a": "=1"}']),
    st.text().map(json.dumps),
    st.text().map(lambda text: json.dumps(text, ensure_ascii=False)),
)


def row_of(cells: dict[str, str]) -> bytes:
    text = "{" + ",".join(f'"{name}": {value}' for name, value in cells.items()) + "}"
    return text.encode("utf-8", errors="replace")


@given(st.dictionaries(st.sampled_from(COLUMNS), values))
@example({"id": "7", "output": '"+1"', "new": "true"})
def test_both_ways_write_the_same_line(cells: dict[str, str]) -> None:
    row = row_of(cells)
    assert _written([_line(row, COLUMNS)]) == _written([_odd_line(row, COLUMNS)])


def test_plain_rows_take_the_quick_way(monkeypatch: Any) -> None:
    monkeypatch.setattr("gateway.answers.table._odd_line", None)
    (head, lines) = csv_pieces([row_of({"id": "-7", "output": '"-7"', "new": "1.50"})], COLUMNS)
    assert head + lines == b"id,output,new\r\n-7,'-7,1.50\r\n"
