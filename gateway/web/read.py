"""What comes in: a bounded body, and the caller behind the credentials of a request."""

import asyncio
import base64
import binascii
import math
import zlib
from typing import Final

from aiohttp import web

from gateway.access import LONGEST_PASSWORD_BYTES, Refused
from gateway.accounts import Caller
from gateway.errors import RequestError
from gateway.fair import ASKER
from gateway.observe import audit
from gateway.web.address import client_address
from gateway.web.keys import BODY, GATEWAY, LOAD, LOG, PLACE
from gateway.web.server import mark_known

BODY_S: Final = 10.0
"""A body must have arrived within so long (contract section 4)."""

_RUNNING_OF_ONE: Final = 2048
"""Requests of one caller at once: half of all that can be served, so that nobody is alone."""
_GZIP: Final = ("gzip", "x-gzip")
_CREDENTIAL_HEADERS: Final = ("AuthToken", "Authorization")


async def read_body(request: web.Request) -> bytes:
    """The whole body, unpacked, whatever its Content-Type says.

    RequestError 413 when it is too large (packed or unpacked), 408 when too slow, 415 for a coding but gzip.
    """
    limit = request.app[GATEWAY].config.server.max_body_bytes
    coding = ",".join(request.headers.getall("Content-Encoding", ())).strip().lower()
    if coding not in ("", "identity", *_GZIP):
        raise RequestError(
            415, "the body may be gzip or plain", field="Content-Encoding", headers={"Accept-Encoding": "gzip"}
        )
    body = await _received(request, limit)
    return _unpacked(body, limit) if coding in _GZIP and body else body


async def _received(request: web.Request, limit: int) -> bytes:
    chunks, size = [], 0
    if request.content_length is not None and request.content_length > limit:
        raise _too_large(limit)
    body: bytes = request.get(BODY, b"")
    if body:
        if len(body) > limit:
            raise _too_large(limit)
        return body
    try:
        async with asyncio.timeout(BODY_S):
            async for chunk in request.content.iter_any():
                size += len(chunk)
                if size > limit:
                    raise _too_large(limit)
                chunks.append(chunk)
    except TimeoutError:
        raise RequestError(408, f"the body did not arrive within {BODY_S:g} s", field="body") from None
    except web.RequestPayloadError as error:
        raise RequestError(400, "the body cannot be read", field="body") from error
    return b"".join(chunks)


def _unpacked(body: bytes, limit: int) -> bytes:
    """One gzip member, never more than the limit of it: a bomb costs what a plain body costs."""
    unzip = zlib.decompressobj(wbits=zlib.MAX_WBITS | 16)
    try:
        plain = unzip.decompress(body, limit + 1)
    except zlib.error:
        raise RequestError(400, "the body is no gzip", field="body") from None
    if len(plain) > limit:
        raise _too_large(limit)
    if not unzip.eof or unzip.unused_data:
        raise RequestError(400, "the body is no whole gzip", field="body")
    return plain


def _too_large(limit: int) -> RequestError:
    return RequestError(413, f"the body has more than the allowed {limit} bytes", field="body")


def token_of(request: web.Request) -> str | None:
    """The token of a request that carries one; None for a password."""
    kind, credential = _credential(request)
    return credential if kind == "token" else None


async def caller_of(request: web.Request) -> Caller:
    """Who asks; RequestError 401 without a good credential, 400 for several at once (contract section 4)."""
    kind, credential = _credential(request)
    access, address = request.app[GATEWAY].access, client_address(request)
    if kind == "basic":
        name, password = _basic(credential)
        found = await access.verify(name, password, address)
        audit_refusal(request, "basic", name, found)
    else:
        found = await access.by_token_anywhere(credential, address)
        audit_refusal(request, "token", "", found)
    if isinstance(found, Refused):
        raise refused(found, "the credential is not valid, or not valid any more")
    request[LOG]["caller"] = found.name
    ASKER.set(":".join(found.key))
    if request.app[LOAD].claim(request[PLACE], found.key) > _RUNNING_OF_ONE:
        raise RequestError(503, "too many requests of yours at once; try again", headers={"Retry-After": "1"})
    mark_known(request)  # at once: a crowd that waits for a cold answer is no crowd of strangers
    return found


def bearer_of(request: web.Request) -> str:
    """The token of a request that must carry one."""
    kind, credential = _credential(request)
    if kind == "basic":
        raise RequestError(400, "a request with a password has no session", field="Authorization")
    return credential


def refused(refusal: Refused, message: str) -> RequestError:
    """The answer to a credential that is not taken: 401 for what is wrong, 429 or 503 for what comes too often."""
    if refusal.why == "wrong":
        return unauthorized(message)
    headers = {"Retry-After": str(max(1, math.ceil(refusal.retry_s)))}
    if refusal.why == "busy":
        return RequestError(503, "too many logins are being checked; try again", headers=headers)
    return RequestError(429, "too many failed attempts; try again later", headers=headers)


def audit_refusal(request: web.Request, what: str, name: str, found: Caller | Refused) -> None:
    """An audit line for a refusal, and one for the lock that it brought about."""
    if not isinstance(found, Refused):
        return
    who, address = name or "?", client_address(request)
    audit("refusal", who=who, address=address, what=what, outcome=found.why)
    if found.locks:
        audit("lock", who=who, address=address, what=what, outcome="locked for 15 minutes")


def unauthorized(message: str) -> RequestError:
    """A 401 that says how to log in."""
    return RequestError(
        401, message, headers={"WWW-Authenticate": 'Bearer, Basic realm="backup-gateway", charset="UTF-8"'}
    )


def _credential(request: web.Request) -> tuple[str, str]:
    for name in _CREDENTIAL_HEADERS:
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


def _basic(value: str) -> tuple[str, str]:
    try:
        name, colon, password = base64.b64decode(value, validate=True).decode().partition(":")
    except (binascii.Error, ValueError):
        raise unauthorized("the Basic credential cannot be read") from None
    if not colon or len(password.encode()) > LONGEST_PASSWORD_BYTES:
        raise unauthorized("the Basic credential cannot be read")
    return name, password
