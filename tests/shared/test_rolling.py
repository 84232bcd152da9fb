"""Two replicas restarted one after the other under load: no request and no session is lost."""

import asyncio
import contextlib
from pathlib import Path

import aiohttp

from gateway.simulator import Farm
from tests.kit.waiting import until
from tests.shared.rolling import Balancer, Replicas, login
from tests.shared.servers import PATIENCE_S, Server

CLIENTS = 8


async def test_a_rolling_restart_loses_no_request_and_no_session(valkey: Server, farm: Farm, tmp_path: Path) -> None:
    async with aiohttp.ClientSession(connector=aiohttp.TCPConnector(force_close=True, limit=0)) as http:
        stop, told = asyncio.Event(), list[tuple[int, bool]]()
        async with asyncio.timeout(60), contextlib.AsyncExitStack() as stack:
            replicas = await Replicas.started(stack, valkey, farm, tmp_path)
            balancer = Balancer(http, list(replicas.addresses))
            probing = asyncio.create_task(balancer.probe())
            await until(lambda: len(balancer.ready) == 2, PATIENCE_S)
            token = await login(http, replicas.addresses[0])

            async def client() -> None:
                while not stop.is_set():
                    told.append(await balancer.ask(token))

            clients = [asyncio.create_task(client()) for _ in range(CLIENTS)]
            await until(lambda: len(told) > 50, PATIENCE_S)
            assert await replicas.restart_both(balancer) == [0, 0]
            before = len(told)
            await until(lambda: len(told) > before + 50, PATIENCE_S)
            stop.set()
            await asyncio.gather(*clients)
            probing.cancel()
            await asyncio.gather(probing, return_exceptions=True)
    assert set(told) == {(200, True)}
