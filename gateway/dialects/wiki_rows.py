"""The quick way for rows in the seed's shape: times without seconds, and their own bytes stay."""

from collections.abc import Sequence
from typing import Any, Final, Literal

import msgspec
from msgspec import UNSET, UnsetType

from gateway.dates import ApplianceZone, Memo, parse_duration
from gateway.dialects.quick_rows import QuickWay, RowTimes, with_the_seeds_names
from gateway.model import NEVER


class WikiRow(msgspec.Struct, gc=False):
    """A row of the seed's table. A key typed UnsetType must not occur."""

    start_date_time: str
    duration: str
    complete: bool
    status: Literal["Success", "Warning", "Failure", "None"]
    size: Any = UNSET
    restored_backup_type: Any = UNSET
    vm_ware_template: Any = UNSET
    start_time: UnsetType = UNSET
    complete_time: UnsetType = UNSET
    sid: UnsetType = UNSET
    system_id: UnsetType = UNSET
    system_name: UnsetType = UNSET
    start_epoch: UnsetType = UNSET
    finish_epoch: UnsetType = UNSET


class WikiWay(QuickWay):
    """Minutes without seconds; the row's own bytes stay."""

    def times(self, rows: Sequence[Any], zone: ApplianceZone) -> RowTimes | None:
        """See QuickWay."""
        starts = zone.moments([row.start_date_time for row in rows])
        took = _clocks([row.duration for row in rows])
        if starts is None or took is None:
            return None
        ended = [row.complete for row in rows]
        return RowTimes(
            starts,
            [start[0] + seconds if done else NEVER for start, seconds, done in zip(starts, took, ended, strict=True)],
            [start[1] if done else 0 for start, done in zip(starts, ended, strict=True)],
        )

    def unified(self, pieces: list[bytes], rows: Sequence[Any]) -> list[bytes] | None:
        """See QuickWay."""
        return with_the_seeds_names(pieces, rows)


def _clock(text: str) -> int | None:
    """Seconds of "hh:mm:ss"; None for the forms that do not stay as they are."""
    return parse_duration(text) if ":" in text else None


_CLOCKS: Final = Memo(_clock)


def _clocks(texts: list[str]) -> list[int] | None:
    found = list(map(_CLOCKS.__getitem__, texts))
    return None if None in found else found  # type: ignore[return-value]
