"""The application: one dispatcher behind one guard, one cleanup context."""

from collections.abc import AsyncIterator

from aiohttp import web

from gateway.metrics.scrape import Scrapes
from gateway.notices.notifier import Notifier
from gateway.stack import Gateway
from gateway.web.keys import GATEWAY, LOAD, SCRAPES
from gateway.web.load import Load
from gateway.web.middleware import add_headers, admission, expectation, outer_guard
from gateway.web.routes import dispatch


def create_app(gateway: Gateway) -> web.Application:
    """The application over a gateway that is not open yet: it opens and closes with the application."""
    app = web.Application(middlewares=[outer_guard, admission])
    app[GATEWAY] = gateway
    app[LOAD] = Load()
    app[SCRAPES] = Scrapes(gateway)
    app.router.add_route("*", "/{path:.*}", dispatch, expect_handler=expectation)
    app.on_response_prepare.append(add_headers)
    app.cleanup_ctx.append(_opened)
    return app


async def _opened(app: web.Application) -> AsyncIterator[None]:
    async with app[GATEWAY] as gateway, Notifier(gateway):
        yield
        await app[SCRAPES].close()
