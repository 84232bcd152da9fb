"""Decides rows of a list against a question: yes, no, or cannot tell.

Documented appliances show minutes and hide seconds, and a repeated hour hides even more, so a row may be undecidable
for a bound that falls inside what it hides. Columns are built when the first question needs them.
"""

from array import array
from dataclasses import dataclass
from functools import cached_property
from typing import Any, Final, NamedTuple

import msgspec
import numpy as np
from numpy.typing import NDArray

from gateway.filter import Asked, Question, Window
from gateway.kinds import canonical_word, type_words
from gateway.model import NEVER, UNKNOWN, BackupList
from gateway.wire import BAD_JSON

Mask = NDArray[np.bool_]
Column = NDArray[np.int64]
Places = NDArray[np.int64]
"""Of rows in their list, ascending."""

ABSENT: Final = UNKNOWN
"""In an id column: the row carries no such id."""
ODD: Final = UNKNOWN + 1
"""In an id column: something that is no 64-bit integer, so equal to no id that can be asked for."""

_HOUR_S: Final = 3600


class Verdict(NamedTuple):
    """For each row: surely in, surely out; neither of them means that the row cannot tell."""

    yes: Mask
    no: Mask

    @property
    def unsure(self) -> bool:
        """Whether any row is undecidable."""
        return bool((~(self.yes | self.no)).any())


@dataclass(frozen=True, slots=True)
class Now:
    """The appliance's clock at this moment, as far as the gateway knows it: epoch seconds, both ends included."""

    low: float
    high: float


class _Row(msgspec.Struct, gc=False):
    """The fields of a stamped row that filters look at (contract section 5.4)."""

    id: Any = None
    client_id: Any = None
    instance_id: Any = None
    type: Any = None
    status: Any = None
    app_id: Any = None
    app_name: Any = None
    is_sql_cluster: Any = None
    is_sql_alwayson: Any = None
    guid: Any = None
    is_cluster: Any = None
    server_name: Any = None
    presync_seconds: Any = None
    sync_seconds: Any = None
    postsync_seconds: Any = None
    sync_size: Any = None
    sync_status: Any = None
    sync_message: Any = None
    destination: Any = None
    complete: Any = None
    replication_status: Any = None


_decode_rows = msgspec.json.Decoder(list[_Row]).decode
_decode_row = msgspec.json.Decoder(_Row).decode


def _read_rows(backups: BackupList) -> list[_Row]:
    try:
        return _decode_rows(b"[" + backups.body + b"]")
    except BAD_JSON:  # a number like 1e999, valid JSON that no float holds: its row tells nothing
        return [_read_row(row) for row in backups.rows()]


def _read_row(row: bytes) -> _Row:
    try:
        return _decode_row(row)
    except BAD_JSON:
        return _Row()


def whole_id(value: Any) -> int:
    """An id in the one form in which ids are compared: appliances send them as numbers or as strings."""
    if value is None or value == "":
        return ABSENT
    if isinstance(value, str) and len(value) <= 64 and value.strip().isascii() and value.strip().isdigit():
        value = int(value)
    if isinstance(value, float) and value.is_integer():
        value = int(value)
    if isinstance(value, bool) or not isinstance(value, int) or not ODD < value <= NEVER:
        return ODD
    return value


@dataclass(frozen=True, slots=True)
class _Columns:
    """What the rows of a list say, a column for each thing that is asked of them."""

    ids: Column
    clients: Column
    instances: Column
    types: NDArray[np.int32]
    type_words: list[frozenset[str]]
    statuses: NDArray[np.uint16]
    status_words: list[str]
    unsettled: Mask


_AWAITS_REPLICATION: Final = frozenset({"needed", "waiting", "in progress"})


class ListIndex:
    """Columns of one BackupList."""

    def __init__(self, backups: BackupList) -> None:
        self._backups = backups
        some = len(backups) > 0  # numpy reads no empty buffer
        self.starts: Column = np.frombuffer(backups.starts, np.int64) if some else np.empty(0, np.int64)
        self._finishes: Column = np.frombuffer(backups.finishes, np.int64) if some else np.empty(0, np.int64)

    def __repr__(self) -> str:
        built = "built" if "_columns" in self.__dict__ else "not built"
        return f"<ListIndex of {len(self._backups)} rows, {built}>"

    @cached_property
    def _columns(self) -> _Columns:
        ids, clients, instances, types = array("q"), array("q"), array("q"), array("i")
        statuses, unsettled = array("H"), bytearray()
        kinds: dict[Any, int] = {}
        words: dict[frozenset[str], int] = {}
        said: dict[str, int] = {}
        for row in _read_rows(self._backups):
            ids.append(whole_id(row.id))
            clients.append(whole_id(row.client_id))
            instances.append(whole_id(row.instance_id))
            types.append(self._type_code(row, kinds, words))
            status = row.status if isinstance(row.status, str) else "None"
            statuses.append(said.setdefault(status.casefold(), len(said)))
            unsettled.append(_is_unsettled(row))
        return _Columns(
            ids=np.array(ids, np.int64),
            clients=np.array(clients, np.int64),
            instances=np.array(instances, np.int64),
            types=np.array(types, np.int32),
            type_words=list(words),
            statuses=np.array(statuses, np.uint16),
            status_words=list(said),
            unsettled=np.array(unsettled, bool),
        )

    @staticmethod
    def _type_code(row: _Row, kinds: dict[Any, int], words: dict[frozenset[str], int]) -> int:
        """Rows alike in what betrays their kind share one look-up."""
        signs = (
            *(str(row.type), str(row.app_id), str(row.app_name), row.guid is not None, row.is_cluster is not None),
            *(row.is_sql_cluster is not None, row.is_sql_alwayson is not None, row.server_name is not None),
            *(row.presync_seconds is not None, row.sync_seconds is not None, row.postsync_seconds is not None),
            *(row.sync_size is not None, row.sync_status is not None, row.sync_message is not None),
            row.destination is not None,
        )
        code = kinds.get(signs)
        if code is None:
            names = frozenset(canonical_word(word) for word in type_words(msgspec.structs.asdict(row)))
            code = kinds[signs] = words.setdefault(names, len(words))
        return code

    def ids(self) -> Column:
        """Backup ids, ABSENT where a row has none."""
        return self._columns.ids

    @property
    def start_spans(self) -> Column:
        """How many seconds after `starts` the true start may be."""
        return np.array(self._backups.start_spans, np.int64)

    @property
    def _finish_spans(self) -> Column:
        return np.array(self._backups.finish_spans, np.int64)

    def running(self) -> Mask:
        """Rows without an end."""
        mask: Mask = self._finishes == NEVER
        return mask

    def unsettled(self) -> Mask:
        """Rows that are not complete or still wait for their replication: they may yet change."""
        return self._columns.unsettled

    def words(self, question: Question) -> Mask:
        """Rows of the asked types and statuses: always decidable, and decided here alone."""
        mask = np.ones(len(self._backups), bool)
        if question.types is not None:
            types = self._columns.type_words
            # Looked up by code: numpy's isin takes fifteen times as long for a list of a hundred rows.
            mask &= np.array([not names.isdisjoint(question.types) for names in types], bool)[self._columns.types]
        if question.statuses is not None:
            folded = {status.casefold() for status in question.statuses}
            mask &= np.array([word in folded for word in self._columns.status_words], bool)[self._columns.statuses]
        return mask

    def picked(self, question: Question, asked: Asked, now: Now | None) -> Places | None:
        """Rows of the question's words that the appliance would list for `asked`; None where one of them cannot tell.

        What costs least goes first: where no row can be of that client, type or status, as in most lists of a fleet,
        nothing else is looked at, and the rest is decided for those rows alone.
        """
        rows = self._possible(question, asked)
        if rows is not None and not len(rows):
            return rows
        verdict = self.asked(asked, now, rows)
        if verdict.unsure:
            return None
        return np.flatnonzero(verdict.yes) if rows is None else rows[verdict.yes]

    def _possible(self, question: Question, asked: Asked) -> Places | None:
        """Rows that are not surely out by client, instance or words; None is all of them."""
        mask: Mask | None = None
        for wanted, name in ((asked.client_id, "clients"), (asked.instance_id, "instances")):
            if wanted is None:
                continue
            column: Column = getattr(self._columns, name)
            here = (column == wanted) | (column == ABSENT)
            mask = here if mask is None else mask & here
            if not np.count_nonzero(mask):
                return np.empty(0, np.int64)
        if question.types is not None or question.statuses is not None:
            words = self.words(question)
            mask = words if mask is None else mask & words
        return None if mask is None else np.flatnonzero(mask)

    def asked(self, asked: Asked, now: Now | None, rows: Places | None = None) -> Verdict:
        """Rows that the appliance would list for `asked`, out of all rows or out of those at `rows`.

        Without `now` the sliding windows (`start_hours`, `end_hours`) are taken as decided already.
        """
        at: Places | slice = slice(None) if rows is None else rows
        size = len(self._backups) if rows is None else len(rows)
        starts, finishes = self.starts[at], self._finishes[at]
        verdict = Verdict(np.ones(size, bool), np.zeros(size, bool))
        if asked.start:
            verdict = _both(verdict, self._within(starts, self.start_spans[at], asked.start))
        if asked.finish:
            verdict = _both(verdict, self._within(finishes, self._finish_spans[at], asked.finish))
        if now is not None and asked.start_hours is not None:
            verdict = _both(verdict, self._since(starts, self.start_spans[at], asked.start_hours, now))
        if now is not None and asked.end_hours is not None:
            verdict = _both(verdict, self._since(finishes, self._finish_spans[at], asked.end_hours, now))
        if asked.client_id is not None:
            verdict = _both(verdict, _equal(self._columns.clients[at], asked.client_id))
        if asked.instance_id is not None:
            verdict = _both(verdict, _equal(self._columns.instances[at], asked.instance_id))
        if asked.backup_ids is not None:
            found = np.isin(self._columns.ids[at], np.fromiter(asked.backup_ids, np.int64))
            verdict = _both(verdict, Verdict(found, ~found))
        return verdict

    @staticmethod
    def _within(first: Column, spans: Column, window: Window) -> Verdict:
        """An instant somewhere in `first` to `first + span` (what a row hides) against a window."""
        known, running = first != UNKNOWN, first == NEVER
        last = np.where(running, NEVER, first + spans)
        yes, no = known & ~running, running.copy()
        if window.low is not None:
            yes &= first >= window.low
            no |= known & (last < window.low)
        if window.high is not None:
            yes &= last <= window.high
            no |= known & (first > window.high)
        return Verdict(yes, no)

    @classmethod
    def _since(cls, first: Column, spans: Column, hours: int, now: Now) -> Verdict:
        """Not longer ago than `hours`, by a clock that is known only to lie between two instants."""
        early, late = int(now.low) - hours * _HOUR_S, int(now.high) + 1 - hours * _HOUR_S
        surely = cls._within(first, spans, Window(max(late, -NEVER)))
        perhaps = cls._within(first, spans, Window(max(early, -NEVER)))
        return Verdict(surely.yes, perhaps.no)


def _is_unsettled(row: _Row) -> bool:
    replication = row.replication_status
    waits = isinstance(replication, str) and replication.strip().casefold() in _AWAITS_REPLICATION
    return waits or row.complete not in (True, "true", "True", "1")


def _both(one: Verdict, other: Verdict) -> Verdict:
    return Verdict(one.yes & other.yes, one.no | other.no)


def _equal(column: Column, wanted: int) -> Verdict:
    """A row without the id cannot tell: the appliance may know what the row does not show."""
    same = column == wanted
    return Verdict(same, ~same & (column != ABSENT))


def without_strangers(backups: BackupList, asked: Asked) -> BackupList:
    """The list without rows that surely lie outside the question; the same object where there are none.

    Appliances pass unknown or odd filters by in silence (faults.md section 2, row 35).
    """
    if not asked or not len(backups):
        return backups
    no = ListIndex(backups).asked(asked, None).no
    return backups.pick(np.flatnonzero(~no).tolist()) if no.any() else backups
