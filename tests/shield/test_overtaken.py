"""Calls that end later than calls that began after them: what is held never goes back."""

import asyncio
from collections.abc import AsyncIterator
from dataclasses import replace
from pathlib import Path

import pytest

from gateway.filter import ALL
from gateway.lists.held import Held
from gateway.model import EMPTY, Fetched, SystemId
from gateway.simulator import ApplianceSpec
from gateway.stack import Gateway
from tests.shield.late import Late
from tests.shield.support import Hands, Rig, config_of, rig

_DUE_S = 61
"""An age at which a list is renewed by its tail."""
_SITE = ApplianceSpec(rows=200, assets=10, dialect="10.x")


@pytest.fixture
async def shield() -> AsyncIterator[Rig]:
    """A list is held, and due."""
    async with rig(_SITE) as shield:
        await shield.ask()
        shield.hands.turn(_DUE_S)
        yield shield


def something_changes(shield: Rig) -> None:
    """A settled row of long ago is purged, and a new backup begins."""
    records = shield.appliance.records
    oldest = min((record for record in records if record.id is not None), key=lambda record: record.start)
    records.purge([oldest.id or 0])
    records.add(replace(oldest, id=999_999, start=int(shield.hands.wall()) - 1, end=None, output="brand new"))
    shield.hands.turn(5)


def held_by(shield: Rig) -> Held:
    (held,) = shield.gateway.store.held(SystemId(1))
    return held


async def test_a_tail_that_a_forced_question_overtook_leaves_the_younger_list(shield: Rig) -> None:
    late = Late(shield.appliance)
    tail = asyncio.create_task(shield.ask(max_age=1))
    await late.made()
    something_changes(shield)
    forced = await shield.ask(max_age=0)
    truth, younger, calls = shield.truth(), held_by(shield), shield.appliance.counters.list_calls
    assert forced.backups.rows() == truth
    late.let_go()
    overtaken = await tail
    assert (overtaken.state, overtaken.age_s, overtaken.backups.rows()) == ("ok", 0, truth)
    assert held_by(shield) is younger
    assert (await shield.ask()).backups.rows() == truth
    assert shield.appliance.counters.list_calls <= calls + 1, "the other half of the tail and no more"


async def test_a_tail_whose_list_went_meanwhile_asks_for_the_whole(shield: Rig) -> None:
    late = Late(shield.appliance)
    tail = asyncio.create_task(shield.ask(max_age=1))
    await late.made()
    something_changes(shield)
    shield.gateway.store.forget(SystemId(1))
    late.let_go()
    assert (await tail).backups.rows() == shield.truth()
    assert held_by(shield).via == "fetch"


async def test_a_tail_that_an_empty_list_overtook_asks_for_the_whole(shield: Rig) -> None:
    """Its rows are there no more, if that was true."""
    late = Late(shield.appliance)
    tail = asyncio.create_task(shield.ask(max_age=1))
    await late.made()
    shield.appliance.records.clear()
    assert "suspect_empty" in (await shield.ask(max_age=0)).warnings
    late.let_go()
    answer = await tail
    assert (answer.state, len(answer.backups), answer.warnings) == ("ok", 0, ())


async def test_the_failure_of_a_call_that_was_overtaken_says_nothing_of_the_younger_list(shield: Rig) -> None:
    late = Late(shield.appliance)
    tail = asyncio.create_task(shield.ask(max_age=1))
    await late.made()
    shield.hands.turn(5)
    await shield.ask(max_age=0)
    late.fail()
    assert (await tail).error is not None
    answer = await shield.ask()
    assert (answer.state, answer.age_s, answer.error) == ("ok", 0, None)


async def test_a_failure_marks_the_list_that_was_held_when_the_call_began(shield: Rig) -> None:
    late = Late(shield.appliance)
    tail = asyncio.create_task(shield.ask(max_age=1))
    await late.made()
    late.fail()
    assert (await tail).state == (await shield.ask()).state == "stale"


@pytest.mark.parametrize("is_swept", [True, False])
async def test_a_whole_list_that_a_replica_overtook_is_not_kept_and_serves_who_forced_it(
    shield: Rig, is_swept: bool
) -> None:
    """Unless all of the younger one was asked for since: a tail does not show what was purged."""
    late = Late(shield.appliance)
    whole = asyncio.create_task(shield.ask(max_age=0))
    await late.made()
    old = held_by(shield)
    shield.hands.turn(5)
    now = shield.hands.monotonic()
    fetched = replace(old.fetched, backups=old.fetched.backups.pick(range(100)), asked_at=now, answered_at=now)
    younger = Held(ALL, fetched, now if is_swept else old.swept_at, "shared")
    assert shield.system().source.refresh.adopt(younger) is younger
    late.let_go()
    answer = await whole
    assert (answer.state, len(answer.backups), answer.age_s) == (("ok", 100, 0) if is_swept else ("ok", 200, 5))
    assert held_by(shield) is younger


async def test_a_snapshot_is_not_put_over_a_list_that_came_while_it_was_read(tmp_path: Path) -> None:
    cache, hands = {"snapshot": str(tmp_path)}, Hands()
    async with rig(_SITE, hands=hands, cache=cache) as shield:
        await shield.ask()
        await shield.gateway._keeper.save()  # type: ignore[union-attr]
        hands.turn(5)
        again = Gateway(config_of(shield.farm, cache), monotonic=hands.monotonic, wall=hands.wall)
        now = hands.monotonic()
        younger = Held(ALL, Fetched(EMPTY, now, now, hands.wall(), 2), now, "shared")
        again.store.put(SystemId(1), younger)
        async with again:
            assert again.store.held(SystemId(1)) == [younger]
