"""Every route, on one page. Paths are normalised before they are looked up, with no redirect (contract section 4)."""

import re
from collections.abc import Awaitable, Callable
from typing import Final

from aiohttp import web

from gateway.errors import RequestError
from gateway.question.values import shown
from gateway.web.backups import get_backups, post_backups
from gateway.web.clients.appliances import get_appliances
from gateway.web.clients.catalog import get_catalog
from gateway.web.clients.jobs import get_history, get_recovery_points, get_success_rate
from gateway.web.health import healthz, readyz
from gateway.web.internals import gateway_systems, metrics
from gateway.web.openapi.document import get_openapi
from gateway.web.paths import normalised
from gateway.web.reports import get_assets, get_summary
from gateway.web.respond import READ_ONLY
from gateway.web.session import login, logout
from gateway.web.site import PREFIX, get_docs, get_page, get_static
from gateway.web.systems import get_systems

Handler = Callable[[web.Request], Awaitable[web.StreamResponse]]

# The files that the pages load stand beside it, in site.py: they are no part of what this gateway promises.
ROUTES: Final[dict[str, dict[str, Handler]]] = {
    "/api/login": {"POST": login},
    "/api/logout": {"POST": logout},
    "/api/systems": {"GET": get_systems},
    "/api/backups": {"GET": get_backups, "POST": post_backups},
    "/api/catalog": {"GET": get_catalog},
    "/api/appliances": {"GET": get_appliances},
    "/api/jobs/history": {"GET": get_history},
    "/api/recovery_points": {"GET": get_recovery_points},
    "/api/reports/successrate": {"GET": get_success_rate},
    "/gateway/systems": {"GET": gateway_systems},
    "/gateway/summary": {"GET": get_summary},
    "/gateway/assets": {"GET": get_assets},
    "/metrics": {"GET": metrics},
    "/healthz": {"GET": healthz},
    "/readyz": {"GET": readyz},
    "/openapi.json": {"GET": get_openapi},
    "/docs": {"GET": get_docs},
    "/": {"GET": get_page},
}

_ASSET: Final = re.compile("(?:/api)?/assets/([^/]+)")


async def dispatch(request: web.Request) -> web.StreamResponse:
    """Hand the request to its handler; RequestError 404 or 405 where there is none."""
    path = normalised(request.rel_url.raw_path)
    methods = methods_at(path)
    method = "GET" if request.method == "HEAD" else request.method
    if path.startswith(PREFIX) and method == "GET":
        return await get_static(request, path.removeprefix(PREFIX))
    if methods is not None and method in methods:
        return await methods[method](request)
    if methods is not None:
        allowed = sorted({*methods, *(("HEAD",) if "GET" in methods else ())})
        raise RequestError(405, READ_ONLY, headers={"Allow": ", ".join(allowed)})
    if method != "GET":
        raise RequestError(405, READ_ONLY, headers={"Allow": "GET, HEAD"})
    raise RequestError(404, _nothing_here(path, request.rel_url.query.get("applianceId")))


def methods_at(path: str) -> dict[str, Handler] | None:
    """The handlers of a route. Each /api route is served at the root as well (contract section 4.1)."""
    return ROUTES.get(path) or ROUTES.get(f"/api{path}")


def route_at(path: str) -> str:
    """The route of a path under its first name, "other" where there is none: few words, whatever callers send."""
    return next((route for route in (path, f"/api{path}") if route in ROUTES), "other")


def _nothing_here(path: str, appliance: str | None) -> str:
    """What a 404 says; where an asset is asked for, with both ids: one client is known to confuse them."""
    served = f"this gateway serves {', '.join(sorted(ROUTES))}"
    asset = _ASSET.fullmatch(path)
    if asset is None:
        return f"there is nothing at this path; {served}"
    where = f" of appliance {shown(appliance)}" if appliance else ""
    return f"there is no asset {shown(asset[1])}{where} here, since assets are not served; {served}"
