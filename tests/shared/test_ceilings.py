"""However many replicas ask, an appliance sees no more calls than its ceiling."""

import asyncio
from itertools import pairwise
from typing import Any

import pytest

from gateway.model import SystemId
from gateway.simulator import Farm
from gateway.sources import gate
from tests.kit.waiting import until
from tests.shared.servers import Replica, Server, replicas
from tests.shared.test_one_call import calls
from tests.shield.test_ceilings_over_reloads import limited


async def test_the_ceiling_of_a_minute_counts_over_all_replicas(valkey: Server, farm: Farm) -> None:
    async with replicas(
        farm, 3, {"url": valkey.url, "widen_rows": 0}, calls_per_minute=6, concurrency=2, deadline_seconds=2
    ) as three:
        told = await asyncio.gather(
            *(
                replica.ask({"system_id": 1, "client_id": 10 * at + number})
                for at, replica in enumerate(three)
                for number in range(1, 7)
            )
        )
    kinds = [answer["systems"][0]["error"] for answer in told if answer["systems"][0]["error"]]
    assert calls(farm[0]) == 6
    assert len(kinds) == 12
    assert {kind["kind"] for kind in kinds} <= {"overloaded"}


async def test_the_ceiling_of_calls_at_once_counts_over_all_replicas(valkey: Server, farm: Farm) -> None:
    async with replicas(farm, 3, {"url": valkey.url, "widen_rows": 0}, concurrency=1) as three:
        await asyncio.gather(
            *(replica.ask({"system_id": 1, "client_id": number}) for number, replica in enumerate(three, 1))
        )
    spans = sorted(request.time for request in farm[0].requests if request.path.endswith("/backups"))
    assert len(spans) == 3
    assert all(after - before >= 0.19 for before, after in pairwise(spans))


async def test_with_the_store_away_each_replica_takes_its_share(
    farm: Farm, valkey: Server, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert gate._MINUTE_S == 60
    async with replicas(
        farm, 3, {"url": valkey.url, "widen_rows": 0}, calls_per_minute=6, concurrency=2, deadline_seconds=1
    ) as three:
        for replica in three:
            hub = replica.gateway.hub
            assert hub is not None
            hub._renewals.replicas = 3
            hub._reach.up = False
        await asyncio.gather(
            *(
                replica.ask({"system_id": 1, "client_id": 10 * at + number})
                for at, replica in enumerate(three)
                for number in range(1, 7)
            )
        )
    assert calls(farm[0]) == 6


async def test_another_number_of_calls_at_once_counts_for_those_who_wait_as_well(valkey: Server, farm: Farm) -> None:
    async with replicas(farm, 1, {"url": valkey.url, "widen_rows": 0}, concurrency=4) as (one,):
        counters = farm[0].counters
        under_way, waiting = _asked(one, 1, 2, 3, 4), _asked(one, 5, 6)
        await until(lambda: counters.in_flight == 4)
        one.gateway.apply(limited(one.gateway.config, concurrency=1))
        new = _asked(one, 7, 8)
        assert all(told["complete"] for told in await asyncio.gather(*under_way, *waiting, *new))
    assert counters.max_in_flight == 4
    starts = sorted(request.time for request in farm[0].requests if request.path.endswith("/backups"))
    assert len(starts) == 8
    assert all(after - before >= 0.19 for before, after in pairwise(starts[3:]))


async def test_more_calls_in_a_minute_count_for_those_who_wait_as_well(valkey: Server, farm: Farm) -> None:
    async with replicas(farm, 1, {"url": valkey.url, "widen_rows": 0}, calls_per_minute=1) as (one,):
        await asyncio.gather(*_asked(one, 1))
        waiting = _asked(one, 2, 3)
        await until(lambda: one.gateway.systems[SystemId(1)].source.calls.queued == 2)
        one.gateway.apply(limited(one.gateway.config, calls_per_minute=3))
        assert all(told["complete"] for told in await asyncio.gather(*waiting))


def _asked(replica: Replica, *clients: int) -> list[asyncio.Task[dict[str, Any]]]:
    """Questions that are a call each."""
    return [asyncio.create_task(replica.ask({"system_id": 1, "client_id": client})) for client in clients]
