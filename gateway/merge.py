"""Finished answers to one body: stamped bytes joined, sorted or cut to some fields where that is asked."""

import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from hashlib import blake2b
from typing import Any, Final

import msgspec
from msgspec import UNSET, Raw

from gateway.dates import iso_utc
from gateway.errors import FetchError
from gateway.model import BackupList, SystemAnswer

_LONGEST_DIGITS: Final = 4000

_encode: Final = msgspec.json.Encoder().encode
_decode_parts: Final = msgspec.json.Decoder(dict[str, Raw]).decode


@dataclass(frozen=True, slots=True)
class Shape:
    """How the rows are wanted: sorted by a field or grouped by system, whole or with some fields only."""

    order_by: str | None = None
    descending: bool = False
    fields: tuple[str, ...] | None = None


def body_parts(answers: Sequence[SystemAnswer], shape: Shape, extra: Mapping[str, Any] | None = None) -> list[bytes]:
    """The answer of contract section 5.3 in pieces to be sent one after the other; `extra` keys come last."""
    segments = _segments(answers, shape)
    tail: dict[str, Any] = {
        "systems": [describe(answer) for answer in answers],
        "complete": is_complete(answers),
        "total": sum(len(answer.backups) for answer in answers),
    }
    parts = [b'{"backups":[']
    for number, segment in enumerate(segments):
        if number:
            parts.append(b",")
        parts.append(segment)
    parts.append(b"]," + _encode(tail | dict(extra or {}))[1:])
    return parts


def is_complete(answers: Sequence[SystemAnswer]) -> bool:
    """Every asked system is ok (contract section 5.3)."""
    return all(answer.state == "ok" for answer in answers)


def describe(answer: SystemAnswer) -> dict[str, Any]:
    """One entry of `systems`."""
    return {
        "system_id": answer.system_id,
        "system_name": answer.name,
        "state": answer.state,
        "rows": len(answer.backups),
        "age_seconds": None if answer.age_s is None else round(answer.age_s, 1),
        "source": answer.source,
        "took_ms": round(answer.took_s * 1000, 1),
        "last_success": None if answer.last_success is None else iso_utc(answer.last_success),
        "error": None if answer.error is None else describe_error(answer.error),
        "warnings": list(answer.warnings),
    }


def describe_error(error: FetchError) -> dict[str, Any]:
    """`error` of a system; `retry_at` is a date like `last_success`."""
    retry_at = None if error.retry_at is None else iso_utc(error.retry_at)
    return {"kind": error.kind, "message": error.message, "retry_at": retry_at}


def etag(answers: Sequence[SystemAnswer], question: bytes) -> str:
    """Weak ETag of rows and states: ages and timings do not change it (contract section 4)."""
    digest = blake2b(question, digest_size=16)
    for answer in answers:
        digest.update(b"%d %s %d " % (answer.system_id, answer.state.encode(), len(answer.backups)))
        digest.update(answer.error.kind.encode() if answer.error else b"")
        digest.update(answer.backups.digest)
    return f'W/"{digest.hexdigest()}"'


def _segments(answers: Sequence[SystemAnswer], shape: Shape) -> list[bytes]:
    if shape.order_by is not None:
        rows = _sorted_rows(answers, shape.order_by, descending=shape.descending)
        return rows if shape.fields is None else [_cut(row, shape.fields) for row in rows]
    lists = [answer.backups for answer in answers if len(answer.backups)]
    if shape.fields is None:
        return [backups.body for backups in lists]
    return [_cut(row, shape.fields) for backups in lists for row in backups.rows()]


def _cut(row: bytes, fields: tuple[str, ...]) -> bytes:
    """A row with some of its fields, in its own order; `system_id` always stays (contract section 5.2)."""
    kept = [(key, value) for key, value in _decode_parts(row).items() if key == "system_id" or key in fields]
    return b"{" + b",".join(b"%s:%s" % (_encode(key), bytes(value)) for key, value in kept) + b"}"


def _sorted_rows(answers: Sequence[SystemAnswer], field: str, *, descending: bool) -> list[bytes]:
    """Rows sorted by one field; ties by system, then the appliance's order; rows without the field last."""
    with_field: list[tuple[tuple[int, Any], bytes]] = []
    without: list[bytes] = []
    for answer in answers:
        for row, value in zip(answer.backups.rows(), _values(answer.backups, field), strict=True):
            if value is None:
                without.append(row)
            else:
                with_field.append((_rank(value), row))
    # Python's sort is stable in both directions, so ties keep the order in which the answers stand.
    with_field.sort(key=lambda entry: entry[0], reverse=descending)
    return [row for _, row in with_field] + without


def _values(backups: BackupList, field: str) -> Iterator[Any]:
    """That field of each row; None where the row has none or null."""
    if not len(backups):
        return iter(())
    try:
        row_type = msgspec.defstruct("SortRow", [("value", Any, UNSET)], rename={"value": field})
        rows: list[Any] = msgspec.json.decode(b"[" + backups.body + b"]", type=list[row_type])  # type: ignore[valid-type]
    except (ValueError, msgspec.MsgspecError):  # a quote in the name, or a number like 1e999 in the column
        return (json.loads(row, parse_int=_whole).get(field) for row in backups.rows())
    return (None if row.value is UNSET else row.value for row in rows)


def _whole(text: str) -> int | float:
    """A whole number of JSON; Python refuses to convert one of thousands of digits, which sorts as endless."""
    return int(text) if len(text) < _LONGEST_DIGITS else float(text)


def _rank(value: Any) -> tuple[int, Any]:
    """Numbers before texts before anything else, so that mixed columns have an order at all."""
    if isinstance(value, int | float):
        return 0, value
    if isinstance(value, str):
        return 1, value
    return 2, _encode(value)
