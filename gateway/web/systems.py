"""GET /api/systems: the visible systems in the shape that appliances document (appliance-api.md section 4)."""

from typing import Any
from urllib.parse import urlsplit

from aiohttp import web

from gateway.callers.accounts import Caller
from gateway.onion import Stacked
from gateway.selection import visible_to
from gateway.web.caller import caller_of
from gateway.web.keys import GATEWAY
from gateway.web.respond import json_answer


async def get_systems(request: web.Request) -> web.StreamResponse:
    """From what is known; no appliance is called. Query keys of appliances (`include_pending` …) change nothing."""
    caller = await caller_of(request)
    visible = visible_to(caller, request.app[GATEWAY].systems)
    return json_answer(request, {"appliance": [_described(system, caller) for system in visible.values()]})


def _described(system: Stacked, caller: Caller) -> dict[str, Any]:
    """One system. Where it has not been asked yet, `online` is the documented "n/a"."""
    config, is_up = system.config, system.source.refresh.is_up
    return {
        "id": config.id,
        "name": config.name,
        "host": host_of(system, caller),
        "role": "Managed DPU",
        "status": availability_of(system),
        "online": "n/a" if is_up is None else is_up,
        "is_pending": False,
        "local": False,
        "version": "",
        "version_status": "Unknown",
        "customer_id": False,
        "customer_name": config.customer or False,
        "location_id": False,
        "location_name": False,
        "registered_assets": 0,
        "replicating": False,
        "archiving": False,
        "total_mb_size": 0,
        "total_mb_free": 0,
        "storage_name": "",
    }


def host_of(system: Stacked, caller: Caller) -> str:
    """Addresses of appliances are for admins; the documented word for "no address known" is the empty text."""
    return (urlsplit(system.config.url).hostname or "") if caller.admin else ""


def availability_of(system: Stacked) -> str:
    """The documented words; a system that was not asked yet is thought to be available."""
    return "not available" if system.source.refresh.is_up is False else "available"
