"""Another configuration takes effect while `serve` runs (contract section 2)."""

import asyncio
import signal
from pathlib import Path

import aiohttp

from gateway.simulator import Farm, Fault
from tests.gateway.live import config_text, small
from tests.gateway.processes import running
from tests.gateway.serving import BAD, http, serving, whole
from tests.kit.waiting import until


async def names_of(session: aiohttp.ClientSession, address: str) -> list[str]:
    async with session.get(f"{address}/api/systems") as answer:
        return [entry["name"] for entry in (await answer.json())["appliance"]]


async def test_a_good_configuration_takes_effect_at_a_sighup(tmp_path: Path):
    async with serving(tmp_path, systems=2) as (process, address, farm), http() as session:
        (tmp_path / "gateway.toml").write_text(config_text(farm, each={2: {"name": "renamed"}}))
        process.send(signal.SIGHUP)
        await process.line(lambda line: "config_reloaded" in line, process.err)
        assert await names_of(session, address) == ["site-1", "renamed"]
        assert (await process.end()).code == 0


async def test_a_file_that_changes_takes_effect_by_itself(tmp_path: Path):
    async with serving(tmp_path, systems=2) as (process, address, farm), http() as session:
        text = config_text(farm, each={2: {"name": "renamed"}})
        (tmp_path / "new").write_text(text)
        (tmp_path / "new").replace(tmp_path / "gateway.toml")  # as editors do it, in the very moment of the start
        await process.line(lambda line: "config_reloaded" in line, process.err)
        assert await names_of(session, address) == ["site-1", "renamed"]


async def test_a_change_behind_a_link_takes_effect_by_itself(tmp_path: Path):
    """As mounted configuration changes: the name stays, the link before it leads elsewhere."""
    async with Farm([small(1), small(2)]) as farm:
        for number in (1, 2):
            (tmp_path / f"v{number}").mkdir()
            text = config_text(farm, each={2: {"name": f"name-{number}"}})
            (tmp_path / f"v{number}" / "gateway.toml").write_text(text)
        (tmp_path / "now").symlink_to("v1")
        (tmp_path / "gateway.toml").symlink_to("now/gateway.toml")
        async with running("serve", "--config", str(tmp_path / "gateway.toml")) as process, http() as session:
            address = await process.address()
            (tmp_path / "next").symlink_to("v2")
            (tmp_path / "next").replace(tmp_path / "now")
            await process.line(lambda line: "config_reloaded" in line, process.err)
            assert await names_of(session, address) == ["site-1", "name-2"]


async def test_a_file_that_is_emptied_on_its_way_to_be_written_is_no_configuration(tmp_path: Path):
    async with serving(tmp_path) as (process, address, _), http() as session:
        (tmp_path / "gateway.toml").write_text("")
        await process.line(lambda line: "config_refused" in line and "being written" in line, process.err)
        assert await names_of(session, address) == ["site-1"]


async def test_a_bad_configuration_is_logged_fault_by_fault_and_the_old_one_goes_on(tmp_path: Path):
    async with serving(tmp_path) as (process, address, _), http() as session:
        (tmp_path / "gateway.toml").write_text(BAD)
        process.send(signal.SIGHUP)
        await process.line(lambda line: "config_refused" in line and "New_York" in line, process.err)
        async with session.post(f"{address}/api/backups") as answer:
            assert answer.status == 200
        assert (await process.end()).code == 0


async def test_a_request_in_flight_is_untouched_by_another_configuration(tmp_path: Path):
    async with serving(tmp_path) as (process, address, farm), http() as session:
        await farm[0].inject(Fault("slow", seconds=1.5))
        asked = asyncio.create_task(whole(session, address))
        await until(lambda: farm[0].counters.list_calls)
        (tmp_path / "gateway.toml").write_text(config_text(farm, each={1: {"fresh_seconds": 1}}))
        process.send(signal.SIGHUP)
        await process.line(lambda line: "config_reloaded" in line, process.err)
        status, body = await asked
        assert (status, body["complete"]) == (200, True)


async def test_a_removed_token_is_dead_after_a_reload(tmp_path: Path):
    async with serving(tmp_path) as (process, address, farm), http() as session:
        (tmp_path / "gateway.toml").write_text(config_text(farm, tokens=[]))
        process.send(signal.SIGHUP)
        await process.line(lambda line: "config_reloaded" in line, process.err)
        async with session.post(f"{address}/api/backups") as answer:
            assert answer.status == 401
