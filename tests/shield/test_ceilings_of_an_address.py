"""Systems of one address are one appliance: they share its ceilings, over reloads as well (contract section 3)."""

import asyncio
import time
from dataclasses import replace
from typing import Any

from gateway.config.checked import Config
from gateway.simulator import ApplianceSpec, Fault
from tests.kit.waiting import until
from tests.shield.support import Real, Rig, rig
from tests.shield.test_accounts import served
from tests.shield.test_ceilings_over_reloads import limited

TWO = (ApplianceSpec(name="north", rows=30), ApplianceSpec(name="south", rows=30, seed=2))


def at_one_address(shield: Rig, *limits: dict[str, Any]) -> Config:
    """All systems of a rig at the first appliance, each with these limits of its own."""
    systems = shield.gateway.config.systems
    changed = [
        replace(one, url=systems[0].url, limits=replace(one.limits, **own))
        for one, own in zip(systems, limits or ({}, {}), strict=True)
    ]
    return replace(shield.gateway.config, systems=tuple(changed))


async def ask_often(shield: Rig, *numbers: int, times: int = 4) -> None:
    """Questions in vain among them: a caller waits for a turn no longer than a moment."""
    for number in numbers * times:
        await shield.ask(number=number, max_age=0, deadline=0.3)


async def test_systems_of_one_address_are_one_ceiling() -> None:
    async with rig(*TWO, hands=Real(), fanout={"calls_per_minute": 3}) as shield:
        shield.gateway.apply(at_one_address(shield))
        await ask_often(shield, 1, 2)
        assert [appliance.counters.list_calls for appliance in shield.farm] == [3, 0]


async def test_calls_at_once_are_counted_over_all_systems_of_an_address() -> None:
    async with rig(replace(TWO[0], base_ms=200), TWO[1], fanout={"concurrency": 2}) as shield:
        shield.gateway.apply(at_one_address(shield))
        questions = [shield.ask({"client_id": client}, number=number) for client in (1, 2, 3) for number in (1, 2)]
        assert {answer.state for answer in await asyncio.gather(*questions)} == {"ok"}
        assert shield.appliance.counters.max_in_flight == 2


async def test_the_lowest_limits_of_an_address_hold_and_are_told_for_each_of_its_systems() -> None:
    async with rig(*TWO) as shield:
        shield.gateway.apply(
            at_one_address(shield, {"calls_per_minute": 7, "concurrency": 3}, {"calls_per_minute": 9, "concurrency": 1})
        )
        async with served(shield) as client:
            async with client.get("/gateway/systems") as answer:
                told = [system["ceiling"] for system in (await answer.json())["systems"]]
            async with client.get("/metrics") as answer:
                text = await answer.text()
        assert told == [{"calls_per_minute": 7, "concurrency": 1, "free_in_seconds": 0}] * 2
        ceilings = [line for line in text.splitlines() if line.startswith("backup_gateway_system_calls_per_minute_")]
        assert [float(line.split()[1]) for line in ceilings] == [7, 7]


async def test_a_system_that_a_reload_gives_another_id_begins_no_new_minute() -> None:
    async with rig(*TWO, hands=Real(), fanout={"calls_per_minute": 3}) as shield:
        await ask_often(shield, 1)
        config = shield.gateway.config
        shield.gateway.apply(replace(config, systems=(replace(config.systems[0], id=7),)))
        await ask_often(shield, 7)
        assert shield.appliance.counters.list_calls == 3


async def test_a_system_that_was_taken_out_and_is_named_again_begins_no_new_minute() -> None:
    async with rig(*TWO, hands=Real(), fanout={"calls_per_minute": 3}) as shield:
        await ask_often(shield, 1)
        config = shield.gateway.config
        shield.gateway.apply(replace(config, systems=config.systems[1:]))
        shield.gateway.apply(config)
        await ask_often(shield, 1)
        assert shield.appliance.counters.list_calls == 3


async def test_the_gate_of_an_address_that_nobody_names_is_forgotten_with_the_last_call_that_counts() -> None:
    async with rig(*TWO) as shield:
        gates, config = shield.gateway._onions.gates, shield.gateway.config
        await shield.ask()
        elsewhere = replace(config, systems=config.systems[1:])
        for seconds, left in ((0, 2), (62, 2), (2, 1)):
            shield.hands.turn(seconds)
            shield.gateway.apply(elsewhere)
            assert len(gates._gates) == left


async def test_a_gate_with_a_call_under_way_is_not_forgotten() -> None:
    async with rig(*TWO) as shield:
        await shield.appliance.inject("hung")
        asked = asyncio.create_task(shield.ask())
        await until(lambda: shield.appliance.counters.in_flight)
        config, gate = shield.gateway.config, shield.system().gate
        shield.hands.turn(100)
        shield.gateway.apply(replace(config, systems=config.systems[1:]))
        shield.gateway.apply(limited(config, concurrency=1))
        assert shield.system().gate is gate
        await shield.appliance.recover()
        await asked


async def test_who_has_a_list_does_not_wait_behind_calls_for_another_system_of_the_address() -> None:
    async with rig(*TWO, hands=Real(), fanout={"calls_per_minute": 4, "concurrency": 1}) as shield:
        shield.gateway.apply(at_one_address(shield))
        await shield.ask()
        await shield.appliance.inject(Fault("slow", seconds=1.5, count=1))
        others = [asyncio.create_task(shield.ask({"client_id": client}, number=2)) for client in (1, 2, 3)]
        await until(lambda: shield.appliance.counters.in_flight)
        begun = time.monotonic()
        answer = await shield.ask(max_age=0, deadline=1)
        assert time.monotonic() - begun < 0.9
        assert (answer.state, answer.error and answer.error.kind) == ("stale", "overloaded")
        assert {other.state for other in await asyncio.gather(*others)} == {"ok"}
