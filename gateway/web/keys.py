"""What an application and a request carry."""

from dataclasses import dataclass
from typing import Any, Final

from aiohttp import web

from gateway.stack import Gateway

GATEWAY: Final = web.AppKey("gateway", Gateway)


@dataclass(slots=True)
class Load:
    """Requests that are being answered now."""

    running: int = 0


LOAD: Final = web.AppKey("load", Load)

REQUEST_ID: Final = web.RequestKey("request_id", str)
"""On a request: the id that its answer and its log lines carry."""
LOG: Final = web.RequestKey("log", dict[str, Any])
"""On a request: a dict that handlers fill with what the request's log line shall say."""
