"""A reload changes the ceilings of an appliance at once, and is neither a new minute nor a second set of slots."""

import asyncio
from dataclasses import replace
from typing import Any

from gateway.config.checked import Config
from gateway.simulator import ApplianceSpec
from tests.kit.waiting import until
from tests.shield.support import Real, Rig, rig


def limited(config: Config, **limits: Any) -> Config:
    """The same appliances with other limits."""
    systems = [replace(one, limits=replace(one.limits, **limits)) for one in config.systems]
    return replace(config, systems=tuple(systems))


def asked(shield: Rig, *clients: int, **how: Any) -> list[asyncio.Task[Any]]:
    """Questions that are a call each."""
    return [asyncio.create_task(shield.ask({"client_id": client}, **how)) for client in clients]


async def test_with_fewer_calls_at_once_none_starts_before_the_older_ones_are_back() -> None:
    async with rig(ApplianceSpec(rows=30, base_ms=400), fanout={"concurrency": 4}) as shield:
        counters = shield.appliance.counters
        under_way, waiting = asked(shield, 1, 2, 3, 4), asked(shield, 5, 6)
        await until(lambda: counters.in_flight == 4)
        shield.gateway.apply(limited(shield.gateway.config, concurrency=1))
        new = asked(shield, 7, 8)
        await asyncio.gather(*under_way)
        assert counters.max_in_flight == 4
        counters.max_in_flight = 0
        answers = await asyncio.gather(*waiting, *new)
        assert {answer.state for answer in answers} == {"ok"}
        assert counters.max_in_flight == 1


async def test_with_more_calls_at_once_those_who_wait_already_go_too() -> None:
    async with rig(ApplianceSpec(rows=30, base_ms=400), fanout={"concurrency": 1}) as shield:
        counters = shield.appliance.counters
        waiting = asked(shield, 1, 2, 3)
        await until(lambda: counters.in_flight == 1)
        shield.gateway.apply(limited(shield.gateway.config, concurrency=3))
        await until(lambda: counters.in_flight == 3)
        await asyncio.gather(*waiting)


async def test_with_fewer_calls_in_a_minute_those_before_the_reload_count() -> None:
    async with rig(ApplianceSpec(rows=30), hands=Real(), fanout={"calls_per_minute": 4}) as shield:
        await asyncio.gather(*asked(shield, 1, 2, 3))
        shield.gateway.apply(limited(shield.gateway.config, calls_per_minute=3))
        (answer,) = await asyncio.gather(*asked(shield, 4, deadline=0.3))
        assert answer.error is not None
        assert answer.error.kind == "overloaded"
        assert shield.system().gate.free_in() > 55
        assert shield.appliance.counters.list_calls == 3


async def test_a_ceiling_that_was_lowered_and_raised_again_has_forgotten_no_call() -> None:
    async with rig(ApplianceSpec(rows=30), hands=Real(), fanout={"calls_per_minute": 4}) as shield:
        await asyncio.gather(*asked(shield, 1, 2, 3, 4))
        for calls_per_minute in (1, 4):
            shield.gateway.apply(limited(shield.gateway.config, calls_per_minute=calls_per_minute))
        assert shield.system().gate.free_in() > 55
