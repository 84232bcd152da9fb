"""GET /api/jobs/history, /api/recovery_points and /api/reports/successrate, for node-unitrends (contract 4.1).

The PowerShell toolkit reads the history too, under `data`: without it a script that looks for failures would see none.
"""

from collections.abc import Mapping
from typing import Any, Final

from aiohttp import web

from gateway.errors import bad_field
from gateway.filter import BackupFilter
from gateway.question.values import read_whole
from gateway.reports.asset_figures import DAY_S
from gateway.reports.entries import Entry
from gateway.reports.jobs import (
    finished,
    how_many_since,
    job_items,
    recoverable,
    recovery_points,
    success_rate,
    toolkit_jobs,
)
from gateway.web.clients.asked import answered, heard
from gateway.web.clients.parameters import DEFAULT_LIMIT, PAGE, Reader, page_of, question
from gateway.web.keys import GATEWAY

HISTORY: Final[Mapping[str, Reader]] = {**PAGE, "applianceId": read_whole}
RECOVERY_POINTS: Final[Mapping[str, Reader]] = {**HISTORY, "assetId": read_whole}
SUCCESS_RATE: Final[Mapping[str, Reader]] = {
    "startTime": read_whole,
    "endTime": read_whole,
    "applianceId": read_whole,
}


async def get_history(request: web.Request) -> web.StreamResponse:
    """Every finished job, of whatever kind; backups that still run are none yet."""
    gateway, asked = request.app[GATEWAY], await heard(request, HISTORY)
    zones = {int(system_id): system.config.timezone for system_id, system in gateway.systems.items()}
    is_flat = request.rel_url.query.get("showFlat", "").lower() in ("true", "1")
    yesterday = gateway.wall() - DAY_S

    def made(entries: list[Entry]) -> dict[str, Any]:
        jobs = finished(entries)
        data = toolkit_jobs(_for_the_toolkit(jobs, asked.values, yesterday), zones, is_flat=is_flat)
        told = {"data": data, "count": len(data), "limited": len(data) < len(jobs)}
        return page_of(jobs, job_items, asked.values) | told

    return await answered(request, asked, question(asked.values, "applianceId", BackupFilter()), made)


def _for_the_toolkit(jobs: list[Entry], values: Mapping[str, Any], yesterday: float) -> list[Entry]:
    """The jobs of the page. The toolkit asks for no page and looks for failures of the last day: it gets that day."""
    if not values.keys() & PAGE.keys():
        return jobs[: max(DEFAULT_LIMIT, how_many_since(jobs, yesterday))]
    offset = values.get("offset", 0)
    return jobs[offset : offset + values.get("limit", DEFAULT_LIMIT)]


async def get_recovery_points(request: web.Request) -> web.StreamResponse:
    """Complete backups that did not fail. An asset is an instance or a client, so it is chosen here, of whole lists."""
    asked = await heard(request, RECOVERY_POINTS)

    def made(entries: list[Entry]) -> dict[str, Any]:
        return page_of(recoverable(entries, asked.values.get("assetId")), recovery_points, asked.values)

    return await answered(request, asked, question(asked.values, "applianceId", BackupFilter()), made)


async def get_success_rate(request: web.Request) -> web.StreamResponse:
    """Of jobs that started within `startTime` to `endTime`, epoch seconds, both included."""
    asked = await heard(request, SUCCESS_RATE)
    start, end = asked.values.get("startTime"), asked.values.get("endTime")
    if start is not None and end is not None and start > end:
        raise bad_field("startTime", "lies after endTime")
    window = {"windowStart": start, "windowEnd": end}
    told = {key: value for key, value in window.items() if value is not None}
    query = question(asked.values, "applianceId", BackupFilter(start_time=start, end_time=end))
    return await answered(request, asked, query, lambda entries: success_rate(entries) | told)
