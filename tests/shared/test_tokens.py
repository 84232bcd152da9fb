"""The token at an appliance that replicas have in common."""

import pytest

from gateway.simulator import ApplianceSpec, Farm, Fault
from tests.shared.servers import Server, replicas
from tests.shared.test_one_call import calls

ANEW = {"system_id": 1, "max_age": 0}


@pytest.mark.parametrize("status", [401, 500])
async def test_a_common_token_that_the_appliance_forgot_costs_one_login_whoever_meets_that(
    valkey: Server, status: int
) -> None:
    """Row 36 of the fault matrix: `two` never had a token of its own, and takes the old one out of the store."""
    async with (
        Farm([ApplianceSpec(rows=30, expired_status=status)]) as farm,
        replicas(farm, 2, {"url": valkey.url}) as (one, two),
    ):
        assert (await one.ask(ANEW))["complete"]
        farm[0].sessions.revoke_all()
        told = await two.ask(ANEW)
        assert told["systems"][0]["error"] is None
        assert (calls(farm[0], "/login"), calls(farm[0])) == (2, 3)
        assert (await one.ask(ANEW))["complete"], "with the token that `two` got"
        assert (calls(farm[0], "/login"), calls(farm[0])) == (2, 5)


async def test_a_replica_that_ends_in_the_middle_of_a_login_keeps_no_other_one_from_it(valkey: Server) -> None:
    async with Farm([ApplianceSpec(rows=30)]) as farm:
        await farm[0].inject(Fault("hung", frozenset({"login"})))
        async with replicas(farm, 1, {"url": valkey.url}) as (one,):
            assert not (await one.ask({"deadline": 0.2}))["complete"]
            assert leases(valkey) == 1
        assert leases(valkey) == 0


def leases(valkey: Server) -> int:
    """How many logins replicas have to themselves."""
    with valkey.client() as store:
        return sum(1 for _ in store.scan_iter("*:login"))
