"""`serve` as a process: configurations at fault, signals, draining (contract sections 2, 3 and 7)."""

import asyncio
import json
import signal
from pathlib import Path

import pytest

from gateway.simulator import Farm, Fault
from tests.gateway.live import config_text, small
from tests.gateway.processes import run, running
from tests.gateway.serving import BAD, http, serving, whole
from tests.kit.waiting import until


async def test_serve_with_a_bad_configuration_names_every_fault_and_exits_2(tmp_path: Path):
    file = tmp_path / "bad.toml"
    file.write_text(BAD)
    outcome = await run("serve", "--config", str(file))
    assert outcome.code == 2
    assert outcome.out == ""
    lines = outcome.err.splitlines()
    for key, word in (
        ("server.prot", "port"),
        ("server.port", ""),
        ("cache.fresh_seconds", ""),
        ("nonsense", ""),
        ("url", "http"),
        ("timezone", "America/New_York"),
        ("password", "one of"),
        ("password_hash", "argon2id"),
        ("token_hash", "sha256"),
    ):
        assert any(str(file) in line and key in line and word in line for line in lines), (key, lines)
    assert "Traceback" not in outcome.err


@pytest.mark.parametrize("text", ["[server", "system = 5", "\x00"])
async def test_serve_with_no_toml_at_all_exits_2(tmp_path: Path, text: str):
    file = tmp_path / "bad.toml"
    file.write_text(text)
    outcome = await run("serve", "--config", str(file))
    assert outcome.code == 2
    assert str(file) in outcome.err
    assert "Traceback" not in outcome.err


async def test_serve_without_its_file_exits_2(tmp_path: Path):
    outcome = await run("serve", "--config", str(tmp_path / "none.toml"))
    assert outcome.code == 2
    assert "none.toml" in outcome.err


async def test_serve_on_a_port_that_is_taken_exits_2(tmp_path: Path):
    async with serving(tmp_path) as (_, address, farm):
        file = tmp_path / "second.toml"
        file.write_text(config_text(farm, server={"port": int(address.rpartition(":")[2])}))
        outcome = await run("serve", "--config", str(file))
    assert outcome.code == 2
    assert "cannot listen" in outcome.err


async def test_a_usage_error_exits_2_and_keeps_stdout_clean():
    for arguments in (("serve",), ("nonsense",), ("serve", "--nonsense"), ("demo", "--port", "x")):
        outcome = await run(*arguments)
        assert (outcome.code, outcome.out) == (2, ""), arguments


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
async def test_a_signal_ends_it_with_exit_0(tmp_path: Path, number: signal.Signals):
    async with serving(tmp_path) as (process, address, _), http() as session:
        async with session.post(f"{address}/api/backups") as answer:
            assert answer.status == 200
        outcome = await process.end(number)
    assert outcome.code == 0
    assert "destroyed" not in outcome.err
    assert "never retrieved" not in outcome.err
    assert "Traceback" not in outcome.err


async def test_sigterm_lets_running_answers_finish(tmp_path: Path):
    async with serving(tmp_path) as (process, address, farm), http() as session:
        await farm[0].inject(Fault("slow", seconds=1.0))
        asked = asyncio.create_task(whole(session, address))
        await until(lambda: farm[0].counters.list_calls)
        process.send(signal.SIGTERM)
        await process.line(lambda line: "draining" in line, process.err)
        status, body = await asked
        assert (status, body["complete"], body["total"]) == (200, True, 30)
        assert (await process.end(None)).code == 0


async def test_while_it_drains_it_says_so_to_who_asks_anew(tmp_path: Path):
    async with serving(tmp_path) as (process, address, farm), http() as session, http() as probe:
        await farm[0].inject(Fault("slow", seconds=2.0))
        asked = asyncio.create_task(whole(session, address))
        await until(lambda: farm[0].counters.list_calls)
        process.send(signal.SIGTERM)
        await process.line(lambda line: "draining" in line, process.err)
        async with probe.get(f"{address}/readyz") as answer:
            assert (answer.status, (await answer.json())["status"]) == (503, "draining")
            assert answer.headers["Connection"] == "close"
        assert not asked.done()
        status, body = await asked
        assert (status, body["complete"]) == (200, True)
        assert (await process.end(None)).code == 0


async def test_replicas_give_the_same_tag_to_the_same_rows(tmp_path: Path):
    question = "sid=2&sid=1&type=full,incremental&status=Success,Failure&require=1,2"
    tags = []
    async with Farm([small(1), small(2)]) as farm:
        file = tmp_path / "gateway.toml"
        file.write_text(config_text(farm))
        for seed in ("1", "2"):  # of the hashes that order a set
            async with running("serve", "--config", str(file), PYTHONHASHSEED=seed) as process, http() as session:
                answer = await session.get(f"{await process.address()}/api/backups?{question}")
                assert answer.status == 200
                tags.append(answer.headers["ETag"])
    assert tags[0] == tags[1]


async def test_sigterm_does_not_wait_for_a_fetch_that_nobody_waits_for(tmp_path: Path):
    async with serving(tmp_path) as (process, address, farm), http() as session:
        await farm[0].inject("hung")
        async with session.post(f"{address}/api/backups", json={"deadline": 0.2}) as answer:
            assert answer.status == 504
        async with asyncio.timeout(10):
            assert (await process.end()).code == 0


async def test_it_is_ready_with_every_appliance_down(tmp_path: Path):
    async with Farm([small(1, dead=True), small(2, dead=True)]) as farm:
        file = tmp_path / "gateway.toml"
        file.write_text(config_text(farm))
        async with running("serve", "--config", str(file)) as process, http() as session:
            address = await process.address()
            async with session.post(f"{address}/api/backups") as answer:
                assert answer.status == 502
            async with session.get(f"{address}/readyz") as answer:
                assert answer.status == 200
                assert (await answer.json())["systems"]["failing"] == 2


async def test_last_good_lists_survive_a_restart(tmp_path: Path):
    async with Farm([small(1), small(2)]) as farm:
        file = tmp_path / "gateway.toml"
        file.write_text(config_text(farm, cache={"snapshot": "lists"}))
        async with running("serve", "--config", str(file)) as process, http() as session:
            _, first = await whole(session, await process.address())
            assert (await process.end()).code == 0
        for appliance in farm:
            await appliance.inject("refusing")
        async with running("serve", "--config", str(file)) as process, http() as session:
            status, second = await whole(session, await process.address())
            assert (await process.end()).code == 0
    assert status == 200
    assert second["backups"] == first["backups"]
    assert {entry["source"] for entry in second["systems"]} == {"snapshot"}


async def test_it_speaks_of_itself_in_json_lines_from_the_first_to_the_last(tmp_path: Path):
    async with serving(tmp_path) as (process, _, _):
        await process.end()
        events = process.events()
    assert {"listening", "draining"} <= {event.get("event") for event in events}
    assert all("timestamp" in event for event in events)
    assert process.out == []
    assert json.dumps(events)
