"""A restart makes no list better than it was: neither younger nor well again."""

import contextlib
import hashlib
import json
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from gateway.lists import snapshot
from gateway.lists.keeper import Keeper
from gateway.model import SystemId
from gateway.simulator import ApplianceSpec, Farm, Fault
from gateway.stack import Gateway
from tests.shield.support import DAY_S, NOW, Hands, Rig, config_of, rig

YEARS_S = 1000 * DAY_S


@pytest.fixture
async def shield(tmp_path: Path) -> AsyncIterator[Rig]:
    """A list is held and on disk."""
    async with rig(ApplianceSpec(weeks=2, dialect="10.x"), cache={"snapshot": str(tmp_path)}) as shield:
        await shield.ask()
        await shield.ask({"start_hours": 24}, max_age=0)
        await keeper_of(shield).save()
        yield shield


def keeper_of(shield: Rig) -> Keeper:
    keeper = shield.gateway._keeper
    assert keeper is not None
    return keeper


@contextlib.asynccontextmanager
async def restarted(farm: Farm, folder: Path, *, ahead: float = 0.0, later: float = 0.0) -> AsyncIterator[Rig]:
    """Another run over the same folder, `later`, with a wall clock that is `ahead`. Appliances show their own time."""
    hands = Hands(NOW + ahead)
    hands.turn(later)
    async with Gateway(
        config_of(farm, {"snapshot": str(folder)}), monotonic=hands.monotonic, wall=hands.wall
    ) as gateway:
        yield Rig(farm, gateway, hands, [])


@pytest.mark.parametrize("body", [{}, {"start_hours": 24}, {"start_hours": 12}])
async def test_a_list_from_the_future_stands_in_for_an_appliance_that_is_down(
    shield: Rig, tmp_path: Path, body: dict[str, int]
) -> None:
    await shield.appliance.inject("refusing")
    async with restarted(shield.farm, tmp_path, ahead=-YEARS_S) as again:
        answer = await again.ask(body)
        assert answer.error is not None
        if body == {"start_hours": 12}:  # nobody knows which rows those are
            assert answer.state == "missing"
            return
        assert (answer.state, answer.error.kind, answer.age_s) == ("stale", "refused", 601)
        assert answer.backups.rows() == shield.truth(body)


async def test_a_list_from_the_future_is_asked_for_anew_and_as_a_whole(shield: Rig, tmp_path: Path) -> None:
    records = shield.appliance.records
    records.purge([min(record.id for record in records if record.id is not None)])
    async with restarted(shield.farm, tmp_path, ahead=-YEARS_S) as again:
        answer = await again.ask()
        assert (answer.state, answer.source, answer.age_s) == ("ok", "appliance", 0)
        assert answer.backups.rows() == shield.truth()


@pytest.mark.parametrize(("ahead", "state", "age"), [(-4, "ok", 0), (-6, "stale", 601), (30, "ok", 30)])
async def test_some_seconds_are_what_a_clock_is_set_by(
    shield: Rig, tmp_path: Path, ahead: float, state: str, age: float
) -> None:
    await shield.appliance.inject("refusing")
    async with restarted(shield.farm, tmp_path, ahead=ahead) as again:
        answer = await again.ask()
        assert (answer.state, answer.age_s) == (state, age)


async def test_a_list_whose_refresh_had_failed_is_no_better_after_a_restart(shield: Rig, tmp_path: Path) -> None:
    await shield.appliance.inject(Fault("error", text="a disk is full"))
    shield.hands.turn(5)
    before = await shield.ask(max_age=0)
    await keeper_of(shield).save()
    async with restarted(shield.farm, tmp_path, later=20) as again:
        answer = await again.ask()
        assert answer.error is not None
        assert before.error is not None
        assert (answer.state, answer.age_s) == (before.state, 20) == ("stale", 20)
        assert (answer.error.kind, answer.error.message) == (before.error.kind, before.error.message)
        await shield.appliance.recover()
        await again.settle()
        assert (await again.ask()).state == "ok"


async def test_a_failure_is_written_once_and_not_each_time_it_is_seen_again(
    shield: Rig, monkeypatch: pytest.MonkeyPatch
) -> None:
    written: list[str] = []
    save = Keeper._save_some
    monkeypatch.setattr(
        Keeper,
        "_save_some",
        lambda self, some, clocks: (written.extend(name for name, _ in some), save(self, some, clocks)),
    )
    for fault, lists in (("error", 1), ("broken_json", 0), ("forbidden", 1)):
        await shield.appliance.recover()
        await shield.appliance.inject(fault)
        for _ in range(2):
            shield.hands.turn(1)
            await shield.ask(max_age=0)
            await keeper_of(shield).save()
        assert len(written) == lists, fault
        written.clear()


async def test_a_file_of_an_earlier_release_says_nothing_of_failures(shield: Rig) -> None:
    held, *_ = shield.gateway.store.held(SystemId(1))
    clocks = snapshot.Clocks(shield.hands.monotonic(), shield.hands.wall())
    data = snapshot.encode(shield.system().config, held, clocks)
    magic = data[: data.index(b"\n") + 1]
    content = data[len(magic) + 32 :]
    length = int.from_bytes(content[:4], "big")
    header = json.loads(content[4 : 4 + length])
    assert header.pop("failed") is None
    head = json.dumps(header).encode()
    content = len(head).to_bytes(4, "big") + head + content[4 + length :]
    _, held = snapshot.decode(magic + hashlib.sha256(content).digest() + content, clocks, 1 << 30)
    assert held.failed is None
    assert len(held.fetched.backups) == header["rows"]
