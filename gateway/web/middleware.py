"""The outer guard of every request: its id, its log line, and errors that become answers."""

import re
import time
import uuid
from collections.abc import Awaitable, Callable
from typing import Final

import structlog
from aiohttp import web

from gateway.errors import RequestError
from gateway.web.keys import GATEWAY, LOAD, LOG, REQUEST_ID
from gateway.web.paths import normalised
from gateway.web.respond import error_answer
from gateway.web.server import protocol_of

_ALWAYS: Final = frozenset({"/healthz", "/readyz"})
_RUNNING: Final = 4096
"""Requests at once. Beyond it a quick refusal helps more than a slow answer."""

_SANE_ID: Final = re.compile(r"[A-Za-z0-9._-]{1,64}")

Handler = Callable[[web.Request], Awaitable[web.StreamResponse]]


@web.middleware
async def outer_guard(request: web.Request, handler: Handler) -> web.StreamResponse:
    """Runs first and last. Whatever goes wrong inside becomes an answer in the one shape of errors."""
    begun = time.perf_counter()
    asked_id = request.headers.get("X-Request-ID", "")
    request_id = asked_id if _SANE_ID.fullmatch(asked_id) else uuid.uuid4().hex
    request[REQUEST_ID], request[LOG] = request_id, {}
    with structlog.contextvars.bound_contextvars(request_id=request_id):
        logger = structlog.get_logger()
        status = 0
        connection = protocol_of(request)
        if connection is not None:
            connection.busy += 1
        try:
            response = await _guarded(request, handler)
            status = response.status
        finally:
            if connection is not None:
                connection.busy -= 1
                connection.known = connection.known or "caller" in request[LOG]
            took_ms = round((time.perf_counter() - begun) * 1000, 1)
            logger.info(
                "request",
                method=request.method,
                path=request.rel_url.raw_path,
                status=status,
                ms=took_ms,
                **request[LOG],
            )
        return response


async def _guarded(request: web.Request, handler: Handler) -> web.StreamResponse:
    try:
        return await handler(request)
    except RequestError as error:
        response = error_answer(request, error)
    except web.HTTPException as error:
        response = error_answer(request, RequestError(error.status, error.reason))
    except Exception:  # noqa: BLE001 - the one place: a fault of our own is logged, and told without details
        structlog.get_logger().exception("unexpected fault")
        response = error_answer(request, RequestError(500, "the gateway failed; its log has this request's id"))
    if response.status in (408, 413):
        response.force_close()  # the rest of the body is not worth reading
    return response


@web.middleware
async def admission(request: web.Request, handler: Handler) -> web.StreamResponse:
    """Only hosts that are meant, and only as many requests at once as can be served; health is always told."""
    if normalised(request.rel_url.raw_path) in _ALWAYS:
        return await handler(request)
    gateway = request.app[GATEWAY]
    allowed = gateway.config.server.allowed_hosts
    if allowed and _host_of(request) not in {host.lower().rstrip(".") for host in allowed}:
        raise RequestError(421, "this gateway does not answer for that host", field="Host")
    if request.app[LOAD].running >= _RUNNING:
        raise RequestError(503, "too many requests at once; try again", headers={"Retry-After": "1"})
    request.app[LOAD].running += 1
    try:
        return await handler(request)
    finally:
        request.app[LOAD].running -= 1


def _host_of(request: web.Request) -> str:
    """The host that a request names, without its port."""
    return (request.url.host or "").lower().rstrip(".")


async def add_headers(request: web.Request, response: web.StreamResponse) -> None:
    """Signal before the headers of any answer leave, streams among them."""
    response.headers["X-Request-ID"] = request.get(REQUEST_ID, "")
    response.headers["Server"] = "backup-gateway"  # no release for those who look for an old one
