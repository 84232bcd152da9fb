"""What another configuration leaves alone, and what it must not leave alone."""

import asyncio
import contextlib
import gc
from collections.abc import AsyncIterator
from pathlib import Path

import pytest
import structlog

from gateway.cli.reload import reload_now
from gateway.model import SystemId
from gateway.simulator import ApplianceSpec, Farm
from tests.kit.waiting import until
from tests.secure.support import QUICK, Site, config_text, site_of, system_table

USERS = ({"username": "noc", "systems": "all"}, {"username": "other", "systems": [1]})
SPECS = (
    ApplianceSpec(name="north", rows=20, seed=1),
    ApplianceSpec(name="south", rows=20, seed=2),
    ApplianceSpec(name="spare", rows=20, seed=3),
)


@contextlib.asynccontextmanager
async def three() -> AsyncIterator[tuple[Site, Farm]]:
    """Two configured appliances and a spare one."""
    async with Farm(SPECS) as farm, site_of(_text(farm)) as site:
        yield site, farm


def _text(farm: Farm, **south: object) -> str:
    systems = [system_table(1, farm["north"]), {**system_table(2, farm["south"]), **south}]
    return config_text(systems, users=USERS)


async def test_a_reload_keeps_callers_lists_and_appliance_sessions() -> None:
    """Same file, and a file in which only a user changes: nobody logs in again, nothing is fetched again."""
    async with three() as (site, farm):
        mine, other = await site.login("noc"), await site.login("other")
        first = await site.ask(token=mine)
        lists = [site.held(1), site.held(2)]
        requests = [len(appliance.requests) for appliance in farm]
        for users in (
            USERS,
            [*USERS, {"username": "new", "systems": "all"}],
            [USERS[0], {**USERS[1], "role": "admin"}],
        ):
            site.apply(config_text([system_table(1, farm["north"]), system_table(2, farm["south"])], users=users))
            assert (await site.ask(token=mine)).json()["backups"] == first.json()["backups"]
            assert (await site.ask(token=other)).status == 200
            assert [site.held(1), site.held(2)] == lists
        assert [len(appliance.requests) for appliance in farm] == requests
        await site.anew(token=mine)
        assert [farm[name].counters.logins for name in ("north", "south")] == [1, 1]


async def test_a_label_changes_who_sees_a_system_and_nothing_else() -> None:
    """Another customer, other tags: the same session, the same lists, no call."""
    async with three() as (site, farm):
        await site.ask()
        lists = [site.held(1), site.held(2)]
        requests = [len(appliance.requests) for appliance in farm]
        site.apply(_text(farm, customer="Acme", tags=["gold"]))
        answer = await site.ask({"customer": "Acme"})
        assert list(answer.systems) == [2]
        assert [site.held(1), site.held(2)] == lists
        assert [len(appliance.requests) for appliance in farm] == requests
        await site.anew()
        assert farm["south"].counters.logins == 1


async def test_the_ceiling_holds_across_reloads() -> None:
    """Another limit makes another source, but no new minute: to the appliance it is one gateway."""
    async with three() as (site, farm):
        for seconds in range(1, 9):
            site.apply(_text(farm, calls_per_minute=3, deadline_seconds=0.5, fresh_seconds=seconds))
            await site.anew()
        assert farm["south"].counters.list_calls == 3


async def test_what_was_replaced_is_forgotten_when_nobody_waits_for_it() -> None:
    """A file that is written each minute must not make a process grow."""
    async with three() as (site, farm):
        for seconds in range(1, 9):
            site.apply(_text(farm, fresh_seconds=seconds))
            await site.ask()
        gc.collect()
        assert len(site.gateway._retired) <= 1


async def test_a_system_that_moved_starts_anew_and_its_neighbour_does_not_notice() -> None:
    """Another url: the old list is dropped, the new appliance is asked; nothing of the old one is ever shown."""
    async with three() as (site, farm):
        old = await site.ask()
        kept = site.held(1)
        site.apply(_text(farm, url=farm["spare"].url))
        assert site.held(2) == []
        assert site.held(1) == kept
        new = await site.ask()
        assert new.systems[2]["state"] == "ok"
        assert new.systems[2]["source"] == "appliance"
        assert new.systems[1]["source"] == "cache"
        rows = [[row for row in answer.json()["backups"] if row["system_id"] == 2] for answer in (old, new)]
        assert rows[0] != rows[1]
        assert farm["spare"].counters.list_calls == 1


async def test_a_list_that_was_on_its_way_from_the_old_address_is_never_kept() -> None:
    """The call in flight ends for its own caller only."""
    async with Farm([*SPECS[:2], ApplianceSpec(name="spare", rows=20, seed=3)]) as farm, site_of(_text(farm)) as site:
        south = farm["south"]
        await south.inject("hung")
        waiting = asyncio.create_task(site.ask())
        await until(lambda: south.counters.in_flight > 0, 5.0)
        site.apply(_text(farm, url=farm["spare"].url))
        await south.recover()
        await waiting
        assert all(b"south" not in held.fetched.backups.body for held in site.held(2))
        answer = await site.ask()
        assert answer.systems[2]["state"] == "ok"
        assert farm["spare"].counters.list_calls == 1


@pytest.mark.parametrize("fault", ["error", "empty"])
async def test_what_a_call_under_the_old_settings_meets_is_no_fault_of_the_new_ones(fault: str) -> None:
    """Its failure, or an empty list that nobody believes, is told to its own caller; the list stays in order."""
    async with three() as (site, farm):
        await site.ask()
        south = farm["south"]
        await south.inject("hung")
        waiting = asyncio.create_task(site.anew())
        await until(lambda: south.counters.in_flight > 0, 5.0)
        site.apply(_text(farm, fresh_seconds=50))
        await south.recover()  # the connection breaks, and the one retry meets the fault
        await south.inject(fault)
        await waiting
        assert [(held.failed, held.emptied) for held in site.held(2)] == [(None, 0)]
        assert (await site.ask()).systems[2]["state"] == "ok"


async def test_another_password_of_an_appliance_is_used_from_then_on_and_its_lists_stay() -> None:
    """The account is another one, the appliance is the same."""
    async with three() as (site, farm):
        await site.ask()
        kept = site.held(2)
        site.apply(_text(farm, password="not the right one"))
        assert site.held(2) == kept
        answer = await site.anew()
        assert answer.systems[2]["state"] == "stale"
        assert answer.systems[2]["error"]["kind"] == "auth"
        site.apply(_text(farm))
        assert (await site.anew()).systems[2]["state"] == "ok"


@pytest.mark.parametrize(
    ("tables", "told"),
    [
        ({"server": {"max_body_bytes": 1000}, "cache": {"sweep_seconds": 7, "fresh_seconds": 9}}, []),
        ({"fanout": {"total_concurrency": 7}}, []),
        ({"server": {"port": 1}, "log": {"level": "error"}}, [("server", ["port"]), ("log", ["level"])]),
        ({"cache": {"memory_bytes": 1000, "fresh_seconds": 9}}, [("cache", ["memory_bytes"])]),
        ({"server": {"trusted_proxies": ["10.0.0.0/8"]}}, [("server", ["trusted_proxies"])]),
    ],
)
async def test_the_log_says_what_takes_no_effect_before_a_restart(
    tables: dict[str, dict[str, object]], told: list[tuple[str, list[str]]], tmp_path: Path
) -> None:
    async with three() as (site, farm):
        path = tmp_path / "gateway.toml"
        systems = [system_table(1, farm["north"])]
        path.write_text(config_text(systems, users=USERS, tables={**QUICK, **tables}))
        with structlog.testing.capture_logs() as lines:
            assert reload_now(path, site.gateway)
        warned = [(line["table"], line["keys"]) for line in lines if line["event"] == "config_needs_restart"]
        assert warned == told
        limits = site.gateway.systems[SystemId(1)].config.limits
        cache = site.gateway.config.cache
        assert (limits.sweep_seconds, limits.fresh_seconds) == (cache.sweep_seconds, cache.fresh_seconds)


@pytest.mark.parametrize("text", ["a = ", "a = " + "[" * 5000, "a = " + "9" * 5000], ids=["torn", "deep", "long"])
async def test_a_file_that_breaks_its_reader_is_refused_like_any_bad_one(text: str, tmp_path: Path) -> None:
    async with three() as (site, _):
        path = tmp_path / "gateway.toml"
        path.write_text(text)
        before = site.gateway.config
        with structlog.testing.capture_logs() as lines:
            assert not reload_now(path, site.gateway)
        assert [line["event"] for line in lines] == ["config_refused"]
        assert "is no TOML" in lines[0]["fault"]
        assert site.gateway.config is before


async def test_a_system_that_comes_in_with_a_reload_is_answered_at_once() -> None:
    """And one that goes is forgotten with its lists."""
    async with three() as (site, farm):
        await site.ask()
        systems = [system_table(1, farm["north"]), system_table(7, farm["spare"])]
        site.apply(config_text(systems, users=USERS))
        answer = await site.ask()
        assert {number: entry["state"] for number, entry in answer.systems.items()} == {1: "ok", 7: "ok"}
        assert site.held(2) == []
