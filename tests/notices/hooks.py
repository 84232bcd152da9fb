"""Somebody who is told: a server that keeps what it receives, and a gateway with a notifier that a test lets look."""

import asyncio
import contextlib
import time
from collections.abc import AsyncIterator
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

from aiohttp import web

from gateway.config.file import parse
from gateway.notices.notifier import Notifier
from gateway.simulator import ApplianceSpec, Farm
from gateway.stack import Gateway
from tests.gateway.live import config_text, small
from tests.kit.toml import Table
from tests.secure.support import Ahead


class Wall:
    """Epoch seconds, from noon (UTC) of today on: a test may push it forward."""

    def __init__(self) -> None:
        self.by = 12 * 3600 - time.time() % 86_400

    def __call__(self) -> float:
        return time.time() + self.by


@dataclass
class Inbox:
    """`status` is what it answers from now on."""

    url: str = ""
    status: int = 200
    received: list[tuple[str, Any]] = field(default_factory=list)
    arrived: asyncio.Event = field(default_factory=asyncio.Event)

    def taken(self, path: str = "/hook") -> list[Any]:
        """What came to a path since the last look into it."""
        found = [body for at, body in self.received if at == path]
        self.received = [(at, body) for at, body in self.received if at != path]
        return found


@contextlib.asynccontextmanager
async def inbox() -> AsyncIterator[Inbox]:
    """A listening one."""
    box = Inbox()

    async def take(request: web.Request) -> web.Response:
        box.received.append((request.path, await request.json() if request.method == "POST" else request.method))
        box.arrived.set()
        return web.Response(status=box.status)

    app = web.Application()
    app.router.add_route("*", "/{path:.*}", take)
    runner = web.AppRunner(app)
    await runner.setup()
    site = web.TCPSite(runner, "127.0.0.1", 0)
    await site.start()
    box.url = f"http://127.0.0.1:{runner.addresses[0][1]}"
    try:
        yield box
    finally:
        await runner.cleanup()


@dataclass
class Told:
    """A gateway whose clocks stand in `clock`, with its notifier."""

    gateway: Gateway
    notifier: Notifier
    farm: Farm
    box: Inbox
    clock: Ahead
    wall: "Wall"

    async def look(self) -> list[Any]:
        """What one look sends to the hook."""
        await self.notifier.look()
        return self.box.taken()

    def restarted(self) -> "Told":
        """The same gateway with a notifier that starts anew."""
        return replace(self, notifier=Notifier(self.gateway))


@contextlib.asynccontextmanager
async def told(
    specs: list[ApplianceSpec] | None = None,
    *,
    hook: Table | None = None,
    notices: Table | None = None,
    ping: bool = False,
    **more: Any,
) -> AsyncIterator[Told]:
    """A gateway over appliances, with one webhook that hears of all systems unless the test says otherwise."""
    async with Farm(specs or [small(1), small(2)]) as farm, inbox() as box:
        webhook = {"name": "noc", "kind": "generic", "url": f"{box.url}/hook", "systems": "all"} | dict(hook or {})
        own = {"unreachable_seconds": 0} | dict(notices or {}) | ({"ping_url": f"{box.url}/ping"} if ping else {})
        text = config_text(farm, notices=own, webhooks=[webhook], **more)
        config, clock = parse(text, "tests", Path.cwd()), Ahead()
        wall = Wall()
        async with Gateway(config, monotonic=clock, wall=wall) as gateway:
            yield Told(gateway, Notifier(gateway), farm, box, clock, wall)
