"""What may be asked of a report: systems, window, age; a query string in, RequestError 400 for each fault."""

from collections.abc import Iterable
from dataclasses import dataclass, replace
from typing import Any, Final

from gateway.dates import DAY_HOURS
from gateway.errors import bad_field
from gateway.filter import BackupFilter
from gateway.question.query import BackupQuery, parse_query_string
from gateway.question.values import read_whole, unknown_key
from gateway.reports.verdict import STATES, AssetState

_MOST_LISTED: Final = 10_000
_LISTED: Final = 50

_OF_BACKUPS: Final = ("system_id", "sid", "customer", "tag", "max_age", "max_stale", "deadline")
_OWN: Final = ("hours", "limit", "no_success_hours", "state")


@dataclass(frozen=True, slots=True)
class ReportQuery:
    """`backups` is the question behind the report; `hours` its window, `limit` how many assets the summary names.

    `no_success_hours`: how old a good backup may be for this caller; None is as each system's configuration says.
    """

    backups: BackupQuery
    hours: int
    limit: int
    no_success_hours: int | None
    states: frozenset[AssetState]


def parse_report(pairs: Iterable[tuple[str, str]], history_days: int, *, has_form: bool = False) -> ReportQuery:
    """The question for `history_days` of rows. `has_form`: whether `format` may be given."""
    known = (*_OF_BACKUPS, *_OWN, *(("format",) if has_form else ()))
    own: dict[str, str] = {}
    passed: list[tuple[str, str]] = []
    for key, text in pairs:
        if key not in known:
            raise unknown_key(key, known)
        if key not in _OWN:
            passed.append((key, text))
        elif key == "state":
            own[key] = f"{own[key]},{text}" if key in own else text
        elif key in own:
            raise bad_field(key, "given twice")
        else:
            own[key] = text
    query = replace(parse_query_string(passed), filter=BackupFilter(start_hours=history_days * DAY_HOURS))
    return ReportQuery(
        query,
        _between("hours", own.get("hours"), DAY_HOURS, 1, history_days * DAY_HOURS),
        _between("limit", own.get("limit"), _LISTED, 0, _MOST_LISTED),
        _between("no_success_hours", own["no_success_hours"], DAY_HOURS, 1, history_days * DAY_HOURS)
        if "no_success_hours" in own
        else None,
        frozenset(_states(own["state"])) if "state" in own else frozenset(STATES),
    )


def _between(key: str, text: str | None, default: int, least: int, most: int) -> int:
    value = default if text is None else read_whole(key, text)
    if not least <= value <= most:
        raise bad_field(key, f"must be between {least} and {most}")
    return value


def _states(text: str) -> Iterable[AssetState]:
    known: dict[str, Any] = {state: state for state in STATES}
    for word in text.split(","):
        if word.strip().lower() not in known:
            raise bad_field("state", f"must be some of {', '.join(STATES)}")
        yield known[word.strip().lower()]
