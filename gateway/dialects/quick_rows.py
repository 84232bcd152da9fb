"""The quick way for rows in one of the two documented shapes: decoded by type, column by column, stamped in one go.

Whatever does not fit is refused as a whole (None): rows.py then takes smaller parts, and at last the long way row
by row, which makes the same bytes.

Rows travel here without their first brace, each with the comma behind it but for the last: so they lie in a reply, and
a stamp in front of each makes them whole again.
"""

from abc import ABC, abstractmethod
from array import array
from collections.abc import Sequence
from itertools import accumulate, islice
from operator import add, attrgetter, itemgetter
from typing import Any, Final, NamedTuple

import msgspec
from msgspec import UNSET, Raw

from gateway.dates import ApplianceZone, Moment
from gateway.dialects.chunks import WHOLE_BYTES, envelope_of
from gateway.dialects.row_words import RENAMED
from gateway.dialects.wire import BAD_JSON, BOM, ENVELOPE_KEYS
from gateway.model import NEVER, BackupList


class RowTimes(NamedTuple):
    """Starts and ends, one entry for each row; NEVER is a backup that runs."""

    starts: list[Moment]
    finishes: list[int]
    finish_spans: list[int]


class QuickWay(ABC):
    """One shape of rows. `sign` is a key that only they have."""

    def __init__(self, row_type: type[msgspec.Struct], sign: bytes) -> None:
        self.sign = sign
        self._decode = msgspec.json.Decoder(list[row_type]).decode  # type: ignore[valid-type]
        self._decoders = {"": self._decode}
        self._decoders |= {key: self._decoder_of(key, row_type) for key in ENVELOPE_KEYS}

    @staticmethod
    def _decoder_of(key: str, row_type: type[msgspec.Struct]) -> Any:
        envelope = msgspec.defstruct("Envelope", [(key, list[row_type])])  # type: ignore[valid-type]
        decode = msgspec.json.Decoder(envelope).decode
        return lambda text: getattr(decode(text), key)

    def decode(self, raws: Sequence[Raw]) -> list[Any] | None:
        """The rows; None where one of them has another shape."""
        try:
            rows: list[Any] = self._decode(b"[" + b",".join(raws) + b"]")
        except BAD_JSON:
            return None
        return rows

    def stamped_reply(self, head: bytes, body: bytes, zone: ApplianceZone) -> BackupList | None:
        """All rows of a reply. `head` is the stamp up to the start."""
        envelope = envelope_of(body)
        if envelope is None or len(body) > WHOLE_BYTES:
            return None
        inner = body[envelope.begin : envelope.end]
        if not _is_dense(inner):
            return None
        try:
            rows = self._decoders[envelope.key](body.removeprefix(BOM))
        except BAD_JSON:
            return None
        pieces = _cut(inner, len(rows))
        return None if pieces is None or not _is_utf8(body, pieces) else self.stamped(head, pieces, rows, zone)

    def stamped_chunk(self, head: bytes, inner: bytes, zone: ApplianceZone) -> BackupList | None:
        """Some rows of a larger reply, from behind the first brace to before the last one."""
        if not _is_dense(inner):
            return None
        try:
            rows: list[Any] = self._decode(b"[{" + inner + b"}]")
        except BAD_JSON:
            return None
        pieces = _cut(inner, len(rows))
        return None if pieces is None or not _is_utf8(inner, pieces) else self.stamped(head, pieces, rows, zone)

    def stamped(self, head: bytes, pieces: list[bytes], rows: Sequence[Any], zone: ApplianceZone) -> BackupList | None:
        """Rows and what was decoded of them to a list."""
        times = self.times(rows, zone)
        own = None if times is None else self.unified(pieces, rows)
        return None if times is None or own is None else _joined(head, own, times)

    @abstractmethod
    def times(self, rows: Sequence[Any], zone: ApplianceZone) -> RowTimes | None:
        """Starts and ends."""

    @abstractmethod
    def unified(self, pieces: list[bytes], rows: Sequence[Any]) -> list[bytes] | None:
        """The rows with the seed's names and words."""


def _is_dense(inner: bytes) -> bool:
    """Whether nothing stands between rows but a comma; to find that out later would mean to decode them twice."""
    return b"},{" in inner or b"{" not in inner


def _cut(inner: bytes, count: int) -> list[bytes] | None:
    """The `count` rows between the first brace of a list and its last; None where they cannot be told apart.

    Where there are as many braces as rows, each of them begins a row: none can be inside a text or inside a row. Else
    `},{` parts the rows, if that makes as many parts, each of which is whole JSON by itself.
    """
    pieces = inner.split(b"{")
    if len(pieces) == count and set(map(_ending, pieces[:-1])) <= {b"},"}:
        pieces[-1] += b"}"
        return pieces
    pieces = [piece + b"}" for piece in inner.split(b"},{")]
    if len(pieces) != count:
        return None
    try:
        for piece in pieces:
            _check(b"{" + piece)
    except BAD_JSON:
        return None
    return with_commas(pieces)


_check = msgspec.json.Decoder(Raw).decode
_ending = itemgetter(slice(-2, None))


def with_commas(pieces: list[bytes]) -> list[bytes]:
    """Rows as they lie in a list."""
    return [*(piece + b"," for piece in pieces[:-1]), pieces[-1]]


def _is_utf8(text: bytes, pieces: list[bytes]) -> bool:
    """Decoding checks only the texts that it makes. Row by row, since most rows are ASCII, which is quickly seen."""
    if text.isascii():
        return True
    try:
        for piece in pieces:
            if not piece.isascii():
                piece.decode()
    except UnicodeDecodeError:
        return False
    return True


def _joined(head: bytes, own: list[bytes], times: RowTimes) -> BackupList:
    safe = head.replace(b"%", b"%%")
    ended, running = safe + b'%d,"finish_epoch":%d,', safe + b'%d,"finish_epoch":null,'
    starts = [start[0] for start in times.starts]
    stamps = [
        ended % (start, finish) if finish != NEVER else running % start
        for start, finish in zip(starts, times.finishes, strict=True)
    ]
    parts = [b""] * (2 * len(own))
    parts[::2], parts[1::2] = stamps, own
    ends = array("I", islice(accumulate(map(add, map(len, stamps), map(len, own)), initial=-1), 1, None))
    ends[-1] += 1  # no comma there
    return BackupList(
        b"".join(parts),
        ends,
        array("q", starts),
        array("H", [start[1] for start in times.starts]),
        array("q", times.finishes),
        array("H", times.finish_spans),
    )


_RENAMED: Final = tuple(
    (attrgetter(old), b'"%s":' % old.encode(), b'"%s":' % new.encode())
    for old, new in RENAMED.items()
    if old != "start_time"  # by which the shape is told: its own quick way writes it
)


def with_the_seeds_names(pieces: list[bytes], rows: Sequence[Any]) -> list[bytes] | None:
    """Two keys that either shape may spell otherwise; None where that cannot be done in place."""
    for value_of, old, new in _RENAMED:
        values = list(map(value_of, rows))
        if values.count(UNSET) == len(values):
            continue
        pieces = list(pieces)
        for number, value in enumerate(values):
            if value is UNSET:
                continue
            before, found, after = pieces[number].partition(old)
            if not found or old in after or new in pieces[number]:
                return None  # the row carries the seed's name as well, or one of them twice
            pieces[number] = before + new + after
    return pieces
