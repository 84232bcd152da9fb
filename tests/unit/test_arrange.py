"""Sorted rows, whole or page by page, are what sorting all of them by Python's own sort gives."""

import json
from typing import Any

from hypothesis import given
from hypothesis import strategies as st
from material import read

from gateway.answers.arrange import Arrangement, Shape
from gateway.lists.packed import PackedList
from gateway.model import NEVER, UNKNOWN, BackupList, ListBuilder, made

NUMBERS = st.sampled_from([UNKNOWN, NEVER]) | st.integers(1_000, 1_020)
LISTS = st.lists(st.lists(st.tuples(NUMBERS, NUMBERS), max_size=40), max_size=6)


def list_of(system: int, rows: list[tuple[int, int]]) -> BackupList:
    build = ListBuilder()
    for number, (start, finish) in enumerate(rows):
        row = {"system_id": system, "id": number, "start_epoch": start, "finish_epoch": finish}
        build.add(json.dumps(row).encode(), start, 0, finish, 0)
    return build.done()


def naive(rows: list[Any], field: str, *, descending: bool) -> list[Any]:
    told = [row for row in rows if row[field] not in (UNKNOWN, NEVER)]
    untold = [row for row in rows if row[field] in (UNKNOWN, NEVER)]
    return sorted(told, key=lambda row: row[field], reverse=descending) + untold


@given(
    LISTS,
    st.sampled_from(["start_epoch", "finish_epoch"]),
    st.booleans(),
    st.lists(st.integers(0, 250), min_size=1, max_size=5),
    st.integers(1, 9),
    st.booleans(),
)
def test_pages_of_any_order_of_asking_are_parts_of_the_whole_sorted_answer(
    drawn: list[list[tuple[int, int]]], field: str, descending: bool, begins: list[int], size: int, packed: bool
) -> None:
    lists = [list_of(number, rows) for number, rows in enumerate(drawn)]
    wanted = naive([row for backups in lists for row in read(backups)], field, descending=descending)
    kept = [PackedList(backups) for backups in lists] if packed else lists
    arrangement = Arrangement(kept, Shape(field, descending))
    for begin in begins:
        page = b",".join(map(made, arrangement.segments(begin, begin + size)))
        assert json.loads(b"[" + page + b"]") == wanted[begin : begin + size]
    assert [json.loads(row) for row in arrangement.rows()] == wanted


def test_a_page_of_many_rows_is_sorted_by_its_begin_alone_and_the_whole_later() -> None:
    # Ties all along, so that only a stable sort gives the rows in the order of their lists.
    lists = [list_of(system, [(1000 + at // 9, NEVER) for at in range(1500)]) for system in range(4)]
    wanted = naive([row for backups in lists for row in read(backups)], "start_epoch", descending=True)
    arrangement = Arrangement(lists, Shape("start_epoch", descending=True))
    assert [json.loads(row) for row in arrangement.rows(0, 100)] == wanted[:100]
    assert arrangement.is_at_hand(100, 150)
    assert not arrangement.is_at_hand(3000, 3100)
    assert [json.loads(row) for row in arrangement.rows(100, 5000)] == wanted[100:5000]
    assert arrangement.is_at_hand(3000, 3100)
    assert not arrangement.is_at_hand(0, None)
