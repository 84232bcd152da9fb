"""The store may be dead, slow, full or read-only: answers go on, and say so."""

import asyncio
import io
import json
import signal
import time
from collections.abc import AsyncIterator

import pytest

from gateway.simulator import Farm
from tests.kit.waiting import until
from tests.shared.servers import PATIENCE_S, Replica, Server, free_port, replicas, server

HELD = {"system_id": [1, 3]}


def words(log: io.StringIO) -> list[str]:
    return [json.loads(line).get("event") for line in log.getvalue().splitlines()]


@pytest.fixture
async def own() -> AsyncIterator[Server]:
    with server() as one:
        yield one


def is_up(replica: Replica) -> bool:
    return replica.gateway.hub is not None and replica.gateway.hub.up


async def goes_on(two: list[Replica], token: str) -> None:
    """Held answers within 50 ms more, a cold one within its deadline, readiness 200 that says so."""
    for replica in two:
        begun = time.monotonic()
        told = await replica.ask(HELD)
        assert time.monotonic() - begun < 0.05 + 0.1  # the answer itself, on a busy machine
        assert told["complete"]
    begun = time.monotonic()
    cold = await asyncio.gather(*(replica.ask({"system_id": 1, "max_age": 0}) for replica in two))
    assert all(answer["complete"] for answer in cold)
    assert time.monotonic() - begun < 3
    assert await two[0].status(token) == 200
    await until(lambda: not any(is_up(replica) for replica in two), PATIENCE_S)
    assert [await replica.ready() for replica in two] == [(200, "away")] * 2


async def is_shared_again(two: list[Replica], farm: Farm) -> None:
    await until(lambda: all(is_up(replica) for replica in two), 15)
    assert [await replica.ready() for replica in two] == [(200, "ok")] * 2
    _, token = await two[0].login()
    assert [await replica.status(token) for replica in two] == [200, 200]
    before = len([request for request in farm[1].requests if request.path.endswith("/backups")])
    await asyncio.gather(*(replica.ask({"system_id": 2}) for replica in two))
    assert len([request for request in farm[1].requests if request.path.endswith("/backups")]) == before + 1


@pytest.mark.parametrize("fault", ["killed", "stopped", "full", "read_only"])
async def test_answers_go_on_without_the_store_and_are_shared_again_with_it(
    own: Server, farm: Farm, fault: str
) -> None:
    log = io.StringIO()
    async with replicas(farm, 2, {"url": own.url}, log) as two:
        await two[0].ask(HELD)
        await two[1].ask(HELD)
        _, token = await two[0].login()
        assert await two[1].status(token) == 200
        await _break(own, fault)
        await goes_on(two, token)
        await asyncio.sleep(1)
        assert words(log).count("shared_store_away") == 2  # one for each replica
        await _mend(own, fault)
        await is_shared_again(two, farm)
        assert await two[1].status(token) == 200  # where it was known it is known still
    assert words(log).count("shared_store_back") == 2


async def _break(one: Server, fault: str) -> None:
    if fault == "killed":
        one.stop()
    elif fault == "stopped":
        one.send(signal.SIGSTOP)
    else:
        with one.client() as client:
            if fault == "full":
                client.config_set("maxmemory-policy", "noeviction")
                client.config_set("maxmemory", "1mb")
            else:
                client.config_set("min-replicas-to-write", "1")


async def _mend(one: Server, fault: str) -> None:
    if fault == "killed":
        one.start()
    elif fault == "stopped":
        one.send(signal.SIGCONT)
    else:
        with one.client() as client:
            client.config_set("maxmemory", "0")
            client.config_set("min-replicas-to-write", "0")


async def test_a_gateway_starts_without_its_store(farm: Farm) -> None:
    log = io.StringIO()
    async with replicas(farm, 1, {"url": f"redis://127.0.0.1:{free_port()}"}, log) as (one,):
        assert (await one.ask())["complete"]
        assert await one.ready() == (200, "away")
        assert await one.metric("backup_gateway_shared_store_up") == 0
    assert words(log).count("shared_store_away") == 1


async def test_a_logout_during_an_outage_counts_everywhere_when_the_store_is_back(own: Server, farm: Farm) -> None:
    async with replicas(farm, 2, {"url": own.url}) as two:
        _, token = await two[0].login()
        assert await two[1].status(token) == 200
        own.stop()
        assert await two[0].logout(token) == 200
        assert [await replica.status(token) for replica in two] == [401, 200]
        own.start()
        await until(lambda: all(is_up(replica) for replica in two), 15)
        await asyncio.sleep(1)
        assert await two[1].status(token) == 401
