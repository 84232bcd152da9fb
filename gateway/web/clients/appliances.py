"""GET /api/appliances: the visible systems as a console lists its appliances (contract section 4.1)."""

from collections.abc import Sequence
from typing import Any

from aiohttp import web

from gateway.onion import Stacked
from gateway.selection import visible_to
from gateway.web.caller import caller_of
from gateway.web.clients.parameters import PAGE, page_of, read_parameters
from gateway.web.keys import GATEWAY
from gateway.web.respond import json_answer
from gateway.web.systems import availability_of, host_of


async def get_appliances(request: web.Request) -> web.StreamResponse:
    """From what is known; no appliance is called."""
    caller = await caller_of(request)
    values = read_parameters(request.rel_url.query.items(), PAGE)
    visible = list(visible_to(caller, request.app[GATEWAY].systems).values())

    def shown(systems: Sequence[Stacked]) -> list[dict[str, Any]]:
        return [
            {
                "id": str(system.config.id),  # clients compare it with a text
                "name": system.config.name,
                "hostname": host_of(system, caller),
                "version": "",
                "status": availability_of(system),
            }
            for system in systems
        ]

    return json_answer(request, page_of(visible, shown, values))
