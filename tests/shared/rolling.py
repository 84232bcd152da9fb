"""Two replicas that are restarted one after the other, and the balancer before them."""

import asyncio
import contextlib
from dataclasses import dataclass, field
from pathlib import Path

import aiohttp

from gateway.simulator import Farm
from tests.gateway.processes import Running, running
from tests.kit.waiting import until
from tests.shared.servers import PATIENCE_S, USER, USER_TOML, Server, free_port
from tests.shield.support import text_of

PROBED_S = 0.05


@dataclass
class Balancer:
    """What stands before replicas: sends to those that are ready, and elsewhere what could not be sent at all."""

    http: aiohttp.ClientSession
    addresses: list[str]
    ready: set[str] = field(default_factory=set)
    turn: int = 0

    async def probe(self) -> None:
        while True:
            for address in self.addresses:
                try:
                    async with self.http.get(f"{address}/readyz") as answer:
                        good = answer.status == 200
                except aiohttp.ClientError:
                    good = False
                (self.ready.add if good else self.ready.discard)(address)
            await asyncio.sleep(PROBED_S)

    async def ask(self, token: str) -> tuple[int, bool]:
        """The status and whether every system answered."""
        for _ in range(len(self.addresses)):
            self.turn += 1
            able = sorted(self.ready) or self.addresses
            address = able[self.turn % len(able)]
            try:
                url, headers = f"{address}/api/backups", {"AuthToken": token}
                async with self.http.post(url, json={"start_hours": 24}, headers=headers) as answer:
                    return answer.status, (await answer.json()).get("complete", False)
            except aiohttp.ClientConnectorError:
                self.ready.discard(address)  # nothing was sent
        raise AssertionError("no replica takes connections")


@dataclass
class Replicas:
    """Two of them over one store, each with a file and a port of its own; `stack` ends what is left."""

    stack: contextlib.AsyncExitStack
    files: tuple[Path, Path]
    addresses: tuple[str, str]
    running: list[Running] = field(default_factory=list)

    @classmethod
    async def started(cls, stack: contextlib.AsyncExitStack, store: Server, farm: Farm, folder: Path) -> "Replicas":
        """Both, listening."""
        ports = free_port(), free_port()
        first, second = (folder / f"{port}.toml" for port in ports)
        for file, port in zip((first, second), ports, strict=True):
            text = text_of(farm, {"url": store.url}) + USER_TOML
            file.write_text(text.replace("port = 0", f"port = {port}", 1))
        made = cls(stack, (first, second), (f"http://127.0.0.1:{ports[0]}", f"http://127.0.0.1:{ports[1]}"))
        made.running = [await made.start(0), await made.start(1)]
        return made

    async def start(self, number: int) -> Running:
        """One of them, from the moment on in which it listens."""
        process = await self.stack.enter_async_context(running("serve", "--config", str(self.files[number])))
        await process.address()
        return process

    async def restart_both(self, balancer: Balancer) -> list[int]:
        """One after the other, each once the other one is ready; the exit codes."""
        codes = []
        for number in (1, 0):
            codes.append((await self.running[number].end()).code)
            self.running[number] = await self.start(number)
            await until(lambda place=number: self.addresses[place] in balancer.ready, PATIENCE_S)
        return codes


async def login(http: aiohttp.ClientSession, address: str) -> str:
    """A session of the one user."""
    name, password = USER
    async with http.post(f"{address}/api/login", json={"username": name, "password": password}) as answer:
        assert answer.status == 201
        return str((await answer.json())["token"])
