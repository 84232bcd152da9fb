"""A held list: the last whole success for one question.

It stays to the end of its use as a stand-in (`stale_seconds`); how old it may be for a given caller is decided in
gateway.plan.
"""

import math
from dataclasses import InitVar, dataclass, field, replace
from typing import Final, Literal

from gateway.errors import FetchError
from gateway.filter import Asked
from gateway.lists.index import ListIndex
from gateway.lists.packed import PackedList
from gateway.model import Fetched

OVERHEAD_BYTES: Final = 1024
"""What any kept thing takes besides its rows."""
_LATELY_S: Final = 900.0
"""What nobody has asked of a list for so long is not renewed for its own sake."""
_INDEX_BYTES_PER_ROW: Final = 32
"""At most: a list is counted before it is known how narrow the columns of its index are."""


@dataclass(slots=True)
class Reach:
    """From when on (epoch second) rows of a list are asked for lately, where questions say so: the earliest of them."""

    _low: float = math.inf
    _before: float = math.inf
    _since: float = -math.inf

    @property
    def low(self) -> float:
        """Endless where nobody has said."""
        return min(self._low, self._before)

    def note(self, low: float, now: float) -> None:
        """A question for rows from `low` on came `now` (monotonic seconds)."""
        if now - self._since > _LATELY_S:
            self._before, self._low, self._since = self._low, low, now
        elif low < self._low:
            self._low = low


@dataclass(slots=True, eq=False, weakref_slot=True)
class Held:
    """A held list.

    `swept_at` is when the whole of it was last asked for (monotonic seconds; a tail renews the rest). `failed` is the
    refresh that failed since; `emptied` counts empty answers that were not believed; `via` how it was got; `reach` goes
    with it from one renewal to the next. Before `whole_until` (monotonic seconds) it is not renewed by its tail.
    `indexed` is the index of its rows where there is one already.
    """

    asked: Asked
    fetched: Fetched
    swept_at: float
    via: Literal["fetch", "tail", "snapshot", "shared"] = "fetch"
    indexed: InitVar[ListIndex | None] = None
    index: ListIndex = field(init=False)
    failed: FetchError | None = None
    emptied: int = 0
    whole_until: float = -math.inf
    reach: Reach = field(default_factory=Reach)

    def __post_init__(self, indexed: ListIndex | None) -> None:
        self.index = ListIndex(self.fetched.backups) if indexed is None else indexed

    def pack(self) -> None:
        """Keep the rows compressed from now on."""
        self.fetched = replace(self.fetched, backups=PackedList(self.fetched.backups))
        self.index = self.index.over(self.fetched.backups)

    def share_rows_of(self, older: "Held") -> None:
        """Keep those of an older list where they are the same: most renewals bring nothing new.

        What was made of them stays good then (columns, digest, views, compressed blocks), and whoever still reads the
        older list takes no memory of its own.
        """
        if self.fetched.backups.is_same_as(older.fetched.backups):
            self.fetched = replace(self.fetched, backups=older.fetched.backups)
            self.index = older.index if older.index.is_spared else self.index.over(older.fetched.backups)

    @property
    def nbytes(self) -> int:
        """Bytes as they are kept, with the index that narrowing builds when it is first needed."""
        backups = self.fetched.backups
        return backups.nbytes + _INDEX_BYTES_PER_ROW * len(backups) + OVERHEAD_BYTES

    @property
    def appliance_made_at(self) -> float:
        """Epoch second, on the appliance's clock, before which no row of the list was left out as too new."""
        fetched = self.fetched
        return fetched.wall_at + (fetched.skew_s or 0.0) - fetched.took_s

    def age_s(self, now: float) -> float:
        """Seconds since the appliance was asked: never less than the age of any row."""
        return now - self.fetched.asked_at
