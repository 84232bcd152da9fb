"""Refreshes in the background: none is made that nobody needs any more."""

import asyncio
import json
from dataclasses import replace

from gateway.config.checked import Config
from gateway.model import SystemId
from gateway.simulator import ApplianceSpec
from tests.shield.support import HOUR_S, Rig, rig

_DUE_S = 100
"""An age at which a list is served while it is renewed."""


def _less_patient(config: Config) -> Config:
    """The same appliances, asked with other limits."""
    return replace(
        config,
        systems=[replace(one, limits=replace(one.limits, deadline_seconds=5.0)) for one in config.systems],
    )


async def _due(shield: Rig) -> None:
    """A list is held, and has just been served while its refresh waits."""
    await shield.ask()
    shield.hands.turn(_DUE_S)
    assert (await shield.ask()).age_s == _DUE_S
    assert shield.system().source._soon


async def test_a_refresh_joins_the_whole_list_that_is_on_its_way() -> None:
    async with rig(ApplianceSpec(rows=40)) as shield:
        await _due(shield)
        assert (await shield.ask(max_age=0)).age_s == 0
        await shield.settle()
        assert shield.appliance.counters.list_calls == 2


async def test_a_list_that_was_renewed_meanwhile_is_left_alone() -> None:
    async with rig(ApplianceSpec(rows=40), delay=lambda longest_s: 0.2) as shield:
        await _due(shield)
        assert (await shield.ask(max_age=0)).age_s == 0
        await shield.settle()
        assert shield.appliance.counters.list_calls == 2


async def test_a_system_that_was_configured_anew_takes_its_refreshes_over() -> None:
    async with rig(ApplianceSpec(rows=40)) as shield:
        await _due(shield)
        old = shield.system().source
        shield.gateway.apply(_less_patient(shield.gateway.config))
        assert not old._soon
        while old.calls:  # noqa: ASYNC110 - nothing tells of the end
            await asyncio.sleep(0)
        assert shield.appliance.counters.list_calls == 1
        assert (await shield.ask()).age_s == _DUE_S
        await shield.settle()
        assert shield.appliance.counters.list_calls == 2
        assert (await shield.ask()).age_s == 0


async def test_what_is_known_of_a_system_outlives_a_change_of_its_limits() -> None:
    async with rig(ApplianceSpec(name="well", rows=40), ApplianceSpec(name="ill", rows=4)) as shield:
        await shield.ask()
        await shield.farm[1].inject("error")
        await shield.ask(number=2)
        told = [
            (system.source.refresh.is_up, system.source.refresh.last_success)
            for system in shield.gateway.systems.values()
        ]
        assert [is_up for is_up, _ in told] == [True, False]
        shield.gateway.apply(_less_patient(shield.gateway.config))
        assert told == [
            (one.source.refresh.is_up, one.source.refresh.last_success) for one in shield.gateway.systems.values()
        ]
        assert shield.system().source.latency_s is not None


async def test_an_appliance_that_is_well_again_is_noticed_at_once_in_a_large_fleet_too() -> None:
    longest: list[float] = []
    async with rig(ApplianceSpec(rows=40), delay=lambda longest_s: longest.append(longest_s) or 0.0) as shield:
        await _due(shield)
        await shield.appliance.inject("error")
        await shield.settle()
        assert (await shield.ask()).state == "stale"
    assert longest == [6.0, 1.0]


def _asked_from(shield: Rig) -> list[float | None]:
    """How many hours before its time each list call began."""
    calls = [call for call in shield.appliance.requests if call.path.endswith("/backups")]
    starts = [json.loads(call.body).get("start_time") for call in calls]
    return [None if low is None else (call.time - low) / HOUR_S for call, low in zip(calls, starts, strict=True)]


async def test_a_window_that_begins_later_each_time_does_not_grow_for_as_long_as_it_is_asked_for() -> None:
    """Of dashboards that ask for the last day, and for the last hour, by the second in which it began."""
    async with rig(ApplianceSpec(weeks=2), cache={"fresh_seconds": 300}) as shield:
        for _ in range(3 * 24 * 6):
            for hours in (24, 1):
                since = {"start_time": int(shield.hands.wall()) - hours * HOUR_S}
                answer = await shield.ask(since)
                assert answer.backups.rows() == shield.truth(since) or answer.age_s
            await shield.settle()
            shield.hands.turn(600)
        reaches = [hours for hours in _asked_from(shield) if hours is not None]
        assert len(shield.gateway.store.held(SystemId(1))) < 20
        assert max(reaches) < 24 * 1.3
        # Both are served out of one list: the hour has none of its own.
        assert shield.appliance.counters.list_calls < 3 * 24 * 6 * 1.2
