"""Replicas killed, stopped and started anew at random under load; afterwards every answer that was given is checked."""

import asyncio
import contextlib
import random
import signal
import time
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import aiohttp

from tests.gateway.processes import Running, running
from tests.shared.servers import free_port, server
from tests.shared.test_history import Given, appliances, check, text_over
from tests.shield.support import TOKEN

RUN_S = 12.0
REPLICAS = 3
CLIENTS = 9


@dataclass
class Replica:
    """One process at one address, which is killed and comes back."""

    file: Path
    address: str
    process: Running | None = None

    async def start(self, stack: contextlib.AsyncExitStack) -> None:
        self.process = await stack.enter_async_context(running("serve", "--config", str(self.file)))
        await self.process.address()

    def send(self, number: signal.Signals) -> None:
        if self.process is not None and self.process.process.returncode is None:
            self.process.send(number)


async def client(http: aiohttp.ClientSession, address: str, end: float, rng: random.Random) -> list[Given]:
    """Asks one replica on and on. What it gets no answer to, because the process is gone, says nothing."""
    history = []
    while time.monotonic() < end:
        body: dict[str, Any] = {} if rng.random() < 0.9 else {"max_age": rng.choice([0, 0.5])}
        asked = time.monotonic()
        with contextlib.suppress(aiohttp.ClientError):
            async with http.post(f"{address}/api/backups", json=body, headers={"AuthToken": TOKEN}) as answer:
                history.append(Given(asked, await answer.json()))
        await asyncio.sleep(rng.uniform(0.005, 0.05))
    return history


async def trouble(replicas: list[Replica], stack: contextlib.AsyncExitStack, end: float, rng: random.Random) -> None:
    while time.monotonic() < end - 3:
        await asyncio.sleep(rng.uniform(0.3, 1.0))
        one = rng.choice(replicas)
        if rng.random() < 0.6:
            one.send(signal.SIGSTOP)
            await asyncio.sleep(rng.uniform(0.1, 1.5))
            one.send(signal.SIGCONT)
        else:
            one.send(signal.SIGKILL)
            await one.start(stack)


async def test_no_answer_is_older_than_it_says_or_goes_back_whatever_happens_to_the_replicas(tmp_path: Path) -> None:
    rng = random.Random(20_261_124)
    async with contextlib.AsyncExitStack() as stack:
        store = stack.enter_context(server())
        found = await stack.enter_async_context(appliances())
        http = await stack.enter_async_context(aiohttp.ClientSession(connector=aiohttp.TCPConnector(limit=0)))
        replicas = []
        for _ in range(REPLICAS):
            port = free_port()
            file = tmp_path / f"{port}.toml"
            file.write_text(text_over(found, store.url).replace("port = 0", f"port = {port}", 1))
            replicas.append(Replica(file, f"http://127.0.0.1:{port}"))
        for one in replicas:
            await one.start(stack)
        end = time.monotonic() + RUN_S
        clients = [
            client(http, replicas[number % REPLICAS].address, end, random.Random(number)) for number in range(CLIENTS)
        ]
        *histories, _ = await asyncio.gather(*clients, trouble(replicas, stack, end, rng))
    for history in histories:
        assert history is not None
        assert len(history) > 20
        check(history, found)
