"""The columns of long lists are never read on the event loop, whoever needs them first."""

import threading
from collections.abc import AsyncIterator
from dataclasses import dataclass, field

import pytest

from gateway.lists import index
from gateway.lists.columns import Columns, columns_of
from gateway.lists.index import ListIndex
from gateway.model import BackupList, SystemId
from gateway.simulator import ApplianceSpec
from gateway.sources.in_turn import InTurn
from tests.shield.material import NEW_YORK, thirty_days
from tests.shield.support import Rig, rig

_DUE_S = 61


@dataclass
class Reading:
    """Of how many rows columns were read, on the event loop and beside it."""

    on_loop: list[int] = field(default_factory=list)
    beside: list[int] = field(default_factory=list)

    def read(self, backups: BackupList) -> Columns:
        is_loop = threading.current_thread() is threading.main_thread()
        (self.on_loop if is_loop else self.beside).append(len(backups))
        return columns_of(backups)


@pytest.fixture
def reading(monkeypatch: pytest.MonkeyPatch) -> Reading:
    reading = Reading()
    monkeypatch.setattr(index, "columns_of", reading.read)
    return reading


@pytest.fixture
async def shield(reading: Reading) -> AsyncIterator[Rig]:
    """A list of 20,000 rows is held."""
    async with rig(ApplianceSpec(records=thirty_days(), dialect="10.x", timezone=NEW_YORK)) as shield:
        await shield.ask()
        yield shield


def forget_columns(shield: Rig) -> None:
    """As a list has none that was taken up from a file without them."""
    (held,) = shield.gateway.store.held(SystemId(1))
    held.index = ListIndex(held.fetched.backups)


async def test_those_of_a_list_that_comes_are_read_beside_the_loop(shield: Rig, reading: Reading) -> None:
    client = next(iter(shield.appliance.records)).client_id
    assert (await shield.ask({"client_id": client})).source == "narrowed"
    shield.hands.turn(_DUE_S)
    await shield.ask(max_age=1)
    assert (reading.beside, [rows for rows in reading.on_loop if rows > 1000]) == ([20_000], [])


async def test_those_that_a_tail_needs_are_read_beside_the_loop(shield: Rig, reading: Reading) -> None:
    forget_columns(shield)
    shield.hands.turn(_DUE_S)
    answer = await shield.ask(max_age=1)
    assert answer.backups.rows() == shield.truth()
    assert shield.gateway.ledger.of(SystemId(1)).answers["tail"] == 1
    assert (reading.beside, [rows for rows in reading.on_loop if rows > 1000]) == ([20_000] * 2, [])


async def test_a_reply_that_is_the_same_as_before_needs_no_second_reading(shield: Rig, reading: Reading) -> None:
    shield.hands.turn(_DUE_S)
    await shield.ask(max_age=0)
    assert reading.beside == [20_000]


async def test_those_of_a_shorter_list_are_read_in_its_turn_and_where_it_has_a_tail(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    waited: list[int] = []

    async def columns(_: InTurn, index: ListIndex) -> None:
        waited.append(len(index.backups))

    monkeypatch.setattr(InTurn, "columns", columns)
    async with rig(ApplianceSpec(records=thirty_days()[::40], dialect="10.x", timezone=NEW_YORK)) as shield:
        for body in ({}, {"end_hours": 2000}):
            await shield.ask(body, max_age=0)
            shield.hands.turn(_DUE_S)
            await shield.ask(body, max_age=1)
    assert waited == [500]
