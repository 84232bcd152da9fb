"""The quick way for rows in exactly one of the two documented shapes: decoded by type, stamped by look-ups and cuts.

What does not fit is refused as a whole (`decode` gives None) or ends a run early (`stamp` gives fewer rows than it
got): gateway.rows then takes the long way, which makes the same bytes.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any, Final, Literal

import msgspec
from msgspec import UNSET, Raw, UnsetType

from gateway.dates import HOURS, MINUTES, MINUTES_SECONDS, SECONDS, ApplianceZone, format_duration
from gateway.model import NEVER
from gateway.wire import BAD_JSON


class _SeedRow(msgspec.Struct, gc=False):
    """A row of the seed's table. A key typed UnsetType must not occur."""

    start_date_time: str
    duration: str
    complete: bool
    status: Literal["Success", "Warning", "Failure", "None"]
    size: Any = UNSET
    start_time: UnsetType = UNSET
    complete_time: UnsetType = UNSET
    restored_backup_type: UnsetType = UNSET
    vm_ware_template: UnsetType = UNSET
    sid: UnsetType = UNSET
    system_id: UnsetType = UNSET
    system_name: UnsetType = UNSET
    start_epoch: UnsetType = UNSET
    finish_epoch: UnsetType = UNSET


class _NewRow(msgspec.Struct, gc=False):
    """A row of 10.x releases."""

    start_time: str
    duration: int
    complete: bool
    status: Literal["Successful", "Warning", "Failed"] | None
    complete_time: str | None = None
    size: Any = UNSET
    start_date_time: UnsetType = UNSET
    restored_backup_type: UnsetType = UNSET
    vm_ware_template: UnsetType = UNSET
    sid: UnsetType = UNSET
    system_id: UnsetType = UNSET
    system_name: UnsetType = UNSET
    start_epoch: UnsetType = UNSET
    finish_epoch: UnsetType = UNSET


@dataclass(slots=True)
class Stamped:
    """Stamped rows and their columns, one entry for each row."""

    rows: list[bytes] = field(default_factory=list)
    starts: list[int] = field(default_factory=list)
    finishes: list[int] = field(default_factory=list)
    finish_spans: list[int] = field(default_factory=list)


class QuickWay:
    """One shape. `start_span` is what its start texts hide, in seconds."""

    start_span: int

    def __init__(self, row_type: type[msgspec.Struct]) -> None:
        self._decode = msgspec.json.Decoder(list[row_type]).decode  # type: ignore[valid-type]

    def decode(self, joined: bytes) -> list[Any] | None:
        """The rows of a JSON list; None where one of them has another shape."""
        try:
            rows: list[Any] = self._decode(joined)
        except BAD_JSON:
            return None
        return rows

    def stamp(self, head: bytes, raws: Sequence[Raw], rows: Sequence[Any], zone: ApplianceZone) -> Stamped:
        """As many of the rows as go the quick way, from the first on. `head` is the stamp up to the start."""
        raise NotImplementedError


class _SeedWay(QuickWay):
    """Minutes without seconds; the row's own bytes stay."""

    start_span = 59

    def stamp(self, head: bytes, raws: Sequence[Raw], rows: Sequence[Any], zone: ApplianceZone) -> Stamped:
        """See QuickWay."""
        out = Stamped()
        ended, running = _stamps(head)
        days, add_row = zone.days, out.rows.append
        add_start, add_finish, add_span = out.starts.append, out.finishes.append, out.finish_spans.append
        for raw, row in zip(raws, rows, strict=True):
            text, duration = row.start_date_time, row.duration
            day = days.get(text[:10]) or zone.day(text[:10])
            minute, hours, rest = MINUTES.get(text[10:]), HOURS.get(duration[:-6]), MINUTES_SECONDS.get(duration[-6:])
            if day is None or minute is None or hours is None or rest is None:
                break
            start = day + minute
            add_start(start)
            if row.complete:
                finish = start + hours + rest
                add_row(ended % (start, finish) + bytes(raw)[1:])
                add_finish(finish)
                add_span(59)
            else:
                add_row(running % start + bytes(raw)[1:])
                add_finish(NEVER)
                add_span(0)
        return out


_WORDS: Final = {
    "Successful": (b'"Successful"', b'"Success"'),
    "Failed": (b'"Failed"', b'"Failure"'),
    "Warning": (b'"Warning"', b'"Warning"'),
    None: (b"null", b'"None"'),
}
"""A status as 10.x writes it, and as it goes on."""


class _NewWay(QuickWay):
    """Times with seconds; three keys are brought to the seed's names and words, the other bytes stay."""

    start_span = 0

    def stamp(self, head: bytes, raws: Sequence[Raw], rows: Sequence[Any], zone: ApplianceZone) -> Stamped:
        """See QuickWay."""
        out = Stamped()
        ended, running = _stamps(head)
        for raw, row in zip(raws, rows, strict=True):
            start = _second(row.start_time, zone)
            if start is None or row.duration < 0 or row.duration > _LONGEST_S:
                break
            if row.complete_time is not None:
                finish = _second(row.complete_time, zone)
            elif row.complete:
                finish = start + row.duration
            else:
                finish = NEVER
            own = None if finish is None else _renamed(bytes(raw), row)
            if own is None or finish is None:
                break
            out.rows.append((running % start if finish == NEVER else ended % (start, finish)) + own)
            out.starts.append(start)
            out.finishes.append(finish)
            out.finish_spans.append(0)
        return out


_LONGEST_S: Final = 10**9


def _stamps(head: bytes) -> tuple[bytes, bytes]:
    """Formats of the stamp of an ended and of a running backup."""
    safe = head.replace(b"%", b"%%")
    return safe + b'%d,"finish_epoch":%d,', safe + b'%d,"finish_epoch":null,'


def _second(text: str, zone: ApplianceZone) -> int | None:
    """The instant of "mm/dd/yyyy hh:mm:ss am"; None where it is of another form or on a day with a clock change."""
    day, minute = zone.day(text[:10]), MINUTES.get(text[10:16] + text[19:])
    second = SECONDS.get(text[16:19])
    return None if day is None or minute is None or second is None else day + minute + second


def _renamed(raw: bytes, row: _NewRow) -> bytes | None:
    """The row behind its brace, with `start_time`, `duration` and `status` in the seed's form.

    A key with its quotes and colon cannot stand inside a JSON string (its quotes would be escaped), so where it stands
    once in a row of which it is known to be a key, it is that key. None where anything is not in its usual place.
    """
    old_word, word = _WORDS[row.status]
    old_start, old_duration = b'"%s"' % row.start_time.encode(), b"%d" % row.duration
    at_start = _value_at(raw, b'"start_time":', old_start)
    if at_start < 0:  # PHP writes its slashes so
        old_start = old_start.replace(b"/", b"\\/")
        at_start = _value_at(raw, b'"start_time":', old_start)
    at_duration = _value_at(raw, b'"duration":', old_duration)
    at_status = _value_at(raw, b'"status":', old_word)
    if not 0 < at_start < at_duration < at_status:
        return None
    text = row.start_time
    key = at_start - raw[at_start - 1 : at_start].isspace() - len(b'"start_time":')
    return b"".join(
        (
            *(raw[1:key], b'"start_date_time":', raw[key + len(b'"start_time":') : at_start]),
            *(b'"', text[:16].encode(), text[19:].encode(), b'"', raw[at_start + len(old_start) : at_duration]),
            *(b'"', format_duration(row.duration).encode(), b'"', raw[at_duration + len(old_duration) : at_status]),
            *(word, raw[at_status + len(old_word) :]),
        )
    )


def _value_at(raw: bytes, key: bytes, value: bytes) -> int:
    """Where the value of a key begins, at most one space behind it; -1 where that is not so beyond doubt."""
    found = raw.find(key)
    begin = found + len(key)
    if found < 0 or raw.find(key, begin) >= 0:
        return -1
    if raw[begin : begin + 1] == b" ":
        begin += 1
    end = begin + len(value)
    return begin if raw[begin:end] == value and not raw[end : end + 1].isalnum() else -1


QUICK_WAYS: Final[tuple[QuickWay, ...]] = (_SeedWay(_SeedRow), _NewWay(_NewRow))
