"""Two questions are one exactly where they mean the same, and an appliance is asked in its own words."""

import json
from datetime import date, timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from material import ZONES

from gateway.dates import ApplianceZone
from gateway.dialects.wire import encode_asked
from gateway.filter import ALL, Asked, BackupFilter, Question, Window, Words, wanted_by
from gateway.question.query import parse_body

BERLIN = ApplianceZone("Europe/Berlin")
BOUNDS = st.none() | st.integers(-5, 5)
WINDOWS = st.builds(Window, BOUNDS, BOUNDS)
INSTANTS = range(-7, 8)
DAYS = st.dates(date(2024, 1, 1), date(2026, 12, 31))


def within(window: Window, instant: int) -> bool:
    return (window.low is None or window.low <= instant) and (window.high is None or instant <= window.high)


def question(body: dict[str, Any], zone: ApplianceZone = BERLIN) -> Question:
    return parse_body(json.dumps(body).encode()).filter.at(zone)


@given(WINDOWS, BOUNDS, BOUNDS)
def test_a_narrowed_window_is_the_part_that_lies_in_both(window: Window, low: int | None, high: int | None) -> None:
    narrowed, other = window.narrowed(low, high), Window(low, high)
    assert all(within(narrowed, at) == (within(window, at) and within(other, at)) for at in INSTANTS)


@given(WINDOWS, WINDOWS)
def test_a_window_that_covers_another_holds_its_every_instant(one: Window, other: Window) -> None:
    if one.covers(other):
        assert all(within(one, at) for at in INSTANTS if within(other, at))


@given(WINDOWS, WINDOWS)
def test_a_window_that_holds_all_of_another_that_has_any_covers_it(one: Window, other: Window) -> None:
    some = [at for at in range(-9, 10) if within(other, at)]
    if some and all(within(one, at) for at in some):
        assert one.covers(other)


def test_a_window_without_bounds_is_none() -> None:
    assert [bool(window) for window in (Window(), Window(0), Window(None, 0))] == [False, True, True]


@given(st.sampled_from(ZONES), DAYS, st.integers(0, 9))
def test_days_are_the_same_question_as_their_window_in_epochs(zone: str, first: date, more: int) -> None:
    reader, last = ApplianceZone(zone), first + timedelta(more)
    by_days = BackupFilter(start_day=first, end_day=last).at(reader)
    by_epochs = BackupFilter(start_time=reader.day_start(first), end_time=reader.day_end(last)).at(reader)
    assert by_days == by_epochs
    assert hash(by_days) == hash(by_epochs)


@given(DAYS)
def test_days_are_other_questions_in_zones_with_other_clocks(day: date) -> None:
    wanted = BackupFilter(start_day=day)
    assert wanted.at(ApplianceZone("Asia/Kathmandu")) != wanted.at(ApplianceZone("America/Santiago"))


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ({"client_id": 1}, {"client_id": "1"}),
        ({"backup_ids": [1, 2, 3]}, {"backup_ids": ["3", 1, 2, 1]}),
        ({"backup_ids": [5]}, {"backup_ids": 5}),
        ({"type": ["Full", "mssql full"]}, {"type": ["MSSQL FULL", "full", "Full"]}),
        ({"type": "mssql diff"}, {"type": ["mssql differential"]}),
        ({"type": "Bare Metal"}, {"type": "BareMetal"}),
        ({"type": "hyper-v full"}, {"type": "hyperv full"}),
        ({"status": ["failure", "SUCCESS"]}, {"status": ["Success", "Failure"]}),
        ({"client_id": None, "type": None}, {}),
        ({"start_time": 0, "start_day": "10/14/2014"}, {"start_day": "10/14/2014"}),
        ({"start_time": 5}, {"start_time": "05", "end_time": None}),
    ],
)
def test_what_means_the_same_is_one_question(one: dict[str, Any], other: dict[str, Any]) -> None:
    assert question(one) == question(other)
    assert hash(question(one)) == hash(question(other))


KEYS = ("client_id", "instance_id", "start_time", "end_time", "finish_interval_start", "start_hours", "end_hours")
BODIES = st.fixed_dictionaries(
    {},
    optional={key: st.integers(0, 2) for key in KEYS}
    | {
        "backup_ids": st.lists(st.integers(0, 2), min_size=1, max_size=3),
        "type": st.lists(st.sampled_from(["Full", "vmware full", "master"]), min_size=1, max_size=2),
        "status": st.lists(st.sampled_from(["Success", "Warning"]), min_size=1, max_size=2),
    },
).filter(lambda body: body.get("start_time", 0) <= body.get("end_time", 2))


@given(BODIES, BODIES)
def test_questions_are_equal_exactly_where_their_filters_are(one: dict[str, Any], other: dict[str, Any]) -> None:
    def meaning(body: dict[str, Any]) -> dict[str, Any]:
        return {
            key: frozenset(str(value).lower() for value in values) if isinstance(values, list) else values
            for key, values in body.items()
        }

    assert (question(one) == question(other)) == (meaning(one) == meaning(other))


def test_another_spelling_that_is_also_shown_on_rows_stays_another_question() -> None:
    assert question({"type": "sql full"}) != question({"type": "mssql full"})


def test_whatever_differs_tells_questions_apart_when_they_are_looked_up() -> None:
    """Hundreds of lists of a system that had equal hashes would be gone through one by one."""
    each: list[Asked] = [
        ALL,
        Asked(client_id=7),
        Asked(instance_id=7),
        Asked(start=Window(7)),
        Asked(finish=Window(7)),
        Asked(start_hours=7),
        Asked(end_hours=7),
        Asked(backup_ids=frozenset({7})),
    ]
    assert len({hash(asked) for asked in each}) == len(each)
    words = Words(), Words(types=frozenset({"full"}))
    questions = [Question(asked, word) for asked in each for word in words]
    assert len({hash(one) for one in questions}) == len(questions)
    for one in (Asked(client_id=7), Question(Asked(client_id=7))):
        object.__setattr__(one, "_hash", 1)
        assert hash(one) == 1, "made once"
        assert not hasattr(one, "__dict__"), "thousands of them are held"


def test_what_is_made_of_a_question_is_no_part_of_it() -> None:
    words = Words(types=frozenset({"full"}))
    assert Question(ALL, words) == Question(ALL, words)
    assert "wanted" not in repr(Question(ALL, words))
    ((column, will_do),) = Question(ALL, words).wanted
    assert (column, will_do({"full"}), will_do({"bare metal"})) == ("types", True, False)


def test_a_question_for_everything_is_the_empty_one() -> None:
    assert question({}).asked == ALL
    assert not question({"type": "Full"}).asked


def test_days_alone_go_up_as_days() -> None:
    asked = question({"start_day": "10/04/2025", "end_day": "10/05/2025"}).asked
    assert json.loads(encode_asked(asked, None)) == {"start_day": "10/04/2025", "end_day": "10/05/2025"}


@pytest.mark.parametrize("body", [{"start_day": "10/04/2025"}, {"end_day": "10/05/2025"}])
def test_one_day_alone_goes_up_as_a_day(body: dict[str, Any]) -> None:
    assert json.loads(encode_asked(question(body).asked, None)) == body


def test_days_go_up_as_days_although_somebody_asked_the_same_in_epochs() -> None:
    day = date(2019, 3, 3)  # of which no other test asks
    BackupFilter(start_time=BERLIN.day_start(day)).at(BERLIN)
    assert json.loads(encode_asked(BackupFilter(start_day=day).at(BERLIN).asked, None)) == {"start_day": "03/03/2019"}


@pytest.mark.parametrize("body", [{}, {"client_id": 5}, {"end_time": 7, "backup_ids": [1, 2]}])
def test_what_is_asked_twice_is_one_object(body: dict[str, Any]) -> None:
    assert question(body).asked is question(body).asked


def test_every_filter_is_asked_in_its_place() -> None:
    words, ids = Words(frozenset({"full"}), frozenset({"Success"})), frozenset({11})
    whole = BackupFilter(
        client_id=1,
        instance_id=2,
        words=words,
        start_time=3,
        end_time=4,
        finish_interval_start=5,
        finish_interval_end=6,
        start_hours=7,
        end_hours=8,
        backup_ids=ids,
    )
    asked = Asked(1, 2, Window(3, 4), Window(5, 6), 7, 8, ids)
    assert whole.at(BERLIN) == Question(asked, words)


@given(DAYS, st.integers(1_700_000_000, 1_800_000_000))
def test_days_next_to_times_go_up_as_their_intersection_in_epochs(day: date, epoch: int) -> None:
    asked = BackupFilter(start_time=epoch, start_day=day).at(BERLIN).asked
    assert json.loads(encode_asked(asked, None)) == {"start_time": max(epoch, BERLIN.day_start(day))}


def test_a_default_window_goes_up_as_a_start() -> None:
    assert BackupFilter().at(BERLIN, not_before=77).asked == Asked(start=Window(77))


def test_a_default_window_does_not_widen_what_is_asked() -> None:
    assert BackupFilter(start_time=100).at(BERLIN, not_before=77).asked.start == Window(100)


@pytest.mark.parametrize(
    "body",
    [
        {key: 1}
        for key in (
            "start_time",
            "end_time",
            "finish_interval_start",
            "finish_interval_end",
            "start_hours",
            "end_hours",
        )
    ]
    + [{"start_day": "10/04/2025"}, {"end_day": "10/04/2025"}, {"backup_ids": [1]}],
)
def test_a_filter_that_bounds_the_age_of_rows_is_not_timeless(body: dict[str, Any]) -> None:
    assert not parse_body(json.dumps(body).encode()).filter.timeless


@pytest.mark.parametrize("body", [{}, {"client_id": 1}, {"instance_id": 1}, {"type": "Full"}, {"status": "None"}])
def test_a_filter_that_bounds_no_age_is_timeless(body: dict[str, Any]) -> None:
    assert parse_body(json.dumps(body).encode()).filter.timeless


@pytest.mark.parametrize("words", [Words(types=frozenset({"full"})), Words(statuses=frozenset({"None"}))])
def test_words_that_ask_for_anything_are_true(words: Words) -> None:
    assert bool(words) is True
    assert bool(Words()) is False


def test_each_word_is_looked_for_in_its_own_column() -> None:
    assert wanted_by(Words()) == ()
    ((column, will_do),) = wanted_by(Words(types=frozenset({"full", "master"})))
    assert column == "types"
    assert [will_do(names) for names in (["full"], ["x", "master"], ["x"], [])] == [True, True, False, False]
    ((column, will_do),) = wanted_by(Words(statuses=frozenset({"Success", "NONE"})))
    assert column == "statuses"
    assert [will_do(word) for word in ("success", "none", "warning")] == [True, True, False]
    both = wanted_by(Words(frozenset({"full"}), frozenset({"None"})))
    assert [column for column, _ in both] == ["types", "statuses"]
