"""What to do with a question, given what is held: a plain decision without I/O.

The held lists are asked first. A list for the same question is a hit. A wider list serves where it provably covers
the question and every one of its rows is decidable. Whatever is undecidable goes to the appliance.
"""

import math
from collections.abc import Iterable
from dataclasses import dataclass, replace
from itertools import chain
from typing import Final, Literal, NamedTuple

from gateway.config.checked import Limits
from gateway.dates import HOUR_S
from gateway.errors import LOGIN_FAULTS, FetchError
from gateway.filter import ALL, Asked, Question, Window
from gateway.lists.held import Held
from gateway.lists.index import Now, Places

_CLOCK_SLACK_S: Final = 1.0
"""What two clocks may drift apart while a list is held."""
_DATE_STEP_S: Final = 1.0
"""A Date header has whole seconds."""

_OUTGROWN: Final = 1.25
"""A window that has become so much longer than what is asked of it is given up for a shorter one."""
_SPREAD: Final = 0.1
_LARGEST_SPREAD: Final = 0.6
_REFRESHES_PER_S: Final = 30
"""Lists of so many systems may be renewed in one second, where their questions came together."""
_MOST_REFRESHES_PER_S: Final = 200
"""More than that take a core for themselves, while the questions that they came with are still being answered."""

Freshness = Literal["fresh", "revalidate", "stale"]
_Fit = Literal["serves", "undecided", "not covered"]


@dataclass(frozen=True, slots=True)
class Need:
    """What a caller asks of an answer's age and haste; seconds, `deadline_at` by the event loop's clock."""

    deadline_at: float
    max_age_s: float | None = None
    max_stale_s: float | None = None


class Served(NamedTuple):
    """Rows out of a held list: those at these places, or (None) all that have the question's words.

    The latter are the rows of the list for this very question, of which none has slid out of the last hours: each of
    them can tell, and they may be known already.
    """

    held: Held
    rows: Places | None
    freshness: Freshness


def appliance_now(held: Held, now: float) -> Now | None:
    """The appliance's clock `now` (monotonic seconds), as its last answer lets us know it; None where it never said.

    Counted on from that answer: our own clock may have been set since, and the appliance's was not.
    """
    fetched = held.fetched
    return clock_at(fetched.wall_at + now - fetched.answered_at, fetched.skew_s, fetched.took_s)


def clock_at(wall: float, skew: float | None, took: float) -> Now | None:
    """The clock of an appliance whose Date header was ahead of ours by `skew` in a call of `took` seconds.

    It was written at some moment of the call, some appliances write the call's first: the longer the call took, the
    less it tells.
    """
    if skew is None:
        return None
    return Now(wall + skew - _CLOCK_SLACK_S, wall + skew + took + _DATE_STEP_S + _CLOCK_SLACK_S)


def freshness_of(
    held: Held, now: float, need: Need, limits: Limits, error: FetchError | None = None, *, refused: bool = False
) -> Freshness | None:
    """How far a held list may be used; None where it is too old even as a stand-in.

    `error` is why a stand-in is needed, which may shorten its life. So does `refused`: our account was refused, and
    has not been let in since, whatever goes wrong by now.
    """
    age = held.age_s(now)
    why = error or held.failed
    refused = refused or (why is not None and why.kind in LOGIN_FAULTS)
    longest = limits.stale_after_auth_seconds if refused else limits.stale_seconds
    if need.max_stale_s is not None:
        longest = min(longest, need.max_stale_s)
    if why is not None and age > longest:
        return None  # however fresh it is, after a failed refresh it is a stand-in
    young_enough = need.max_age_s is None or 0 < need.max_age_s >= age
    if age <= limits.fresh_seconds and young_enough:
        return "fresh"
    if age <= limits.revalidate_seconds and young_enough:
        return "revalidate"
    return "stale" if age <= longest else None


def choose(
    question: Question,
    exact: Held | None,
    others: Iterable[Held],
    *,
    now: float,
    need: Need,
    limits: Limits,
    error: FetchError | None = None,
    refused: bool = False,
) -> Served | None:
    """The best held list for a question, or None. With `error` the caller looks for a stand-in: any age will do.

    `error` and `refused` as for `freshness_of`.

    That is the one for this very question while it is fresh, else the youngest that serves: no caller may see an older
    one after it. A list that is older than one that covers the question, but cannot tell a row, is a stand-in at most:
    its caller may have seen the younger one when that could tell, and must not go back without being told.
    """
    if exact is not None and freshness_of(exact, now, need, limits, error, refused=refused) == "fresh":
        return Served(exact, _rows(question, exact, exact, now)[0], "fresh")
    undecided_at = -math.inf
    # Stable: of equals the exact one serves.
    for held in sorted(others if exact is None else chain((exact,), others), key=_youth):
        freshness = freshness_of(held, now, need, limits, error, refused=refused)
        if freshness is None:
            continue
        rows, fit = _rows(question, held, exact, now)
        if fit == "undecided":
            undecided_at = max(undecided_at, held.fetched.asked_at)
        if fit == "serves":
            return Served(held, rows, "stale" if held.fetched.asked_at < undecided_at else freshness)
    return None


def _youth(held: Held) -> float:
    return -held.fetched.asked_at


def _rows(question: Question, held: Held, exact: Held | None, now: float) -> tuple[Places | None, _Fit]:
    if held is exact:
        return still_in(question, held, now), "serves"
    clock = appliance_now(held, now)
    if not covers(held, question.asked, clock):
        return None, "not covered"
    # A row that is out by its words may be as undecidable as it likes.
    rows = held.index.picked(question, undecided(held.asked, question.asked), clock)
    return rows, "undecided" if rows is None else "serves"


def still_in(question: Question, held: Held, now: float) -> Places | None:
    """Rows of the list for this very question, `now`: hours count back from when they are shown. None: see Served."""
    if question.asked.start_hours is None and question.asked.end_hours is None:
        return None
    clock = appliance_now(held, now)
    left = None if clock is None else held.index.left(question.asked, clock)
    return None if left is None else (held.index.words(question) & ~left).nonzero()[0]


def covers(held: Held, wanted: Asked, now: Now | None) -> bool:
    """Whether every row that the appliance would list for `wanted` lies in the held list. Exact, never hopeful."""
    has = held.asked
    if has.client_id not in (None, wanted.client_id) or has.instance_id not in (None, wanted.instance_id):
        return False
    if has.backup_ids is not None and (wanted.backup_ids is None or not wanted.backup_ids <= has.backup_ids):
        return False
    starts = _covers_times(held, has.start, has.start_hours, wanted.start, wanted.start_hours, now)
    return starts and _covers_times(held, has.finish, has.end_hours, wanted.finish, wanted.end_hours, now)


def _covers_times(
    held: Held, has: Window, has_hours: int | None, wanted: Window, wanted_hours: int | None, now: Now | None
) -> bool:
    if wanted_hours is not None:
        if now is None:
            return False
        wanted = wanted.narrowed(int(now.low) - wanted_hours * HOUR_S, None)
    if not has.covers(wanted):
        return False
    if has_hours is None or (wanted_hours is not None and wanted_hours <= has_hours):
        return True  # a window that slides on leaves rows behind, but takes none in at its start
    # The latest instant that the appliance may have taken as the start of its window when it made the list.
    answered = appliance_now(held, held.fetched.answered_at)
    low = wanted.low
    return low is not None and answered is not None and low >= answered.high - has_hours * HOUR_S


def undecided(has: Asked, wanted: Asked) -> Asked:
    """`wanted` without the bounds that every row of a list for `has` is already known to keep."""
    if has is ALL or has == ALL:
        return wanted
    return Asked(
        client_id=None if wanted.client_id == has.client_id else wanted.client_id,
        instance_id=None if wanted.instance_id == has.instance_id else wanted.instance_id,
        start=_without(has.start, wanted.start),
        finish=_without(has.finish, wanted.finish),
        start_hours=wanted.start_hours,
        end_hours=wanted.end_hours,
        backup_ids=None if wanted.backup_ids == has.backup_ids else wanted.backup_ids,
    )


def _without(has: Window, wanted: Window) -> Window:
    return Window(None if wanted.low == has.low else wanted.low, None if wanted.high == has.high else wanted.high)


def renewal_of(held: Held, wall: float) -> Asked:
    """What is asked to renew a list: its own question, or that from later on.

    A window from a fixed instant on grows for as long as it is renewed. Where callers say anew each time when their
    last day began, none of them asks for all of it any more.
    """
    window, low = held.asked.start, held.reach.low
    if window.low is None or window.high is not None or low >= wall:
        return held.asked
    if wall - window.low <= _OUTGROWN * (wall - low):
        return held.asked
    return replace(held.asked, start=Window(int(low), None), days=None)


def spread_s(limits: Limits, systems: int) -> float:
    """Within how many seconds a refresh in the background begins.

    Long enough that lists of a large fleet, loaded together, are not renewed together; short against the time for
    which they may be served meanwhile, and against the time for which they are fresh unless the fleet is too large.
    """
    fresh, meanwhile = limits.fresh_seconds, limits.revalidate_seconds - limits.fresh_seconds
    wanted = max(_SPREAD * fresh, min(_LARGEST_SPREAD * fresh, systems / _REFRESHES_PER_S))
    return max(0.0, min(max(wanted, systems / _MOST_REFRESHES_PER_S), meanwhile / 2))
