"""Our own wall clock is set, by a first synchronisation or by hand: what is held means what it meant."""

from collections.abc import AsyncIterator, Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from gateway.lists.held import Held
from gateway.lists.plan import appliance_now
from gateway.model import SystemId
from gateway.shared.clock import US, Bearings
from gateway.shared.lists import Head, _here
from gateway.simulator import ApplianceSpec
from gateway.stack import Gateway
from tests.shield.material import NEW_YORK, thirty_days
from tests.shield.support import HOUR_S, NOW, Hands, Rig, config_of, rig

_STEPS = [-30 * HOUR_S, -600, 600, 30 * HOUR_S]


class Stepped(Hands):
    """Clocks of a host whose wall clock is set beside time's passing; the appliance's goes on as it went."""

    def step(self, seconds: float) -> None:
        self._wall += seconds

    def true(self) -> float:
        return NOW + self.elapsed


@pytest.fixture
async def shield(tmp_path: Path) -> AsyncIterator[Rig]:
    hands = Stepped()
    spec = ApplianceSpec(records=thirty_days()[::40], dialect="10.x", timezone=NEW_YORK, clock=hands.true)
    async with rig(spec, hands=hands, cache={"snapshot": str(tmp_path)}) as shield:
        yield shield


def stepped(shield: Rig, seconds: float) -> None:
    assert isinstance(shield.hands, Stepped)
    shield.hands.step(seconds)


async def checked(shield: Rig, body: Mapping[str, Any], source: str, **options: Any) -> None:
    """The answer is what the appliance lists, at no later a moment."""
    answer = await shield.ask(body, **options)
    assert (answer.state, answer.source) == ("ok", source)
    assert answer.backups.rows() == shield.truth(body)


@pytest.mark.parametrize("step", _STEPS)
async def test_the_last_hours_are_narrowed_out_of_a_list_from_before_the_step(shield: Rig, step: float) -> None:
    await shield.ask()
    shield.hands.turn(65)
    stepped(shield, step)
    await checked(shield, {"start_hours": 200}, "narrowed")
    shield.hands.turn(65)
    await checked(shield, {"start_hours": 100}, "narrowed")


@pytest.mark.parametrize("step", _STEPS)
async def test_a_tail_drops_no_row_that_has_not_left(shield: Rig, step: float) -> None:
    body = {"start_hours": 240}
    await shield.ask(body)
    shield.hands.turn(65)
    stepped(shield, step)
    for _ in range(3):
        await checked(shield, body, "appliance", max_age=1)
        assert shield.appliance.counters.rows_listed < 2 * len(shield.truth(body))
        shield.hands.turn(1200)


@pytest.mark.parametrize("step", _STEPS)
async def test_a_list_of_the_last_run_knows_the_appliances_clock(shield: Rig, step: float, tmp_path: Path) -> None:
    await shield.ask()
    await shield.gateway._keeper.save()  # type: ignore[union-attr]
    shield.hands.turn(40)
    config = config_of(shield.farm, {"snapshot": str(tmp_path)})
    other = Stepped(shield.hands.wall())  # another start of the machine: its monotonic clock begins anew
    async with Gateway(config, monotonic=lambda: 7.0 + other.elapsed, wall=other.wall) as again:
        new = Rig(shield.farm, again, other, [])
        other.step(step)
        other.turn(15)
        shield.hands.turn(15)
        await checked(new, {"start_hours": 200}, "snapshot")


async def test_a_list_of_another_replica_knows_the_appliances_clock(shield: Rig) -> None:
    """Whose wall clock was 500 s ahead of ours when it asked, with a monotonic clock of its own."""
    await shield.ask()
    (held,) = shield.gateway.store.held(SystemId(1))
    ours = Bearings(2_000 * US, 50.0, 50.0, -400 * US)
    fetched = replace(held.fetched, wall_at=NOW + 500, skew_s=-500.0)
    head = Head("1", 1, 1_970 * US, 1_970 * US, 100 * US)
    taken = _here(Held(held.asked, fetched, held.swept_at), head, ours)
    clock = appliance_now(taken, 60.0)
    assert clock is not None
    assert clock.low <= NOW + 40 <= clock.high
    assert clock.high - clock.low < 10
