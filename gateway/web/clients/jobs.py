"""GET /api/jobs/history, /api/recovery_points and /api/reports/successrate, for node-unitrends (contract 4.1)."""

from collections.abc import Mapping
from typing import Any, Final

from aiohttp import web

from gateway.errors import bad_field
from gateway.filter import BackupFilter
from gateway.question.values import read_whole
from gateway.reports.entries import Entry
from gateway.reports.jobs import finished, job_items, recoverable, recovery_points, success_rate
from gateway.web.clients.asked import answered, heard
from gateway.web.clients.parameters import PAGE, Reader, page_of, question

HISTORY: Final[Mapping[str, Reader]] = {**PAGE, "applianceId": read_whole}
RECOVERY_POINTS: Final[Mapping[str, Reader]] = {**HISTORY, "assetId": read_whole}
SUCCESS_RATE: Final[Mapping[str, Reader]] = {
    "startTime": read_whole,
    "endTime": read_whole,
    "applianceId": read_whole,
}


async def get_history(request: web.Request) -> web.StreamResponse:
    """Every finished job, of whatever kind; backups that still run are none yet."""
    asked = await heard(request, HISTORY)

    def made(entries: list[Entry]) -> dict[str, Any]:
        return page_of(finished(entries), job_items, asked.values)

    return await answered(request, asked, question(asked.values, "applianceId", BackupFilter()), made)


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
