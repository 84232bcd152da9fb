"""A held list: the last whole success for one question.

It stays to the end of its use as a stand-in (`stale_seconds`); how old it may be for a given caller is decided in
gateway.plan.
"""

from dataclasses import dataclass, field
from typing import Final

from gateway.errors import FetchError
from gateway.filter import Asked
from gateway.index import ListIndex
from gateway.model import Fetched

OVERHEAD_BYTES: Final = 1024
"""What any kept thing takes besides its rows."""
_INDEX_BYTES_PER_ROW: Final = 30


@dataclass(slots=True, eq=False)
class Held:
    """A held list. `failed` is the refresh that failed since; `emptied` counts empty answers that were not believed."""

    asked: Asked
    fetched: Fetched
    index: ListIndex = field(init=False)
    failed: FetchError | None = None
    emptied: int = 0

    def __post_init__(self) -> None:
        self.index = ListIndex(self.fetched.backups)

    @property
    def nbytes(self) -> int:
        """Bytes as they are kept, with the index that narrowing builds when it is first needed."""
        backups = self.fetched.backups
        return backups.nbytes + _INDEX_BYTES_PER_ROW * len(backups) + OVERHEAD_BYTES

    def age_s(self, now: float) -> float:
        """Seconds since the appliance was asked: never less than the age of any row."""
        return now - self.fetched.asked_at
