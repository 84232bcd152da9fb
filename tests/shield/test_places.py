"""Places among the calls of all systems (`total_concurrency`): who hangs takes none from the others."""

import asyncio

import pytest

from gateway.model import SystemAnswer
from gateway.simulator import ApplianceSpec, Fault
from tests.kit.waiting import until
from tests.shield.support import Rig, rig

SILENT = ApplianceSpec(name="silent", rows=40)
WELL = ApplianceSpec(name="well", rows=40)
HUNG = {"a list": Fault("hung"), "a login": Fault("hung", frozenset({"login"}))}


def places(shield: Rig) -> tuple[int, int]:
    """Of those that all systems share: how many are free, and how many calls wait for one."""
    total = shield.gateway._total
    return total._free, sum(not waiting.place.done() for line in total._lines._lines.values() for waiting in line)


async def silent_call(shield: Rig, hung: Fault) -> "asyncio.Task[SystemAnswer]":
    """A question to the first appliance, which has got it and says nothing."""
    await shield.farm[0].inject(hung)
    asking = asyncio.create_task(shield.ask(number=1))
    await until(lambda: any(request.target.endswith(*hung.routes) for request in shield.farm[0].requests))
    return asking


@pytest.mark.parametrize("hung", HUNG)
async def test_a_call_that_nobody_waits_for_any_more_keeps_no_place_from_the_well(hung: str) -> None:
    """It goes on, to `fetch_seconds`: its appliance may answer yet."""
    async with rig(SILENT, WELL, fanout={"deadline_seconds": 0.2, "total_concurrency": 1}) as shield:
        asking = await silent_call(shield, HUNG[hung])
        assert (await shield.ask(number=2)).state == "ok"
        assert (asking.done(), shield.system(1).source.calls.in_flight, places(shield)) == (False, 1, (1, 0))
        await shield.farm[0].recover()
        await asking
        await shield.settle()
        assert places(shield) == (1, 0)


@pytest.mark.parametrize("warm", [False, True], ids=["with a login", "with a token"])
async def test_a_call_that_got_no_place_is_not_made_any_more_and_no_appliance_is_blamed(warm: bool) -> None:
    async with rig(SILENT, WELL, fanout={"total_concurrency": 1}) as shield:
        if warm:
            await shield.ask(number=2)
        asking, seen, events = await silent_call(shield, HUNG["a list"]), len(shield.farm[1].requests), shield.events[:]
        assert places(shield) == (0, 0)
        for client in range(3):
            lost = await shield.ask({"client_id": client}, number=2, max_age=0, deadline=0.1)
            assert lost.error is not None
            assert (lost.state, lost.error.kind) == ("stale" if warm else "missing", "overloaded")
            await until(lambda: places(shield) == (0, 0))
        assert (len(shield.system(2).source.calls), len(shield.farm[1].requests), shield.events) == (0, seen, events)
        await shield.farm[0].recover()
        await asking
        assert (await shield.ask(number=2, max_age=0)).state == "ok"
        assert shield.farm[1].counters.logins == 1


async def test_who_comes_while_others_give_up_gets_the_login_that_waits_for_a_place() -> None:
    async with rig(SILENT, WELL, fanout={"total_concurrency": 1}) as shield:
        asking = await silent_call(shield, HUNG["a list"])
        hasty = asyncio.create_task(shield.ask({"client_id": 1}, number=2, deadline=0.1))
        patient = asyncio.create_task(shield.ask({"client_id": 2}, number=2))
        assert getattr((await hasty).error, "kind", None) == "overloaded"
        assert places(shield) == (0, 1)
        await shield.farm[0].recover()
        assert (await patient).state == "ok"
        await asking
        assert (places(shield), shield.farm[1].counters.logins) == ((1, 0), 1)
