"""The quick way for rows of 10.x releases: some keys and values are exchanged for the seed's, all other bytes stay."""

from collections.abc import Sequence
from functools import lru_cache
from typing import Any, Final, Literal, NamedTuple

import msgspec
from msgspec import UNSET, UnsetType

from gateway.dates import ApplianceZone, Memo, format_duration, format_local, parse_local
from gateway.dialects.quick_rows import QuickWay, RowTimes, with_the_seeds_names
from gateway.dialects.row_words import STATUS_WORDS
from gateway.model import NEVER

_LONGEST_S: Final = 10**9


class Row10x(msgspec.Struct, gc=False, kw_only=True):
    """A row of 10.x releases. Keys are looked for in the order of the fields: they stand in that of the rows."""

    start_time: str
    complete_time: str | None = None
    duration: int
    complete: bool
    status: Literal["Successful", "Warning", "Failed"] | None
    size: Any = UNSET
    restored_backup_type: Any = UNSET
    vm_ware_template: Any = UNSET
    start_date_time: UnsetType = UNSET
    sid: UnsetType = UNSET
    system_id: UnsetType = UNSET
    system_name: UnsetType = UNSET
    start_epoch: UnsetType = UNSET
    finish_epoch: UnsetType = UNSET


class _Exchange(NamedTuple):
    """A value as it may stand behind its key, and what is written instead."""

    old: bytes
    new: bytes


def _start_exchange(text: str) -> _Exchange:
    when = parse_local(text)
    return _Exchange(b'"%s"' % text.encode(), b'"%s"' % (text if when is None else format_local(when)).encode())


_STARTS: Final = Memo(_start_exchange)
_STATUSES: Final[dict[str | None, _Exchange]] = {
    **{
        old.capitalize(): _Exchange(b'"%s"' % old.capitalize().encode(), b'"%s"' % new.encode())
        for old, new in STATUS_WORDS.items()
    },
    "Warning": _Exchange(b'"Warning"', b'"Warning"'),
    None: _Exchange(b"null", b'"None"'),
}


@lru_cache(maxsize=16_384)
def _duration_exchange(seconds: int) -> _Exchange:
    return _Exchange(b"%d" % seconds, b'"%s"' % format_duration(seconds).encode())


_START, _DURATION, _STATUS = b'"start_time":', b'"duration":', b'"status":'


def _exchanged(piece: bytes, row: Row10x) -> bytes | None:
    """The row with `start_time`, `duration` and `status` in the seed's form; None where one is in an unusual place.

    A key with its quotes and colon cannot stand inside a JSON text (its quotes would be escaped), so where it stands
    once in a row of which it is known to be a key, it is that key.
    """
    find = piece.find
    start = find(_START)
    duration = find(_DURATION, start)
    status = find(_STATUS, duration)
    if not 0 <= start < duration < status or _again(piece, start, duration, status):
        return None
    old_start, new_start = _STARTS[row.start_time]
    old_duration, new_duration = _duration_exchange(row.duration)
    old_status, new_status = _STATUSES[row.status]
    after_start = _behind(piece, start + len(_START), old_start)
    after_duration = _behind(piece, duration + len(_DURATION), old_duration)
    after_status = _behind(piece, status + len(_STATUS), old_status)
    if not (after_start and after_duration and after_status):
        return None
    return b"".join(
        (
            *(piece[:start], b'"start_date_time":', new_start),
            *(piece[after_start : duration + len(_DURATION)], new_duration),
            *(piece[after_duration : status + len(_STATUS)], new_status, piece[after_status:]),
        )
    )


def _again(piece: bytes, start: int, duration: int, status: int) -> bool:
    """Whether one of the keys stands elsewhere as well; the places are the first ones in this order."""
    find = piece.find
    return (
        find(_START, start + 1) >= 0
        or find(_DURATION, duration + 1) >= 0
        or find(_STATUS, status + 1) >= 0
        or find(_DURATION, 0, start) >= 0
        or find(_STATUS, 0, duration) >= 0
    )


def _behind(piece: bytes, begin: int, value: bytes) -> int:
    """The place behind a value that begins there; 0 where something else does."""
    if not piece.startswith(value, begin):
        value = value.replace(b"/", b"\\/")  # PHP writes its slashes so
        if not piece.startswith(value, begin):
            return 0
    end = begin + len(value)
    return end if piece[end] in _ENDS else 0


_ENDS: Final = b",} \t\r\n"


class Way10x(QuickWay):
    """Times with seconds; some keys are brought to the seed's names and words, the other bytes stay."""

    def times(self, rows: Sequence[Any], zone: ApplianceZone) -> RowTimes | None:
        """See QuickWay."""
        texts, took = [row.complete_time for row in rows], [row.duration for row in rows]
        starts = zone.moments([row.start_time for row in rows])
        told = zone.moments([text for text in texts if text is not None])
        if starts is None or told is None or not 0 <= min(took) <= max(took) <= _LONGEST_S:
            return None
        if any(end[1] for end in told):
            return None  # an end in a repeated hour needs a look at its start
        ended, ends = [row.complete for row in rows], iter(told)
        finishes = [
            next(ends)[0] if text is not None else start[0] + seconds if done else NEVER
            for text, start, seconds, done in zip(texts, starts, took, ended, strict=True)
        ]
        spans = [
            start[1] if done and text is None else 0 for text, start, done in zip(texts, starts, ended, strict=True)
        ]
        return RowTimes(starts, finishes, spans)

    def unified(self, pieces: list[bytes], rows: Sequence[Any]) -> list[bytes] | None:
        """See QuickWay."""
        renamed = with_the_seeds_names(pieces, rows)
        if renamed is None:
            return None
        out = []
        for piece, row in zip(renamed, rows, strict=True):
            own = _exchanged(piece, row)
            if own is None:
                return None
            out.append(own)
        return out
