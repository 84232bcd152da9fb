"""A replica that dies or is stopped in the middle of a call does not hold up the others."""

import asyncio
import contextlib
import json
import signal
import time
from collections.abc import AsyncIterator
from pathlib import Path

import aiohttp
import pytest

from gateway.simulator import Farm, Fault
from tests.gateway.processes import Running, running
from tests.kit.waiting import until
from tests.shared.servers import PATIENCE_S, Server
from tests.shared.test_one_call import calls
from tests.shield.support import TOKEN, text_of


@contextlib.asynccontextmanager
async def processes(
    farm: Farm, count: int, folder: Path, url: str
) -> AsyncIterator[list[tuple[Running, aiohttp.ClientSession]]]:
    file = folder / "gateway.toml"
    file.write_text(text_of(farm, {"url": url}))
    async with contextlib.AsyncExitStack() as stack:
        started = [await stack.enter_async_context(running("serve", "--config", str(file))) for _ in range(count)]
        found = []
        for process in started:
            address = await process.address()
            http = await stack.enter_async_context(aiohttp.ClientSession(address, headers={"AuthToken": TOKEN}))
            found.append((process, http))
        yield found


async def ask(http: aiohttp.ClientSession) -> dict[str, object]:
    async with http.post("/api/backups", json={"system_id": 1}) as answer:
        found: dict[str, object] = json.loads(await answer.read())
        return found


@pytest.mark.parametrize("number", [signal.SIGKILL, signal.SIGSTOP], ids=["killed", "stopped"])
async def test_the_others_answer_within_the_lease_and_the_late_one_changes_nothing(
    valkey: Server, farm: Farm, tmp_path: Path, number: signal.Signals
) -> None:
    async with processes(farm, 2, tmp_path, valkey.url) as ((first, one), (_, two)):
        await farm[0].inject(Fault("slow", seconds=1.0, count=1))
        holder = asyncio.create_task(ask(one))
        await until(lambda: calls(farm[0]) == 1, PATIENCE_S)
        first.send(number)
        begun = time.monotonic()
        told = await ask(two)
        assert told["complete"]
        assert time.monotonic() - begun < 3.0 + 1.5  # the lease, and a call
        assert calls(farm[0]) == 2
        with valkey.client() as client:
            await until(lambda: client.keys("*:head:*"), PATIENCE_S)  # an answer does not wait until its list is shared
            (head,) = client.keys("*:head:*")
            before = client.hgetall(head)
            if number == signal.SIGSTOP:
                first.send(signal.SIGCONT)
                assert (await holder)["complete"]
                await asyncio.sleep(0.3)  # for the write that must not happen
                assert client.hgetall(head) == before
        holder.cancel()
        with contextlib.suppress(asyncio.CancelledError, aiohttp.ClientError):
            await holder
