"""`serve` as a process over simulated appliances of this one, and who asks it."""

import contextlib
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import aiohttp

from gateway.simulator import Farm
from tests.gateway.live import STATIC_TOKEN, config_text, small
from tests.gateway.processes import Running, running

AUTH = {"AuthToken": STATIC_TOKEN}
BAD = """
[server]
prot = 8080
port = "8080"
[cache]
fresh_seconds = -1
[nonsense]
[[system]]
id = 1
name = "a"
url = "ftp://10.0.0.5/api"
username = "u"
timezone = "America/New_Yrok"
[[system]]
id = 1
name = "b"
url = "https://10.0.0.6"
username = "u"
password = "x"
password_env = "Y"
timezone = "Europe/Berlin"
[[user]]
username = "noc"
password_hash = "plain"
[[token]]
name = "t"
token_hash = "sha256:short"
"""


@contextlib.asynccontextmanager
async def serving(folder: Path, systems: int = 1, **config: Any) -> AsyncIterator[tuple[Running, str, Farm]]:
    """The process over appliances of this one."""
    async with Farm([small(number) for number in range(1, systems + 1)]) as farm:
        file = folder / "gateway.toml"
        file.write_text(config_text(farm, **config))
        async with running("serve", "--config", str(file)) as process:
            yield process, await process.address(), farm


@contextlib.asynccontextmanager
async def http() -> AsyncIterator[aiohttp.ClientSession]:
    async with aiohttp.ClientSession(headers=AUTH) as session:
        yield session


async def whole(session: aiohttp.ClientSession, address: str) -> tuple[int, Any]:
    async with session.post(f"{address}/api/backups") as answer:
        return answer.status, await answer.json()
