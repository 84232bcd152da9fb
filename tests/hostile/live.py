"""A gateway over simulated appliances, listening on a real socket, for callers that mean it no good."""

import contextlib
from collections.abc import AsyncIterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from aiohttp import ClientSession, ClientTimeout, web

from gateway.config.file import parse
from gateway.simulator import ApplianceSpec, Farm
from gateway.stack import Gateway
from gateway.web.app import create_app
from gateway.web.server import Runner
from tests.kit.accounts import PASSWORD, token_table, user_table
from tests.kit.toml import table

STATIC_TOKEN = "static-token-of-the-hostile-suite"
ADDRESS = "127.0.0.1"


@dataclass
class TurnedClock:
    """Monotonic seconds that move only when a test turns them."""

    now: float = 1_000_000.0

    def __call__(self) -> float:
        return self.now


@dataclass
class Live:
    """One listening gateway. `headers` carry a good credential."""

    gateway: Gateway
    farm: Farm
    port: int
    http: ClientSession
    runner: Runner
    headers: dict[str, str] = field(default_factory=lambda: {"AuthToken": STATIC_TOKEN})

    @property
    def url(self) -> str:
        return f"http://{ADDRESS}:{self.port}"

    async def login(self, username: str = "noc", password: str = PASSWORD, **options: Any) -> tuple[int, Any]:
        """Status and JSON of one login."""
        credentials = {"username": username, "password": password}
        async with self.http.post(f"{self.url}/api/login", json=credentials, **options) as answer:
            return answer.status, await answer.json()

    def calls(self) -> int:
        """How many requests the appliances have had in all."""
        return sum(len(appliance.requests) for appliance in self.farm)


@contextlib.asynccontextmanager
async def running(
    *,
    users: list[dict[str, Any]] | None = None,
    server: str = "",
    fanout: str = "",
    rows: int = 40,
    systems: int = 2,
    clock: TurnedClock | None = None,
) -> AsyncIterator[Live]:
    """A gateway over `systems` appliances of `rows` rows each.

    `server` and `fanout` are TOML for these tables, `clock` turns its time by hand.
    """
    specs = [ApplianceSpec(name=f"site-{number}", seed=number, rows=rows) for number in range(1, systems + 1)]
    async with Farm(specs) as farm:
        text = farm.config_toml(0, [user_table()] if users is None else users)
        text = text.replace("[server]", f"[fanout]\n{fanout}\n[server]\n{server}", 1)
        text += "\n" + table("[[token]]", token_table("probe", STATIC_TOKEN))
        config = parse(text, "hostile", Path.cwd())
        gateway = Gateway(config) if clock is None else Gateway(config, monotonic=clock)
        runner = Runner(create_app(gateway), per_address=not config.server.trusted_proxies)
        await runner.setup()
        try:
            site = web.TCPSite(runner, ADDRESS, 0, backlog=1024)
            await site.start()
            async with ClientSession(timeout=ClientTimeout(total=60)) as http:
                yield Live(gateway, farm, runner.addresses[0][1], http, runner)
        finally:
            await runner.cleanup()
