"""Every row of the fault matrix: cold and warm, alone and among healthy neighbours."""

import asyncio
import contextlib
import time
from collections.abc import AsyncIterator, Awaitable, Callable
from dataclasses import dataclass

import pytest

from gateway.simulator import Appliance, ApplianceSpec, Farm, Fault
from tests.secure.faults_table import AT_LOGIN, FAILURES, Case
from tests.secure.faulty import Faulty
from tests.secure.support import CALM, Answer, Site, config_text, site_of, system_table

DEADLINE_S = 0.5
IMPATIENT = {"deadline_seconds": DEADLINE_S, "connect_seconds": 0.25, "fetch_seconds": 0.45}
"""For faults that show by the time they take, and for no others: the machine may be busy."""
NEIGHBOURS = (2, 3)
ROWS = 20


@dataclass
class Scene:
    """One system that can be made to fail, and two that never do."""

    text: str
    fail: Callable[[], Awaitable[None]]
    heal: Callable[[], Awaitable[None]]
    forget_session: Callable[[], None]


@contextlib.asynccontextmanager
async def scene(case: Case) -> AsyncIterator[Scene]:
    specs = [
        ApplianceSpec(name="sick", rows=ROWS, **case.spec),
        *(ApplianceSpec(name=f"well-{number}", rows=ROWS, seed=number) for number in NEIGHBOURS),
    ]
    async with Farm(specs) as farm, Faulty() as faulty:
        hurry = IMPATIENT if case.kind == "timeout" else {}
        neighbours = [system_table(number, farm[number - 1]) for number in NEIGHBOURS]
        if case.raw is None:
            yield _simulated(case, farm[0], {**hurry, **case.system}, neighbours)
        else:
            faulty.reply = case.reply
            text = config_text([faulty.system(1, **hurry, **case.system), *neighbours], tables=CALM)
            yield Scene(text, lambda: faulty.switch(case.raw or ""), lambda: faulty.switch("well"), lambda: None)


def _simulated(case: Case, sick: Appliance, own: dict[str, object], neighbours: list[dict[str, object]]) -> Scene:
    assert case.fault is not None
    text = config_text([system_table(1, sick, **own), *neighbours], tables=CALM)
    return Scene(text, lambda: sick.inject(case.fault or ""), sick.recover, sick.sessions.revoke_all)


@pytest.mark.parametrize("case", FAILURES, ids=str)
async def test_a_fault_met_cold_is_told_by_its_kind(case: Case) -> None:
    """The kind, the status alone, no 500, in time; neighbours answer whole and the body keeps its shape."""
    async with scene(case) as on_stage:
        await on_stage.fail()
        async with site_of(on_stage.text) as site:
            await _check_cold(site, case.kind, case.alone)


@pytest.mark.parametrize("case", FAILURES, ids=str)
async def test_a_fault_met_warm_replaces_nothing_that_is_held(case: Case) -> None:
    """The last good list stands in, untouched, with the reason; neighbours are as before; then all is well again."""
    async with scene(case) as on_stage, site_of(on_stage.text) as site:
        await _check_warm(site, on_stage, case.kind, logs_in=case.row == 39, heals=case.heals)


@pytest.mark.parametrize(("mode", "kind", "alone"), AT_LOGIN, ids=lambda value: str(value))
async def test_a_fault_at_the_login(mode: str, kind: str, alone: int) -> None:
    """Cold, then with a session that has ended and a list that is held."""
    case = Case(0, mode, kind, alone, Fault(mode, routes=frozenset({"login"})))
    async with scene(case) as on_stage:
        async with site_of(on_stage.text) as site:
            await on_stage.fail()
            await _check_cold(site, kind, alone)
        await on_stage.heal()
        async with site_of(on_stage.text) as site:
            heals = kind not in ("auth", "denied", "overloaded")
            await _check_warm(site, on_stage, kind, logs_in=True, heals=heals)


async def _check_cold(site: Site, kind: str, alone: int) -> None:
    begun = time.monotonic()
    answer = await site.ask({"system_id": 1})
    if time.monotonic() - begun > DEADLINE_S + 0.5:  # once may be the machine's fault
        begun = time.monotonic()
        answer = await site.ask({"system_id": 1})
        assert time.monotonic() - begun < DEADLINE_S + 0.5
    assert answer.status == alone, answer.body
    _check_entry(answer, "missing", kind)
    found = answer.json()
    assert (found["backups"], found["total"], found["complete"]) == ([], 0, False)
    assert found["result"][0]["message"]
    assert ("Retry-After" in answer.headers) == (alone == 503)
    assert site.held(1) == []

    among = await site.ask()
    assert among.status == 200
    _check_entry(among, "missing", kind)
    _check_neighbours(among)
    assert among.json()["total"] == 2 * ROWS


async def _check_warm(site: Site, on_stage: Scene, kind: str, *, logs_in: bool, heals: bool) -> None:
    first = await _whole(site)
    held = site.held(1)[0]
    await on_stage.fail()
    if logs_in:
        on_stage.forget_session()
    alone, among = await asyncio.gather(site.anew({"system_id": 1}), site.anew())
    for answer in (alone, among):
        assert answer.status == 200
        _check_entry(answer, "stale", kind)
        assert answer.systems[1]["source"] == "cache"
        mine = [row for row in answer.json()["backups"] if row["system_id"] == 1]
        assert mine == [row for row in first.json()["backups"] if row["system_id"] == 1]
    _check_neighbours(among)
    assert site.held(1) == [held]
    await on_stage.heal()
    if heals:
        back = await _whole(site)
        assert back.json()["total"] == first.json()["total"]


async def _whole(site: Site) -> Answer:
    """A complete answer; a busy machine may need more than one try for one that must come within half a second."""
    for _ in range(3):
        answer = await site.anew()
        if answer.json()["complete"]:
            return answer
    raise AssertionError(answer.body)


def _check_entry(answer: Answer, state: str, kind: str) -> None:
    entry = answer.systems[1]
    assert (entry["state"], entry["error"]["kind"]) == (state, kind), entry
    assert answer.headers["X-Gateway-Complete"] == "false"
    message = entry["error"]["message"]
    assert 0 < len(message) <= 260
    assert message.isprintable()
    assert not {"<html", "Traceback", "127.0.0.1", "sha256"} & set(message.split())
    assert "<" not in message


def _check_neighbours(answer: Answer) -> None:
    for number in NEIGHBOURS:
        entry = answer.systems[number]
        assert (entry["state"], entry["rows"], entry["error"]) == ("ok", ROWS, None), entry
