"""GET /api/catalog: complete backups by instance, as the PowerShell toolkit reads them (contract section 4.1)."""

from collections.abc import Iterable, Mapping
from datetime import date, timedelta
from typing import Any, Final

from aiohttp import web

from gateway.dates import last_days_begin
from gateway.errors import bad_field
from gateway.filter import BackupFilter
from gateway.question.values import read_day, read_whole
from gateway.reports.catalog import instances_of
from gateway.reports.entries import Entry
from gateway.web.clients.asked import answered, heard
from gateway.web.clients.parameters import Reader, question
from gateway.web.keys import GATEWAY

PARAMETERS: Final[Mapping[str, Reader]] = {
    "start_date": read_day,
    "end_date": read_day,
    "iid": read_whole,
    "sid": read_whole,
}

_DAYS: Final = 30


async def get_catalog(request: web.Request) -> web.StreamResponse:
    """The last 30 days unless dates are given; days are days of each appliance's own zone."""
    gateway, asked = request.app[GATEWAY], await heard(request, PARAMETERS)
    query = question(asked.values, "sid", _wanted(asked.values, gateway.wall()))
    zones = {int(system_id): system.config.timezone for system_id, system in gateway.systems.items()}

    def made(entries: Iterable[Entry]) -> dict[str, Any]:
        return {"catalog": {"instances": instances_of(entries, zones)}}

    return await answered(request, asked, query, made)


def _wanted(values: Mapping[str, Any], wall: float) -> BackupFilter:
    start, end, instance = values.get("start_date"), values.get("end_date"), values.get("iid")
    if start is None and end is None:
        return BackupFilter(instance_id=instance, start_time=last_days_begin(_DAYS, wall))
    if start is None and end is not None:
        start = end - min(timedelta(days=_DAYS), end - date.min)
    if end is not None and start > end:
        raise bad_field("start_date", "lies after end_date")
    return BackupFilter(instance_id=instance, start_day=start, end_day=end)
