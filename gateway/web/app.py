"""The application: one dispatcher behind one guard, one cleanup context."""

from collections.abc import AsyncIterator
from typing import Final

from aiohttp import web

from gateway.stack import Gateway
from gateway.web.keys import GATEWAY
from gateway.web.middleware import add_request_id, outer_guard
from gateway.web.routes import dispatch

HEADERS_S: Final = 15.0
"""A connection that sends no whole request head for so long is closed; kept ones as well."""


def create_app(gateway: Gateway) -> web.Application:
    """The application over a gateway that is not open yet: it opens and closes with the application."""
    app = web.Application(middlewares=[outer_guard])
    app[GATEWAY] = gateway
    app.router.add_route("*", "/{path:.*}", dispatch)
    app.on_response_prepare.append(add_request_id)
    app.cleanup_ctx.append(_opened)
    return app


async def _opened(app: web.Application) -> AsyncIterator[None]:
    async with app[GATEWAY]:
        yield


def create_runner(app: web.Application) -> web.AppRunner:
    """The runner with the limits of contract section 4; requests are logged by the guard alone."""
    return web.AppRunner(
        app, access_log=None, keepalive_timeout=HEADERS_S, shutdown_timeout=20.0, handler_cancellation=True
    )
