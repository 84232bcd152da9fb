"""Who is asked first: the slowest, as far as anything is known of it, also after a restart."""

from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any, cast

import pytest

from gateway.fanout import answers
from gateway.filter import BackupFilter
from gateway.lists.plan import Need
from gateway.loop.pauses import Pauses
from gateway.model import EMPTY, SystemAnswer, SystemId
from gateway.simulator import ApplianceSpec
from gateway.stack import Gateway
from tests.shield.support import Hands, config_of, rig

QUESTION = BackupFilter().at(cast("Any", None))
NEED = Need(deadline_at=0.0)


@dataclass
class Asked:
    """A system that holds nothing and notes when it is asked."""

    number: int
    latency_s: float | None
    order: list[int] = field(repr=False)

    def answer_held(self, question: object, need: object) -> None:
        """Nothing is held."""

    async def answer(self, question: object, need: object) -> SystemAnswer:
        self.order.append(self.number)
        return SystemAnswer(SystemId(self.number), "", "ok", EMPTY, "appliance", 0.0, 0.0, 0.0)


async def started(*latencies: float | None) -> list[int]:
    """The places of systems with these latencies in the order in which they are asked."""
    order: list[int] = []
    systems = [Asked(number, latency, order) for number, latency in enumerate(latencies)]
    found = [one async for one in answers([(cast("Any", system), QUESTION, NEED) for system in systems], Pauses())]
    assert {int(one.system_id) for one in found} == set(range(len(latencies)))
    return order


async def test_the_slowest_known_system_is_asked_first() -> None:
    assert await started(0.1, 2.0, 0.0, 1.0) == [1, 3, 0, 2]


async def test_systems_that_nothing_is_known_of_are_asked_before_all_others() -> None:
    assert await started(5.0, None, 9.0, None) == [1, 3, 2, 0]


async def test_after_a_restart_the_lists_of_the_last_run_tell_who_is_slow(tmp_path: Path) -> None:
    cache = {"snapshot": str(tmp_path / "lists")}
    hands = Hands()
    async with rig(ApplianceSpec(rows=5), hands=hands, cache=cache) as shield:
        assert shield.system().source.latency_s is None
        await shield.ask()
        (held,) = shield.gateway.store.held(SystemId(1))
        slow = replace(held, fetched=replace(held.fetched, answered_at=held.fetched.asked_at + 7.0))
        shield.gateway.store.put(SystemId(1), slow)
        await shield.gateway._keeper.save()  # type: ignore[union-attr]
        again = Gateway(config_of(shield.farm, cache), monotonic=hands.monotonic, wall=hands.wall)
        async with again:
            assert again.systems[SystemId(1)].source.latency_s == pytest.approx(7.0)
