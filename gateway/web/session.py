"""POST /api/login and /api/logout (contract section 4)."""

from typing import Any

from aiohttp import web

from gateway.access import IDLE_S, LONGEST_PASSWORD_BYTES
from gateway.errors import bad_field
from gateway.query import read_json
from gateway.web.keys import GATEWAY, LOG
from gateway.web.read import bearer_of, read_body, unauthorized
from gateway.web.respond import json_answer


async def login(request: web.Request) -> web.StreamResponse:
    """A new session. Both `auth_token` and `token` are sent, since clients read one or the other."""
    body = read_json(await read_body(request))
    username, password = _text(body, "username"), _text(body, "password")
    gateway = request.app[GATEWAY]
    caller = await gateway.access.verify(username, password)
    if caller is None:
        raise unauthorized("the user name or the password is wrong")
    request[LOG]["caller"] = caller.name
    token = gateway.access.open_session(caller)
    answer = {
        "auth_token": token,
        "token": token,
        "timeout": IDLE_S,
        "expires": int(gateway.wall()) + IDLE_S,
        "id": caller.number,
        "superuser": caller.admin,
    }
    return json_answer(request, answer, status=201)


async def logout(request: web.Request) -> web.StreamResponse:
    """Ends the session whose token is sent."""
    token = bearer_of(request)
    access = request.app[GATEWAY].access
    if access.by_token(token) is None:
        raise unauthorized("the credential is not valid, or not valid any more")
    if not access.close_session(token):
        raise bad_field("AuthToken", "a static token has no session that could end")
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
