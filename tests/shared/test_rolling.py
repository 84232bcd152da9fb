"""Two replicas restarted one after the other under load: no request and no session is lost."""

import asyncio
import contextlib
from dataclasses import dataclass, field
from pathlib import Path

import aiohttp

from gateway.simulator import Farm
from tests.gateway.processes import Running, running
from tests.shared.servers import USER, USER_TOML, Server, free_port, until
from tests.shield.support import text_of

CLIENTS = 8
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


async def test_a_rolling_restart_loses_no_request_and_no_session(valkey: Server, farm: Farm, tmp_path: Path) -> None:
    ports = free_port(), free_port()
    files = [tmp_path / f"{port}.toml" for port in ports]
    for file, port in zip(files, ports, strict=True):
        text = text_of(farm, {"url": valkey.url}) + USER_TOML
        file.write_text(text.replace("port = 0", f"port = {port}", 1))
    addresses = [f"http://127.0.0.1:{port}" for port in ports]
    async with aiohttp.ClientSession(connector=aiohttp.TCPConnector(force_close=True, limit=0)) as http:
        balancer, stop, told = Balancer(http, addresses), asyncio.Event(), list[tuple[int, bool]]()
        async with asyncio.timeout(60), contextlib.AsyncExitStack() as stack:
            first, second = [await _started(stack, file) for file in files]
            probing = asyncio.create_task(balancer.probe())
            await until(lambda: len(balancer.ready) == 2)
            token = await _login(http, addresses[0])

            async def client() -> None:
                while not stop.is_set():
                    told.append(await balancer.ask(token))

            clients = [asyncio.create_task(client()) for _ in range(CLIENTS)]
            await until(lambda: len(told) > 50)
            assert (await second.end()).code == 0
            await _started(stack, files[1])
            await until(lambda: addresses[1] in balancer.ready)
            assert (await first.end()).code == 0
            before = len(told)
            await until(lambda: len(told) > before + 50)
            stop.set()
            await asyncio.gather(*clients)
            probing.cancel()
            await asyncio.gather(probing, return_exceptions=True)
    assert set(told) == {(200, True)}


async def _login(http: aiohttp.ClientSession, address: str) -> str:
    name, password = USER
    async with http.post(f"{address}/api/login", json={"username": name, "password": password}) as answer:
        assert answer.status == 201
        return str((await answer.json())["token"])


async def _started(stack: contextlib.AsyncExitStack, file: Path) -> Running:
    process = await stack.enter_async_context(running("serve", "--config", str(file)))
    await process.address()
    return process
