"""A small server that answers GET /gateway/summary as a gateway does, in the state that a test wants."""

import contextlib
import copy
from collections.abc import AsyncIterator
from typing import Any, Final

from aiohttp import web

from tests.cli.servers import serving

WELL: Final[dict[str, Any]] = {
    "ok": True,
    "generated_at": "2026-11-24T11:00:00Z",
    "window_hours": 24,
    "backups": {
        "success": 1312,
        "warning": 3,
        "failure": 0,
        "none": 0,
        "running": 2,
        "total": 1317,
        "good_percent": 99.8,
    },
    "systems": {"total": 41, "ok": 41, "stale": 0, "missing": 0, "unreachable": 0, "oldest_age_seconds": 240.1},
    "assets": {
        "total": 420,
        "good": 420,
        "no_success_24h": 0,
        "late": 0,
        "failing": 0,
        "critical": 0,
        "never": 0,
        "not_replicated": 5,
        "not_verified": 2,
        "on_hold": 1,
    },
    "shield": {"calls": 1, "calls_saved": 2, "rows_fetched": 3, "logins": 4},
    "not_answering": [],
    "attention": [],
    "complete": True,
}

ABSENT: Final = {
    "system_id": 3,
    "system_name": "ho",
    "customer": "Birch",
    "state": "missing",
    "error": "timeout",
    "message": "the appliance | did not answer in time",
    "age_seconds": None,
    "retry_at": None,
    "last_success": None,
}

ASSET: Final = {
    "system_id": 1,
    "system_name": "dc1",
    "customer": "Acme",
    "asset": "sql01",
    "client_name": "sql01",
    "instance": "master",
    "client_id": 2,
    "instance_id": 23,
    "state": "failed",
    "failures": 4,
    "critical": True,
    "last_good": "2026-11-23T04:00:00Z",
    "last_good_age_hours": 31.0,
    "last_error": "VSS writer | \n lost",
    "last_error_at": "2026-11-24T04:00:00Z",
    "threshold_hours": 24,
}


def summary(**changes: Any) -> dict[str, Any]:
    """A fleet that is well but for `changes`: keys of `assets` and `systems`, or the lists of what is wrong."""
    made = copy.deepcopy(WELL)
    for key, value in changes.items():
        table = next((made[name] for name in ("assets", "systems") if key in made[name]), made)
        table[key] = value
    return made


@contextlib.asynccontextmanager
async def summarising(value: Any, status: int = 200) -> AsyncIterator[tuple[str, list[dict[str, str]]]]:
    """The address, and the questions that have come."""
    asked: list[dict[str, str]] = []

    async def answered(request: web.Request) -> web.Response:
        assert (request.method, request.path) == ("GET", "/gateway/summary")
        asked.append(dict(request.query))
        return web.json_response(value, status=status)

    async with serving(answered) as url:
        yield url, asked
