"""What comes out, as JSON Schema (contract sections 4 and 5): the answers that document.py refers to by name."""

from typing import Any, Final, get_args

from gateway.errors import ErrorKind
from gateway.filter import STATUSES
from gateway.model import Source, State

Schema = dict[str, Any]

_WHOLE: Final[Schema] = {"type": "integer", "minimum": 0, "maximum": 2**63 - 1}
_STATUS: Final[Schema] = {"type": "string", "enum": list(STATUSES)}


def answer_schemas() -> dict[str, Schema]:
    """Everything that an answer may be, by the name under which document.py refers to it."""
    return {
        "Error": _error(),
        "Backups": _backups(),
        "Shortfall": {"allOf": [ref("Backups"), ref("Error")]},
        "Row": _row(),
        "SystemAnswer": _system_answer(),
        "Session": _session(),
        "Done": _object({"result": _results()}),
        "Appliances": _object({"appliance": {"type": "array", "items": _appliance()}}),
        "GatewaySystems": _object({"systems": {"type": "array", "items": _gateway_system()}}),
        "Health": _object({"status": {"const": "ok"}}),
        "Readiness": _readiness(),
    }


def ref(name: str) -> Schema:
    """A reference to one of the answers."""
    return {"$ref": f"#/components/schemas/{name}"}


def _results() -> Schema:
    item = _object({"code": {"type": "string"}, "message": {"type": "string"}})
    return {"type": "array", "items": item, "minItems": 1}


def _error() -> Schema:
    """`result` as on an appliance, the rest by RFC 9457."""
    shape = _object(
        {
            "result": _results(),
            "type": {"type": "string"},
            "title": {"type": "string"},
            "status": {"type": "integer", "minimum": 400, "maximum": 599},
            "detail": {"type": "string"},
        }
    )
    shape["properties"]["field"] = {"type": "string", "description": "the offending key or header"}
    return shape


def _backups() -> Schema:
    shape = _object(
        {
            "backups": {"type": "array", "items": ref("Row")},
            "systems": {"type": "array", "items": ref("SystemAnswer")},
            "complete": {"type": "boolean", "description": "every asked system is ok"},
            "total": _WHOLE,
        }
    )
    shape["properties"]["window"] = _object({"start_epoch": {"type": "integer"}})
    return shape


def _row() -> Schema:
    epoch = {"type": ["integer", "null"], "description": "epoch seconds, UTC; null where it cannot be known"}
    stamped = {"system_id": _WHOLE, "system_name": {"type": "string"}, "start_epoch": epoch, "finish_epoch": epoch}
    return {
        "type": "object",
        "description": "Four stamped keys, then the appliance's own. With `fields`, those and system_id alone.",
        "properties": stamped,
        "required": ["system_id"],
        "additionalProperties": True,
    }


def _system_answer() -> Schema:
    error = _object(
        {
            "kind": {"type": "string", "enum": list(get_args(ErrorKind))},
            "message": {"type": "string"},
            "retry_at": _time_or_null(),
        }
    )
    return _object(
        {
            "system_id": _WHOLE,
            "system_name": {"type": "string"},
            "state": {"type": "string", "enum": list(get_args(State))},
            "rows": _WHOLE,
            "age_seconds": {"type": ["number", "null"]},
            "source": {"enum": [*get_args(Source), None]},
            "took_ms": {"type": "number"},
            "last_success": _time_or_null(),
            "error": {"anyOf": [error, {"type": "null"}]},
            "warnings": {"type": "array", "items": {"type": "string"}},
        }
    )


def _session() -> Schema:
    token = {"type": "string", "description": "send it as AuthToken, or as Authorization: Bearer"}
    return _object(
        {
            "auth_token": token,
            "token": token,
            "timeout": {"type": "integer", "description": "seconds for which it lives unused"},
            "expires": {"type": "integer", "description": "epoch second"},
            "id": {"type": "integer"},
            "superuser": {"type": "boolean"},
        }
    )


def _appliance() -> Schema:
    """As appliances document it; this gateway fills more keys than are told here."""
    return _object(
        {
            "id": _WHOLE,
            "name": {"type": "string"},
            "host": {"type": "string"},
            "role": {"type": "string"},
            "status": {"type": "string", "enum": ["available", "not available"]},
            "online": {"enum": [True, False, "n/a"]},
            "is_pending": {"type": "boolean"},
            "local": {"type": "boolean"},
            "version": {"type": "string"},
            "customer_name": {"type": ["string", "boolean"]},
        }
    )


def _gateway_system() -> Schema:
    count: Schema = {"type": "integer", "minimum": 0}
    milliseconds: Schema = {"type": ["number", "null"]}
    ceiling = {"calls_per_minute": count, "concurrency": count, "free_in_seconds": {"type": "number"}}
    return _object(
        {
            "system_id": _WHOLE,
            "system_name": {"type": "string"},
            "state": {"type": "string", "enum": [*get_args(State), "unknown"]},
            "error": {"enum": [*get_args(ErrorKind), None]},
            "last_success": _time_or_null(),
            "age_seconds": {"type": ["number", "null"]},
            "ceiling": _object(ceiling),
            "breaker": {"type": "string", "enum": ["closed", "half_open", "open", "locked"]},
            "retry_at": _time_or_null(),
            "latency_p50_ms": milliseconds,
            "latency_p95_ms": milliseconds,
            "answers": {"type": "object", "additionalProperties": count},
            **dict.fromkeys(("rows_held", "lists_held", "calls_last_minute", "logins_last_minute"), count),
            **dict.fromkeys(("calls", "logins", "calls_saved"), count),
        }
    )


def _readiness() -> Schema:
    counts = dict.fromkeys(("total", "answering", "failing", "not_asked_yet"), _WHOLE)
    return _object({"status": {"type": "string", "enum": ["ready", "draining"]}, "systems": _object(counts)})


def _object(properties: dict[str, Schema]) -> Schema:
    """An object that has all of these keys, and may have more."""
    return {"type": "object", "properties": properties, "required": list(properties)}


def _time_or_null() -> Schema:
    return {"type": ["string", "null"], "format": "date-time"}
