"""What an application and a request carry."""

from typing import Final

from aiohttp import web

from gateway.stack import Gateway

GATEWAY: Final = web.AppKey("gateway", Gateway)

REQUEST_ID: Final = "request_id"
"""On a request: the id that its answer and its log lines carry."""
LOG: Final = "log"
"""On a request: a dict that handlers fill with what the request's log line shall say."""
