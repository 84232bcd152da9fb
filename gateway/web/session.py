"""POST /api/login and /api/logout (contract section 4)."""

from typing import Any

from aiohttp import web

from gateway.callers.access import LONGEST_PASSWORD_BYTES, Refused
from gateway.callers.sessions import IDLE_S
from gateway.errors import bad_field
from gateway.question.query import read_json
from gateway.telemetry.observe import audit
from gateway.web.address import client_address
from gateway.web.body import read_body
from gateway.web.caller import audit_refusal, refused
from gateway.web.credentials import bearer_of
from gateway.web.keys import GATEWAY, LOG
from gateway.web.respond import json_answer


async def login(request: web.Request) -> web.StreamResponse:
    """A new session. Both `auth_token` and `token` are sent, since clients read one or the other."""
    body = read_json(await read_body(request))
    username, password = _text(body, "username"), _text(body, "password")
    gateway = request.app[GATEWAY]
    address = client_address(request)
    found = await gateway.access.verify(username, password, address)
    audit_refusal(request, "login", username, found)
    if isinstance(found, Refused):
        raise refused(found, "the user name or the password is wrong")
    request[LOG]["caller"] = found.name
    audit("login", who=found.name, address=address, what="session", outcome="granted")
    token = await gateway.access.open(found)
    answer = {
        "auth_token": token,
        "token": token,
        "timeout": IDLE_S,
        "expires": int(gateway.wall()) + IDLE_S,
        "id": found.number,
        "superuser": found.admin,
    }
    return json_answer(request, answer, status=201)


async def logout(request: web.Request) -> web.StreamResponse:
    """Ends the session whose token is sent."""
    token = bearer_of(request)
    access, address = request.app[GATEWAY].access, client_address(request)
    found = await access.by_token_anywhere(token, address)
    if isinstance(found, Refused):
        raise refused(found, "the credential is not valid, or not valid any more")
    if not await access.close(token):
        raise bad_field("AuthToken", "a static token has no session that could end")
    audit("logout", who=found.name, address=address, what="session", outcome="ended")
    return json_answer(request, {"result": [{"code": "0", "message": "logged out"}]})


def _text(body: dict[str, Any], field: str) -> str:
    value = body.get(field)
    if not isinstance(value, str) or not value:
        raise bad_field(field, "must be a text that is not empty")
    try:
        size = len(value.encode())
    except UnicodeEncodeError:
        raise bad_field(field, "is no valid text") from None
    if size > LONGEST_PASSWORD_BYTES:
        raise bad_field(field, f"is longer than {LONGEST_PASSWORD_BYTES} bytes")
    return value
