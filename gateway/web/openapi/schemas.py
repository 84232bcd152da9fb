"""The words of document.py: what goes in and what comes out, as JSON Schema (contract sections 4 and 5)."""

from typing import Any, Final, NamedTuple, get_args

from gateway.filter import STATUSES
from gateway.question.values import Form

Schema = dict[str, Any]

_LARGEST: Final = 2**63 - 1
_WHOLE: Final[Schema] = {"type": "integer", "minimum": 0, "maximum": _LARGEST}
_DIGITS: Final[Schema] = {"type": "string", "pattern": "^[0-9]{1,19}$"}
_WORD: Final[Schema] = {"type": "string", "minLength": 1, "maxLength": 256}
_STATUS: Final[Schema] = {"type": "string", "enum": list(STATUSES)}
_DAY: Final[Schema] = {
    "type": "string",
    "pattern": "^[0-9]{2}/[0-9]{2}/[0-9]{4}$",
    "description": "mm/dd/yyyy, a day of the appliance's own zone",
    "examples": ["06/30/2026"],
}
_SECONDS: Final[Schema] = {"type": "number", "minimum": 0, "maximum": _LARGEST}
_SOME_SECONDS: Final[Schema] = {"type": "number", "exclusiveMinimum": 0, "maximum": _LARGEST}
_SOME: Final[Schema] = {"type": "integer", "minimum": 1, "maximum": 100_000}
_FORM: Final[Schema] = {"type": "string", "enum": list(get_args(Form))}
_DIRECTION: Final[Schema] = {"type": "string", "enum": ["asc", "desc"]}

_MOST_BACKUP_IDS: Final = 1000
_MOST_WORDS: Final = 1000
_MOST_SYSTEM_IDS: Final = 100_000

TEXTS: Final[dict[str, str]] = {
    "system_id": "One system or several; absent: every system that the caller may see.",
    "sid": "Another name of system_id.",
    "client_id": "Only backups of this client of the appliance.",
    "instance_id": "Only backups of this instance of the appliance.",
    "type": "Display types or core names, in any case; a word that no appliance knows matches nothing.",
    "start_time": "Started at this epoch second or later.",
    "end_time": "Started at this epoch second or earlier.",
    "start_day": "Started on this day or later.",
    "end_day": "Started on this day, to its end, or earlier.",
    "finish_interval_start": "Finished at this epoch second or later.",
    "finish_interval_end": "Finished at this epoch second or earlier.",
    "start_hours": "Started at most so many hours ago.",
    "end_hours": "Started at least so many hours ago.",
    "backup_ids": "Only these backups.",
    "status": "Only rows with this status, in any case.",
    "customer": "Only systems of these customers.",
    "tag": "Only systems with these tags.",
    "require": "What must be ok or stale for a 200: any, all, a number of systems, or these systems.",
    "max_age": "Seconds; older lists are fetched anew. 0 always asks the appliance for the whole list.",
    "max_stale": "Seconds; how old a stand-in may be.",
    "deadline": "Seconds for the whole answer; never more than the configured ones.",
    "order_by": "A field of the rows; booleans count as 0 and 1. Rows without it come last. Not with ndjson.",
    "order_direction": "Ascending unless said otherwise.",
    "fields": "The fields of the rows to keep; system_id always stays.",
    "page_size": "Rows of a page; alone it starts a walk by cursor. Not with ndjson.",
    "page_number": "Which page, counted from 1; with page_size.",
    "cursor": "The next page of a frozen answer: next_cursor of the page before; needs nothing else. Not with ndjson.",
    "format": "The form of the answer; else Accept decides. ndjson with order_by, page_size or cursor is a 400.",
}
"""What each key of the backups query means, for people."""


def body_schema() -> Schema:
    """The body of POST /api/backups. Null is the same as absent; numbers may be sent as digits."""
    described = {
        key: {**_either(_SHAPES[key].body, {"type": "null"}), "description": text} for key, text in TEXTS.items()
    }
    return {"type": "object", "properties": described, "additionalProperties": False}


def query_parameters() -> list[Schema]:
    """The same keys in the query string of GET /api/backups; lists by repeating a key or with commas."""
    return [
        {"name": key, "in": "query", "required": False, "description": text, "schema": _SHAPES[key].query}
        for key, text in TEXTS.items()
    ]


def credentials_schema() -> Schema:
    """The body of POST /api/login; other keys change nothing."""
    text = {"type": "string", "minLength": 1, "maxLength": 1024}
    return {
        "type": "object",
        "properties": {"username": text, "password": text | {"format": "password"}},
        "required": ["username", "password"],
    }


def _many(item: Schema, most: int) -> Schema:
    return {"type": "array", "items": item, "minItems": 1, "maxItems": most}


def _one_or_many(item: Schema, most: int) -> Schema:
    return _either(item, _many(item, most))


def _either(*schemas: Schema) -> Schema:
    return {"anyOf": list(schemas)}


def _decimal() -> Schema:
    return {"type": "string", "pattern": r"^[0-9]{1,15}(\.[0-9]{1,30})?$"}


class _Shape(NamedTuple):
    """What a value may be in a body, and in a query string."""

    body: Schema
    query: Schema


def _same(value: Schema) -> _Shape:
    return _Shape(value, value)


def _number(value: Schema, written: Schema) -> _Shape:
    return _Shape(_either(value, written), value)


def _list(item: _Shape, most: int) -> _Shape:
    return _Shape(_one_or_many(item.body, most), _many(item.query, most))


_NUMBER: Final = _number(_WHOLE, _DIGITS)
_ANY_OR_ALL: Final[Schema] = {"type": "string", "enum": ["any", "all"]}
_SHAPES: Final[dict[str, _Shape]] = {
    **dict.fromkeys(("system_id", "sid"), _list(_NUMBER, _MOST_SYSTEM_IDS)),
    **dict.fromkeys(("client_id", "instance_id", "start_time", "end_time"), _NUMBER),
    **dict.fromkeys(("finish_interval_start", "finish_interval_end", "start_hours", "end_hours"), _NUMBER),
    **dict.fromkeys(("start_day", "end_day"), _same(_DAY)),
    **dict.fromkeys(("type", "customer", "tag", "fields"), _list(_same(_WORD), _MOST_WORDS)),
    "backup_ids": _list(_NUMBER, _MOST_BACKUP_IDS),
    "status": _list(_same(_STATUS), _MOST_WORDS),
    "require": _Shape(
        _either(_ANY_OR_ALL, _WHOLE, _DIGITS, _many(_NUMBER.body, _MOST_SYSTEM_IDS)),
        _many(_either(_ANY_OR_ALL, _WHOLE), _MOST_SYSTEM_IDS),
    ),
    **dict.fromkeys(("max_age", "max_stale"), _number(_SECONDS, _decimal())),
    "deadline": _number(_SOME_SECONDS, _decimal()),
    "order_by": _same(_WORD),
    "order_direction": _same(_DIRECTION),
    **dict.fromkeys(("page_size", "page_number"), _number(_SOME, _DIGITS)),
    "cursor": _same(_WORD),
    "format": _same(_FORM),
}
