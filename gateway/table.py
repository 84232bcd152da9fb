"""Rows as CSV (RFC 4180) for spreadsheets: which columns, and cells that no spreadsheet takes for a formula."""

import csv
import io
import json
from collections.abc import Iterable, Iterator, Sequence
from typing import Any, Final

import msgspec
from msgspec import Raw

from gateway.row_words import STAMPED

_DOCUMENTED: Final = (
    *("id", "client_id", "client_name", "type", "start_date_time", "duration", "complete", "status", "size"),
    *("sync_size", "files", "encrypted", "is_cluster", "guid", "vm_name", "replication_status", "verified"),
    *("verify_status", "presync_seconds", "sync_seconds", "postsync_seconds", "sync_message"),
    *("server_instance_name", "database_name", "server_name", "instance_id", "app_id", "app_name", "synthesized"),
    *("synth_capable", "disk_metadata", "client_config", "restored_bkup_type", "replicated", "destination"),
    *("vmware_template", "certified", "storage", "output", "purgeable", "last", "legalhold", "gfs_rp_type"),
)
"""The fields of the documented row in their order (the seed's table)."""

_FORMULA: Final = ("=", "+", "-", "@", "\t", "\r")
_STEP: Final = 500

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
        cells = (_decode(row) for row in rows[begin : begin + _STEP])
        yield _written([_cell(row.get(column)) for column in columns] for row in cells)


def _written(lines: Iterable[list[Any]]) -> bytes:
    out = io.StringIO()
    csv.writer(out, lineterminator="\r\n").writerows(lines)
    return out.getvalue().encode(errors="replace")


def _cell(value: Raw | None) -> str:
    """A text without its quotes, a number as it was sent, nothing for null; lists and objects stay JSON."""
    if value is None:
        return ""
    raw = bytes(value)
    if raw[:1] == b'"':
        return harmless(_text(raw))
    return "" if raw == b"null" else raw.decode()


def _text(raw: bytes) -> str:
    try:
        return _decode_text(raw)
    except msgspec.MsgspecError:  # half of a character, escaped: Python's own parser takes it, and it is shown as "?"
        return str(json.loads(raw))


def harmless(text: str) -> str:
    """A text that a spreadsheet shows as it is: one that would begin a formula gets an apostrophe before it."""
    return f"'{text}" if text.startswith(_FORMULA) else text
