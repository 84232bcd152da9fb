"""What an application and a request carry."""

from typing import Any, Final

from aiohttp import web

from gateway.metrics.scrape import Scrapes
from gateway.stack import Gateway
from gateway.web.load import Load, Place

GATEWAY: Final = web.AppKey("gateway", Gateway)
LOAD: Final = web.AppKey("load", Load)
SCRAPES: Final = web.AppKey("scrapes", Scrapes)

READY_KEY: Final = web.RequestKey("ready_key", bytes)
"""On a request: under what its answer may be kept for equal requests."""
PLACE: Final = web.RequestKey("place", Place)
"""On a request: its place among those that are running."""
REQUEST_ID: Final = web.RequestKey("request_id", str)
"""On a request: the id that its answer and its log lines carry."""
ROUTE: Final = web.RequestKey("route", str)
"""On a request: which route it goes, "other" for none."""
LOG: Final = web.RequestKey("log", dict[str, Any])
"""On a request: a dict that handlers fill with what the request's log line shall say."""
