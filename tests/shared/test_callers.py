"""Callers' sessions and lock-outs are those of all replicas."""

import asyncio
import contextlib
from typing import Any

import pytest
from redis import Redis

from gateway.shared.reach import Reply
from gateway.shared.scripts import GET, Script
from gateway.simulator import Farm
from tests.kit.waiting import until
from tests.shared.servers import PATIENCE_S, USER, Replica, Server, replicas


async def test_a_session_of_one_replica_is_known_on_all(valkey: Server, farm: Farm) -> None:
    async with replicas(farm, 3, {"url": valkey.url}) as three:
        status, token = await three[0].login()
        assert status == 201
        assert [await replica.status(token) for replica in three] == [200, 200, 200]


async def test_a_logout_is_dead_on_all_replicas_within_a_second(valkey: Server, farm: Farm) -> None:
    async with replicas(farm, 3, {"url": valkey.url}) as three:
        _, token = await three[0].login()
        assert [await replica.status(token) for replica in three] == [200, 200, 200]
        assert await three[1].logout(token) == 200
        await asyncio.sleep(1)  # what the contract allows
        assert [await replica.status(token) for replica in three] == [401, 401, 401]


async def test_a_session_that_ends_while_a_replica_looks_it_up_is_dead_there_too(
    valkey: Server, farm: Farm, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with replicas(farm, 2, {"url": valkey.url}) as (one, two):
        _, token = await one.login()
        hub = two.gateway.hub
        assert hub is not None
        run, found, ended = hub._reach.run, asyncio.Event(), asyncio.Event()

        async def slowly(script: Script, *args: Any) -> Reply:
            reply = await run(script, *args)
            if script is GET and not found.is_set():
                found.set()
                await ended.wait()
            return reply

        monkeypatch.setattr(hub._reach, "run", slowly)
        asked = asyncio.create_task(two.status(token))
        await found.wait()
        assert await one.logout(token) == 200
        await until(lambda: hub._sessions._ended)
        ended.set()
        assert await asked == 401
        assert not two.gateway.access.sessions.digests()


async def test_five_wrong_passwords_lock_the_account_on_all_replicas(valkey: Server, farm: Farm) -> None:
    async with replicas(farm, 3, {"url": valkey.url}) as three:
        statuses = [(await three[number % 3].login("wrong"))[0] for number in range(5)]
        assert statuses == [401] * 5
        assert [(await replica.login())[0] for replica in three] == [429, 429, 429]


async def test_a_right_password_ends_the_row_of_failures_of_all_replicas(valkey: Server, farm: Farm) -> None:
    async with replicas(farm, 2, {"url": valkey.url}) as (one, two):
        for replica in (one, one, two, two):
            assert (await replica.login("wrong"))[0] == 401
        assert (await one.login())[0] == 201
        assert (await two.login("wrong"))[0] == 401
        assert (await two.login())[0] == 201


async def remembering(farm: Farm, valkey: Server, stack: contextlib.AsyncExitStack) -> list[Replica]:
    """Two replicas of which the second one remembers the right password."""
    one, two = await stack.enter_async_context(replicas(farm, 2, {"url": valkey.url}))
    assert (await two.login())[0] == 201
    assert await two.with_password() == 200
    return [one, two]


async def test_a_lock_counts_within_a_second_where_the_right_password_is_remembered(valkey: Server, farm: Farm) -> None:
    async with contextlib.AsyncExitStack() as stack:
        one, two = await remembering(farm, valkey, stack)
        assert [(await one.login("wrong"))[0] for _ in range(5)] == [401] * 5
        await asyncio.sleep(1)  # what the contract allows
        assert (await one.login())[0] == 429
        assert (await two.login())[0] == 429
        assert await two.with_password() == 429


async def test_a_lock_of_which_the_news_was_lost_counts_as_soon_as_news_come_again(valkey: Server, farm: Farm) -> None:
    async with contextlib.AsyncExitStack() as stack:
        one, two = await remembering(farm, valkey, stack)
        hub = two.gateway.hub
        assert hub is not None
        with valkey.client() as client:
            assert (await one.login("wrong"))[0] == 401
            (failures,) = client.keys("*name-*:failures")
            await until(lambda: not hub.is_quiet(USER[0]), PATIENCE_S)
            assert (await two.login())[0] == 201
            client.set(failures.replace(b":failures", b":lock"), "1", px=900_000)
            assert (await two.login())[0] == 201, "nobody told of it"
            again = asyncio.Event()
            hub._notices.missed.append(again.set)
            client.client_kill_filter(_type="pubsub")
            await asyncio.wait_for(again.wait(), PATIENCE_S)
            await until(lambda: hub.up, PATIENCE_S)
        assert (await two.login())[0] == 429


async def test_a_remembered_password_ends_the_row_of_failures_of_all_replicas(valkey: Server, farm: Farm) -> None:
    async with contextlib.AsyncExitStack() as stack:
        one, two = await remembering(farm, valkey, stack)
        hub = two.gateway.hub
        assert hub is not None
        for replica in (one, two, one, two):
            for _ in range(4):
                assert (await replica.login("wrong"))[0] == 401
            await until(lambda: not hub.is_quiet(USER[0]), PATIENCE_S)
            assert await two.with_password() == 200


async def test_a_remembered_password_costs_no_trip_to_the_store(valkey: Server, farm: Farm) -> None:
    async with contextlib.AsyncExitStack() as stack:
        _, two = await remembering(farm, valkey, stack)
        with valkey.client() as client:
            begun = _scripts(client)
            for _ in range(100):
                assert await two.with_password() == 200
            trips = _scripts(client) - begun
        assert trips < 50  # those that are made once a second


def _scripts(client: "Redis[Any]") -> int:
    """How many scripts the server has run."""
    return int(client.info("commandstats")["cmdstat_evalsha"]["calls"])


async def test_neither_tokens_nor_names_nor_passwords_are_in_the_store(valkey: Server, farm: Farm) -> None:
    async with replicas(farm, 2, {"url": valkey.url}) as (one, two):
        _, token = await one.login()
        await two.login("a wrong password")
        await one.ask(token=token)
        with valkey.client() as client:
            keys = client.keys("*")
            kept = b"".join(keys) + b"".join(client.dump(key) or b"" for key in keys)
    assert keys
    systems = one.gateway.systems.values()
    passwords = [system.config.password.get_secret_value() for system in systems]
    ours = [str(system.guard._inner._session._token) for system in systems]
    assert all(ours)
    for secret in (token, USER[1], "a wrong password", *passwords, *ours):
        assert secret.encode() not in kept
