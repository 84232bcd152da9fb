"""What is asked to renew a list: its own question, until nobody asks for the begin of its window any more."""

from datetime import date
from typing import Final

import pytest
from material import held_of

from gateway.filter import ALL, Asked, Window
from gateway.lists.held import Held
from gateway.lists.plan import renewal_of
from gateway.model import EMPTY

NOW: Final = 100_000.0
LATELY_S: Final = 900.0
SINCE: Final = Asked(start=Window(20_000, None), client_id=7)
"""80,000 s long by now."""


def asked_for(asked: Asked, *lows: float) -> Held:
    """A list that was asked for rows from those instants on, all at one moment."""
    held = held_of(EMPTY, asked)
    for low in lows:
        held.reach.note(low, 50.0)
    return held


@pytest.mark.parametrize("low", [20_000, 36_000])
def test_a_window_is_renewed_as_it_is_while_most_of_it_is_asked_for(low: float) -> None:
    assert renewal_of(asked_for(SINCE, low), NOW) is SINCE


@pytest.mark.parametrize("low", [36_001, 90_000, 99_999])
def test_a_window_that_has_outgrown_its_questions_begins_later(low: int) -> None:
    """36,000 is 64,000 s ago, of which 80,000 are five quarters."""
    assert renewal_of(asked_for(SINCE, low), NOW) == Asked(start=Window(low, None), client_id=7)


def test_the_longest_of_the_questions_counts() -> None:
    assert renewal_of(asked_for(SINCE, 90_000, 20_000, 95_000), NOW) is SINCE
    assert renewal_of(asked_for(SINCE, 90_000, 60_000, 95_000), NOW).start == Window(60_000, None)


def test_days_are_none_any_more_and_a_fraction_of_a_second_is_not_left_out() -> None:
    days = Asked(start=Window(20_000, None), days=(date(1970, 1, 1), None))
    assert renewal_of(asked_for(days, 90_000.7), NOW).days is None
    assert renewal_of(asked_for(days, 90_000.7), NOW).start.low == 90_000


@pytest.mark.parametrize(
    ("asked", "low"),
    [
        (ALL, 90_000),
        (Asked(start_hours=24), 90_000),
        (Asked(start=Window(20_000, 99_000)), 90_000),
        (Asked(start=Window(None, 99_000)), 90_000),
        (SINCE, NOW),
        (SINCE, NOW + 1),
    ],
    ids=["everything", "the last hours", "a closed window", "an open begin", "from now on", "from a future on"],
)
def test_what_does_not_grow_is_renewed_as_it_is(asked: Asked, low: float) -> None:
    assert renewal_of(asked_for(asked, low), NOW) is asked


def test_what_nobody_has_said_is_no_reach() -> None:
    assert renewal_of(asked_for(SINCE), NOW) is SINCE


def test_what_was_asked_long_ago_is_forgotten_and_what_was_asked_lately_is_not() -> None:
    held = asked_for(SINCE, 20_000)
    held.reach.note(90_000, 50.0 + LATELY_S)
    assert held.reach.low == 20_000  # a quarter of an hour has not passed yet
    held.reach.note(90_000, 50.1 + LATELY_S)
    assert held.reach.low == 20_000  # asked in the quarter before this one
    held.reach.note(91_000, 50.2 + 2 * LATELY_S)
    assert held.reach.low == 90_000
