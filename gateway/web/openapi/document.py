"""GET /openapi.json: what this gateway serves, in OpenAPI 3.1, kept by hand and held to routes.py by a test.

No credential is needed, since nothing of any system is in it.
"""

from functools import cache
from importlib.metadata import version
from typing import Final

import msgspec
from aiohttp import web

from gateway.web.forms import MEDIA
from gateway.web.openapi.answers import answer_schemas, ref
from gateway.web.openapi.clients import client_paths, client_schemas
from gateway.web.openapi.operations import (
    ANY_CREDENTIAL,
    TOKEN,
    WITH_BODY,
    Document,
    as_html,
    as_json,
    body,
    errors,
    operation,
    retry_after,
    text_header,
    unified_headers,
)
from gateway.web.openapi.reports import report_paths, report_schemas
from gateway.web.openapi.schemas import body_schema, credentials_schema, query_parameters
from gateway.web.respond import bytes_answer

_DESCRIPTION: Final = """\
One question to many backup appliances, and one answer that says of every system how old its rows are, or why it has
none.

Log in with `POST /api/login` and send the token as `AuthToken` or `Authorization: Bearer`; tools that cannot log in use
a static token or Basic. Two different credentials, or one such header twice, are a 400. Every GET is served as HEAD as
well. `//api/backups` and `/api/backups/` are `/api/backups`, and every route below `/api` is
served at the root too: `/login` is `/api/login`. A body is JSON whatever its Content-Type says.
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
            {"name": "clients", "description": "the same lists for clients that exist already"},
            {"name": "session", "description": "who asks"},
            {"name": "gateway", "description": "how the gateway and its systems are"},
        ],
        "paths": {**_backups_paths(), **client_paths(), **_session_paths(), **_gateway_paths()},
        "components": {
            "schemas": {
                **answer_schemas(),
                **client_schemas(),
                **report_schemas(),
                "BackupsQuery": body_schema(),
                "Credentials": credentials_schema(),
            },
            "securitySchemes": _security_schemes(),
        },
    }


def _backups_paths() -> Document:
    unified = {
        200: _in_every_form(as_json("The rows of all asked systems", ref("Backups"), headers=unified_headers())),
        502: as_json("Too few systems gave a list (`require`)", ref("Shortfall"), headers=unified_headers()),
        504: as_json("The same, and all that lack ran out of time", ref("Shortfall"), headers=unified_headers()),
        410: as_json("The walk of the cursor is over", ref("Error")),
        503: as_json(
            "All that lack are skipped for now, or the gateway has too much to do",
            {"anyOf": [ref("Shortfall"), ref("Error")]},
            headers=retry_after(),
        ),
    }
    post = operation("askBackups", "backups", "The merged lists, asked in a body", ANY_CREDENTIAL, unified)
    post["requestBody"] = body("BackupsQuery", required=False)
    post["responses"] |= errors(WITH_BODY)
    get = operation("getBackups", "backups", "The same as a query string, with an ETag", ANY_CREDENTIAL, unified)
    get["parameters"] = [*query_parameters(), *_conditions()]
    get["responses"]["200"]["headers"] |= {"ETag": text_header("of the rows and of the states of the systems")}
    get["responses"]["304"] = {
        "description": "Neither rows nor states have changed since If-None-Match",
        "headers": {"ETag": text_header("the same")},
    }
    systems = {200: as_json("The visible systems, as an appliance shows its own", ref("Appliances"))}
    return {
        "/api/backups": {"post": post, "get": get},
        "/api/systems": {
            "get": operation("getSystems", "backups", "The systems that the caller may see", ANY_CREDENTIAL, systems)
        },
    }


def _session_paths() -> Document:
    granted = {
        201: as_json("A new session", ref("Session")),
        401: as_json("Refused, for whatever reason", ref("Error")),
        429: as_json("Locked or flooded", ref("Error"), headers=retry_after()),
    }
    login = operation("login", "session", "A session for a name and a password", [], granted)
    login["requestBody"] = body("Credentials", required=True)
    login["responses"] |= errors(WITH_BODY)
    ended = {200: as_json("The token is dead", ref("Done"))}
    return {
        "/api/login": {"post": login},
        "/api/logout": {"post": operation("logout", "session", "Ends the session of the token", TOKEN, ended)},
    }


def _gateway_paths() -> Document:
    readiness = {
        200: as_json("Ready to be asked, also with every appliance down", ref("Readiness")),
        503: as_json("The process drains", ref("Readiness")),
    }
    exposition = {
        "description": "Prometheus text, from what is held and counted",
        "content": {"text/plain": {"schema": {"type": "string"}}},
    }
    systems = {200: as_json("Load, health and savings of each visible system", ref("GatewaySystems"))}
    metrics = operation("metrics", "gateway", "Metrics", ANY_CREDENTIAL, {200: exposition})
    metrics["description"] = "For credentials that see all systems; without any where `open_metrics = true`."
    metrics["responses"] |= errors((403,))
    own = {200: as_json("This document", {"type": "object", "required": ["openapi", "paths"]})}
    alive = {200: as_json("The process answers", ref("Health"))}
    docs, page = {200: as_html("This document, to be read by people")}, {200: as_html("What became of the backups")}
    return {
        **report_paths(),
        "/gateway/systems": {
            "get": operation("gatewaySystems", "gateway", "How each system is", ANY_CREDENTIAL, systems)
        },
        "/metrics": {"get": metrics},
        "/healthz": {"get": operation("healthz", "gateway", "Liveness", [], alive)},
        "/readyz": {"get": operation("readyz", "gateway", "Readiness", [], readiness)},
        "/openapi.json": {"get": operation("openapi", "gateway", "This document", [], own)},
        "/docs": {"get": operation("docs", "gateway", "The page of this document", [], docs)},
        "/": {"get": operation("page", "gateway", "The web page, with its login form", [], page)},
    }


def _in_every_form(answer: Document) -> Document:
    """The unified answer as JSON, as a stream of lines, as a table; pages say where they are in their headers."""
    text = {"schema": {"type": "string"}}
    answer["content"] = dict.fromkeys(MEDIA.values(), text) | answer["content"]
    answer["headers"] |= {
        "Link": text_header("first, prev, next and last page"),
        **{
            f"Paging-{name}": {"description": f"of a paged answer: {what}", "schema": {"type": "integer"}}
            for name, what in (
                *(("Page-Size", "rows of a page"), ("Page-Number", "counted from 1")),
                *(("Total-Records", "rows in all"), ("Total-Pages", "pages in all")),
            )
        },
    }
    return answer


def _conditions() -> list[Document]:
    texts = {
        "If-None-Match": "The ETag of an earlier answer.",
        "Cache-Control": "no-cache always asks the appliances for their whole lists.",
    }
    return [
        {"name": name, "in": "header", "required": False, "description": text, "schema": {"type": "string"}}
        for name, text in texts.items()
    ]


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
