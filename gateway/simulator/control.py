"""The control listener of a farm: faults on and off, and counters, over HTTP.

It has a port of its own, so that an appliance's port serves nothing but appliance paths.
``{n}`` is the appliance's number from 1, or its name.

    GET    /appliances                  every appliance, as below
    GET    /appliances/{n}              name, url, mode, faults, records, counters
    POST   /appliances/{n}/fault        {"mode": ..., "routes": [...], "count": n, ...}; answers as the GET
    DELETE /appliances/{n}/fault        everything is well again
    DELETE /appliances/{n}/sessions     every token is dead, as after a restart
"""

from collections.abc import Sequence
from dataclasses import asdict
from typing import Any

from aiohttp import web

from gateway.simulator.appliance import Appliance
from gateway.simulator.faults import Fault


class Control:
    """The handlers, over the appliances of one farm."""

    def __init__(self, appliances: Sequence[Appliance]) -> None:
        self._appliances = appliances

    def app(self) -> web.Application:
        app = web.Application()
        app.add_routes(
            [
                web.get("/appliances", self._list),
                web.get("/appliances/{n}", self._show),
                web.post("/appliances/{n}/fault", self._inject),
                web.delete("/appliances/{n}/fault", self._recover),
                web.delete("/appliances/{n}/sessions", self._revoke),
            ]
        )
        return app

    async def _list(self, _: web.Request) -> web.Response:
        described = [_describe(number, appliance) for number, appliance in enumerate(self._appliances, 1)]
        return web.json_response({"appliances": described})

    async def _show(self, request: web.Request) -> web.Response:
        return web.json_response(_describe(*self._named(request)))

    async def _inject(self, request: web.Request) -> web.Response:
        number, appliance = self._named(request)
        try:
            wanted = await request.json()
            if not isinstance(wanted, dict):
                raise ValueError("not a JSON object")
            await appliance.inject(Fault.from_json(wanted))
        except ValueError as error:
            return web.json_response({"error": str(error)}, status=400)
        return web.json_response(_describe(number, appliance))

    async def _recover(self, request: web.Request) -> web.Response:
        number, appliance = self._named(request)
        await appliance.recover()
        return web.json_response(_describe(number, appliance))

    async def _revoke(self, request: web.Request) -> web.Response:
        number, appliance = self._named(request)
        appliance.sessions.revoke_all()
        return web.json_response(_describe(number, appliance))

    def _named(self, request: web.Request) -> tuple[int, Appliance]:
        wanted = request.match_info["n"]
        for number, appliance in enumerate(self._appliances, 1):
            if wanted in (str(number), appliance.spec.name):
                return number, appliance
        raise web.HTTPNotFound(text=f"no appliance {wanted}")


def _describe(number: int, appliance: Appliance) -> dict[str, Any]:
    return {
        "number": number,
        "name": appliance.spec.name,
        "url": appliance.url,
        "mode": appliance.listener.mode,
        "faults": [{**asdict(fault), "routes": sorted(fault.routes)} for fault in appliance.faults.active],
        "records": len(appliance.records),
        "counters": asdict(appliance.counters),
    }
