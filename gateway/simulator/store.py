"""The backup table of one appliance: ordered, changeable at run time, each row rendered once."""

from collections.abc import Callable, Iterable, Iterator
from dataclasses import replace
from typing import Final, Literal

from gateway.simulator.dialects import Rendering
from gateway.simulator.facts import Record
from gateway.simulator.filters import Body, predicate

Order = Literal["newest", "oldest", "id"]
SortKey = Callable[[Record], tuple[int, int]]

_NO_ID: Final = 2**63


def _sort_key(order: Order) -> SortKey:
    """How rows are listed. The real order is unknown (appliance-api.md section 12), so it is a knob."""
    if order == "oldest":
        return lambda record: (record.start, record.row)
    if order == "id":
        return lambda record: (_NO_ID if record.id is None else record.id, record.row)
    return lambda record: (-record.start, -record.row)


class RecordStore:
    """Records in listing order. ``rendering`` may be exchanged at run time with ``restyle``."""

    def __init__(self, records: Iterable[Record], rendering: Rendering, order: Order) -> None:
        self._key = _sort_key(order)
        self._records = sorted(records, key=self._key)
        self._rendering = rendering
        self._rendered: dict[tuple[int, bool], bytes] = {}
        self._next_row = 1 + max((record.row for record in self._records), default=-1)

    def __len__(self) -> int:
        return len(self._records)

    def __iter__(self) -> Iterator[Record]:
        return iter(self._records)

    def __repr__(self) -> str:
        return f"<RecordStore {len(self)} records, {self._rendering.dialect}>"

    @property
    def rendering(self) -> Rendering:
        return self._rendering

    def restyle(self, rendering: Rendering) -> None:
        """Write every row another way from now on, as after an upgrade of the appliance."""
        self._rendering = rendering
        self._rendered.clear()

    def add(self, *records: Record) -> list[Record]:
        """Add records; each gets a row number of its own, whatever it came with. Returns them as kept."""
        kept = []
        for record in records:
            kept.append(replace(record, row=self._next_row))
            self._next_row += 1
        self._records = sorted([*self._records, *kept], key=self._key)
        return kept

    def change(self, record: Record) -> None:
        """Put ``record`` in the place of the one with the same row number. Unknown rows raise KeyError."""
        others = [known for known in self._records if known.row != record.row]
        if len(others) == len(self._records):
            raise KeyError(record.row)
        self._forget(record.row)
        self._records = sorted([*others, record], key=self._key)

    def purge(self, ids: Iterable[int]) -> int:
        """Remove every row with one of ``ids``, copies included; how many went."""
        gone = frozenset(ids)
        kept = [record for record in self._records if record.id is None or record.id not in gone]
        purged = len(self._records) - len(kept)
        self._records = kept
        return purged

    def clear(self) -> None:
        self._records = []
        self._rendered.clear()

    def select(self, body: Body, now: float, *, display_types: bool = False) -> list[Record]:
        """The records that a POST with ``body`` returns, in listing order."""
        wanted = predicate(body, zone=self._rendering.zone, now=now, display_types=display_types)
        return [record for record in self._records if wanted(record)]

    def answer(self, records: Iterable[Record], *, sync_message: bool) -> bytes:
        """The JSON text of an answer with these records."""
        return self._rendering.envelope([self._encoded(record, sync_message) for record in records])

    def _encoded(self, record: Record, sync_message: bool) -> bytes:
        key = (record.row, sync_message)
        encoded = self._rendered.get(key)
        if encoded is None:
            encoded = self._rendering.encode(self._rendering.row(record, sync_message=sync_message))
            self._rendered[key] = encoded
        return encoded

    def _forget(self, row: int) -> None:
        self._rendered.pop((row, False), None)
        self._rendered.pop((row, True), None)
