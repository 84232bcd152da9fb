"""A caller's question, checked: filters (contract section 5.1) and options (5.2), from a JSON body or a query string.

Every fault is a RequestError 400 that names the field. Nothing of what a caller wrote goes on from here but checked
integers, dates and words that only the gateway itself compares.
"""

import json
import re
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, replace
from datetime import date
from difflib import get_close_matches
from typing import Any, Final, Literal, get_args

from gateway.dates import parse_day
from gateway.errors import RequestError, bad_field
from gateway.filter import STATUSES, BackupFilter
from gateway.kinds import canonical_word

_DIGITS: Final = re.compile(r"[0-9]{1,19}", re.ASCII)
_DECIMAL: Final = re.compile(r"[0-9]{1,15}(\.[0-9]{1,9})?", re.ASCII)
_LARGEST: Final = 2**63 - 1
_MOST_BACKUP_IDS: Final = 1000
_MOST_WORDS: Final = 1000
_LONGEST_WORD: Final = 256
_LARGEST_PAGE: Final = 100_000

Form = Literal["json", "ndjson", "csv"]
Require = Literal["any", "all"] | int | frozenset[int]


@dataclass(frozen=True, slots=True)
class Page:
    """A piece of an answer; without a number the first page of a walk by cursor."""

    size: int
    number: int | None = None


@dataclass(frozen=True, slots=True)
class BackupQuery:
    """Which systems, which rows, and how the answer is wanted. `system_ids` None means every visible system."""

    system_ids: tuple[int, ...] | None
    customers: tuple[str, ...] | None
    tags: tuple[str, ...] | None
    filter: BackupFilter
    require: Require
    max_age_s: float | None
    max_stale_s: float | None
    deadline_s: float | None
    order_by: str | None
    descending: bool
    fields: tuple[str, ...] | None
    page: Page | None = None
    cursor: str | None = None
    form: Form | None = None

    @property
    def asks_nothing_else(self) -> bool:
        """Whether it is a cursor alone, perhaps with the size of its page and its form."""
        return self.content == _NOTHING

    @property
    def content(self) -> "BackupQuery":
        """What it asks for, whatever the page and the form."""
        return replace(self, page=None, cursor=None, form=None)


def parse_body(body: bytes) -> BackupQuery:
    """A query out of a JSON object; an empty body asks for everything."""
    return _checked(read_json(body) if body.strip() else {})


def parse_query_string(pairs: Iterable[tuple[str, str]]) -> BackupQuery:
    """The same out of a query string: lists by repeating a key or with commas."""
    return _checked(_gathered(pairs))


def parse_both(body: bytes, pairs: Iterable[tuple[str, str]]) -> BackupQuery:
    """A POST may carry both; a key given in both is a key given twice."""
    values = read_json(body) if body.strip() else {}
    more = _gathered(pairs)
    for key in more:
        if key in values:
            raise bad_field(_shown(key), "given twice, in the body and in the query string")
    return _checked(values | more)


def read_json(body: bytes) -> dict[str, Any]:
    """One JSON object (RFC 8259) without duplicate keys, NaN or endless numbers; RequestError 400 for all else."""
    try:
        value = json.loads(body.decode(), object_pairs_hook=_object, parse_constant=_no_constant)
    except RequestError:
        raise
    except (ValueError, RecursionError) as error:
        raise RequestError(400, f"the body is no JSON: {_json_reason(error)}", field="body") from None
    if not isinstance(value, dict):
        raise RequestError(400, "the body must be a JSON object", field="body")
    return value


def _json_reason(error: Exception) -> str:
    if isinstance(error, json.JSONDecodeError):
        return f"{error.msg} at line {error.lineno}, column {error.colno}"
    if isinstance(error, UnicodeDecodeError):
        return "it is not UTF-8"
    return "it is nested too deep" if isinstance(error, RecursionError) else "it holds a number that is none"


def _object(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found: dict[str, Any] = {}
    for key, value in pairs:
        if key in found:
            raise bad_field(_shown(key), "given twice")
        found[key] = value
    return found


def _no_constant(name: str) -> float:
    raise RequestError(400, f"the body is no JSON: {name} is no number", field="body")


_LISTS: Final = frozenset({"system_id", "sid", "type", "backup_ids", "status", "customer", "tag", "fields", "require"})


def _gathered(pairs: Iterable[tuple[str, str]]) -> dict[str, Any]:
    values: dict[str, Any] = {}
    for key, text in pairs:
        if key in _LISTS:
            values.setdefault(key, []).extend(text.split(","))
        elif key in values:
            raise bad_field(_shown(key), "given twice")
        else:
            values[key] = text
    require = values.get("require")
    if require is not None and len(require) == 1:
        values["require"] = require[0]
    return values


def _checked(values: Mapping[str, Any]) -> BackupQuery:
    for key in values:
        if key not in _KEYS:
            nearest = get_close_matches(_shown(key), _KEYS, n=1, cutoff=0)[0]
            raise bad_field(_shown(key), f"unknown key; the nearest known one is {nearest}")
    if values.get("sid") is not None and values.get("system_id") is not None:
        raise bad_field("sid", "given twice: sid is another name of system_id")

    def read(key: str, reader: Callable[[str, Any], Any]) -> Any:
        value = values.get(key)
        return None if value is None else reader(key, value)

    wanted = BackupFilter(
        client_id=read("client_id", _whole),
        instance_id=read("instance_id", _whole),
        types=read("type", _type_words),
        statuses=read("status", _statuses),
        start_time=read("start_time", _whole),
        end_time=read("end_time", _whole),
        start_day=read("start_day", _day),
        end_day=read("end_day", _day),
        finish_interval_start=read("finish_interval_start", _whole),
        finish_interval_end=read("finish_interval_end", _whole),
        start_hours=read("start_hours", _whole),
        end_hours=read("end_hours", _whole),
        backup_ids=read("backup_ids", _backup_ids),
    )
    for first, last in _INTERVALS:
        low, high = getattr(wanted, first), getattr(wanted, last)
        if low is not None and high is not None and low > high:
            raise bad_field(first, f"lies after {last}")
    return BackupQuery(
        system_ids=read("sid" if values.get("system_id") is None else "system_id", _ids),
        customers=read("customer", _names),
        tags=read("tag", _names),
        filter=wanted,
        require="any" if values.get("require") is None else _require("require", values["require"]),
        max_age_s=read("max_age", _seconds),
        max_stale_s=read("max_stale", _seconds),
        deadline_s=read("deadline", _deadline),
        order_by=read("order_by", _name),
        descending=read("order_direction", _direction) or False,
        fields=read("fields", _names),
        page=_page(read("page_size", _page_size), read("page_number", _page_number), values.get("cursor")),
        cursor=read("cursor", _name),
        form=read("format", _form),
    )


_INTERVALS: Final = (
    ("start_time", "end_time"),
    ("start_day", "end_day"),
    ("finish_interval_start", "finish_interval_end"),
)

_KEYS: Final = (
    *("system_id", "sid", "client_id", "instance_id", "type", "start_time", "end_time", "start_day", "end_day"),
    *("finish_interval_start", "finish_interval_end", "start_hours", "end_hours", "backup_ids"),
    *("status", "customer", "tag", "require", "max_age", "max_stale", "deadline"),
    *("order_by", "order_direction", "fields", "page_size", "page_number", "cursor", "format"),
)


def _shown(text: str) -> str:
    """A piece of what the caller wrote, safe to be said back and logged."""
    return "".join(char if char.isprintable() else "?" for char in text[:64])


def _whole(key: str, value: Any) -> int:
    if isinstance(value, str) and _DIGITS.fullmatch(value):
        value = int(value)
    if isinstance(value, bool) or not isinstance(value, int):
        raise bad_field(key, "must be a whole number")
    if value < 0:
        raise bad_field(key, "must not be negative")
    if value > _LARGEST:
        raise bad_field(key, "is too large")
    return value


def _many(key: str, value: Any, reader: Callable[[str, Any], Any], most: int) -> list[Any]:
    values = value if isinstance(value, list) else [value]
    if not values:
        raise bad_field(key, "must not be an empty list; leave it out to ask for all")
    if len(values) > most:
        raise bad_field(key, f"has {len(values)} entries, more than the allowed {most}")
    return list(dict.fromkeys(reader(key, each) for each in values))


def _ids(key: str, value: Any) -> tuple[int, ...]:
    return tuple(_many(key, value, _whole, 100_000))


def _backup_ids(key: str, value: Any) -> frozenset[int]:
    return frozenset(_many(key, value, _whole, _MOST_BACKUP_IDS))


def _name(key: str, value: Any) -> str:
    if not isinstance(value, str) or not value.strip():
        raise bad_field(key, "must be a text that is not empty")
    if len(value) > _LONGEST_WORD:
        raise bad_field(key, f"is longer than {_LONGEST_WORD} characters")
    if not value.isprintable():
        raise bad_field(key, "holds characters that cannot be printed")
    return value


def _names(key: str, value: Any) -> tuple[str, ...]:
    return tuple(_many(key, value, _name, _MOST_WORDS))


def _type_words(key: str, value: Any) -> frozenset[str]:
    return frozenset(canonical_word(word) for word in _many(key, value, _name, _MOST_WORDS))


_STATUS_BY_WORD: Final = {status.casefold(): status for status in STATUSES}


def _statuses(key: str, value: Any) -> frozenset[str]:
    words = _many(key, value, _name, _MOST_WORDS)
    unknown = [word for word in words if word.casefold() not in _STATUS_BY_WORD]
    if unknown:
        raise bad_field(key, f"{_shown(unknown[0])} is no status; they are {', '.join(STATUSES)}")
    return frozenset(_STATUS_BY_WORD[word.casefold()] for word in words)


def _day(key: str, value: Any) -> date:
    day = parse_day(value) if isinstance(value, str) else None
    if day is None:
        raise bad_field(key, "must be a date in the form mm/dd/yyyy")
    return day


def _seconds(key: str, value: Any) -> float:
    if isinstance(value, str) and _DECIMAL.fullmatch(value):
        value = float(value)
    if isinstance(value, bool) or not isinstance(value, int | float) or not 0 <= value <= _LARGEST:
        raise bad_field(key, "must be a number of seconds, 0 or more")
    return float(value)


def _deadline(key: str, value: Any) -> float:
    seconds = _seconds(key, value)
    if not seconds:
        raise bad_field(key, "must be more than 0 seconds")
    return seconds


def _direction(key: str, value: Any) -> bool:
    if not isinstance(value, str) or value.lower() not in ("asc", "desc"):
        raise bad_field(key, "must be asc or desc")
    return value.lower() == "desc"


def _page_size(key: str, value: Any) -> int:
    size = _whole(key, value)
    if not 0 < size <= _LARGEST_PAGE:
        raise bad_field(key, f"must be between 1 and {_LARGEST_PAGE}")
    return size


def _page_number(key: str, value: Any) -> int:
    number = _whole(key, value)
    if not number:
        raise bad_field(key, "counts from 1")
    return number


def _page(size: int | None, number: int | None, cursor: Any) -> Page | None:
    if number is not None and cursor is not None:
        raise bad_field("page_number", "does not go with a cursor")
    if number is not None and size is None:
        raise bad_field("page_number", "needs a page_size")
    return None if size is None else Page(size, number)


def _form(key: str, value: Any) -> Form:
    forms: tuple[Form, ...] = get_args(Form)
    for form in forms:
        if isinstance(value, str) and value.lower() == form:
            return form
    raise bad_field(key, f"must be one of {', '.join(forms)}")


def _require(key: str, value: Any) -> Require:
    if isinstance(value, list):
        return frozenset(_ids(key, value))
    if isinstance(value, str) and value.lower() in ("any", "all"):
        return "any" if value.lower() == "any" else "all"
    try:
        return _whole(key, value)
    except RequestError:
        raise bad_field(key, "must be any, all, a whole number or a list of system ids") from None


_NOTHING: Final = _checked({})
