"""Every route, on one page. Paths are normalised before they are looked up, with no redirect (contract section 4)."""

from collections.abc import Awaitable, Callable
from typing import Final

from aiohttp import web

from gateway.errors import RequestError
from gateway.web.backups import get_backups, post_backups
from gateway.web.health import healthz, readyz
from gateway.web.internals import gateway_systems, metrics
from gateway.web.openapi import get_openapi
from gateway.web.paths import normalised
from gateway.web.reports import get_assets, get_summary
from gateway.web.session import login, logout
from gateway.web.systems import get_systems

Handler = Callable[[web.Request], Awaitable[web.StreamResponse]]

ROUTES: Final[dict[str, dict[str, Handler]]] = {
    "/api/login": {"POST": login},
    "/api/logout": {"POST": logout},
    "/api/systems": {"GET": get_systems},
    "/api/backups": {"GET": get_backups, "POST": post_backups},
    "/gateway/systems": {"GET": gateway_systems},
    "/gateway/summary": {"GET": get_summary},
    "/gateway/assets": {"GET": get_assets},
    "/metrics": {"GET": metrics},
    "/healthz": {"GET": healthz},
    "/readyz": {"GET": readyz},
    "/openapi.json": {"GET": get_openapi},
}

_READ_ONLY: Final = "this gateway only reads: it never writes to an appliance"


async def dispatch(request: web.Request) -> web.StreamResponse:
    """Hand the request to its handler; RequestError 404 or 405 where there is none."""
    path = normalised(request.rel_url.raw_path)
    methods = ROUTES.get(path)
    method = "GET" if request.method == "HEAD" else request.method
    if methods is not None and method in methods:
        return await methods[method](request)
    if methods is not None:
        allowed = sorted({*methods, *(("HEAD",) if "GET" in methods else ())})
        raise RequestError(405, _READ_ONLY, headers={"Allow": ", ".join(allowed)})
    if method != "GET":
        raise RequestError(405, _READ_ONLY, headers={"Allow": "GET, HEAD"})
    raise RequestError(404, f"there is nothing at this path; this gateway serves {', '.join(sorted(ROUTES))}")
