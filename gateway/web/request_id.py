"""The id by which a request is found again: in its answer, in its log lines."""

import re
from typing import Final

from aiohttp import web

from gateway.telemetry.request_log import new_request_id

_SANE: Final = re.compile(r"[A-Za-z0-9._-]{1,64}")


def request_id_of(request: web.BaseRequest) -> str:
    """The one that the caller gave, if it is fit for a log; else a new one."""
    return fit_request_id(request.headers.get("X-Request-ID", ""))


def fit_request_id(asked: str) -> str:
    """The same for what was given, "" for nothing."""
    return asked if _SANE.fullmatch(asked) else new_request_id()
