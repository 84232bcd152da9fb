"""What is asked of reports and what they say, as JSON Schema, for document.py."""

from typing import Any, Final, get_args

from gateway.dialects.kinds import Family
from gateway.dialects.row_words import Replication, Verification
from gateway.errors import ErrorKind
from gateway.model import State
from gateway.reports.history import OUTCOMES
from gateway.reports.verdict import STATES
from gateway.web.forms import MEDIA
from gateway.web.openapi.answers import ref
from gateway.web.openapi.operations import ANY_CREDENTIAL, Document, as_json, operation

Schema = dict[str, Any]

_COUNT: Final[Schema] = {"type": "integer", "minimum": 0}
_TEXT: Final[Schema] = {"type": "string"}
_TEXT_OR_NULL: Final[Schema] = {"type": ["string", "null"]}
_NUMBER_OR_NULL: Final[Schema] = {"type": ["number", "null"]}
_TIME_OR_NULL: Final[Schema] = {"type": ["string", "null"], "format": "date-time"}


def report_paths() -> Document:
    """The routes of reports."""
    told = {200: as_json("Counts, and the worst of it; a 200 whatever the systems do", ref("Summary"))}
    summary = operation("summary", "gateway", "What became of the backups, small and flat", ANY_CREDENTIAL, told)
    summary["parameters"] = _parameters()
    rows = {200: as_json("Every asset of the asked systems, worst first in each", ref("Assets"))}
    rows[200]["content"] = {media: {"schema": _TEXT} for media in MEDIA.values()} | rows[200]["content"]
    assets = operation("assets", "gateway", "What became of each asset", ANY_CREDENTIAL, rows)
    assets["parameters"] = _parameters(has_form=True)
    return {"/gateway/summary": {"get": summary}, "/gateway/assets": {"get": assets}}


def _parameters(*, has_form: bool = False) -> list[Schema]:
    """The keys of a report's query string."""
    seconds = {"type": "string", "pattern": r"^[0-9]{1,9}(\.[0-9]{1,30})?$"}
    hours = {"type": "integer", "minimum": 1, "maximum": 366 * 24}
    texts: list[tuple[str, str, Schema]] = [
        ("hours", "The window of the counts; 24 by default, and never more than `report.history_days`.", hours),
        ("limit", "How many assets the summary names.", {"type": "integer", "minimum": 0, "maximum": 10_000}),
        ("no_success_hours", "How old a good backup may be; else each system's own threshold counts.", hours),
        (
            "state",
            "Only assets in these states are named; counts stay whole.",
            _list_of({"type": "string", "enum": list(STATES)}),
        ),
        ("system_id", "Only these systems.", _list_of({"type": "integer", "minimum": 0, "maximum": 2**63 - 1})),
        ("customer", "Only systems of these customers.", _list_of(_TEXT)),
        ("tag", "Only systems with these tags.", _list_of(_TEXT)),
        ("max_age", "Seconds; older lists are fetched anew.", seconds),
        ("max_stale", "Seconds; how old a stand-in may be.", seconds),
        ("deadline", "Seconds for the whole answer.", seconds),
    ]
    if has_form:
        texts.append(("format", "The form of the answer.", {"type": "string", "enum": list(MEDIA)}))
    return [
        {"name": name, "in": "query", "required": False, "description": text, "schema": schema}
        for name, text, schema in texts
    ]


def report_schemas() -> dict[str, Schema]:
    """What the routes of reports answer."""
    return {"Summary": _summary(), "Asset": _asset(), "Assets": _assets()}


def _summary() -> Schema:
    return _object(
        {
            "ok": {
                "type": "boolean",
                "description": "some system is seen, all answered, nothing failing, nothing without a good backup",
            },
            "generated_at": {"type": "string", "format": "date-time"},
            "window_hours": _COUNT,
            "complete": {"type": "boolean"},
            "backups": _object(dict.fromkeys(OUTCOMES, _COUNT) | {"total": _COUNT, "good_percent": _NUMBER_OR_NULL}),
            "systems": _object(
                dict.fromkeys(("total", "ok", "stale", "missing", "unreachable"), _COUNT)
                | {"oldest_age_seconds": _NUMBER_OR_NULL}
            ),
            "assets": _object(
                dict.fromkeys(
                    (
                        *("total", "good", "no_success", "no_success_24h", "late", "never", "failing", "critical"),
                        *("not_replicated", "not_verified", "on_hold"),
                    ),
                    _COUNT,
                )
            ),
            "shield": _object(dict.fromkeys(("calls", "calls_saved", "rows_fetched", "logins"), _COUNT)),
            "not_answering": {"type": "array", "items": _not_answering()},
            "attention": {"type": "array", "items": _object(_asset_of_attention())},
        }
    )


def _not_answering() -> Schema:
    return _object(
        {
            "system_id": _COUNT,
            "system_name": _TEXT,
            "customer": _TEXT_OR_NULL,
            "state": {"type": "string", "enum": list(get_args(State))},
            "error": {"enum": [*get_args(ErrorKind), None]},
            "message": _TEXT_OR_NULL,
            "age_seconds": _NUMBER_OR_NULL,
            "last_success": _TIME_OR_NULL,
            "retry_at": _TIME_OR_NULL,
        }
    )


def _assets() -> Schema:
    return _object(
        {
            "assets": {"type": "array", "items": {"$ref": "#/components/schemas/Asset"}},
            "systems": {"type": "array", "items": {"$ref": "#/components/schemas/SystemAnswer"}},
            "complete": {"type": "boolean"},
            "total": _COUNT,
        }
    )


def _asset() -> Schema:
    strip = "a letter a day up to today: g good, w warning, f failed, n no result, r running, . none"
    more: dict[str, Schema] = {
        "on_hold": _COUNT,
        "size_mb": _NUMBER_OR_NULL,
        "backups": _COUNT,
        "days": {"type": "string", "description": strip},
    }
    return _object(_asset_of_attention() | more)


def _asset_of_attention() -> dict[str, Schema]:
    return {
        "system_id": _COUNT,
        "system_name": _TEXT,
        "customer": _TEXT_OR_NULL,
        "asset": _TEXT,
        "client_name": _TEXT,
        "application": {"type": "string", "enum": list(get_args(Family))},
        "client_id": {"description": "as the appliance says it"},
        "instance_id": {"description": "as the appliance says it; null for file-level backups of some releases"},
        "state": {"type": "string", "enum": list(STATES)},
        "critical": {"type": "boolean"},
        "last_good": _TIME_OR_NULL,
        "last_good_age_hours": _NUMBER_OR_NULL,
        "threshold_hours": {"type": "number"},
        "last_start": _TIME_OR_NULL,
        "last_outcome": {"type": "string", "enum": list(OUTCOMES)},
        "failures": _COUNT,
        "last_error": _TEXT_OR_NULL,
        "last_error_at": _TIME_OR_NULL,
        "replication": {"type": "string", "enum": list(get_args(Replication))},
        "not_replicated": {"type": "boolean", "description": "failed, or a copy is waited for too long"},
        "verification": {"type": "string", "enum": list(get_args(Verification))},
    }


def _list_of(item: Schema) -> Schema:
    return {"type": "array", "items": item}


def _object(properties: dict[str, Schema]) -> Schema:
    return {"type": "object", "properties": properties, "required": list(properties)}
