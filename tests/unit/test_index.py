"""A row is in, out or undecidable: the columns say what a plain reading of the row's text says, and never lie."""

import json
from dataclasses import replace
from typing import Any
from zoneinfo import ZoneInfo

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from material import NOWS, ZONES, body_of, records_of, renderings, reply_of, stamped, true_questions

from gateway.dialects.kinds import canonical_word
from gateway.filter import ALL, Asked, Question, Window, Words
from gateway.lists.columns import ABSENT, ODD, whole_id
from gateway.lists.index import ListIndex, Now, without_strangers
from gateway.lists.times import Decided
from gateway.simulator.core_types import ALTERNATES, DISPLAY_TYPES
from gateway.simulator.dialects import wall_clock
from gateway.simulator.filters import matches

BERLIN = ZoneInfo("Europe/Berlin")
CHANGE = 1_761_440_400  # 26 October 2025, 03:00 summer time becomes 02:00
HOUR = 3600
Possible = tuple[float, float]
UNTOLD = (-float("inf"), float("inf"))
ENDLESS = (float("inf"), float("inf"))

INSTANTS = st.integers(CHANGE - 3 * HOUR, CHANGE + 3 * HOUR)
IDS = st.sampled_from([1, 2, 3, "1", " 2 ", "03", 1.0, 1.5, None, "", "x", True, -1, 2**70, "9" * 70, [1], {"a": 1}])


@st.composite
def rows(draw: st.DrawFn) -> tuple[dict[str, Any], Possible, Possible]:
    """A row with what its text says of its start and its end: the earliest and the latest instant that fit."""
    start, length = draw(INSTANTS), draw(st.integers(0, 2 * HOUR))
    row: dict[str, Any] = {key: draw(IDS) for key in ("id", "client_id", "instance_id") if draw(st.booleans())}
    seconds = draw(st.booleans())
    row["start_time" if seconds else "start_date_time"] = wall_clock(start, BERLIN, seconds=seconds)
    begin = possible(start, seconds=seconds)
    ended = draw(st.sampled_from(["running", "told", "counted", "untold"]))
    if ended == "running":
        return row | {"complete": False, "duration": 5}, begin, ENDLESS
    if ended == "counted":
        return row | {"complete": True, "duration": length}, begin, (begin[0] + length, begin[1] + length)
    if ended == "told":
        shown = wall_clock(start + length, BERLIN, seconds=True)
        end = possible(start + length, seconds=True)
        fitting = [at for at in end if at + 59 >= begin[0]]  # an end is never before its start
        return row | {"complete_time": shown, "complete": True}, begin, (fitting[0], fitting[-1])
    if draw(st.booleans()):
        return row, begin, UNTOLD
    return {"start_time": "n/a", "id": row.get("id")}, UNTOLD, UNTOLD


def possible(instant: int, *, seconds: bool) -> Possible:
    shown = wall_clock(instant, BERLIN, seconds=seconds)
    alike = [at for at in (instant - HOUR, instant, instant + HOUR) if wall_clock(at, BERLIN, seconds=seconds) == shown]
    return (alike[0], alike[-1]) if seconds else (alike[0] // 60 * 60, alike[-1] // 60 * 60 + 59)


def tri_window(when: Possible, low: int | None, high: int | None) -> bool | None:
    if when == UNTOLD:
        return None
    if (low is not None and when[1] < low) or (high is not None and when[0] > high) or when == ENDLESS:
        return False
    inside = (low is None or when[0] >= low) and (high is None or when[1] <= high)
    return True if inside else None


def tri_id(value: Any, wanted: int) -> bool | None:
    if value is None or value == "":
        return None
    if isinstance(value, str) and value.strip().isdigit():
        value = int(value)
    return type(value) in (int, float) and value == wanted


def tri_all(parts: list[bool | None]) -> bool | None:
    return False if False in parts else None if None in parts else True


def naive(row: dict[str, Any], start: Possible, finish: Possible, asked: Asked) -> bool | None:
    parts: list[bool | None] = []
    for when, window in ((start, asked.start), (finish, asked.finish)):
        if window:
            parts.append(tri_window(when, window.low, window.high))
    for key, wanted in (("client_id", asked.client_id), ("instance_id", asked.instance_id)):
        if wanted is not None:
            parts.append(tri_id(row.get(key), wanted))
    if asked.backup_ids is not None:
        parts.append(any(tri_id(row.get("id"), wanted) for wanted in asked.backup_ids))
    return tri_all(parts)


BOUNDS = st.none() | st.builds(
    lambda at, off: at + off, INSTANTS, st.sampled_from([-HOUR, -60, -59, -1, 0, 1, 59, 60, HOUR, HOUR + 59])
)
ASKED = st.builds(
    Asked,
    client_id=st.none() | st.integers(1, 3),
    instance_id=st.none() | st.integers(1, 3),
    start=st.builds(Window, BOUNDS, BOUNDS),
    finish=st.builds(Window, BOUNDS, BOUNDS),
    backup_ids=st.none() | st.frozensets(st.integers(1, 3), min_size=1),
)


HOURS = st.none() | st.integers(-1, 4)


def said(verdict: Decided) -> list[bool | None]:
    return [True if yes else False if no else None for yes, no in zip(verdict.yes, verdict.no, strict=True)]


def index_of(*plain: Any) -> ListIndex:
    return ListIndex(stamped(json.dumps(plain).encode(), "Europe/Berlin"))


@given(st.lists(rows(), max_size=8), ASKED)
def test_the_columns_say_what_a_plain_reading_of_the_rows_says(drawn: list[Any], asked: Asked) -> None:
    index = index_of(*(row for row, _, _ in drawn))
    assert said(index.asked(asked, None)) == [naive(row, start, finish, asked) for row, start, finish in drawn]


@given(rows(), st.data())
def test_bounds_on_the_very_seconds_that_a_row_hides_are_exact(drawn: Any, data: st.DataObject) -> None:
    row, start, _ = drawn
    if start != UNTOLD:
        bound = int(data.draw(st.sampled_from(start))) + data.draw(st.sampled_from([-1, 0, 1]))
        for window in (Window(bound), Window(None, bound), Window(bound, bound)):
            assert said(index_of(row).asked(Asked(start=window), None)) == [tri_window(start, window.low, window.high)]


@given(
    st.lists(
        st.tuples(rows(), st.sampled_from(["Success", "Failure", None]), st.sampled_from(["Full", 3])), max_size=8
    ),
    ASKED,
    st.sampled_from([1, 6]),
    HOURS,
    HOURS,
    st.none() | st.floats(CHANGE - 3 * HOUR, CHANGE + 3 * HOUR),
    st.none() | st.just(frozenset({"Success"})),
    st.none() | st.just(frozenset({"full"})),
)
def test_rows_are_picked_one_by_one_as_they_are_by_columns(
    drawn: list[Any],
    asked: Asked,
    times: int,
    start_hours: int | None,
    end_hours: int | None,
    at: float | None,
    statuses: frozenset[str] | None,
    types: frozenset[str] | None,
) -> None:
    now = None if at is None else Now(at, at + 70)
    asked = replace(asked, start_hours=start_hours, end_hours=end_hours)
    index = index_of(*[row | {"status": status, "type": kind} for (row, _, _), status, kind in drawn] * times)
    question = Question(asked, Words(types, statuses))
    words, verdict = index.words(question), index.asked(asked, now)
    told = not (words & ~(verdict.yes | verdict.no)).any()
    picked = index.picked(question, asked, now)
    assert (None if picked is None else picked.tolist()) == (
        np.flatnonzero(words & verdict.yes).tolist() if told else None
    )


@given(st.lists(rows(), max_size=8), ASKED)
def test_no_row_is_both_in_and_out(drawn: list[Any], asked: Asked) -> None:
    verdict = index_of(*(row for row, _, _ in drawn)).asked(asked, None)
    assert not (verdict.yes & verdict.no).any()


@given(st.sampled_from(ZONES), st.data(), st.floats(0, 3), st.floats(0, 3))
def test_yes_is_true_and_no_is_true_whatever_the_rows_hide(
    zone: str, data: st.DataObject, before: float, after: float
) -> None:
    asked, rendering = data.draw(true_questions(zone)), data.draw(renderings(zone))
    records, now = records_of(zone), NOWS[zone] + data.draw(st.sampled_from([0, 0.5, HOUR]))
    verdict = ListIndex(stamped(reply_of(records, rendering), zone)).asked(asked, Now(now - before, now + after))
    truth = [matches(record, body_of(asked), zone=ZoneInfo(zone), now=now) for record in records]
    assert [i for i, is_in in enumerate(truth) if (verdict.no if is_in else verdict.yes)[i]] == []


@given(st.sampled_from(ZONES), st.data())
def test_types_and_statuses_are_decided_as_they_truly_are(zone: str, data: st.DataObject) -> None:
    words = data.draw(st.lists(st.sampled_from([*DISPLAY_TYPES, *ALTERNATES, *DISPLAY_TYPES.values()]), max_size=3))
    statuses = data.draw(st.lists(st.sampled_from(["Success", "Warning", "Failure", "None"]), max_size=2))
    wanted = Words(frozenset(map(canonical_word, words)) if words else None, frozenset(statuses) if statuses else None)
    records = records_of(zone)
    mask = ListIndex(stamped(reply_of(records, data.draw(renderings(zone))), zone)).words(Question(ALL, wanted))
    for record, taken in zip(records, mask, strict=True):
        shown = record.display_type.lower() in {word.lower() for word in words}
        typed = not words or shown or matches(record, {"type": words}, zone=ZoneInfo(zone), now=0)
        status = {None: "None", 0: "Success", 1: "Warning", 2: "Failure"}[record.status]
        assert taken == (typed and (not statuses or status in statuses))


def test_a_running_row_is_out_of_every_window_of_ends() -> None:
    assert said(index_of({"complete": False}).asked(Asked(finish=Window(0)), None)) == [False]


def test_sliding_windows_are_taken_as_decided_without_a_clock() -> None:
    assert said(index_of({"start_time": "n/a"}).asked(Asked(start_hours=1), None)) == [True]


@pytest.mark.parametrize("hours", [2**63 - 1, 0])
def test_any_number_of_hours_is_no_failure(hours: int) -> None:
    index = index_of({"start_time": "10/14/2014 09:32:15 am"})
    assert said(index.asked(Asked(start_hours=hours), Now(1.8e9, 1.8e9))) == [hours > 0]


@pytest.mark.parametrize("bound", [0, 2**63 - 1])
def test_any_bound_is_no_failure(bound: int) -> None:
    index = index_of({"start_time": "10/14/2014 09:32:15 am", "complete": True, "duration": 1}, {"complete": False})
    assert said(index.asked(Asked(finish=Window(bound, 2**63 - 1)), None)) == [bound == 0, False]


@pytest.mark.parametrize(
    ("value", "column"),
    [
        (7, 7),
        ("7", 7),
        (" 07 ", 7),
        (7.0, 7),
        (None, ABSENT),
        ("", ABSENT),
        *((odd, ODD) for odd in (True, 7.5, -(2**63), 2**63, "9" * 5000, "7x", "²", [7], {}, float("inf"))),
    ],
)
def test_an_id_is_compared_in_one_form(value: Any, column: int) -> None:
    assert whole_id(value) == column


def test_a_row_with_a_number_that_no_float_holds_tells_nothing_and_hurts_no_other() -> None:
    index = ListIndex(stamped(b'[{"id":1e999,"type":"Full"},{"id":5,"type":"Full"}]'))
    assert list(index.ids()) == [ABSENT, 5]


def test_status_words_are_compared_without_regard_to_case_and_null_is_none() -> None:
    index = index_of({"status": "success"}, {"status": "WARNING"}, {"status": " None"}, {"status": None})
    question = Question(ALL, Words(statuses=frozenset({"Warning", "None"})))
    assert list(index.words(question)) == [False, True, True, True]


def test_the_numbers_of_the_core_are_statuses_and_what_is_none_has_no_status_at_all() -> None:
    index = index_of({"status": 0}, {"status": 1}, {"status": 2}, {}, {"status": 7}, {"status": True}, {"status": []})
    found = [
        index.words(Question(ALL, Words(statuses=frozenset({word})))) for word in ("Success", "Warning", "Failure")
    ]
    assert [list(np.flatnonzero(words)) for words in found] == [[0], [1], [2]]
    assert not index.words(Question(ALL, Words(statuses=frozenset({"None"})))).any()


def test_strangers_are_taken_out_and_undecidable_rows_stay() -> None:
    backups = stamped(b'[{"client_id":1},{"client_id":2},{}]')
    assert [
        json.loads(row).get("client_id") for row in without_strangers(backups, Asked(client_id=1), None).rows()
    ] == [
        1,
        None,
    ]


def test_a_list_without_strangers_stays_the_same_object() -> None:
    backups = stamped(b'[{"client_id":1},{}]')
    assert without_strangers(backups, Asked(client_id=1), None) is backups
    assert without_strangers(backups, ALL, None) is backups


@given(st.lists(st.integers(ODD, 2**63 - 1) | st.integers(-200, 200) | st.sampled_from([2**31 - 1, 2**31, 127, 128])))
def test_ids_of_any_size_are_kept_as_they_are(ids: list[int]) -> None:
    index = index_of(*({"id": number, "client_id": number} for number in ids))
    kept = [whole_id(number) for number in ids]
    assert index.ids().tolist() == kept
    for wanted in (*kept, 0, 2**63 - 1, 300):
        assert said(index.asked(Asked(client_id=wanted), None)) == [number == wanted for number in kept]


def test_an_empty_list_answers_every_question() -> None:
    index = ListIndex(stamped(b"[]"))
    assert said(index.asked(Asked(client_id=1, start=Window(1), backup_ids=frozenset({1})), None)) == []
    assert list(index.words(Question(ALL, Words(frozenset({"full"}), frozenset({"None"}))))) == []
