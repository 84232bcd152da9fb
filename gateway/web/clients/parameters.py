"""The query strings of clients that exist already: each key read by one function, anything else a 400 that names it."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import replace
from typing import Any, Final

from gateway.errors import bad_field
from gateway.filter import BackupFilter
from gateway.question.query import BackupQuery, parse_query_string
from gateway.question.values import read_whole, unknown_key

Reader = Callable[[str, str], Any]

DEFAULT_LIMIT: Final = 50
LARGEST_LIMIT: Final = 500
"""Sizes of a page as node-unitrends has them."""

_WITHOUT_MEANING: Final = frozenset({"showFlat", "lang"})
"""Keys that the toolkit sends and that change only how an answer is written."""
_EVERYTHING: Final = parse_query_string(())


def read_limit(key: str, text: str) -> int:
    """1 to LARGEST_LIMIT."""
    limit = read_whole(key, text)
    if not 0 < limit <= LARGEST_LIMIT:
        raise bad_field(key, f"must be between 1 and {LARGEST_LIMIT}")
    return limit


PAGE: Final[Mapping[str, Reader]] = {"limit": read_limit, "offset": read_whole}


def read_parameters(pairs: Iterable[tuple[str, str]], readers: Mapping[str, Reader]) -> dict[str, Any]:
    """The values by key; a key without a text is the same as none. RequestError 400 names the key at fault."""
    values: dict[str, Any] = {}
    for key, text in pairs:
        if key in _WITHOUT_MEANING:
            continue
        if key not in readers:
            raise unknown_key(key, readers)
        if key in values:
            raise bad_field(key, "given twice")
        values[key] = readers[key](key, text) if text else None
    return {key: value for key, value in values.items() if value is not None}


def page_of(
    found: Sequence[Any], shown: Callable[[Sequence[Any]], list[dict[str, Any]]], values: Mapping[str, Any]
) -> dict[str, Any]:
    """`limit` of what was found from `offset` on; past the end the page is empty, which ends a walk."""
    limit, offset = values.get("limit", DEFAULT_LIMIT), values.get("offset", 0)
    return {"items": shown(found[offset : offset + limit]), "total": len(found), "limit": limit, "offset": offset}


def question(values: Mapping[str, Any], system_key: str, wanted: BackupFilter) -> BackupQuery:
    """The question that the merged lists are asked: the system under that key or all, every option as by default."""
    system_id = values.get(system_key)
    return replace(
        _EVERYTHING, system_ids=None if system_id is None else (system_id,), system_key=system_key, filter=wanted
    )
