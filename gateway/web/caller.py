"""Who asks: the caller behind the credential of a request, and what one that is not taken is told."""

import math
from typing import Final

from aiohttp import web

from gateway.callers.access import Refused
from gateway.callers.accounts import Caller
from gateway.errors import RequestError
from gateway.loop.fair import ASKER
from gateway.telemetry.observe import audit
from gateway.web.address import client_address
from gateway.web.connection import mark_known
from gateway.web.credentials import credential_of, password_of, unauthorized
from gateway.web.keys import GATEWAY, LOAD, LOG, PLACE
from gateway.web.load import TOO_MUCH

_RUNNING_OF_ONE: Final = 2048
"""Requests of one caller at once: half of all that can be served, so that nobody is alone."""


async def caller_of(request: web.Request) -> Caller:
    """Who asks (contract section 4).

    RequestError 401 without a good credential, 400 for several at once, 429 after too many bad ones, 503 where that
    caller asks more than can be answered.
    """
    kind, credential = credential_of(request)
    access, address = request.app[GATEWAY].access, client_address(request)
    if kind == "basic":
        name, password = password_of(credential)
        found = await access.verify(name, password, address)
        audit_refusal(request, "basic", name, found)
    else:
        found = await access.by_token_anywhere(credential, address)
        audit_refusal(request, "token", "", found)
    if isinstance(found, Refused):
        raise refused(found, "the credential is not valid, or not valid any more")
    request[LOG]["caller"] = found.name
    ASKER.set(found.asker)
    running = request.app[LOAD].claim(request[PLACE], found.key)
    if running > _RUNNING_OF_ONE or request.app[GATEWAY].turns.is_late(found.asker):
        raise RequestError(503, TOO_MUCH, headers={"Retry-After": "1"})
    mark_known(request)  # at once: a crowd that waits for a cold answer is no crowd of strangers
    return found


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
