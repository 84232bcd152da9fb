"""Our session at an appliance: when a new login is made, and when it is not."""

import asyncio

import pytest

from gateway.simulator import ApplianceSpec, Fault
from gateway.simulator.replies import EXPIRED_TEXT
from tests.kit.waiting import until
from tests.shield.support import Rig, config_of, rig

PAUSE_S = 30.0
"""The first pause after a refused login (faults.md section 2, row 37)."""


async def test_a_session_that_is_over_is_renewed_once_although_the_status_says_that_all_is_well() -> None:
    async with rig(ApplianceSpec(rows=40)) as shield:
        await shield.ask()
        shield.appliance.sessions.revoke_all()
        await shield.appliance.inject(Fault("result_only", count=1, text=EXPIRED_TEXT))
        answer = await shield.ask(max_age=0)
        counters = shield.appliance.counters
        assert (answer.state, counters.logins, counters.list_calls) == ("ok", 2, 3)
        assert shield.system().guard.breaker.failures == 0


async def test_a_good_status_that_always_says_so_is_a_refused_account() -> None:
    async with rig(ApplianceSpec(rows=40)) as shield:
        await shield.ask()
        await shield.appliance.inject(Fault("result_only", text=EXPIRED_TEXT))
        for _ in range(2):
            answer = await shield.ask(max_age=0)
            assert answer.error is not None
            assert (answer.state, answer.error.kind) == ("stale", "auth")
        assert (shield.appliance.counters.logins, shield.appliance.counters.list_calls) == (2, 3)


def logins(shield: Rig) -> int:
    return sum(event.verb == "login" for event in shield.events)


async def kind_of(shield: Rig) -> str | None:
    """Of the fault that a question meets which must be asked anew; None where all is well."""
    error = (await shield.ask(max_age=0)).error
    return error and error.kind


async def test_an_older_call_that_ends_well_does_not_end_the_pause_after_a_refused_login() -> None:
    async with rig(ApplianceSpec(rows=40, workers=1)) as shield:
        await shield.ask()
        workers = shield.appliance._workers
        async with workers:
            older = asyncio.create_task(shield.ask({"client_id": 1}, max_age=0))
            await until(lambda: workers._waiters)  # its token was looked at, and was good
            shield.appliance.sessions.revoke_all()
            await shield.appliance.inject("login_refused")
            assert await kind_of(shield) == "auth"
        assert (await older).state == "ok"
        for tried, pause_s in enumerate((PAUSE_S, 2 * PAUSE_S), 2):
            assert (await kind_of(shield), logins(shield)) == ("auth", tried)
            shield.hands.turn(pause_s - 0.1)
            assert (await kind_of(shield), logins(shield)) == ("auth", tried)
            shield.hands.turn(0.1)


@pytest.mark.parametrize("retired", [False, True], ids=["of a system", "of one that a reload has replaced"])
async def test_a_login_under_way_is_given_up_when_the_gateway_ends(retired: bool) -> None:
    async with rig(ApplianceSpec(rows=40)) as shield:
        await shield.appliance.inject(Fault("hung", frozenset({"login"})))
        asking = asyncio.create_task(shield.ask())
        await until(lambda: shield.appliance.requests)
        if retired:
            shield.gateway.apply(config_of(shield.farm, None, {"concurrency": 7}))
        assert not shield.events
    await asyncio.gather(asking, return_exceptions=True)
    given_up = "given up before the appliance had answered"
    assert [(event.verb, event.detail) for event in shield.events] == [("login", given_up)]
