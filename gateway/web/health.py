"""GET /healthz and /readyz: liveness and readiness, without a credential and without names."""

from collections import Counter
from typing import Any

from aiohttp import web

from gateway.web.keys import GATEWAY
from gateway.web.respond import json_answer


async def healthz(request: web.Request) -> web.StreamResponse:
    """The process answers."""
    return json_answer(request, {"status": "ok"})


async def readyz(request: web.Request) -> web.StreamResponse:
    """Ready to be asked, also with every appliance down; 503 only while the process drains."""
    gateway = request.app[GATEWAY]
    up = Counter(system.source.refresh.is_up for system in gateway.systems.values())
    body: dict[str, Any] = {
        "status": "draining" if gateway.draining else "ready",
        "systems": {
            "total": up.total(),
            "answering": up[True],
            "failing": up[False],
            "not_asked_yet": up[None],
        },
    }
    if gateway.hub is not None:
        body["shared_store"] = "ok" if gateway.hub.up else "away"
    return json_answer(request, body, status=503 if gateway.draining else 200)
