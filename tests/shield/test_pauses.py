"""Others may use the event loop while an answer is made of many held lists."""

import asyncio
from dataclasses import dataclass
from typing import Any, cast

import pytest

from gateway import fanout
from gateway.filter import BackupFilter
from gateway.model import EMPTY, Source, SystemAnswer, SystemId
from gateway.plan import Need

SYSTEMS = 50


@dataclass
class Holding:
    """A system that answers out of what is held."""

    number: int
    source: Source

    def answer_held(self, question: object, need: object) -> SystemAnswer:
        return SystemAnswer(SystemId(self.number), "", "ok", EMPTY, self.source, 0.0, 0.0, 0.0)


@pytest.mark.parametrize(("source", "pauses"), [("narrowed", True), ("snapshot", True), ("cache", False)])
async def test_the_loop_goes_on_between_lists_whose_rows_are_picked(
    source: Source, pauses: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Also out of lists of an earlier run, whose rows have to be read first; whole held lists cost nothing."""
    monkeypatch.setattr(fanout, "_TURN_S", -1.0)  # every list takes longer than that
    others = 0

    async def other() -> None:
        nonlocal others
        while True:
            others += 1
            await asyncio.sleep(0)

    task = asyncio.create_task(other())
    question = BackupFilter().at(cast("Any", None))
    asked = [(cast("Any", Holding(number, source)), question, Need(0.0)) for number in range(SYSTEMS)]
    found = [one async for one in fanout.answers(asked)]
    task.cancel()
    assert len(found) == SYSTEMS
    assert (others >= SYSTEMS) == pauses
