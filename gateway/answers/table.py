"""Rows as CSV (RFC 4180) for spreadsheets: which columns, and cells that no spreadsheet takes for a formula."""

import csv
import io
from collections.abc import Iterable, Iterator, Sequence
from typing import Any, Final

import msgspec
from msgspec import Raw

from gateway.dialects.row_words import STAMPED

_DOCUMENTED: Final = (
    *("id", "client_id", "client_name", "type", "start_date_time", "duration", "complete", "status", "size"),
    *("sync_size", "files", "encrypted", "is_cluster", "guid", "vm_name", "replication_status", "verified"),
    *("verify_status", "presync_seconds", "sync_seconds", "postsync_seconds", "sync_message"),
    *("server_instance_name", "database_name", "server_name", "instance_id", "app_id", "app_name", "synthesized"),
    *("synth_capable", "disk_metadata", "client_config", "restored_bkup_type", "replicated", "destination"),
    *("vmware_template", "certified", "storage", "output", "purgeable", "last", "legalhold", "gfs_rp_type"),
)
"""The fields of the documented row in their order (the seed's table)."""

_FORMULA: Final = frozenset("=+-@\t\r")
_STEP: Final = 500


class _Number(str):
    """One with a point or an exponent, as it was sent."""

    __slots__ = ()


_decode_values: Final = msgspec.json.Decoder(dict[str, Any], float_hook=_Number).decode
_decode: Final = msgspec.json.Decoder(dict[str, Raw]).decode
_decode_text: Final = msgspec.json.Decoder(str).decode


def headings_of(rows: Sequence[bytes], fields: tuple[str, ...] | None) -> list[str]:
    """The columns: stamped ones, documented ones, then whatever else occurs; with `fields` these and `system_id`."""
    documented = STAMPED + _DOCUMENTED
    if fields is not None:
        wanted = dict.fromkeys(("system_id", *fields))
        return [name for name in documented if name in wanted] + [name for name in wanted if name not in documented]
    others: dict[str, None] = {}
    for row in rows:
        others.update(dict.fromkeys(_decode(row)))
    return [*documented, *(name for name in others if name not in documented)]


def csv_pieces(rows: Sequence[bytes], columns: Sequence[str]) -> Iterator[bytes]:
    """The table in pieces of UTF-8: a head, then some hundred rows each."""
    yield _written([[harmless(column) for column in columns]])
    for begin in range(0, len(rows), _STEP):
        yield _written(_line(row, columns) for row in rows[begin : begin + _STEP])


def _written(lines: Iterable[list[Any]]) -> bytes:
    out = io.StringIO()
    csv.writer(out, lineterminator="\r\n").writerows(lines)
    return out.getvalue().encode(errors="replace")


def _line(row: bytes, columns: Sequence[str]) -> list[Any]:
    """The cells of a row. What csv.writer spells well by itself is left to it, which takes half of the time."""
    try:
        value_of = _decode_values(row).get
    except msgspec.MsgspecError:  # a number of more digits than Python reads
        return _odd_line(row, columns)
    cells = []
    for column in columns:
        value: Any = value_of(column)
        kind = value.__class__
        if kind is str:
            value = harmless(value)
        elif kind is bool:
            value = "true" if value else "false"
        elif kind is dict or kind is list:
            return _odd_line(row, columns)
        cells.append(value)
    return cells


def _odd_line(row: bytes, columns: Sequence[str]) -> list[Any]:
    """The same where a value must be written as it was sent."""
    values = _decode(row)
    return [_cell(values.get(column)) for column in columns]


def _cell(value: Raw | None) -> str:
    """A text without its quotes, a number as it was sent, nothing for null; lists and objects stay JSON."""
    if value is None:
        return ""
    raw = bytes(value)
    if raw[:1] == b'"':
        return harmless(_decode_text(raw))
    return "" if raw == b"null" else raw.decode()


def harmless(text: str) -> str:
    """A text that a spreadsheet shows as it is: one that would begin a formula gets an apostrophe before it."""
    return f"'{text}" if text[:1] in _FORMULA else text
