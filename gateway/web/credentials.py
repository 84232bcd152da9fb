"""The credential that a request carries: a token or a password, and only one of them (contract section 4)."""

import base64
import binascii
from typing import Final, Literal

from aiohttp import web

from gateway.callers.access import LONGEST_PASSWORD_BYTES
from gateway.errors import RequestError

_HEADERS: Final = ("AuthToken", "Authorization")


def credential_of(request: web.BaseRequest) -> tuple[Literal["token", "basic"], str]:
    """Its kind, and what it says. RequestError 401 where there is none, 400 for a header given twice or two of them."""
    for name in _HEADERS:
        if len(request.headers.getall(name, ())) > 1:
            raise RequestError(400, f"{name}: the header is given twice", field=name)
    token = request.headers.get("AuthToken", "").strip()
    scheme, _, value = request.headers.get("Authorization", "").strip().partition(" ")
    scheme, value = scheme.lower(), value.strip()
    if scheme and scheme not in ("bearer", "basic"):
        raise unauthorized("Authorization must be Bearer or Basic")
    if token and scheme and (scheme == "basic" or value != token):
        raise RequestError(400, "two different credentials are given", field="Authorization")
    if token or scheme == "bearer":
        return "token", token or value
    if scheme == "basic":
        return "basic", value
    raise unauthorized("log in with POST /api/login and send the token as AuthToken")


def token_of(request: web.BaseRequest) -> str | None:
    """The token of a request that carries one; None for a password."""
    kind, credential = credential_of(request)
    return credential if kind == "token" else None


def bearer_of(request: web.BaseRequest) -> str:
    """The token of a request that must carry one."""
    kind, credential = credential_of(request)
    if kind == "basic":
        raise RequestError(400, "a request with a password has no session", field="Authorization")
    return credential


def password_of(value: str) -> tuple[str, str]:
    """Name and password of a Basic credential (RFC 7617); RequestError 401 for one that cannot be read."""
    try:
        name, colon, password = base64.b64decode(value, validate=True).decode().partition(":")
    except (binascii.Error, ValueError):
        raise unauthorized("the Basic credential cannot be read") from None
    if not colon or len(password.encode()) > LONGEST_PASSWORD_BYTES:
        raise unauthorized("the Basic credential cannot be read")
    return name, password


def unauthorized(message: str) -> RequestError:
    """A 401 that says how to log in."""
    return RequestError(
        401, message, headers={"WWW-Authenticate": 'Bearer, Basic realm="backup-gateway", charset="UTF-8"'}
    )
