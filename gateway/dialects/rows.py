"""Rows of either dialect, unified and stamped.

Dialects are told apart row by row, by the keys that occur (appliance-api.md section 6). Rows in the seed's shape pass
byte for byte behind the stamp; rows of 10.x are brought to the seed's names and words (contract section 5.4).
"""

from collections.abc import Generator, Iterator
from typing import Any, Final, Literal

import msgspec
from msgspec import UNSET, Raw

from gateway.dates import (
    ApplianceZone,
    Moment,
    format_duration,
    format_local,
    parse_duration,
    parse_local,
)
from gateway.dialects.chunks import WHOLE_BYTES, chunks_of
from gateway.dialects.quick_rows import QuickWay, with_commas
from gateway.dialects.row_words import RENAMED, STAMPED, STATUS_WORDS, says_yes
from gateway.dialects.rows_10x import Row10x, Way10x
from gateway.dialects.wiki_rows import WikiRow, WikiWay
from gateway.dialects.wire import BAD_JSON, check_pieces, split_rows
from gateway.errors import FetchError, OddRowsError
from gateway.model import NEVER, UNKNOWN, ListBuilder

QUICK_WAYS: Final[tuple[QuickWay, ...]] = (
    WikiWay(WikiRow, b'"start_date_time"'),
    Way10x(Row10x, b'"start_time"'),
)
_STEP_ROWS: Final = 250
_FEW_ROWS: Final = 10
_FIRST_ROW_BYTES: Final = 4096


class _Seen(msgspec.Struct, gc=False):
    """The fields of a row that the stamp and the unified names depend on."""

    start_date_time: Any = UNSET
    start_time: Any = UNSET
    complete_time: Any = UNSET
    duration: Any = UNSET
    complete: Any = UNSET
    status: Any = UNSET
    restored_bkup_type: Any = UNSET
    restored_backup_type: Any = UNSET
    vmware_template: Any = UNSET
    vm_ware_template: Any = UNSET
    sid: Any = UNSET
    system_id: Any = UNSET
    system_name: Any = UNSET
    start_epoch: Any = UNSET
    finish_epoch: Any = UNSET
    size: Any = UNSET  # decoded so that a number out of range is seen


_decode_one = msgspec.json.Decoder(_Seen).decode
_decode_parts = msgspec.json.Decoder(dict[str, Raw]).decode
_encode = msgspec.json.Encoder().encode


class Stamper:
    """Turns the raw rows of one reply into stamped, unified rows; the outcome lies in `build` and `dropped`.

    Rows in a documented shape take the quick way (quick_rows.py), all others the long one here. Both make the
    same bytes.
    """

    def __init__(self, system_id: int, name: str, zone: ApplianceZone, remote_system_id: int | None = None) -> None:
        self._head = b'{"system_id":%d,"system_name":%s,"start_epoch":' % (system_id, _encode(name))
        self._zone = zone
        own = (UNSET, None, remote_system_id, str(remote_system_id))
        self._own_sids: tuple[Any, ...] | None = None if remote_system_id is None else own
        self._ways = list(QUICK_WAYS)
        self.build = ListBuilder()
        self.dropped = 0
        self.foreign = 0

    def read(self, body: bytes) -> Iterator[Literal[True] | None]:
        """All rows of a reply: at one go if it is of the usual kind, else in steps as `run` takes them.

        True comes before a step that is long, which is better taken in a thread.
        """
        for way in self._likely_first(body):
            backups = way.stamped_reply(self._head, body, self._zone)
            if backups is not None:
                self.build.add_run(backups, 0, len(backups))
                return
        if len(body) > WHOLE_BYTES:
            if (yield from self._by_chunks(body)):
                return
            yield True
        yield from self.run(split_rows(body))

    def _by_chunks(self, body: bytes) -> Generator[None, None, bool]:
        """A large reply chunk by chunk, so that nobody waits for all of it; False where it cannot be cut like this."""
        chunks = chunks_of(body)
        if chunks is None:
            return False
        check_pieces(body)
        total = 0
        for chunk in chunks:
            check_pieces(body, total)  # at once: too many rows are too much memory
            yield
            quick = (way.stamped_chunk(self._head, chunk, self._zone) for way in self._likely_first(chunk))
            backups = next((found for found in quick if found is not None), None)
            if backups is not None:
                self.build.add_run(backups, 0, len(backups))
                total += len(backups)
                continue
            try:
                raws = split_rows(b"[{" + chunk + b"}]")
            except FetchError:  # a cut in the wrong place, or a reply that is none: the whole of it will tell
                self.build, self.dropped, self.foreign = ListBuilder(), 0, 0
                return False
            self._step(raws)
            total += len(raws)
        check_pieces(body, total)
        self._check_dropped(total)
        yield
        return True

    def _check_dropped(self, rows: int) -> None:
        if self.dropped * 100 > rows:
            raise OddRowsError(self.dropped, rows)

    def run(self, raws: list[Raw]) -> Iterator[None]:
        """Works in steps of some rows, so that the caller can let others run in between.

        Raises FetchError(bad_reply) where more than 1 % of the rows are no objects.
        """
        for begin in range(0, len(raws), _STEP_ROWS):
            self._step(raws[begin : begin + _STEP_ROWS])
            yield
        self._check_dropped(len(raws))

    def _likely_first(self, body: bytes) -> list[QuickWay]:
        """Lists hardly ever mix shapes, and the first row betrays its own."""
        first = body[:_FIRST_ROW_BYTES]
        return sorted(self._ways, key=lambda way: way.sign not in first)

    def _step(self, raws: list[Raw]) -> None:
        """All of them the quick way; where one row does not fit, its neighbours pay as little as possible."""
        for way in tuple(self._ways):
            rows = way.decode(raws)
            if rows is None:
                continue
            self._ways.sort(key=lambda other: other is not way)  # the next step tries this one first
            pieces = with_commas([bytes(raw)[1:] for raw in raws])
            backups = way.stamped(self._head, pieces, rows, self._zone)
            if backups is not None:
                self.build.add_run(backups, 0, len(backups))
                return
        if len(raws) > _FEW_ROWS:
            for begin in range(0, len(raws), _FEW_ROWS):
                self._step(raws[begin : begin + _FEW_ROWS])
            return
        for raw in raws:
            self._one(raw)

    def _one(self, raw: Raw) -> None:
        try:
            row = _decode_one(raw)
        except msgspec.ValidationError as error:
            if bytes(raw)[:1] == b"{":
                raise FetchError("bad_reply", "a row holds a number out of range") from error
            self.dropped += 1
        except BAD_JSON as error:
            raise FetchError("bad_reply", "a row cannot be read") from error
        else:
            self._add(raw, row)

    def _add(self, raw: Raw, row: _Seen) -> None:
        # Which of the two names an id has depends on the endpoint (appliance-api.md section 2).
        own = self._own_sids
        if own is not None and not (row.sid in own and row.system_id in own):
            self.foreign += 1  # another system's row, which this caller may have no right to see
            return
        start = self._start_of(row)
        finish, finish_span = self._finish_of(row, start)
        start_epoch, start_span = (UNKNOWN, 0) if start is None else start
        stamp = self._head + (
            (b"null" if start is None else b"%d" % start_epoch)
            + (b',"finish_epoch":null' if finish in (UNKNOWN, NEVER) else b',"finish_epoch":%d' % finish)
        )
        rest = _unified(raw, row) if _is_foreign_shape(row) else bytes(raw)[1:]
        tail = b"}" if rest[:2] == b"}" or rest.lstrip()[:1] == b"}" else b"," + rest
        self.build.add(stamp + tail, start_epoch, start_span, finish, finish_span)

    def _start_of(self, row: _Seen) -> Moment | None:
        best: Moment | None = None
        for value in (row.start_time, row.start_date_time):
            found = self._zone.moment(value) if isinstance(value, str) else None
            if isinstance(value, int) and not isinstance(value, bool) and 0 <= value < NEVER:
                found = Moment(value, 0)
            if found is not None and (best is None or found.span < best.span):
                best = found
        return best

    def _finish_of(self, row: _Seen, start: Moment | None) -> tuple[int, int]:
        """Epoch and span of the end: `complete_time`, else start and duration of a complete row."""
        ended = self._zone.moment(row.complete_time) if isinstance(row.complete_time, str) else None
        if ended is not None:
            return _not_before(ended, start)
        if not says_yes(row.complete):
            return (UNKNOWN if row.complete is UNSET or row.complete is None else NEVER), 0
        duration = parse_duration(row.duration)
        if start is None or duration is None or duration > NEVER - start.epoch:
            return UNKNOWN, 0
        return start.epoch + duration, start.span


def _not_before(ended: Moment, start: Moment | None) -> tuple[int, int]:
    """An end inside a repeated hour is the earlier instant, unless that lies before the start."""
    repeated = ended.span - (59 if ended.span % 60 == 59 else 0)
    hidden = ended.span - repeated
    if start is not None and repeated and ended.epoch + hidden < start.epoch <= ended.epoch + ended.span:
        return ended.epoch + repeated, hidden
    return ended.epoch, ended.span


def _is_foreign_shape(row: _Seen) -> bool:
    """Whether a row must be rewritten: some key or word is not the seed's, or is one that the stamp sets."""
    status, duration = row.status, row.duration
    return (
        (row.start_time is not UNSET and row.start_date_time is UNSET)
        or status is None
        or (isinstance(status, str) and status.lower() in STATUS_WORDS)
        or (isinstance(duration, int | float) and not isinstance(duration, bool))
        or (isinstance(duration, str) and duration.isdigit())
        or row.restored_backup_type is not UNSET
        or row.vm_ware_template is not UNSET
        or row.system_id is not UNSET
        or row.system_name is not UNSET
        or row.start_epoch is not UNSET
        or row.finish_epoch is not UNSET
    )


def _unified(raw: Raw, row: _Seen) -> bytes:
    """The row's own keys under the seed's names, with their closing brace; what needs no change keeps its bytes."""
    parts: list[bytes | Raw] = []
    for key, value in _decode_parts(raw).items():
        if key in STAMPED:
            continue
        name = RENAMED.get(key, key)
        if name != key and getattr(row, name) is not UNSET:
            name = key  # the row carries the seed's name as well: both stay
        text: bytes | Raw = value
        if name == "start_date_time" and key == "start_time":
            text = _start_text(row.start_time, value)
        elif key == "duration":
            text = _duration_text(row.duration, value)
        elif key == "status":
            text = _status_text(row.status, value)
        parts += (b",", _encode(name), b":", text)
    return b"".join(parts[1:]) + b"}"


def _start_text(start: Any, raw: Raw) -> bytes | Raw:
    when = parse_local(start) if isinstance(start, str) else None
    return raw if when is None else _encode(format_local(when))


def _duration_text(duration: Any, raw: Raw) -> bytes | Raw:
    if isinstance(duration, str) and not duration.isdigit():
        return raw
    seconds = parse_duration(duration)
    return raw if seconds is None else _encode(format_duration(seconds))


def _status_text(status: Any, raw: Raw) -> bytes | Raw:
    if status is None:
        return b'"None"'
    word = STATUS_WORDS.get(status.lower()) if isinstance(status, str) else None
    return raw if word is None else _encode(word)
