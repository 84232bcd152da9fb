"""Decides rows of a list against a question: yes, no, or cannot tell.

Documented appliances show minutes and hide seconds, and a repeated hour hides even more, so a row may be undecidable
for a bound that falls inside what it hides. Columns are built when the first question needs them.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Final

import numpy as np
from numpy.typing import NDArray

from gateway.dates import HOUR_S
from gateway.filter import Asked, Question, Wanted, Window
from gateway.lists import few_rows, kept_columns
from gateway.lists.columns import ABSENT, Coded, Column, Columns, Mask, Narrow, columns_of, gathered
from gateway.lists.times import Decided, Edges, Times, both
from gateway.model import NEVER, UNKNOWN, BackupList

Places = NDArray[np.int64]
"""Of rows in their list, ascending."""

_FEW_ROWS: Final = 32
"""So many are decided one by one: a question to 1,000 lists of 100 rows takes 26 ms instead of 49."""


@dataclass(frozen=True, slots=True)
class Now:
    """The appliance's clock at this moment, as far as the gateway knows it: epoch seconds, both ends included."""

    low: float
    high: float


class ListIndex:
    """Columns of one BackupList, built when they are needed unless they are given.

    `kept` are the same as bytes (gateway.lists.kept_columns), which are looked at as late.
    """

    def __init__(self, backups: BackupList, *, columns: Columns | None = None, kept: bytes = b"") -> None:
        self._backups = backups
        self._kept = kept
        if columns is not None:
            self.__dict__["_columns"] = columns
        some = len(backups) > 0  # numpy reads no empty buffer
        self.starts: Column = np.frombuffer(backups.starts, np.int64) if some else np.empty(0, np.int64)
        self._finishes: Column = np.frombuffer(backups.finishes, np.int64) if some else np.empty(0, np.int64)

    def __repr__(self) -> str:
        built = "built" if self.is_built else "kept" if self._kept else "not built"
        return f"<ListIndex of {len(self._backups)} rows, {built}>"

    @cached_property
    def _columns(self) -> Columns:
        kept, self._kept = self._kept, b""
        columns = kept_columns.unpacked(kept, len(self._backups)) if kept else None
        return columns_of(self._backups) if columns is None else columns

    @property
    def backups(self) -> BackupList:
        """The list."""
        return self._backups

    @property
    def is_built(self) -> bool:
        """Whether the columns are at hand."""
        return "_columns" in self.__dict__

    @property
    def is_spared(self) -> bool:
        """Whether no row must be read for the columns: they are at hand, or kept as bytes."""
        return self.is_built or bool(self._kept)

    def build(self) -> None:
        """Read the columns before they are needed. A thread may do it: who needs them meanwhile reads them as well."""
        if not self.is_spared:
            self.__dict__["_columns"] = columns_of(self._backups)

    def kept(self) -> bytes:
        """The columns as bytes, to be kept beside the rows; none where they have not been built."""
        return kept_columns.packed(self._columns) if self.is_built else self._kept

    def over(self, backups: BackupList) -> "ListIndex":
        """The same columns for a list that holds the same rows in another way."""
        return ListIndex(backups, columns=self._columns if self.is_built else None, kept=self._kept)

    def ids(self) -> Column:
        """Backup ids, ABSENT where a row has none."""
        return self._columns.ids.astype(np.int64, copy=False)

    @property
    def start_spans(self) -> Column:
        """How many seconds after `starts` the true start may be."""
        return np.array(self._backups.start_spans, np.int64)

    @cached_property
    def _start_times(self) -> Times:
        return Times(self.starts, self._backups.start_spans)

    @cached_property
    def _finish_times(self) -> Times:
        return Times(self._finishes, self._backups.finish_spans)

    def running(self) -> Mask:
        """Rows without an end."""
        mask: Mask = self._finishes == NEVER
        return mask

    def unsettled(self) -> Mask:
        """Rows that are not complete or still wait for their replication: they may yet change."""
        return self._columns.unsettled

    def words(self, question: Question) -> Mask:
        """Rows of the asked words: always decidable, and decided here alone."""
        mask: Mask | None = None
        for name, is_wanted in question.wanted:
            column: Coded = getattr(self._columns, name)
            # Looked up by code: numpy's isin takes fifteen times as long for a list of a hundred rows.
            here = np.array([is_wanted(value) for value in column.values], bool)[column.codes]
            mask = here if mask is None else mask & here
        return np.ones(len(self._backups), bool) if mask is None else mask

    def _has(self, row: int, wanted: Wanted) -> bool:
        """The same of one row."""
        for name, is_wanted in wanted:
            column: Coded = getattr(self._columns, name)
            if not is_wanted(column.values[column.codes[row]]):
                return False
        return True

    def picked(self, question: Question, asked: Asked, now: Now | None) -> Places | None:
        """Rows of the question's words that the appliance would list for `asked`; None where one of them cannot tell.

        Ids cost least and go first: in most lists of a fleet they leave few rows or none, and only those are decided.
        """
        rows = self._of_ids(asked)
        if rows is not None and len(rows) <= _FEW_ROWS:
            return self._picked_singly(rows.tolist(), question, asked, now)
        if question.words:
            words = self.words(question)
            rows = words.nonzero()[0] if rows is None else rows[words[rows]]
        verdict = self.asked(asked, now, rows)
        if verdict.unsure:
            return None
        return verdict.yes.nonzero()[0] if rows is None else rows[verdict.yes]

    def _of_ids(self, asked: Asked) -> Places | None:
        """Rows that are not surely out by client or instance; None is all of them."""
        mask: Mask | None = None
        for wanted, ids in ((asked.client_id, "clients"), (asked.instance_id, "instances")):
            if wanted is not None:
                column: Narrow = getattr(self._columns, ids)
                here = column == wanted
                if ids in self._columns.lacking:
                    here |= column == ABSENT
                mask = here if mask is None else mask & here
        return None if mask is None else mask.nonzero()[0]

    def _picked_singly(self, rows: list[int], question: Question, asked: Asked, now: Now | None) -> Places | None:
        """The same out of a few rows."""
        picked = []
        starts, spans = self._backups.starts, self._backups.start_spans
        low, high = few_rows.bounds(asked.start)
        wanted = question.wanted
        for row in rows:
            if (starts[row] > high or starts[row] + spans[row] < low) and starts[row] != UNKNOWN:
                continue  # most rows go by this, at a tenth of the cost of all that follows
            if not self._has(row, wanted):
                continue
            verdict = few_rows.all_of(self._verdicts(row, asked, now))
            if verdict is None:
                return None
            if verdict:
                picked.append(row)
        return np.array(picked, np.int64)

    def _verdicts(self, row: int, asked: Asked, now: Now | None) -> Iterator[bool | None]:
        """Of one row, bound by bound: what `asked` says of all."""
        backups, columns = self._backups, self._columns
        start = backups.starts[row], backups.start_spans[row]
        finish = backups.finishes[row], backups.finish_spans[row]
        if asked.start:
            yield few_rows.within(*start, asked.start)
        if asked.finish:
            yield few_rows.within(*finish, asked.finish)
        if now is not None and asked.start_hours is not None:
            yield few_rows.since(*start, *_sliding(asked.start_hours, now))
        if now is not None and asked.end_hours is not None:
            yield few_rows.since(*finish, *_sliding(asked.end_hours, now))
        if asked.client_id is not None:
            yield few_rows.equal(int(columns.clients[row]), asked.client_id)
        if asked.instance_id is not None:
            yield few_rows.equal(int(columns.instances[row]), asked.instance_id)
        if asked.backup_ids is not None:
            yield int(columns.ids[row]) in asked.backup_ids

    def asked(self, asked: Asked, now: Now | None, rows: Places | None = None) -> Decided:
        """Rows that the appliance would list for `asked`, out of all rows or out of those at `rows`.

        Without `now` the sliding windows (`start_hours`, `end_hours`) are taken as decided already.
        """
        verdict: Decided | None = None
        if asked.start or (now is not None and asked.start_hours is not None):
            verdict = self._start_times.within(_edges(asked.start, asked.start_hours, now), rows)
        if asked.finish or (now is not None and asked.end_hours is not None):
            verdict = both(verdict, self._finish_times.within(_edges(asked.finish, asked.end_hours, now), rows))
        at: Places | slice = slice(None) if rows is None else rows
        if asked.client_id is not None:
            verdict = both(verdict, _equal(self._columns.clients[at], asked.client_id))
        if asked.instance_id is not None:
            verdict = both(verdict, _equal(self._columns.instances[at], asked.instance_id))
        if asked.backup_ids is not None:
            found = np.isin(self._columns.ids[at], np.fromiter(asked.backup_ids, np.int64))
            verdict = both(verdict, Decided(found, ~found))
        if verdict is None:
            size = len(self._backups) if rows is None else len(rows)
            verdict = Decided(np.ones(size, bool), np.zeros(size, bool))
        return verdict

    def left(self, asked: Asked, now: Now) -> Mask | None:
        """Rows that have surely slid out of the last hours that are asked for; None, after a look at one, for none."""
        hours = Asked(start_hours=asked.start_hours, end_hours=asked.end_hours)
        for times, wanted in ((self._start_times, asked.start_hours), (self._finish_times, asked.end_hours)):
            if wanted is not None and times.first_end < _sliding(wanted, now)[0]:
                return self.asked(hours, now).no
        return None


def _edges(window: Window, hours: int | None, now: Now | None) -> Edges:
    """A window, and a sliding one where there is one and the clock is known."""
    low = window.low
    if hours is None or now is None:
        return Edges(low, low, window.high)
    early, late = _sliding(hours, now)
    return Edges(early, late, window.high) if low is None else Edges(max(low, early), max(low, late), window.high)


def _sliding(hours: int, now: Now) -> tuple[int, int]:
    """The instants between which a window of so many hours begins."""
    return max(int(now.low) - hours * HOUR_S, -NEVER), max(int(now.high) + 1 - hours * HOUR_S, -NEVER)


def _equal(column: Narrow, wanted: int) -> Decided:
    """A row without the id cannot tell: the appliance may know what the row does not show."""
    same = column == wanted
    return Decided(same, ~same & (column != ABSENT))


def merged(parts: Sequence[ListIndex], backups: BackupList, places: Places) -> ListIndex:
    """The index of a list whose rows come from others; `places` are theirs in all the others, laid end to end."""
    return ListIndex(backups, columns=gathered([part._columns for part in parts], places))


def without_strangers(backups: BackupList, asked: Asked, now: Now | None) -> BackupList:
    """The list without rows that surely lie outside the question; the same object where there are none.

    `now` is the appliance's clock while it answered, by which its sliding windows began. Appliances pass unknown or odd
    filters by in silence (faults.md section 2, row 35).
    """
    if not asked or not len(backups):
        return backups
    no = ListIndex(backups).asked(asked, now).no
    return backups.pick(np.flatnonzero(~no).tolist()) if no.any() else backups
