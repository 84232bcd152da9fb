"""Where a held list just covers a question and where it just does not, bound by bound; which of several serves."""

import itertools
import json
from dataclasses import replace
from typing import Any

import pytest
from material import HOUR, held_of, read, stamped

from gateway.config.checked import Limits
from gateway.errors import FetchError
from gateway.filter import ALL, Asked, Question, Window, Words
from gateway.lists.held import Held
from gateway.lists.index import Now
from gateway.lists.plan import Need, Served, appliance_now, choose, covers, freshness_of, spread_s, undecided
from gateway.model import EMPTY

LIMITS = Limits(60, 600, 86_400, 3600, 10, 30, 3, 2**26, 2, 30, 0, 3600, 2000)
NEED = Need(deadline_at=1e9)
NOW = 1_000_000
SURE = Now(NOW, NOW + 5)
ANY_ID = Asked(backup_ids=frozenset({1, 2}))


def test_the_appliances_clock_is_known_to_a_second_and_what_the_call_took() -> None:
    ahead = held_of(EMPTY, took=3.0, asked_at=50.0, wall_at=1000.0, skew_s=20.0)
    assert appliance_now(ahead, 53.0) == Now(1019.0, 1025.0)
    assert appliance_now(ahead, 153.5) == Now(1119.5, 1125.5)
    assert appliance_now(held_of(EMPTY, wall_at=1000.0, skew_s=-20.0), 0.0) == Now(979.0, 982.0)
    assert appliance_now(held_of(EMPTY, wall_at=1000.0, skew_s=None), 0.0) is None


@pytest.mark.parametrize(
    ("has", "wanted", "covered"),
    [
        (Asked(client_id=1), Asked(client_id=1), True),
        (Asked(client_id=1), Asked(client_id=2), False),
        (Asked(client_id=1), Asked(instance_id=1), False),
        (ALL, Asked(client_id=1, instance_id=2), True),
        (Asked(instance_id=1), Asked(instance_id=1), True),
        (Asked(instance_id=1), Asked(instance_id=2), False),
        (Asked(instance_id=1), Asked(client_id=1), False),
        (ANY_ID, ANY_ID, True),
        (ANY_ID, Asked(backup_ids=frozenset({2})), True),
        (ANY_ID, Asked(backup_ids=frozenset({2, 3})), False),
        (Asked(backup_ids=frozenset({2})), ANY_ID, False),
        (ANY_ID, ALL, False),
        (ALL, ANY_ID, True),
    ],
)
def test_ids_of_a_list_must_be_those_of_the_question(has: Asked, wanted: Asked, covered: bool) -> None:
    assert covers(held_of(EMPTY, has), wanted, None) is covered


def sides(has: tuple[Window, int | None], wanted: tuple[Window, int | None]) -> list[tuple[Asked, Asked]]:
    """A list and a question as bounds of the start, and as the same bounds of the end."""
    return [
        (Asked(start=has[0], start_hours=has[1]), Asked(start=wanted[0], start_hours=wanted[1])),
        (Asked(finish=has[0], end_hours=has[1]), Asked(finish=wanted[0], end_hours=wanted[1])),
    ]


def covered(has: tuple[Window, int | None], wanted: tuple[Window, int | None], now: Now | None = SURE) -> bool:
    """Whether it does; the list was got when the appliance's clock showed at most NOW."""
    found = {
        covers(held_of(EMPTY, one, wall_at=NOW - 2.0, skew_s=0.0), other, now) for one, other in sides(has, wanted)
    }
    assert len(found) == 1
    return found.pop()


OPEN = Window()


@pytest.mark.parametrize(
    ("has", "wanted", "expected"),
    [
        (Window(5), Window(5), True),
        (Window(5), Window(4), False),
        (Window(None, 5), Window(None, 5), True),
        (Window(None, 5), Window(None, 6), False),
        (Window(5, 9), Window(6, 8), True),
        (Window(5, 9), Window(6), False),
        (OPEN, Window(6), True),
        (Window(5), OPEN, False),
    ],
)
def test_a_window_of_a_list_must_hold_that_of_the_question(has: Window, wanted: Window, expected: bool) -> None:
    for now in (SURE, None):
        assert covered((has, None), (wanted, None), now) is expected


@pytest.mark.parametrize(
    ("has", "wanted", "expected"),
    [
        (Window(NOW - HOUR), OPEN, True),
        (Window(NOW - HOUR + 1), OPEN, False),
        (Window(NOW - HOUR + 1), Window(NOW - HOUR + 1), True),
        (Window(NOW - HOUR + 1), Window(5), False),
        (Window(NOW - HOUR), Window(5), True),
        (Window(NOW - HOUR, NOW + 9), OPEN, False),
        (Window(NOW - HOUR, NOW + 9), Window(None, NOW + 9), True),
        (OPEN, OPEN, True),
    ],
)
def test_the_last_hours_begin_where_the_appliances_clock_says(has: Window, wanted: Window, expected: bool) -> None:
    assert covered((has, None), (wanted, 1)) is expected
    assert covered((has, None), (wanted, 1), None) is False


@pytest.mark.parametrize(("hours", "expected"), [(1, True), (2, True), (3, False)])
def test_the_last_hours_hold_fewer_hours_and_as_many(hours: int, expected: bool) -> None:
    just_got = Now(NOW - 3.0, NOW)  # when it was got, as far as anybody knew
    for now in (SURE, just_got):
        assert covered((OPEN, 2), (OPEN, hours), now) is expected


@pytest.mark.parametrize(
    ("low", "expected"), [(NOW - 2 * HOUR, True), (NOW - 2 * HOUR - 1, False), (NOW, True), (None, False)]
)
def test_the_last_hours_hold_what_starts_within_them_for_sure(low: int | None, expected: bool) -> None:
    for hours in (None, 3):
        assert covered((OPEN, 2), (Window(low), hours)) is expected


def test_the_last_hours_of_a_list_without_a_clock_are_nobody_knows_which() -> None:
    for has, wanted in sides((OPEN, 2), (Window(NOW), None)):
        assert covers(held_of(EMPTY, has, wall_at=NOW, skew_s=None), wanted, SURE) is False


def test_start_and_end_must_both_be_covered() -> None:
    has = Asked(start=Window(5), finish=Window(7))
    for wanted in (Asked(start=Window(5)), Asked(finish=Window(7)), Asked(start=Window(7), finish=Window(5))):
        assert covers(held_of(EMPTY, has), wanted, None) is False
    assert covers(held_of(EMPTY, has), has, None) is True


EVERYTHING = Asked(1, 2, Window(3, 4), Window(5, 6), 7, 8, frozenset({9}))


def test_what_a_list_was_asked_with_need_not_be_decided_but_sliding_hours_always() -> None:
    assert undecided(EVERYTHING, EVERYTHING) == Asked(start_hours=7, end_hours=8)


def test_what_a_list_was_not_asked_with_is_all_to_be_decided() -> None:
    assert undecided(ALL, EVERYTHING) == EVERYTHING
    other = Asked(11, 12, Window(13, 14), Window(15, 16), 17, 18, frozenset({19}))
    assert undecided(other, EVERYTHING) == EVERYTHING


def test_half_of_a_window_may_be_decided() -> None:
    has = replace(EVERYTHING, start=Window(3, 40), finish=Window(50, 6))
    assert undecided(has, EVERYTHING) == Asked(start=Window(None, 4), finish=Window(5), start_hours=7, end_hours=8)


AUTH = FetchError("auth", "refused")
TIMEOUT = FetchError("timeout", "late")


def test_the_fault_of_now_counts_and_not_the_one_that_is_remembered() -> None:
    held = held_of(EMPTY)
    held.failed = AUTH
    assert freshness_of(held, 3601, NEED, LIMITS, TIMEOUT) == "stale"
    held.failed = TIMEOUT
    assert freshness_of(held, 3601, NEED, LIMITS, AUTH) is None


@pytest.mark.parametrize("error", [None, TIMEOUT], ids=["no fault", "a fault"])
def test_an_account_that_was_refused_shortens_the_life_of_a_stand_in_whatever_is_wrong_by_now(
    error: FetchError | None,
) -> None:
    ages = (3600, 3601)
    found = [freshness_of(held_of(EMPTY), age, NEED, LIMITS, error, refused=True) for age in ages]
    assert found == ["stale", None]


@pytest.mark.parametrize(("age", "freshness"), [(40, "fresh"), (500, "revalidate")])
def test_an_account_that_was_refused_takes_nothing_from_a_list_that_is_no_stand_in(age: float, freshness: str) -> None:
    limits = replace(LIMITS, stale_after_auth_seconds=30)
    assert freshness_of(held_of(EMPTY), age, NEED, limits, refused=True) == freshness


def test_an_account_that_was_refused_counts_for_whichever_list_would_serve() -> None:
    assert chosen(ONE, aged(3601, ONE), aged(3602), refused=True) is None
    assert chosen(ONE, aged(3601, ONE), aged(3600), refused=True) is not None


@pytest.mark.parametrize(("age", "freshness"), [(40, "fresh"), (500, "revalidate")])
def test_a_bound_on_stand_ins_takes_nothing_from_a_list_that_needs_none(age: float, freshness: str) -> None:
    need = Need(1e9, max_stale_s=30)
    assert freshness_of(held_of(EMPTY), age, need, LIMITS) == freshness
    assert freshness_of(held_of(EMPTY), age, need, LIMITS, TIMEOUT) is None


def test_a_bound_on_stand_ins_shortens_their_life_after_a_fault_as_well() -> None:
    need = Need(1e9, max_stale_s=700)
    assert [freshness_of(held_of(EMPTY), age, need, LIMITS, TIMEOUT) for age in (700, 701)] == ["stale", None]


@pytest.mark.parametrize(
    ("fresh", "revalidate", "systems", "seconds"),
    [
        (60, 600, 0, 6.0),
        (60, 600, 180, 6.0),
        (60, 600, 300, 10.0),
        (60, 600, 1080, 36.0),
        (60, 600, 5000, 36.0),
        (60, 600, 10_000, 50.0),
        (1, 600, 100, 0.6),
        (1, 600, 1000, 5.0),
        (0, 600, 1000, 5.0),
        (1, 3, 1000, 1.0),
        (60, 70, 5000, 5.0),
        (60, 60, 5000, 0.0),
        (60, 0, 5000, 0.0),
    ],
)
def test_refreshes_of_a_fleet_are_spread_but_begin_while_their_lists_serve(
    fresh: int, revalidate: int, systems: int, seconds: float
) -> None:
    limits = replace(LIMITS, fresh_seconds=fresh, revalidate_seconds=revalidate)
    assert spread_s(limits, systems) == pytest.approx(seconds)


def aged(age: float, asked: Asked = ALL, body: bytes = b"[]") -> Held:
    return held_of(stamped(body), asked, asked_at=-age)


def chosen(question: Asked, exact: Held | None, *others: Held, **more: Any) -> Served | None:
    return choose(Question(question), exact, others, now=0.0, need=NEED, limits=LIMITS, **more)


ONE = Asked(client_id=1)


@pytest.mark.parametrize("age", [10, 100, 1000])
def test_of_two_that_are_as_old_the_exact_one_serves(age: float) -> None:
    exact, wide = aged(age, ONE), aged(age)
    for others in ([wide, exact], [exact, wide]):
        served = chosen(ONE, exact, *others)
        assert served is not None
        assert served.held is exact


def test_a_fresh_exact_list_serves_although_a_wider_one_is_younger() -> None:
    exact, wide = aged(30, ONE), aged(10)
    for others in ([wide, exact], [exact, wide]):
        assert chosen(ONE, exact, *others) == Served(exact, None, "fresh")


@pytest.mark.parametrize(("exact_age", "wide_age"), [(100, 10), (1000, 10), (1000, 100), (2000, 1000), (90_000, 5)])
def test_a_fresher_list_serves_wherever_it_stands(exact_age: float, wide_age: float) -> None:
    exact, wide, other = aged(exact_age, ONE), aged(wide_age), aged(exact_age)
    for others in ([wide, exact, other], [other, exact, wide]):
        served = chosen(ONE, exact, *others)
        assert served is not None
        assert served.held is wide


def test_of_several_fresh_lists_the_youngest_serves_wherever_it_stands() -> None:
    older, youngest, old = aged(20), aged(10, Asked(client_id=1, start=OPEN)), aged(50)
    question = Asked(client_id=1, instance_id=7)
    for others in itertools.permutations((older, youngest, old)):
        served = chosen(question, None, *others)
        assert served is not None
        assert (served.held, served.freshness) == (youngest, "fresh")


def test_who_has_seen_a_list_is_not_shown_an_older_one_as_fresh() -> None:
    """A row slides out of the last hours: while the younger list cannot tell, the older one has more doubt, or less."""
    starts = range(NOW - 24 * HOUR - 4960, NOW, 1000)
    day = json.dumps([{"id": start, "start_time": start, "instance_id": 1} for start in starts]).encode()
    slow = held_of(stamped(day), ALL, asked_at=0.0, took=6.0, wall_at=NOW + 6.0)
    quick = held_of(stamped(day), Asked(start=Window(0)), asked_at=20.0, took=0.1, wall_at=NOW + 20.1)
    asked = Question(Asked(start_hours=24))
    told: list[tuple[float, str]] = []
    for tenth in range(250, 580, 2):
        served = choose(asked, None, [slow, quick], now=tenth / 10, need=NEED, limits=LIMITS)
        told += [] if served is None else [(served.held.fetched.asked_at, served.freshness)]
    assert {asked_at for asked_at, freshness in told if freshness != "stale"} == {20.0}


def test_a_list_that_is_too_old_or_too_narrow_hides_none_behind_it() -> None:
    wide = aged(10)
    for first in (aged(90_000), aged(5, Asked(client_id=2))):
        served = chosen(ONE, None, first, wide)
        assert served is not None
        assert served.held is wide


@pytest.mark.parametrize(
    ("vague", "age", "freshness"),
    [
        ([], 400, "revalidate"),
        ([500], 400, "revalidate"),
        ([400], 400, "revalidate"),
        ([399], 400, "stale"),
        ([300, 500], 400, "stale"),
        ([500, 300], 400, "stale"),
        ([30], 30, "fresh"),
        ([5], 30, "stale"),
        ([5], 3000, "stale"),
    ],
)
def test_a_list_is_a_stand_in_where_a_younger_one_cannot_tell(vague: list[float], age: float, freshness: str) -> None:
    one_instance = Asked(instance_id=1)
    unknowing = [aged(each, body=b'[{"id":1}]') for each in vague]
    assert chosen(one_instance, None, *unknowing) is None, "that row shows no instance"
    held = aged(age, one_instance)
    for exact in (None, held):
        for others in ([*unknowing, held], [held, *unknowing]):
            served = chosen(one_instance, exact, *others)
            assert served is not None
            is_fresh = exact is held and age <= LIMITS.fresh_seconds  # the list for this very question, young enough
            assert (served.held, served.freshness) == (held, "fresh" if is_fresh else freshness)


def test_a_list_that_is_too_old_serves_nobody() -> None:
    exact, wide = aged(90_000, ONE), aged(90_000)
    assert chosen(ONE, None, wide) is None
    assert chosen(ONE, exact, exact, wide) is None


def test_a_list_whose_account_was_refused_leaves_the_place_to_an_older_one() -> None:
    refused, older = aged(4000), aged(5000)
    refused.failed = AUTH
    served = chosen(ONE, None, refused, older)
    assert served is not None
    assert served.held is older


ROWS = b"""[
    {"id": 1, "type": "Full", "status": "Success"},
    {"id": 2, "type": "Full", "status": "Warning"},
    {"id": 3, "type": "Master", "status": "Success"}
]"""


@pytest.mark.parametrize(
    ("types", "statuses", "ids"),
    [({"full"}, None, [1, 2]), (None, {"Success"}, [1, 3]), ({"full"}, {"Success"}, [1]), (None, None, [1, 2, 3])],
)
def test_types_and_statuses_are_picked_from_the_exact_list(
    types: set[str] | None, statuses: set[str] | None, ids: list[int]
) -> None:
    exact = aged(10, body=ROWS)
    question = Question(ALL, Words(types and frozenset(types), statuses and frozenset(statuses)))
    served = choose(question, exact, [exact], now=0.0, need=NEED, limits=LIMITS)
    assert served is not None
    assert (served.held, served.rows) == (exact, None), "those of the words"
    rows = read(exact.fetched.backups)
    assert [int(rows[place]["id"]) for place in exact.index.words(question).nonzero()[0]] == ids
