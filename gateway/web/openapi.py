"""GET /openapi.json: what this gateway serves, in OpenAPI 3.1, kept by hand and held to routes.py by a test.

No credential is needed, since nothing of any system is in it.
"""

from collections.abc import Sequence
from functools import cache
from http import HTTPStatus
from importlib.metadata import version
from typing import Any, Final

import msgspec
from aiohttp import web

from gateway.web.openapi_answers import answer_schemas, ref
from gateway.web.openapi_reports import report_parameters, report_schemas
from gateway.web.openapi_schemas import body_schema, credentials_schema, query_parameters
from gateway.web.respond import bytes_answer

Document = dict[str, Any]

_ANY_CREDENTIAL: Final[list[Document]] = [{"AuthToken": []}, {"Bearer": []}, {"Basic": []}]
_TOKEN: Final[list[Document]] = [{"AuthToken": []}, {"Bearer": []}]
_EVERYWHERE: Final = (400, 404, 405, 417, 421, 500, 501, 503)
_REFUSED: Final = (401, 429)
_WITH_BODY: Final = (408, 413, 415)
_DESCRIPTION: Final = """\
One question to many backup appliances, and one answer that says of every system how old its rows are, or why it has
none.

Log in with `POST /api/login` and send the token as `AuthToken` or `Authorization: Bearer`; tools that cannot log in use
a static token or Basic. Two different credentials, or one such header twice, are a 400. Every GET is served as HEAD as
well. `//api/backups` and `/api/backups/` are `/api/backups`. A body is JSON whatever its Content-Type says.
Every other method on any path is a 405: this gateway only reads. Send `X-Request-ID` to find a request in the log."""


async def get_openapi(request: web.Request) -> web.StreamResponse:
    """The document."""
    return bytes_answer(request, _document_bytes())


@cache
def _document_bytes() -> bytes:
    return msgspec.json.encode(document())


def document() -> Document:
    """The whole document."""
    return {
        "openapi": "3.1.0",
        "info": {"title": "backup-gateway", "version": version("backup-gateway"), "description": _DESCRIPTION},
        "servers": [{"url": "/"}],
        "tags": [
            {"name": "backups", "description": "what the appliances have"},
            {"name": "session", "description": "who asks"},
            {"name": "gateway", "description": "how the gateway and its systems are"},
        ],
        "paths": {**_backups_paths(), **_session_paths(), **_gateway_paths()},
        "components": {
            "schemas": {
                **answer_schemas(),
                **report_schemas(),
                "BackupsQuery": body_schema(),
                "Credentials": credentials_schema(),
            },
            "securitySchemes": _security_schemes(),
        },
    }


def _backups_paths() -> Document:
    unified = {
        200: _in_every_form(_json("The rows of all asked systems", ref("Backups"), headers=_unified_headers())),
        502: _json("Too few systems gave a list (`require`)", ref("Shortfall"), headers=_unified_headers()),
        504: _json("The same, and all that lack ran out of time", ref("Shortfall"), headers=_unified_headers()),
        410: _json("The walk of the cursor is over", ref("Error")),
        503: _json(
            "All that lack are skipped for now, or the gateway has too much to do",
            {"anyOf": [ref("Shortfall"), ref("Error")]},
            headers=_retry_after(),
        ),
    }
    post = _operation("askBackups", "backups", "The merged lists, asked in a body", _ANY_CREDENTIAL, unified)
    post["requestBody"] = _body("BackupsQuery", required=False)
    post["responses"] |= _errors(_WITH_BODY)
    get = _operation("getBackups", "backups", "The same as a query string, with an ETag", _ANY_CREDENTIAL, unified)
    get["parameters"] = [*query_parameters(), *_conditions()]
    get["responses"]["200"]["headers"] |= {"ETag": _text_header("of the rows and of the states of the systems")}
    get["responses"]["304"] = {
        "description": "Neither rows nor states have changed since If-None-Match",
        "headers": {"ETag": _text_header("the same")},
    }
    systems = {200: _json("The visible systems, as an appliance shows its own", ref("Appliances"))}
    return {
        "/api/backups": {"post": post, "get": get},
        "/api/systems": {
            "get": _operation("getSystems", "backups", "The systems that the caller may see", _ANY_CREDENTIAL, systems)
        },
    }


def _session_paths() -> Document:
    granted = {
        201: _json("A new session", ref("Session")),
        401: _json("Refused, for whatever reason", ref("Error")),
        429: _json("Locked or flooded", ref("Error"), headers=_retry_after()),
    }
    login = _operation("login", "session", "A session for a name and a password", [], granted)
    login["requestBody"] = _body("Credentials", required=True)
    login["responses"] |= _errors(_WITH_BODY)
    ended = {200: _json("The token is dead", ref("Done"))}
    return {
        "/api/login": {"post": login},
        "/api/logout": {"post": _operation("logout", "session", "Ends the session of the token", _TOKEN, ended)},
    }


def _gateway_paths() -> Document:
    readiness = {
        200: _json("Ready to be asked, also with every appliance down", ref("Readiness")),
        503: _json("The process drains", ref("Readiness")),
    }
    exposition = {
        "description": "Prometheus text, from what is held and counted",
        "content": {"text/plain": {"schema": {"type": "string"}}},
    }
    systems = {200: _json("Load, health and savings of each visible system", ref("GatewaySystems"))}
    metrics = _operation("metrics", "gateway", "Metrics", _ANY_CREDENTIAL, {200: exposition})
    metrics["description"] = "For credentials that see all systems; without any where `open_metrics = true`."
    metrics["responses"] |= _errors((403,))
    own = {200: _json("This document", {"type": "object", "required": ["openapi", "paths"]})}
    alive = {200: _json("The process answers", ref("Health"))}
    return {
        **_report_paths(),
        "/gateway/systems": {
            "get": _operation("gatewaySystems", "gateway", "How each system is", _ANY_CREDENTIAL, systems)
        },
        "/metrics": {"get": metrics},
        "/healthz": {"get": _operation("healthz", "gateway", "Liveness", [], alive)},
        "/readyz": {"get": _operation("readyz", "gateway", "Readiness", [], readiness)},
        "/openapi.json": {"get": _operation("openapi", "gateway", "This document", [], own)},
    }


def _report_paths() -> Document:
    told = {200: _json("Counts, and the worst of it; a 200 whatever the systems do", ref("Summary"))}
    summary = _operation("summary", "gateway", "What became of the backups, small and flat", _ANY_CREDENTIAL, told)
    summary["parameters"] = report_parameters()
    rows = {200: _json("Every asset of the asked systems, worst first in each", ref("Assets"))}
    rows[200]["content"] |= {kind: {"schema": {"type": "string"}} for kind in ("application/x-ndjson", "text/csv")}
    assets = _operation("assets", "gateway", "What became of each asset", _ANY_CREDENTIAL, rows)
    assets["parameters"] = report_parameters(has_form=True)
    return {"/gateway/summary": {"get": summary}, "/gateway/assets": {"get": assets}}


def _operation(name: str, tag: str, summary: str, security: list[Document], answers: dict[int, Document]) -> Document:
    """One operation. `answers` are its own; those that every route may give are added behind them."""
    statuses = (*_EVERYWHERE, *(_REFUSED if security else ()))
    responses = {str(status): answer for status, answer in answers.items()}
    return {
        "operationId": name,
        "tags": [tag],
        "summary": summary,
        "security": security,
        "responses": _errors(statuses) | responses,
    }


def _errors(statuses: Sequence[int]) -> Document:
    found = {}
    for status in statuses:
        found[str(status)] = _json(HTTPStatus(status).phrase, ref("Error"))
        if status in (429, 503):
            found[str(status)]["headers"] = _retry_after()
    return found


def _json(description: str, schema: Document, *, headers: Document | None = None) -> Document:
    answer: Document = {"description": description, "content": {"application/json": {"schema": schema}}}
    return answer | ({"headers": dict(headers)} if headers else {})


def _in_every_form(answer: Document) -> Document:
    """The unified answer as JSON, as a stream of lines, as a table; pages say where they are in their headers."""
    text = {"schema": {"type": "string"}}
    answer["content"] |= {"application/x-ndjson": text, "text/csv": text}
    answer["headers"] |= {
        "Link": _text_header("first, prev, next and last page"),
        **{
            f"Paging-{name}": {"description": f"of a paged answer: {what}", "schema": {"type": "integer"}}
            for name, what in (
                *(("Page-Size", "rows of a page"), ("Page-Number", "counted from 1")),
                *(("Total-Records", "rows in all"), ("Total-Pages", "pages in all")),
            )
        },
    }
    return answer


def _body(schema: str, *, required: bool) -> Document:
    return {"required": required, "content": {"application/json": {"schema": ref(schema)}}}


def _conditions() -> list[Document]:
    texts = {
        "If-None-Match": "The ETag of an earlier answer.",
        "Cache-Control": "no-cache always asks the appliances for their whole lists.",
    }
    return [
        {"name": name, "in": "header", "required": False, "description": text, "schema": {"type": "string"}}
        for name, text in texts.items()
    ]


def _unified_headers() -> Document:
    complete = {
        "description": "whether every asked system is ok",
        "schema": {"type": "string", "enum": ["true", "false"]},
    }
    return {"X-Gateway-Complete": complete, "Server-Timing": _text_header("cache, slowest appliance and merge")}


def _retry_after() -> Document:
    return {"Retry-After": {"description": "seconds", "schema": {"type": "integer", "minimum": 1}}}


def _text_header(description: str) -> Document:
    return {"description": description, "schema": {"type": "string"}}


def _security_schemes() -> Document:
    return {
        "AuthToken": {
            "type": "apiKey",
            "in": "header",
            "name": "AuthToken",
            "description": "the token of a session, or a static one",
        },
        "Bearer": {"type": "http", "scheme": "bearer", "description": "the same tokens"},
        "Basic": {"type": "http", "scheme": "basic", "description": "for tools that cannot log in"},
    }
