"""The value of each key of a question: read by one function for each kind, RequestError 400 for what is none."""

import re
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from datetime import date
from difflib import get_close_matches
from typing import Any, Final, Literal, get_args

from gateway.dates import parse_day
from gateway.dialects.kinds import canonical_word
from gateway.errors import RequestError, bad_field
from gateway.filter import STATUSES

_DIGITS: Final = re.compile(r"[0-9]{1,19}", re.ASCII)
_DECIMAL: Final = re.compile(r"[0-9]{1,15}(\.[0-9]{1,30})?", re.ASCII)
_LARGEST: Final = 2**63 - 1
_MOST_BACKUP_IDS: Final = 1000
_MOST_WORDS: Final = 1000
_MOST_ENTRIES: Final = 100_000
"""Before equal ones are folded."""
_LONGEST_WORD: Final = 256
_LARGEST_PAGE: Final = 100_000

Form = Literal["json", "ndjson", "csv"]
Require = Literal["any", "all"] | int | frozenset[int]


@dataclass(frozen=True, slots=True)
class Page:
    """A piece of an answer; without a number the first page of a walk by cursor."""

    size: int
    number: int | None = None


def shown(text: str) -> str:
    """A piece of what the caller wrote, safe to be said back and logged."""
    return "".join(char if char.isprintable() else "?" for char in text[:64])


def unknown_key(key: str, known: Iterable[str]) -> RequestError:
    """A 400 for a key that nobody knows, with the nearest one that somebody does."""
    nearest = get_close_matches(shown(key), known, n=1, cutoff=0)[0]
    return bad_field(shown(key), f"unknown key; the nearest known one is {nearest}")


def read_whole(key: str, value: Any) -> int:
    """A whole number from 0 to 2**63 - 1, as a number or as digits."""
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
    if len(values) > _MOST_ENTRIES:
        raise bad_field(key, f"has {len(values)} entries, more than can be read")
    found = list(dict.fromkeys(reader(key, each) for each in values))
    if len(found) > most:
        raise bad_field(key, f"has {len(found)} entries, more than the allowed {most}")
    return found


def read_ids(key: str, value: Any) -> tuple[int, ...]:
    """One id or a list of them, each once, in the order in which they were given."""
    return tuple(_many(key, value, read_whole, _MOST_ENTRIES))


def read_backup_ids(key: str, value: Any) -> frozenset[int]:
    """The same, 1,000 at most."""
    return frozenset(_many(key, value, read_whole, _MOST_BACKUP_IDS))


def read_name(key: str, value: Any) -> str:
    """A printable text that is not empty, of 256 characters at most, as it was written."""
    if not isinstance(value, str) or not value.strip():
        raise bad_field(key, "must be a text that is not empty")
    if len(value) > _LONGEST_WORD:
        raise bad_field(key, f"is longer than {_LONGEST_WORD} characters")
    if not value.isprintable():
        raise bad_field(key, "holds characters that cannot be printed")
    return value


def read_names(key: str, value: Any) -> tuple[str, ...]:
    """One such text or a list of them, each once."""
    return tuple(_many(key, value, read_name, _MOST_WORDS))


def read_type_words(key: str, value: Any) -> frozenset[str]:
    """Types in the one spelling of those that name the same rows; a word that no appliance knows stays."""
    return frozenset(canonical_word(word) for word in _many(key, value, read_name, _MOST_WORDS))


_STATUS_BY_WORD: Final = {status.casefold(): status for status in STATUSES}


def read_statuses(key: str, value: Any) -> frozenset[str]:
    """Statuses in the seed's spelling, whatever the case in which they were given."""
    words = _many(key, value, read_name, _MOST_WORDS)
    unknown = [word for word in words if word.casefold() not in _STATUS_BY_WORD]
    if unknown:
        raise bad_field(key, f"{shown(unknown[0])} is no status; they are {', '.join(STATUSES)}")
    return frozenset(_STATUS_BY_WORD[word.casefold()] for word in words)


def read_day(key: str, value: Any) -> date:
    """A day as mm/dd/yyyy, of whichever appliance is asked."""
    day = parse_day(value) if isinstance(value, str) else None
    if day is None:
        raise bad_field(key, "must be a date in the form mm/dd/yyyy")
    return day


def read_seconds(key: str, value: Any) -> float:
    """Seconds, fractions included, 0 or more."""
    if isinstance(value, str) and _DECIMAL.fullmatch(value):
        value = float(value)
    if isinstance(value, bool) or not isinstance(value, int | float) or not 0 <= value <= _LARGEST:
        raise bad_field(key, "must be a number of seconds, 0 or more")
    return float(value)


def read_deadline(key: str, value: Any) -> float:
    """Seconds, more than 0."""
    seconds = read_seconds(key, value)
    if not seconds:
        raise bad_field(key, "must be more than 0 seconds")
    return seconds


def read_direction(key: str, value: Any) -> bool:
    """Whether `order_direction` is descending."""
    if not isinstance(value, str) or value.lower() not in ("asc", "desc"):
        raise bad_field(key, "must be asc or desc")
    return value.lower() == "desc"


def read_page_size(key: str, value: Any) -> int:
    """Rows of a page: 1 to 100,000."""
    size = read_whole(key, value)
    if not 0 < size <= _LARGEST_PAGE:
        raise bad_field(key, f"must be between 1 and {_LARGEST_PAGE}")
    return size


def read_page_number(key: str, value: Any) -> int:
    """The number of a page, counted from 1."""
    number = read_whole(key, value)
    if not number:
        raise bad_field(key, "counts from 1")
    return number


def read_page(size: int | None, number: int | None, cursor: Any) -> Page | None:
    """A page of `size` rows; None without one: then there is no page, or a cursor says how large it is."""
    if number is not None and cursor is not None:
        raise bad_field("page_number", "does not go with a cursor")
    if number is not None and size is None:
        raise bad_field("page_number", "needs a page_size")
    return None if size is None else Page(size, number)


def read_form(key: str, value: Any) -> Form:
    """The form of the answer, in any case."""
    forms: tuple[Form, ...] = get_args(Form)
    for form in forms:
        if isinstance(value, str) and value.lower() == form:
            return form
    raise bad_field(key, f"must be one of {', '.join(forms)}")


def read_require(key: str, value: Any) -> Require:
    """`any`, `all`, how many, or which systems (contract section 5.2)."""
    if isinstance(value, list):
        return frozenset(read_ids(key, value))
    if isinstance(value, str) and value.lower() in ("any", "all"):
        return "any" if value.lower() == "any" else "all"
    try:
        return read_whole(key, value)
    except RequestError:
        raise bad_field(key, "must be any, all, a whole number or a list of system ids") from None
