"""Others may use the event loop while an answer is made of many held lists."""

import asyncio
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any, cast

import pytest

from gateway import fanout
from gateway.cli.serve import listening
from gateway.filter import BackupFilter
from gateway.lists.index import ListIndex
from gateway.lists.plan import Need
from gateway.loop.pauses import Pauses
from gateway.model import EMPTY, SystemAnswer, SystemId
from gateway.simulator import ApplianceSpec, Farm
from gateway.sources.in_turn import InTurn
from tests.shield.support import config_of, rig

SYSTEMS = 50


@dataclass
class Holding:
    """A system that answers out of what is held."""

    number: int

    def answer_held(self, question: object, need: object) -> SystemAnswer:
        return SystemAnswer(SystemId(self.number), "", "ok", EMPTY, "cache", 0.0, 0.0, 0.0)


async def test_the_loop_goes_on_between_held_lists(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("gateway.loop.pauses.TURN_S", -1.0)  # every list takes longer than that
    others = 0

    async def other() -> None:
        nonlocal others
        while True:
            others += 1
            await asyncio.sleep(0)

    task = asyncio.create_task(other())
    question = BackupFilter().at(cast("Any", None))
    asked = [(cast("Any", Holding(number)), question, Need(0.0)) for number in range(SYSTEMS)]
    found = [one async for one in fanout.answers(asked, Pauses())]
    task.cancel()
    assert len(found) == SYSTEMS
    assert others >= SYSTEMS


async def test_replies_wait_for_their_turn_and_so_do_lists_whose_rows_are_looked_at(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """What a turn is, tests of InTurn say."""
    waited: list[str] = []

    async def reply(_: InTurn, size: int) -> None:
        waited.append("reply")

    async def columns(_: InTurn, index: ListIndex) -> None:
        waited.append("columns")

    monkeypatch.setattr(InTurn, "reply", reply)
    monkeypatch.setattr(InTurn, "columns", columns)
    async with rig(ApplianceSpec(rows=30)) as shield:
        await shield.ask()
        assert waited == ["reply"]
        await shield.ask({"status": "Failure"}, max_age=0)
        assert waited == ["reply", "reply", "columns"]


async def test_nobody_waits_for_a_turn_beyond_the_deadline(monkeypatch: pytest.MonkeyPatch) -> None:
    async def columns(_: InTurn, index: ListIndex) -> None:
        await asyncio.Event().wait()

    monkeypatch.setattr(InTurn, "columns", columns)
    async with rig(ApplianceSpec(rows=300)) as shield:
        question = {"status": "Failure"}
        answer = await shield.ask(question, deadline=1.0)
        assert (answer.state, answer.backups.rows()) == ("ok", shield.truth(question))


@pytest.fixture
def pythons_own_interval() -> Iterator[None]:
    """Whatever an earlier test has set."""
    before = sys.getswitchinterval()
    sys.setswitchinterval(0.005)
    yield
    sys.setswitchinterval(before)


@pytest.mark.usefixtures("pythons_own_interval")
async def test_a_thread_that_works_gives_way_to_the_loop_within_a_millisecond() -> None:
    async with Farm([ApplianceSpec()]) as farm, listening(config_of(farm), Path()):
        assert sys.getswitchinterval() == pytest.approx(0.001)
