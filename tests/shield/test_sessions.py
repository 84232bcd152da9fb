"""Our session at an appliance: when a new login is made, and when it is not."""

from gateway.simulator import ApplianceSpec, Fault
from gateway.simulator.replies import EXPIRED_TEXT
from tests.shield.support import rig

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
