"""A burst over several replicas costs each appliance one login and one list call."""

import asyncio

from gateway.simulator import Appliance, ApplianceSpec, Farm, Fault
from tests.kit.waiting import until
from tests.shared.servers import PATIENCE_S, Server, replicas


def calls(appliance: Appliance, path: str = "/backups") -> int:
    return sum(1 for request in appliance.requests if request.path.endswith(path))


async def test_a_burst_of_equal_questions_over_three_replicas_costs_one_login_and_one_list_call(
    valkey: Server, farm: Farm
) -> None:
    async with replicas(farm, 3, {"url": valkey.url}) as three:
        told = await asyncio.gather(*(replica.ask() for replica in three for _ in range(20)))
    assert all(answer["complete"] and answer["total"] == told[0]["total"] > 0 for answer in told)
    assert all(answer["backups"] == told[0]["backups"] for answer in told)
    for number in range(3):
        assert calls(farm[number]) == 1
        assert calls(farm[number], "/login") == 1


async def test_a_list_that_one_replica_holds_is_no_call_of_another(valkey: Server, farm: Farm) -> None:
    async with replicas(farm, 2, {"url": valkey.url}) as (one, two):
        first = await one.ask()
        await until(lambda: valkey.client().keys("*head*"), PATIENCE_S)
        second = await two.ask()
    assert second["backups"] == first["backups"]
    assert {system["source"] for system in second["systems"]} == {"cache"}
    for told, before in zip(second["systems"], first["systems"], strict=True):
        assert told["age_seconds"] >= before["age_seconds"]
    assert calls(farm[0]) == 1


async def test_a_question_that_wants_it_now_is_asked_after_it_came(valkey: Server, farm: Farm) -> None:
    async with replicas(farm, 2, {"url": valkey.url}) as (one, two):
        await one.ask()
        told = await asyncio.gather(*(replica.ask({"max_age": 0}) for replica in (one, two) for _ in range(5)))
    assert all(answer["complete"] for answer in told)
    assert 2 <= calls(farm[0]) <= 3


async def test_a_newer_list_reaches_the_replicas_that_hold_an_older_one(valkey: Server, farm: Farm) -> None:
    async with replicas(farm, 2, {"url": valkey.url}) as (one, two):
        await one.ask()
        await two.ask()
        before = [held.fetched.asked_at for held in two.gateway.store.held(1)]
        await one.ask({"max_age": 0})
        await until(lambda: [held.fetched.asked_at for held in two.gateway.store.held(1)] > before, PATIENCE_S)
    assert calls(farm[0]) == 2


async def test_a_list_comes_to_other_replicas_with_the_columns_that_it_has(valkey: Server) -> None:
    async with (
        Farm([ApplianceSpec(rows=300)]) as farm,
        replicas(farm, 2, {"url": valkey.url}) as (one, two),
    ):
        await one.ask()
        await two.ask()
        (before,) = two.gateway.store.held(1)
        assert not before.index.kept()
        await one.ask({"max_age": 0.001})
        await until(lambda: two.gateway.store.held(1) != [before], PATIENCE_S)
        (own,), (taken,) = one.gateway.store.held(1), two.gateway.store.held(1)
    assert (own.via, taken.via) == ("tail", "shared")
    assert taken.index.kept() == own.index.kept() != b""


async def test_a_failure_is_told_to_all_who_wait_for_it(valkey: Server, farm: Farm) -> None:
    async with replicas(farm, 3, {"url": valkey.url}) as three:
        await farm[0].inject(Fault("error"))
        told = await asyncio.gather(*(replica.ask() for replica in three))
    assert {answer["systems"][0]["state"] for answer in told} == {"missing"}
    assert {answer["systems"][0]["error"]["kind"] for answer in told} == {"appliance_error"}
    assert calls(farm[0]) == 1
