"""The routes for clients that exist already, in the words of OpenAPI (contract section 4.1)."""

from typing import Any, Final

from gateway.web.clients.catalog import PARAMETERS as CATALOG
from gateway.web.clients.jobs import HISTORY, RECOVERY_POINTS, SUCCESS_RATE
from gateway.web.clients.parameters import DEFAULT_LIMIT, LARGEST_LIMIT, PAGE
from gateway.web.openapi.answers import ref
from gateway.web.openapi.operations import (
    ANY_CREDENTIAL,
    Document,
    as_json,
    operation,
    retry_after,
    unified_headers,
)

Schema = dict[str, Any]

_WHOLE: Final[Schema] = {"type": "integer", "minimum": 0, "maximum": 2**63 - 1}
_DAY: Final[Schema] = {"type": "string", "pattern": "^[0-9]{2}/[0-9]{2}/[0-9]{4}$", "examples": ["06/30/2026"]}
_SOME: Final[Schema] = {"type": "integer", "minimum": 1, "maximum": LARGEST_LIMIT, "default": DEFAULT_LIMIT}
_TEXT: Final[Schema] = {"type": "string"}
_FLAG: Final[Schema] = {"type": "boolean"}
_EPOCH: Final[Schema] = {"type": "integer", "description": "epoch seconds"}
_MAYBE_EPOCH: Final[Schema] = {"type": ["integer", "null"], "description": "epoch seconds"}
_ID: Final[Schema] = {"type": ["integer", "string"], "description": "a text where the appliance gives the row no id"}

_PARAMETERS: Final[dict[str, tuple[Schema, str]]] = {
    "start_date": (_DAY, "Started on this day or later; absent: 30 days back."),
    "end_date": (_DAY, "Started on this day, to its end, or earlier."),
    "iid": (_WHOLE, "Only this instance of the appliance."),
    "sid": (_WHOLE, "Only this system."),
    "limit": (_SOME, "Items of a page."),
    "offset": (_WHOLE, "How many items to leave out."),
    "applianceId": (_WHOLE, "Only this system."),
    "assetId": (_WHOLE, "Only this instance, or this client where rows name no instance."),
    "startTime": (_WHOLE, "Started at this epoch second or later."),
    "endTime": (_WHOLE, "Started at this epoch second or earlier."),
}


def client_paths() -> Document:
    """The paths."""
    appliances = operation(
        "listAppliances",
        "clients",
        "The visible systems as a console lists appliances",
        ANY_CREDENTIAL,
        {200: as_json("A page of them", ref("AppliancePage"))},
    )
    return {
        "/api/catalog": _asked("getCatalog", "Complete backups by instance, newest first", "Catalog", CATALOG),
        "/api/appliances": {"get": appliances | {"parameters": _parameters(PAGE)}},
        "/api/jobs/history": _asked("listJobHistory", "Finished jobs, newest first", "JobPage", HISTORY),
        "/api/recovery_points": _asked(
            "listRecoveryPoints", "Complete backups, newest first", "RecoveryPointPage", RECOVERY_POINTS
        ),
        "/api/reports/successrate": _asked("successRate", "How many jobs succeeded", "SuccessRate", SUCCESS_RATE),
    }


def _asked(name: str, summary: str, schema: str, parameters: Any) -> Document:
    """A GET that is answered from the merged lists."""
    short = {"allOf": [ref(schema), ref("Error")]}
    answers = {
        200: as_json("From the lists of all asked systems", ref(schema), headers=unified_headers()),
        502: as_json("No system gave a list", short, headers=unified_headers()),
        504: as_json("The same, and all ran out of time", short, headers=unified_headers()),
        503: as_json(
            "All systems are skipped for now, or the gateway has too much to do",
            {"anyOf": [short, ref("Error")]},
            headers=retry_after(),
        ),
    }
    found = operation(name, "clients", summary, ANY_CREDENTIAL, answers)
    return {"get": found | {"parameters": _parameters(parameters)}}


def _parameters(names: Any) -> list[Schema]:
    return [
        {"name": name, "in": "query", "required": False, "description": text, "schema": schema}
        for name in names
        for schema, text in [_PARAMETERS[name]]
    ]


def client_schemas() -> dict[str, Schema]:
    """The answers, by the names under which the paths refer to them."""
    return {
        "Catalog": _answer({"catalog": _object({"instances": _list(_instance())})}),
        "AppliancePage": _page(_object(dict.fromkeys(("id", "name", "hostname", "version", "status"), _TEXT))),
        "JobPage": _history(),
        "RecoveryPointPage": _page(_recovery_point()),
        "SuccessRate": _answer(
            {
                **dict.fromkeys(("totalJobs", "successfulJobs", "failedJobs", "warningJobs"), _WHOLE),
                "successRate": {"type": "number", "minimum": 0, "maximum": 1},
            }
        ),
    }


def _instance() -> Schema:
    """Ids of clients and instances are as the appliance has them."""
    backup = _object(
        {
            "id": _ID,
            "type": {},
            "start_date": {"type": ["string", "null"], "description": "mm/dd/yyyy hh:mm am, by the appliance's clock"},
            "start_epoch": _MAYBE_EPOCH,
            "finish_epoch": _MAYBE_EPOCH,
            "status": _TEXT,
            "complete": _FLAG,
        }
    )
    texts = ("system_name", "client_name", "instance_name", "database_name", "app_type", "app_name")
    return _object(
        {
            "system_id": _WHOLE,
            **dict.fromkeys(texts, _TEXT),
            "client_id": {},
            "instance_id": {},
            "backups": _list(backup) | {"minItems": 1},
        }
    )


def _history() -> Schema:
    """A page of jobs, and the same jobs as the PowerShell toolkit reads them."""
    page = _page(_job())
    told = {
        "data": _list(_toolkit_job()) | {"description": "without limit and offset all jobs of the last 24 hours"},
        "count": _WHOLE | {"description": "how many stand in data"},
        "limited": _FLAG | {"description": "whether there are more of them"},
    }
    page["properties"] |= told
    page["required"] += list(told)
    return page


def _toolkit_job() -> Schema:
    texts = ("system_name", "name", "asset_name", "instance_name", "status")
    item = _object(
        {"id": _ID, "backup_id": _ID, "sid": _WHOLE, **dict.fromkeys(texts, _TEXT), "percent_complete": _WHOLE}
    )
    start = {"type": "string", "description": "mm/dd/yyyy hh:mm am, by the appliance's clock"}
    item["properties"] |= {
        **{name: {} for name in ("client_name", "instance_id", "type", "mode")},
        **dict.fromkeys(("start_date", "start_time"), start),
        "sort_start_time": _EPOCH,
        "message": _TEXT,
        "backups": {"type": "array", "description": "the job itself; not with showFlat=true"},
    }
    return item


def _job() -> Schema:
    return _item({"status": _TEXT, "verifyState": _TEXT}, {"startTime": _EPOCH, "endTime": _EPOCH, "message": _TEXT})


def _recovery_point() -> Schema:
    return _item({"timestamp": _MAYBE_EPOCH, "verified": _FLAG, "status": _TEXT, "verifyState": _TEXT}, {})


def _item(always: dict[str, Schema], perhaps: dict[str, Schema]) -> Schema:
    own = {"id": _ID, "applianceId": _TEXT, "applianceName": _TEXT, "assetName": _TEXT}
    item = _object(own | always)
    item["properties"] |= perhaps | {"assetId": {}, "type": {}, "size": {"description": "MB"}}
    return item


def _page(item: Schema) -> Schema:
    counts = {"total": _WHOLE, "limit": _WHOLE, "offset": _WHOLE}
    return _answer({"items": _list(item) | {"maxItems": LARGEST_LIMIT}, **counts})


def _answer(properties: dict[str, Schema]) -> Schema:
    """Where a system is not ok, `systems` says so beside the rest."""
    shape = _object(properties)
    shape["properties"] = properties | {
        "systems": _list(ref("SystemAnswer")),
        "window": _object({"start_epoch": {"type": "integer"}}),
    }
    return shape


def _object(properties: dict[str, Schema]) -> Schema:
    return {"type": "object", "properties": dict(properties), "required": list(properties)}


def _list(item: Schema) -> Schema:
    return {"type": "array", "items": item}
