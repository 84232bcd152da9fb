"""A caller's question, checked: filters (contract section 5.1) and options (5.2), from a JSON body or a query string.

Every fault is a RequestError 400 that names the field. Nothing of what a caller wrote goes on from here but checked
integers, dates and words that only the gateway itself compares.
"""

import json
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, replace
from typing import Any, Final

from gateway.errors import RequestError, bad_field
from gateway.filter import BackupFilter, Words
from gateway.question.values import (
    Form,
    Page,
    Require,
    read_backup_ids,
    read_day,
    read_deadline,
    read_direction,
    read_form,
    read_ids,
    read_name,
    read_names,
    read_page,
    read_page_number,
    read_page_size,
    read_require,
    read_seconds,
    read_statuses,
    read_type_words,
    read_whole,
    shown,
    unknown_key,
)

SYSTEM_KEY: Final = "system_id"


@dataclass(frozen=True, slots=True)
class BackupQuery:
    """Which systems, which rows, and how the answer is wanted. `system_ids` None means every visible system.

    `system_key` is the name under which the caller gave them: of several names an error says the one that was written.
    """

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
    system_key: str = SYSTEM_KEY

    @property
    def asks_nothing_else(self) -> bool:
        """Whether it is a cursor alone, perhaps with the size of its page and its form."""
        return self.content == _NOTHING

    @property
    def content(self) -> "BackupQuery":
        """What it asks for, whatever the page, the form and the name of a key."""
        return replace(self, page=None, cursor=None, form=None, system_key=SYSTEM_KEY)


def parse_body(body: bytes, pairs: Iterable[tuple[str, str]] = ()) -> BackupQuery:
    """A query out of a JSON object, where an empty body asks for everything, and the query string beside it.

    A key given in both is a key given twice.
    """
    values = read_json(body) if body.strip() else {}
    more = _gathered(pairs)
    for key in more:
        if key in values:
            raise bad_field(shown(key), "given twice, in the body and in the query string")
    return _checked(values | more)


def parse_query_string(pairs: Iterable[tuple[str, str]]) -> BackupQuery:
    """The same out of a query string alone: lists by repeating a key or with commas."""
    return _checked(_gathered(pairs))


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
            raise bad_field(shown(key), "given twice")
        found[key] = value
    return found


def _no_constant(name: str) -> float:
    raise RequestError(400, f"the body is no JSON: {name} is no number", field="body")


KEYS_WITH_LISTS: Final = frozenset(
    {"system_id", "sid", "type", "backup_ids", "status", "customer", "tag", "fields", "require"}
)


def _gathered(pairs: Iterable[tuple[str, str]]) -> dict[str, Any]:
    values: dict[str, Any] = {}
    for key, text in pairs:
        if key in KEYS_WITH_LISTS:
            values.setdefault(key, []).extend(text.split(","))
        elif key in values:
            raise bad_field(shown(key), "given twice")
        else:
            values[key] = text
    require = values.get("require")
    if require is not None and len(require) == 1:
        values["require"] = require[0]
    return values


def _checked(values: Mapping[str, Any]) -> BackupQuery:
    for key in values:
        if key not in KEYS:
            raise unknown_key(key, KEYS)
    if values.get("sid") is not None and values.get("system_id") is not None:
        raise bad_field("sid", "given twice: sid is another name of system_id")

    def read(key: str, reader: Callable[[str, Any], Any]) -> Any:
        value = values.get(key)
        return None if value is None else reader(key, value)

    wanted = _filter(read)
    system_key = "sid" if values.get("sid") is not None else SYSTEM_KEY
    return BackupQuery(
        system_ids=read(system_key, read_ids),
        customers=read("customer", read_names),
        tags=read("tag", read_names),
        filter=wanted,
        require="any" if values.get("require") is None else read_require("require", values["require"]),
        max_age_s=read("max_age", read_seconds),
        max_stale_s=read("max_stale", read_seconds),
        deadline_s=read("deadline", read_deadline),
        order_by=read("order_by", read_name),
        descending=read("order_direction", read_direction) or False,
        fields=read("fields", read_names),
        page=read_page(read("page_size", read_page_size), read("page_number", read_page_number), values.get("cursor")),
        cursor=read("cursor", read_name),
        form=read("format", read_form),
        system_key=system_key,
    )


def _filter(read: Callable[[str, Callable[[str, Any], Any]], Any]) -> BackupFilter:
    wanted = BackupFilter(
        client_id=read("client_id", read_whole),
        instance_id=read("instance_id", read_whole),
        words=Words(types=read("type", read_type_words), statuses=read("status", read_statuses)),
        start_time=read("start_time", read_whole),
        end_time=read("end_time", read_whole),
        start_day=read("start_day", read_day),
        end_day=read("end_day", read_day),
        finish_interval_start=read("finish_interval_start", read_whole),
        finish_interval_end=read("finish_interval_end", read_whole),
        start_hours=read("start_hours", read_whole),
        end_hours=read("end_hours", read_whole),
        backup_ids=read("backup_ids", read_backup_ids),
    )
    for first, last in _INTERVALS:
        low, high = getattr(wanted, first), getattr(wanted, last)
        if low is not None and high is not None and low > high:
            raise bad_field(first, f"lies after {last}")
    return wanted


_INTERVALS: Final = (
    ("start_time", "end_time"),
    ("start_day", "end_day"),
    ("finish_interval_start", "finish_interval_end"),
)

KEYS: Final = (
    *("system_id", "sid", "client_id", "instance_id", "type", "start_time", "end_time", "start_day", "end_day"),
    *("finish_interval_start", "finish_interval_end", "start_hours", "end_hours", "backup_ids"),
    *("status", "customer", "tag", "require", "max_age", "max_stale", "deadline"),
    *("order_by", "order_direction", "fields", "page_size", "page_number", "cursor", "format"),
)


_NOTHING: Final = _checked({})
