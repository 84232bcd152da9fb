"""Tail-only refresh: what of a held list must be asked again, and how the answer goes back into the list.

Settled rows of an appliance do not change: a refresh asks for starts of the day before the list was made and later,
plus the ids of older rows that are still open. What else may change (purged rows, holds) a full sweep finds. Every
step is exact or refused: None sends the caller to a whole fetch.
"""

from collections import defaultdict, deque
from dataclasses import dataclass, replace
from typing import Final, Literal

import numpy as np

from gateway.filter import Asked, Window
from gateway.held import Held
from gateway.index import ABSENT, ODD, Column, ListIndex, Mask, Now
from gateway.model import UNKNOWN, BackupList, ListBuilder

_OPEN_FOR_S: Final = 86_400
"""A backup may be verified or replicated within a day of its start: until then its row counts as open."""
_OVERLAP_S: Final = 600
_LOOK_BACK_S: Final = 7 * 86_400
_FEWEST_ROWS: Final = 20
_MOST_IDS: Final = 500
_LARGEST_SHARE: Final = 0.5

Order = Literal["oldest", "newest", "id", "id_down"]


@dataclass(frozen=True, slots=True)
class Tail:
    """`recent`: the question for all rows from `since` on (None: the window ended before); `again`: for open ones."""

    since: int
    recent: Asked | None
    again: Asked | None
    dropped: Mask
    """Rows that have slid out of the question's own window since the list was made."""
    order: Order


def plan_tail(held: Held, now: Now | None) -> Tail | None:
    """What to ask so that `held` is current again; None where the whole list is to be asked.

    `now` is the appliance's clock, needed where the question's window slides.
    """
    asked, backups, index = held.asked, held.fetched.backups, held.index
    # Rows enter a window of ends by ending, whenever they began; such lists have no tail by start.
    if asked.finish or asked.end_hours is not None or asked.backup_ids is not None:
        return None
    starts = index.starts
    if len(backups) < _FEWEST_ROWS or (starts == UNKNOWN).any():
        return None
    order = order_of(index)
    dropped, edge = _slid(index, asked, now)
    if order is None or dropped is None or edge is None:
        return None
    since = _mark(held)
    if since is None:
        return None
    old = starts < since
    ids = index.ids()
    again = old & (index.unsettled() | edge) & ~dropped
    nameless = again & ((ids == ABSENT) | (ids == ODD))
    if nameless.any():
        return None
    wanted = frozenset(ids[again].tolist())
    moved = int((~old).sum()) + int(again.sum())
    if len(wanted) > _MOST_IDS or moved > _LARGEST_SHARE * len(backups):
        return None
    window = asked.start.narrowed(since, None)
    is_over = window.high is not None and window.low is not None and window.low > window.high
    recent = None if is_over else replace(asked, start=window, days=None)
    return Tail(since, recent, replace(asked, backup_ids=wanted) if wanted else None, dropped, order)


def _slid(index: ListIndex, asked: Asked, now: Now | None) -> tuple[Mask | None, Mask | None]:
    """Rows that surely left a sliding window, and rows of which that cannot be told."""
    if asked.start_hours is None:
        nothing = np.zeros(len(index.starts), bool)
        return nothing, nothing
    if now is None:
        return None, None
    verdict = index.asked(Asked(start_hours=asked.start_hours), now)
    return verdict.no, ~(verdict.yes | verdict.no)


def _mark(held: Held) -> int | None:
    """The start from which on all is asked again: a whole minute that no row of the list straddles."""
    index = held.index
    mark = (int(held.appliance_made_at) - _OPEN_FOR_S - _OVERLAP_S) // 60 * 60
    running = index.running() & ((index.ids() == ABSENT) | (index.ids() == ODD)) & (index.starts > mark - _LOOK_BACK_S)
    if running.any():  # open, and not to be asked for by an id
        mark = min(mark, int(index.starts[running].min()) // 60 * 60)
    for _ in range(4):
        verdict = index.asked(Asked(start=Window(mark)), None)
        unsure = ~(verdict.yes | verdict.no)
        if not unsure.any():
            return mark
        mark = int(index.starts[unsure].min()) // 60 * 60
    return None


def order_of(index: ListIndex) -> Order | None:
    """The order in which an appliance lists; None where none of the known ones can be seen.

    A start that lies in a range (hidden seconds, a repeated hour) breaks no order that it may have.
    """
    first, last = index.starts, index.starts + index.start_spans
    if (last[1:] >= first[:-1]).all():
        return "oldest"
    if (first[1:] <= last[:-1]).all():
        return "newest"
    steps = np.diff(index.ids())
    if (steps >= 0).all():
        return "id"
    return "id_down" if (steps <= 0).all() else None


def put_back(held: Held, tail: Tail, recent: BackupList, again: BackupList) -> BackupList | None:
    """The held list with the answers in place; None where they do not fit together, or say suspiciously little.

    An error inside an appliance's list call is answered with an empty list (appliance-api.md section 0, fact 5).
    """
    index, backups = held.index, held.fetched.backups
    old = (index.starts < tail.since) & ~tail.dropped
    if not len(recent) and (~old & ~tail.dropped).any() and tail.recent is not None:
        return None
    if tail.again is not None and not len(again):
        return None
    asked_again = np.isin(index.ids(), list(tail.again.backup_ids or ())) if tail.again else np.zeros(len(old), bool)
    older = _replaced(backups, index, old, asked_again, again, tail.since)
    if older is None:
        return None
    return _joined(older, recent, tail.order)


Row = tuple[bytes, int, int, int, int]


def _row(backups: BackupList, i: int) -> Row:
    return (
        backups.row(i),
        backups.starts[i],
        backups.start_spans[i],
        backups.finishes[i],
        backups.finish_spans[i],
    )


def _replaced(
    backups: BackupList, index: ListIndex, old: Mask, asked_again: Mask, again: BackupList, since: int
) -> list[tuple[int, Row]] | None:
    """The older rows with their ids; those asked again by what came for them, in their old places."""
    came: dict[tuple[int, int], deque[int]] = defaultdict(deque)
    again_ids = ListIndex(again).ids()
    left = 0
    for i in range(len(again)):
        if again.starts[i] < since:  # a later one, a copy perhaps, is among the recent rows as well
            came[int(again_ids[i]), again.starts[i]].append(i)
            left += 1
    rows: list[tuple[int, Row]] = []
    ids = index.ids()
    for i in np.flatnonzero(old).tolist():
        if not asked_again[i]:
            rows.append((int(ids[i]), _row(backups, i)))
            continue
        found = came.get((int(ids[i]), backups.starts[i]))
        if found:
            rows.append((int(ids[i]), _row(again, found.popleft())))
            left -= 1
    return None if left else rows  # a row that was not there before has no place that is known


def _joined(older: list[tuple[int, Row]], recent: BackupList, order: Order) -> BackupList:
    ids: Column = ListIndex(recent).ids()
    newer = [(int(ids[i]), _row(recent, i)) for i in range(len(recent))]
    rows = newer + older if order in ("newest", "id_down") else older + newer
    if order in ("id", "id_down"):
        rows.sort(key=lambda row: row[0], reverse=order == "id_down")  # stable: rows of one id keep their order
    build = ListBuilder()
    for _, row in rows:
        build.add(*row)
    return build.done()
