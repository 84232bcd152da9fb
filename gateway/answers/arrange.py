"""Rows of many lists in the order in which they are wanted: sorting costs keys, and only wanted rows are copied."""

import json
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import cached_property
from itertools import islice
from typing import Any, Final

import msgspec
import numpy as np
from msgspec import UNSET, Raw
from numpy.typing import NDArray

from gateway.model import NEVER, UNKNOWN, BackupList, Part

_TOGETHER: Final = 256
"""Single rows that are joined to one piece: many small pieces take longer to be sent than to be sorted."""
_HEAD_SHARE: Final = 32
"""A page within that part of all rows needs no order of the others: out of 200,000 rows 1 ms instead of 10."""
_SAMPLE: Final = 64
_FEW_ROWS: Final = 1000
"""So many are looked up one by one, without the places of all others: a page of 100 is made in 0.1 ms."""
_LONGEST_DIGITS: Final = 4000
_LIST_BYTES: Final = 1024
"""What a list takes beside its body and its numbers: 600 to 900 measured, most of it for the five columns."""

_encode: Final = msgspec.json.Encoder().encode
_decode_parts: Final = msgspec.json.Decoder(dict[str, Raw]).decode

Places = NDArray[np.int64]


@dataclass(frozen=True, slots=True)
class Shape:
    """How the rows are wanted: sorted by a field or grouped by system, whole or with some fields only."""

    order_by: str | None = None
    descending: bool = False
    fields: tuple[str, ...] | None = None


class Arrangement:
    """The rows of some lists, one list after the other or sorted, from the first to the last."""

    def __init__(self, lists: Sequence[BackupList], shape: Shape) -> None:
        self._lists = [backups for backups in lists if len(backups)]
        self._fields = None if shape.fields is None else frozenset((*shape.fields, "system_id"))
        self._firsts = np.cumsum([0, *map(len, self._lists)])
        self._shape = shape

    def over(self, lists: Sequence[BackupList]) -> "Arrangement":
        """The same of lists that have the same rows."""
        return Arrangement(lists, self._shape)

    @cached_property
    def _order(self) -> Places:
        """Built when the first row is wanted: an arrangement that is known already needs none of its own."""
        return _order(self._lists, self._shape.order_by or "", self._shape.descending)

    @cached_property
    def _head(self) -> Places:
        """The begin of the order, where a number decides it."""
        shape = self._shape
        column = None if shape.order_by is None else _numbers(self._lists, shape.order_by)
        if column is None:
            return np.empty(0, np.int64)
        return _first_by_number(column, shape.descending)

    def _places(self, begin: int, end: int) -> Places:
        """Where the rows `begin` to `end` of a sorted arrangement stand among all."""
        if "_order" not in self.__dict__ and end <= len(self._head):
            return self._head[begin:end]
        return self._order[begin:end]

    def is_at_hand(self, begin: int, end: int | None) -> bool:
        """Whether these rows are made at once: nothing is to be sorted or unpacked first, and they are few."""
        if self.is_plain:
            return True
        end = len(self) if end is None else min(end, len(self))
        known = self.__dict__
        in_order = self._shape.order_by is None or "_order" in known or end <= len(known.get("_head", ()))
        return in_order and end - begin <= _FEW_ROWS and not any(backups.is_packed for backups in self._lists)

    @cached_property
    def _bounds(self) -> tuple[Places, Places]:
        """Where each row of all lists begins and ends in the body of its own list."""
        ends = [np.frombuffer(backups.ends, np.uint32).astype(np.int64) for backups in self._lists]
        begins = [np.concatenate((np.zeros(1, np.int64), own[:-1] + 1)) for own in ends]
        return np.concatenate(begins), np.concatenate(ends)

    def __len__(self) -> int:
        return int(self._firsts[-1])

    @property
    def is_plain(self) -> bool:
        """Whether whole lists stand one behind the other: nothing is made row by row."""
        return self._shape.order_by is None and self._fields is None

    @property
    def nbytes(self) -> int:
        """What is kept alive, in bytes."""
        rows = sum(backups.nbytes for backups in self._lists)
        return rows + _LIST_BYTES * len(self._lists) + (0 if self._shape.order_by is None else 24 * len(self))

    def segments(self, begin: int = 0, end: int | None = None) -> list[Part]:
        """The rows `begin` to `end` (not included) as pieces of JSON that want commas between them."""
        end = len(self) if end is None else min(end, len(self))
        if self.is_plain:
            return [piece for backups, first, last in self._runs(begin, end) if (piece := backups.part(first, last))]
        rows = self._made(begin, end)
        pieces: list[Part] = []
        while group := list(islice(rows, _TOGETHER)):
            pieces.append(b",".join(group))  # the rows of the next group are put where those of this one were
        return pieces

    def rows(self, begin: int = 0, end: int | None = None) -> list[bytes]:
        """The same, row by row."""
        return list(self._made(begin, len(self) if end is None else min(end, len(self))))

    def _made(self, begin: int, end: int) -> Iterator[bytes]:
        rows: Iterator[bytes]
        if self._shape.order_by is None:
            rows = (row for backups, first, last in self._runs(begin, end) for row in backups.rows(first, last))
        else:
            rows = self._at(self._places(begin, end))
        fields = self._fields
        return rows if fields is None else (_cut(row, fields) for row in rows)

    def _runs(self, begin: int, end: int) -> Iterator[tuple[BackupList, int, int]]:
        for backups, first in zip(self._lists, self._firsts.tolist(), strict=False):
            low, high = max(begin - first, 0), min(end - first, len(backups))
            if low < high:
                yield backups, low, high

    def _at(self, places: Places) -> Iterator[bytes]:
        """The rows at these places of all lists together."""
        if not len(places):
            return iter(())
        owners = np.searchsorted(self._firsts, places, side="right") - 1
        if len(places) <= _FEW_ROWS:
            lists = {owner: self._lists[owner].unpacked() for owner in set(owners.tolist())}
            rows = (places - self._firsts[owners]).tolist()
            return (lists[owner].row(row) for owner, row in zip(owners.tolist(), rows, strict=True))
        begins, ends = (bounds[places] for bounds in self._bounds)
        bodies = [backups.body for backups in self._lists]
        return (
            bodies[owner][begin:end]
            for owner, begin, end in zip(owners.tolist(), begins.tolist(), ends.tolist(), strict=True)
        )


def _cut(row: bytes, fields: frozenset[str]) -> bytes:
    """A row with some of its fields, in its own order; `system_id` always stays (contract section 5.2)."""
    kept = [(key, value) for key, value in _decode_parts(row).items() if key in fields]
    return b"{" + b",".join(b"%s:%s" % (_encode(key), bytes(value)) for key, value in kept) + b"}"


def _order(lists: Sequence[BackupList], field: str, descending: bool) -> Places:
    """The places of all rows, sorted by one field; ties by system, then the appliance's order; without it last."""
    if not lists:
        return np.empty(0, np.int64)
    column = _numbers(lists, field)
    if column is not None:
        return _by_number(column, descending)
    values = [value for backups in lists for value in _values(backups, field)]
    keys = [None if value is None else _rank(value) for value in values]
    told = [place for place, key in enumerate(keys) if key is not None]
    # Python's sort is stable in both directions, so ties keep the order in which the answers stand.
    told.sort(key=keys.__getitem__, reverse=descending)  # type: ignore[arg-type]
    return np.array(told + [place for place, key in enumerate(keys) if key is None], np.int64)


def _numbers(lists: Sequence[BackupList], field: str) -> NDArray[np.int64] | None:
    """That field of all rows, where it is a column; None for any other field."""
    name = {"start_epoch": "starts", "finish_epoch": "finishes"}.get(field)
    if name is None or not lists:
        return None
    return np.concatenate([np.frombuffer(getattr(backups, name), np.int64) for backups in lists])


def _first_by_number(column: NDArray[np.int64], descending: bool) -> Places:
    """The first places of `_by_number`, about one of _HEAD_SHARE: how many is left to a sample of the numbers."""
    told = np.flatnonzero((column != UNKNOWN) & (column != NEVER))
    keys = -column[told] if descending else column[told]
    sample = np.sort(keys[::_SAMPLE])
    if not len(sample):
        return told
    # All that tie with the last one are among them, so that the stable sort says which comes first.
    first = np.flatnonzero(keys <= sample[len(sample) // _HEAD_SHARE])
    return told[first[np.argsort(keys[first], kind="stable")]]


def _by_number(column: NDArray[np.int64], descending: bool) -> Places:
    told = np.flatnonzero((column != UNKNOWN) & (column != NEVER))
    keys = -column[told] if descending else column[told]
    untold = np.flatnonzero((column == UNKNOWN) | (column == NEVER))
    return np.concatenate((told[np.argsort(keys, kind="stable")], untold))


def _values(backups: BackupList, field: str) -> Iterator[Any]:
    """That field of each row; None where the row has none or null."""
    try:
        row_type = msgspec.defstruct("SortRow", [("value", Any, UNSET)], rename={"value": field})
        rows: list[Any] = msgspec.json.decode(b"[" + backups.body + b"]", type=list[row_type])  # type: ignore[valid-type]
    except (ValueError, msgspec.MsgspecError):  # a quote in the name, or a number that is none in the column
        return (json.loads(row, parse_int=_whole).get(field) for row in backups.rows())
    return (None if row.value is UNSET else row.value for row in rows)


def _whole(text: str) -> int | float:
    """A whole number of JSON; Python refuses to convert one of thousands of digits, which sorts as endless."""
    return int(text) if len(text) < _LONGEST_DIGITS else float(text)


def _rank(value: Any) -> tuple[int, Any]:
    """Numbers before texts before anything else, so that mixed columns have an order at all."""
    if isinstance(value, int | float):
        return 0, value
    if isinstance(value, str):
        return 1, value
    return 2, _encode(value)
