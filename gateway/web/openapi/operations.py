"""What the operations of the OpenAPI document are made of: credentials, answers, headers."""

from collections.abc import Sequence
from http import HTTPStatus
from typing import Any, Final

from gateway.web.openapi.answers import ref

Document = dict[str, Any]

ANY_CREDENTIAL: Final[list[Document]] = [{"AuthToken": []}, {"Bearer": []}, {"Basic": []}]
TOKEN: Final[list[Document]] = [{"AuthToken": []}, {"Bearer": []}]
_EVERYWHERE: Final = (400, 404, 405, 417, 421, 500, 501, 503)
_REFUSED: Final = (401, 429)
WITH_BODY: Final = (408, 415)


def operation(name: str, tag: str, summary: str, security: list[Document], answers: dict[int, Document]) -> Document:
    """One operation. `answers` are its own; those that every route may give are added behind them."""
    statuses = (*_EVERYWHERE, *(_REFUSED if security else ()))
    responses = {str(status): answer for status, answer in answers.items()}
    return {
        "operationId": name,
        "tags": [tag],
        "summary": summary,
        "security": security,
        "responses": errors(statuses) | responses,
    }


def errors(statuses: Sequence[int]) -> Document:
    """Responses in the one shape of errors, by status."""
    found = {}
    for status in statuses:
        found[str(status)] = as_json(HTTPStatus(status).phrase, ref("Error"))
        if status in (429, 503):
            found[str(status)]["headers"] = retry_after()
    return found


def as_json(description: str, schema: Document, *, headers: Document | None = None) -> Document:
    """A response with a JSON body of that schema."""
    answer: Document = {"description": description, "content": {"application/json": {"schema": schema}}}
    return answer | ({"headers": dict(headers)} if headers else {})


def as_html(description: str) -> Document:
    """A page. It loads its own files from below /static/, which are no part of this interface."""
    return {
        "description": description,
        "headers": {"ETag": text_header("of the file"), "Content-Security-Policy": text_header("nothing inline")},
        "content": {"text/html": {"schema": {"type": "string"}}},
    }


def body(schema: str, *, required: bool) -> Document:
    """A request body by the name of its schema."""
    return {"required": required, "content": {"application/json": {"schema": ref(schema)}}}


def unified_headers() -> Document:
    """Headers of every answer out of the merged lists (contract section 5.3)."""
    complete = {
        "description": "whether every asked system is ok",
        "schema": {"type": "string", "enum": ["true", "false"]},
    }
    return {"X-Gateway-Complete": complete, "Server-Timing": text_header("cache, slowest appliance and merge")}


def retry_after() -> Document:
    """The header of what may be asked again later."""
    return {"Retry-After": {"description": "seconds", "schema": {"type": "integer", "minimum": 1}}}


def text_header(description: str) -> Document:
    """A header whose value is a text."""
    return {"description": description, "schema": {"type": "string"}}
