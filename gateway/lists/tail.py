"""Tail-only refresh: what of a held list must be asked again, and how the answer goes back into the list.

Settled rows of an appliance do not change: a refresh asks for starts of the day before the list was made and later,
plus the ids of older rows that are still open. What else may change (purged rows, holds) a full sweep finds. Every
step is exact or refused: None sends the caller to a whole fetch.
"""

import itertools
from collections import defaultdict, deque
from dataclasses import dataclass, replace
from typing import Final, Literal

import numpy as np

from gateway.filter import Asked, Window
from gateway.lists.columns import ABSENT, ODD, Column, Mask
from gateway.lists.held import Held
from gateway.lists.index import ListIndex, Now, merged
from gateway.model import NEVER, UNKNOWN, BackupList, ListBuilder

_OPEN_FOR_S: Final = 86_400
"""A backup may be verified or replicated within a day of its start: until then its row counts as open."""
_OVERLAP_S: Final = 600
_LOOK_BACK_S: Final = 7 * 86_400
_FEWEST_ROWS: Final = 20
_MOST_IDS: Final = 1000
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
    kept: Mask
    """Rows that stay as they are."""
    orders: tuple[Order, ...]
    """Every order in which the list may stand: those that it shows may be several."""


def has_tail(asked: Asked) -> bool:
    """Whether rows of a list for that question come by beginning: a window of ends they enter whenever they began."""
    return not asked.finish and asked.end_hours is None and asked.backup_ids is None


def plan_tail(held: Held, now: Now | None) -> Tail | None:
    """What to ask so that `held` is current again; None where the whole list is to be asked.

    `now` is the appliance's clock, needed where the question's window slides.
    """
    asked, backups, index = held.asked, held.fetched.backups, held.index
    starts = index.starts
    if not has_tail(asked) or len(backups) < _FEWEST_ROWS or (starts == UNKNOWN).any():
        return None
    orders = orders_of(index)
    dropped, edge = _slid(index, asked, now)
    if not orders or dropped is None or edge is None:
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
    renewed = replace(asked, backup_ids=wanted) if wanted else None
    return Tail(since, recent, renewed, dropped, old & ~again & ~dropped, orders)


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


def orders_of(index: ListIndex) -> tuple[Order, ...]:
    """The orders in which an appliance may have listed these rows; none where no known one can be seen.

    A start that lies in a range (hidden seconds, a repeated hour) breaks no order that it may have.
    """
    first, last = index.starts, index.starts + index.start_spans
    places = np.where(index.ids() == ABSENT, NEVER, index.ids())  # rows without an id stand behind those that have one
    named = not (places == ODD).any()
    seen: dict[Order, bool] = {
        "oldest": bool((last[1:] >= first[:-1]).all()),
        "newest": bool((first[1:] <= last[:-1]).all()),
        "id": named and bool((places[1:] >= places[:-1]).all()),
        "id_down": named and bool((places[1:] <= places[:-1]).all() and (places != NEVER).all()),
    }
    return tuple(order for order, is_seen in seen.items() if is_seen)


def put_back(held: Held, tail: Tail, recent: BackupList, again: BackupList, now: Now | None = None) -> ListIndex | None:
    """The held list with the answers in place; None where they do not fit together, or say suspiciously little.

    Its columns come with it: those of its rows are at hand, and reading all rows anew at each tail costs more than the
    tail itself.

    An error inside an appliance's list call is answered with an empty list (appliance-api.md section 0, fact 5). `now`
    is the appliance's clock when the answers had come: a row that may have slid out meanwhile was not asked for.
    """
    index, fresh, asked_again = held.index, ListIndex(recent), ListIndex(again)
    old = (index.starts < tail.since) & ~tail.dropped
    if not len(recent) and (~old & ~tail.dropped).any() and tail.recent is not None:
        return None
    if tail.again is not None and not len(again):
        return None
    if held.asked.start_hours is not None and now is not None:
        inside = index.asked(Asked(start_hours=held.asked.start_hours), now).yes
        if (tail.kept & ~inside).any():
            return None
    older = _renewed(index, old, tail, asked_again)
    if older is None:
        return None
    first, *others = (_ordered(fresh, older, order) for order in tail.orders)
    if any(not first.equals(other) for other in others):
        return None  # the list showed several orders, and with the new rows they part: only the appliance knows
    return _joined((index, fresh, asked_again), first)


@dataclass(frozen=True, slots=True)
class _Sequence:
    """Rows to come, in order: row `rows[i]` of the list number `lists[i]`, with its id."""

    lists: Column
    rows: Column
    ids: Column

    def equals(self, other: "_Sequence") -> bool:
        return np.array_equal(self.lists, other.lists) and np.array_equal(self.rows, other.rows)

    def then(self, other: "_Sequence") -> "_Sequence":
        return _Sequence(
            np.concatenate((self.lists, other.lists)),
            np.concatenate((self.rows, other.rows)),
            np.concatenate((self.ids, other.ids)),
        )


_HELD, _RECENT, _AGAIN = 0, 1, 2


def _renewed(index: ListIndex, old: Mask, tail: Tail, again: ListIndex) -> _Sequence | None:
    """The older rows; those asked again give their places to what came for them. None where a row has no place."""
    rows = np.flatnonzero(old).astype(np.int64)
    lists = np.full(len(rows), _HELD, np.int64)
    ids = index.ids()[rows]
    came = _by_name(again, tail.since)
    left = sum(map(len, came.values()))
    keep = np.ones(len(rows), bool)
    wanted = np.fromiter(tail.again.backup_ids or (), np.int64) if tail.again else np.empty(0, np.int64)
    for at in np.flatnonzero(np.isin(ids, wanted)).tolist():
        found = came.get((int(ids[at]), int(index.starts[rows[at]])))
        if found:
            lists[at], rows[at] = _AGAIN, found.popleft()
            left -= 1
        else:
            keep[at] = False  # purged, or out of the window by now
    return None if left else _Sequence(lists[keep], rows[keep], ids[keep])


def _by_name(again: ListIndex, since: int) -> dict[tuple[int, int], deque[int]]:
    """Rows that came for ids, by id and start. A later one, a copy perhaps, is among the recent rows as well."""
    came: dict[tuple[int, int], deque[int]] = defaultdict(deque)
    ids = again.ids()
    for i, start in enumerate(again.starts.tolist()):
        if start < since:
            came[int(ids[i]), start].append(i)
    return came


def _ordered(recent: ListIndex, older: _Sequence, order: Order) -> _Sequence:
    """The older rows and the recent ones as one sequence."""
    size = len(recent.backups)
    newer = _Sequence(np.full(size, _RECENT, np.int64), np.arange(size), recent.ids())
    rows = newer.then(older) if order in ("newest", "id_down") else older.then(newer)
    if order in ("id", "id_down"):
        places = np.where(rows.ids == ABSENT, NEVER, rows.ids)
        # Stable: rows of one id keep their order.
        sort = np.argsort(-places if order == "id_down" else places, kind="stable")
        rows = _Sequence(rows.lists[sort], rows.rows[sort], rows.ids[sort])
    return rows


def _joined(parts: tuple[ListIndex, ListIndex, ListIndex], rows: _Sequence) -> ListIndex:
    build = ListBuilder()
    plain = tuple(part.backups.unpacked() for part in parts)
    breaks = np.flatnonzero((np.diff(rows.lists) != 0) | (np.diff(rows.rows) != 1)) + 1
    bounds = [0, *breaks.tolist(), len(rows.rows)]
    for begin, end in itertools.pairwise(bounds):
        if begin < end:
            first = int(rows.rows[begin])
            build.add_run(plain[int(rows.lists[begin])], first, first + end - begin)
    firsts = np.cumsum([0, *map(len, plain[:-1])])
    return merged(parts, build.done(), firsts[rows.lists] + rows.rows)
