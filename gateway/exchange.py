"""Rows of 10.x releases brought to the seed's form where they lie: some values are exchanged, all other bytes stay."""

from functools import lru_cache
from typing import Any, Final, Literal, NamedTuple

import msgspec
from msgspec import UNSET, UnsetType

from gateway.dates import Memo, format_duration, format_local, parse_local


class NewRow(msgspec.Struct, gc=False, kw_only=True):
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
_STATUSES: Final = {
    "Successful": _Exchange(b'"Successful"', b'"Success"'),
    "Failed": _Exchange(b'"Failed"', b'"Failure"'),
    "Warning": _Exchange(b'"Warning"', b'"Warning"'),
    None: _Exchange(b"null", b'"None"'),
}


@lru_cache(maxsize=16_384)
def _duration_exchange(seconds: int) -> _Exchange:
    return _Exchange(b"%d" % seconds, b'"%s"' % format_duration(seconds).encode())


_START, _DURATION, _STATUS = b'"start_time":', b'"duration":', b'"status":'


def exchanged(piece: bytes, row: NewRow) -> bytes | None:
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
