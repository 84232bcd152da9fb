"""The last hours count back from now, however the answer came about: from a hit, a stand-in, a list just renewed."""

from collections.abc import AsyncIterator, Mapping
from dataclasses import replace
from typing import Any

import pytest

from gateway.model import SystemId
from gateway.simulator import ApplianceSpec
from tests.shield.material import NEW_YORK, thirty_days
from tests.shield.support import HOUR_S, NOW, Rig, rig

LEAVES = 900_001
"""The id of the row that leaves the last hour some seconds after it was asked for."""


@pytest.fixture(params=["start_hours", "end_hours"])
def body(request: pytest.FixtureRequest) -> Mapping[str, Any]:
    return {request.param: 1}


@pytest.fixture
async def shield() -> AsyncIterator[Rig]:
    """Of the last hour one row is 4 s from its begin, another 1,000 s."""
    like = next(record for record in thirty_days() if record.id is not None and record.end is not None)
    rows = [
        replace(like, id=LEAVES + n, start=int(at), end=int(at), duration=0, row=90_000 + n, output=f"near {n}")
        for n, at in enumerate((NOW - HOUR_S + 4, NOW - HOUR_S + 1000, NOW - 60))
    ]
    spec = ApplianceSpec(dialect="10.x", timezone=NEW_YORK, records=(*thirty_days()[400::40], *rows))
    async with rig(spec) as shield:
        yield shield


def has_left(rows: list[bytes]) -> bool:
    return not any(b'"id":%d,' % LEAVES in row for row in rows)


async def test_a_hit_shows_no_row_that_has_left(shield: Rig, body: Mapping[str, Any]) -> None:
    assert not has_left((await shield.ask(body)).backups.rows())
    shield.hands.turn(9)
    hit = await shield.ask(body)
    assert (hit.state, hit.age_s) == ("ok", 9)
    assert has_left(hit.backups.rows())
    assert hit.backups.rows() == shield.truth(body)
    assert shield.appliance.counters.list_calls == 1


async def test_neither_does_one_that_picks_by_words(shield: Rig, body: Mapping[str, Any]) -> None:
    await shield.ask(body)
    shield.hands.turn(9)
    asked = {**body, "status": "Success"}
    assert (await shield.ask(asked)).backups.rows() == shield.truth(asked)
    assert shield.appliance.counters.list_calls == 1


@pytest.mark.parametrize("later", [9, 1500])
async def test_neither_does_a_stand_in(shield: Rig, body: Mapping[str, Any], later: float) -> None:
    await shield.ask(body)
    await shield.appliance.inject("error")
    shield.hands.turn(later)
    stand_in = await shield.ask(body, max_age=0)
    assert (stand_in.state, stand_in.age_s) == ("stale", later)
    assert stand_in.backups.rows() == shield.truth(body)


async def test_a_row_that_may_still_be_there_stays(shield: Rig, body: Mapping[str, Any]) -> None:
    await shield.ask(body)
    shield.hands.turn(4.5)
    assert not has_left((await shield.ask(body)).backups.rows())


async def test_while_none_has_left_the_very_list_is_shown(shield: Rig, body: Mapping[str, Any]) -> None:
    """What is kept of it, its compressed block for one, is found by that."""
    await shield.ask(body)
    (held,) = shield.gateway.store.held(SystemId(1))
    shield.hands.turn(3)
    hit = await shield.ask(body)
    assert hit.backups is held.fetched.backups
    assert hit.source == "cache"


async def test_without_the_appliances_clock_nothing_is_known_to_have_left(shield: Rig, body: Mapping[str, Any]) -> None:
    await shield.ask(body)
    (held,) = shield.gateway.store.held(SystemId(1))
    held.fetched = replace(held.fetched, skew_s=None)
    shield.hands.turn(9)
    assert (await shield.ask(body)).backups is held.fetched.backups
