"""However many replicas ask, an appliance sees no more calls than its ceiling."""

import asyncio
from itertools import pairwise

import pytest

from gateway.simulator import Farm
from gateway.sources import gate
from tests.shared.servers import Server, replicas
from tests.shared.test_one_call import calls


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
