"""The outer guard of every request: its id, its log line, and errors that become answers."""

import re
import time
import uuid
from collections.abc import Awaitable, Callable
from typing import Final

import structlog
from aiohttp import HttpVersion10, HttpVersion11, web

from gateway.errors import RequestError
from gateway.telemetry.observe import log_line
from gateway.web.connection import mark_known
from gateway.web.keys import GATEWAY, LOAD, LOG, PLACE, REQUEST_ID, ROUTE
from gateway.web.paths import ALWAYS, normalised
from gateway.web.request_id import request_id_of
from gateway.web.respond import SERVER_NAME, error_answer
from gateway.web.routes import route_at

_RUNNING: Final = 4096
"""Requests at once. Beyond it a quick refusal helps more than a slow answer."""

_HOST: Final = re.compile(r"([A-Za-z0-9._-]+|\[[0-9A-Fa-f:.]+\])(?::[0-9]{0,5})?")

_LONGEST_PATH: Final = 8_190
"""A request line may be longer for its question alone."""
_PATH_SHOWN: Final = 256

Handler = Callable[[web.Request], Awaitable[web.StreamResponse]]


@web.middleware
async def outer_guard(request: web.Request, handler: Handler) -> web.StreamResponse:
    """Runs first and last. Whatever goes wrong inside becomes an answer in the one shape of errors."""
    begun = time.perf_counter()
    request_id = request_id_of(request)
    request[REQUEST_ID], request[LOG] = request_id, {}
    request[ROUTE] = route_at(normalised(request.rel_url.raw_path))
    with structlog.contextvars.bound_contextvars(request_id=request_id):
        status = 0
        try:
            response = await _guarded(request, handler)
            status = response.status
        finally:
            if "caller" in request[LOG]:
                mark_known(request)
            took_s, path = time.perf_counter() - begun, request.rel_url.raw_path
            request.app[GATEWAY].traffic.times(request[ROUTE], request.method, status).observe(took_s)
            line = {
                "method": request.method,
                "path": path[:_PATH_SHOWN],
                "status": status,
                "ms": round(took_s * 1000, 1),
            }
            log_line("request", line | request[LOG])
        return response


async def _guarded(request: web.Request, handler: Handler) -> web.StreamResponse:
    is_last = False
    try:
        _refuse_odd(request)
        response = await handler(request)
    except RequestError as error:
        response, is_last = error_answer(request, error), error.ends
    except web.HTTPException as error:
        response = error_answer(request, RequestError(error.status, error.reason))
    except Exception as error:
        if request.writer.output_size > 0:
            # Half an answer is out: a second one behind it could be taken for another request's. Cut the connection.
            structlog.get_logger().warning("answer_cut", error=type(error).__name__)
            raise
        structlog.get_logger().exception("unexpected fault")
        response = error_answer(request, RequestError(500, "the gateway failed; its log has this request's id"))
    if is_last or request.app[GATEWAY].draining or request.method == "CONNECT" or "Upgrade" in request.headers:
        response.force_close()
    return response


def _refuse_odd(request: web.Request) -> None:
    """What the parser lets pass and another reader of the same bytes could understand otherwise."""
    if request.version < HttpVersion10:
        raise RequestError(505, "HTTP/1.0 and HTTP/1.1 are spoken here", ends=True)
    if request.method == "CONNECT":
        raise RequestError(405, "this gateway is no proxy", headers={"Allow": "GET, HEAD, POST"})
    if request.headers.get("Transfer-Encoding", "chunked").strip().lower() != "chunked":
        raise RequestError(501, "the only transfer coding is chunked", field="Transfer-Encoding", ends=True)
    if len(request.rel_url.raw_path) > _LONGEST_PATH:
        raise RequestError(400, "no path here is as long as that", ends=True)
    if not _HOST.fullmatch(request.headers.get("Host", "none")):
        raise RequestError(400, "Host: is no host", field="Host")


async def expectation(request: web.Request) -> web.StreamResponse | None:
    """`Expect: 100-continue` is met where the body will be read; others are refused, without repeating them."""
    if request.headers.get("Expect", "").strip().lower() != "100-continue":
        request[REQUEST_ID], request[LOG] = uuid.uuid4().hex, {}
        response = error_answer(request, RequestError(417, "the only expectation is 100-continue", field="Expect"))
        response.force_close()
        return response
    length = request.content_length
    if request.version == HttpVersion11 and (length or 0) <= request.app[GATEWAY].config.server.max_body_bytes:
        await request.writer.write(b"HTTP/1.1 100 Continue\r\n\r\n")
        request.writer.output_size = 0  # it is no part of the answer
    return None


@web.middleware
async def admission(request: web.Request, handler: Handler) -> web.StreamResponse:
    """Only hosts that are meant, and only as many requests at once as can be served; health is always told."""
    if normalised(request.rel_url.raw_path) in ALWAYS:
        return await handler(request)
    gateway = request.app[GATEWAY]
    allowed = gateway.config.server.allowed_hosts
    if allowed and not _hosts_of(request) <= set(map(_host, allowed)):
        raise RequestError(421, "this gateway does not answer for that host", field="Host")
    load = request.app[LOAD]
    if load.is_closed:
        raise RequestError(503, "the gateway is ending; try again", headers={"Retry-After": "1"})
    if len(load) >= _RUNNING:
        raise RequestError(503, "too many requests at once; try again", headers={"Retry-After": "1"})
    with load.one_more() as request[PLACE]:
        return await handler(request)


def _hosts_of(request: web.Request) -> set[str]:
    """The hosts that a request names, in its Host header and in its target, without ports; "" where it names none."""
    named = request.headers.get("Host", "")
    return {_host(text) for text in (named, request.host if named else named)}


def _host(text: str) -> str:
    """A host as it is compared: without port, brackets and a last dot."""
    found = _HOST.fullmatch(text)
    return (text if found is None else found[1].strip("[]")).lower().rstrip(".")


async def add_headers(request: web.Request, response: web.StreamResponse) -> None:
    """Signal before the headers of any answer leave, streams among them."""
    response.headers["X-Request-ID"] = request.get(REQUEST_ID, "")
    response.headers["Server"] = SERVER_NAME
