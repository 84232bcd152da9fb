"""What a held list serves is exactly what the appliance would have listed, and never older than is allowed."""

from dataclasses import replace
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from material import (
    HOUR,
    NOWS,
    held_of,
    records_of,
    reply_of,
    stamped,
)
from served import LIMITS, NEED, listed, picked, whole

from gateway.errors import FetchError
from gateway.filter import ALL, Asked, Question, Window, Words
from gateway.lists.held import Held
from gateway.lists.plan import Need, Served, choose, freshness_of, undecided
from gateway.model import EMPTY
from gateway.simulator.dialects import Rendering

AUTH = FetchError("auth", "refused")
TIMEOUT = FetchError("timeout", "late")


RECORDS = records_of("Europe/Berlin")
NOW = float(NOWS["Europe/Berlin"])
MIDDLE = RECORDS[len(RECORDS) // 2]


def made(asked: Asked = ALL, dialect: Any = "10.x", **times: Any) -> Held:
    """The list for `asked` as an appliance in Berlin makes it at `NOW`."""
    rows = reply_of(listed(RECORDS, asked, "Europe/Berlin", NOW), Rendering(dialect, ZoneInfo("Europe/Berlin")))
    return held_of(stamped(rows, "Europe/Berlin"), asked, **{"wall_at": NOW, **times})


def served_from(held: list[Held], asked: Asked, *, need: Need = NEED, now: float = 1.0) -> Served | None:
    return choose(Question(asked), None, held, now=now, need=need, limits=LIMITS)


NARROWER = {
    "one client": Asked(client_id=MIDDLE.client_id),
    "one instance": Asked(instance_id=MIDDLE.instance_id),
    "a window of starts": Asked(start=Window(MIDDLE.start - HOUR, MIDDLE.start)),
    "a window of ends": Asked(finish=Window(MIDDLE.start - 9 * HOUR, MIDDLE.start)),
    "some ids": Asked(backup_ids=frozenset({1, MIDDLE.id or 0})),
    "the last hours": Asked(start_hours=20),
    "ended in the last hours": Asked(end_hours=20),
}


# Some rows show no instance: for those only the appliance can tell.
@pytest.mark.parametrize("name", [name for name in NARROWER if name != "one instance"])
def test_a_list_of_everything_serves(name: str) -> None:
    served = served_from([made()], NARROWER[name])
    assert served is not None
    expected = listed(RECORDS, NARROWER[name], "Europe/Berlin", NOW)
    assert [whole(row) for row in picked(served)] == [(record.id, record.client_id) for record in expected] != []


@pytest.mark.parametrize("name", NARROWER)
def test_a_narrow_list_never_serves_a_question_for_everything(name: str) -> None:
    assert served_from([made(NARROWER[name])], ALL) is None


@pytest.mark.parametrize("name", NARROWER)
def test_a_narrow_list_serves_its_own_question(name: str) -> None:
    own = made(NARROWER[name])
    served = choose(Question(own.asked), own, [own], now=1.0, need=NEED, limits=LIMITS)
    assert served == Served(own, None, "fresh")


@pytest.mark.parametrize("name", ["the last hours", "ended in the last hours"])
def test_sliding_windows_need_the_appliances_clock(name: str) -> None:
    assert served_from([made(skew_s=None)], NARROWER[name]) is None


@pytest.mark.parametrize("second", [0, 57])
def test_a_bound_inside_a_minute_that_a_row_hides_goes_to_the_appliance(second: int) -> None:
    bound = MIDDLE.start // 60 * 60 + second + 1
    assert served_from([made(dialect="wiki-2015")], Asked(start=Window(bound))) is None
    assert served_from([made(dialect="wiki-2015")], Asked(start=Window(None, bound))) is None


def test_a_bound_at_the_end_of_a_minute_is_decidable() -> None:
    first = MIDDLE.start // 60 * 60
    assert served_from([made(dialect="wiki-2015")], Asked(start=Window(first, first + 59))) is not None


def test_an_undecidable_row_that_is_out_by_its_type_does_no_harm() -> None:
    question = Question(Asked(start=Window(MIDDLE.start // 60 * 60 + 30)), Words(frozenset({"no such type"})))
    served = choose(question, None, [made(dialect="wiki-2015")], now=1.0, need=NEED, limits=LIMITS)
    assert served is not None
    assert picked(served) == []


def test_a_bound_that_the_list_was_asked_with_is_decided_already() -> None:
    bound = Window(MIDDLE.start // 60 * 60 + 30)
    held = made(Asked(start=bound), dialect="wiki-2015")
    assert served_from([held], Asked(start=bound, client_id=MIDDLE.client_id)) is not None


def test_only_the_bounds_that_differ_are_decided_again() -> None:
    has = Asked(client_id=1, start=Window(1, 9), backup_ids=frozenset({1}))
    assert undecided(has, replace(has, instance_id=2, start=Window(1, 5))) == Asked(
        instance_id=2, start=Window(None, 5)
    )


@pytest.mark.parametrize("age", [0, 60, 61, 600, 601, 86_400, 86_401])
def test_age_decides_between_fresh_renewed_stand_in_and_nothing(age: float) -> None:
    expected = "fresh" if age <= 60 else "revalidate" if age <= 600 else "stale" if age <= 86_400 else None
    assert freshness_of(held_of(EMPTY), age, NEED, LIMITS) == expected


@pytest.mark.parametrize("kind", ["auth", "denied"])
def test_a_refused_account_shortens_the_life_of_a_stand_in(kind: Any) -> None:
    error = FetchError(kind, "no")
    ages = (3600, 3601)
    assert [freshness_of(held_of(EMPTY), age, NEED, LIMITS, error) for age in ages] == ["stale", None]


def test_another_fault_leaves_a_stand_in_its_whole_life() -> None:
    assert freshness_of(held_of(EMPTY), 86_400, NEED, LIMITS, TIMEOUT) == "stale"


def test_a_refused_account_that_is_remembered_at_the_list_counts_as_well() -> None:
    held = held_of(EMPTY)
    held.failed = AUTH
    assert freshness_of(held, 3601, NEED, LIMITS) is None


@pytest.mark.parametrize(("max_age", "age", "fresh"), [(5, 5, True), (5, 5.1, False), (0.5, 0.4, True), (0, 0, False)])
def test_a_list_older_than_the_caller_allows_is_no_answer_of_its_own(max_age: float, age: float, fresh: bool) -> None:
    freshness = freshness_of(held_of(EMPTY), age, Need(1e9, max_age_s=max_age), LIMITS)
    assert freshness == ("fresh" if fresh else "stale")


def test_a_caller_that_allows_more_age_gets_none_older_than_the_limits() -> None:
    assert freshness_of(held_of(EMPTY), 601, Need(1e9, max_age_s=1e6), LIMITS) == "stale"


@pytest.mark.parametrize(("max_stale", "age", "usable"), [(700, 700, True), (700, 701, False), (1e9, 86_401, False)])
def test_a_caller_may_shorten_the_life_of_a_stand_in_but_not_lengthen_it(
    max_stale: float, age: float, usable: bool
) -> None:
    assert (freshness_of(held_of(EMPTY), age, Need(1e9, max_stale_s=max_stale), LIMITS) is not None) == usable


def test_a_fresh_wider_list_is_better_than_an_old_exact_one() -> None:
    question, old, wide = Asked(client_id=MIDDLE.client_id), -500.0, made()
    exact = made(question, asked_at=old)
    served = choose(Question(question), exact, [exact, wide], now=1.0, need=NEED, limits=LIMITS)
    assert served is not None
    assert (served.held, served.freshness) == (wide, "fresh")


def test_of_two_stand_ins_the_younger_serves() -> None:
    older, younger = made(asked_at=-9000.0), made(asked_at=-8000.0)
    served = served_from([older, younger], NARROWER["one client"])
    assert served is not None
    assert (served.held, served.freshness) == (younger, "stale")


def test_of_two_lists_that_are_due_the_younger_serves_so_that_nobody_sees_an_older_one_later() -> None:
    question = NARROWER["one client"]
    exact, wide = made(question, asked_at=-400.0), made(asked_at=-300.0)
    served = choose(Question(question), exact, [exact, wide], now=1.0, need=NEED, limits=LIMITS)
    assert served is not None
    assert (served.held, served.freshness) == (wide, "revalidate")


@pytest.mark.parametrize(("wide_at", "freshness"), [(-300.0, "stale"), (0.0, "stale"), (-500.0, "revalidate")])
def test_an_older_list_serves_no_more_at_once_where_a_younger_one_cannot_tell(wide_at: float, freshness: str) -> None:
    start = MIDDLE.start // 60 * 60 + 30  # a documented row hides its seconds
    question = Asked(start=Window(start, MIDDLE.start + HOUR))
    exact, wide = made(question, "wiki-2015", asked_at=-400.0), made(ALL, "wiki-2015", asked_at=wide_at)
    assert served_from([wide], question) is None
    served = choose(Question(question), exact, [wide, exact], now=1.0, need=NEED, limits=LIMITS)
    assert served is not None
    assert (served.held, served.freshness) == (exact, freshness)


def test_of_two_fresh_lists_the_exact_one_serves() -> None:
    question = NARROWER["one client"]
    exact = made(question)
    served = choose(Question(question), exact, [made(), exact], now=1.0, need=NEED, limits=LIMITS)
    assert served == Served(exact, None, "fresh")


def test_nothing_held_serves_nothing() -> None:
    assert served_from([], ALL) is None
