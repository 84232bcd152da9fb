"""The outer guard of every request: its id, its log line, and errors that become answers."""

import re
import time
import uuid
from collections.abc import Awaitable, Callable
from typing import Final

import structlog
from aiohttp import web

from gateway.errors import RequestError
from gateway.web.keys import LOG, REQUEST_ID
from gateway.web.respond import error_answer

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
        try:
            response = await _guarded(request, handler)
            status = response.status
        finally:
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


async def add_request_id(request: web.Request, response: web.StreamResponse) -> None:
    """Signal before the headers of any answer leave, streams among them."""
    response.headers["X-Request-ID"] = request.get(REQUEST_ID, "")
