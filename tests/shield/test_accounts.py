"""Memory keeps its bound, and what the gateway tells of itself is what the appliance counted."""

import asyncio
import contextlib
import re
from collections.abc import AsyncIterator
from typing import Any

import aiohttp
from aiohttp import web

from gateway.model import SystemId
from gateway.simulator import ApplianceSpec
from gateway.web.app import create_app
from tests.shield.support import TOKEN, Rig, rig

MEMORY_BYTES = 400_000


async def test_many_different_questions_never_hold_more_than_the_bound() -> None:
    async with rig(ApplianceSpec(weeks=2), cache={"memory_bytes": MEMORY_BYTES}) as shield:
        records = list(shield.appliance.records)
        most = 0
        for number in range(150):
            begin = records[number * 7 % len(records)].start
            body: dict[str, Any] = {"start_time": begin - 20_000 + number, "end_time": begin + number}
            if number % 3 == 0:
                body["status"] = "Success"  # a picked view is held as well
            answer = await shield.ask(body)
            assert answer.backups.rows() == shield.truth(body)
            held = shield.gateway.store.held(SystemId(1))
            assert sum(one.nbytes for one in held) <= shield.gateway.store.nbytes <= MEMORY_BYTES
            most = max(most, len(held))
        assert most < 150


async def test_what_is_counted_is_what_is_kept() -> None:
    async with rig(ApplianceSpec(weeks=2)) as shield:
        await shield.ask()
        (held,) = shield.gateway.store.held(SystemId(1))
        await shield.ask({"client_id": 1})  # builds the index
        backups, index = held.fetched.backups, held.index._columns
        columns = (backups.ends, backups.starts, backups.start_spans, backups.finishes, backups.finish_spans)
        kept = len(backups.body) + sum(len(column) * column.itemsize for column in columns)
        codes = [column.codes for column in (index.types, index.statuses)]
        built = sum(column.nbytes for column in (*(index.ids, index.clients, index.instances, index.unsettled), *codes))
        # The index is counted before it is built, as if its numbers needed all their bytes.
        assert kept + built <= held.nbytes <= kept + 32 * len(backups) + 4096
        assert built <= 32 * len(backups)


async def test_a_list_that_does_not_fit_is_answered_and_says_so() -> None:
    async with rig(ApplianceSpec(weeks=2), cache={"memory_bytes": 20_000}) as shield:
        for calls in (1, 2):
            answer = await shield.ask()
            assert (answer.state, answer.source) == ("ok", "appliance")
            assert "not_kept" in answer.warnings
            assert answer.backups.rows() == shield.truth()
            assert shield.gateway.store.nbytes <= 20_000
            assert shield.appliance.counters.list_calls == calls
        small = await shield.ask({"backup_ids": [next(r.id for r in shield.appliance.records if r.id)]})
        assert "not_kept" not in small.warnings


async def test_odd_questions_by_the_thousand_do_not_push_out_the_list_that_is_renewed() -> None:
    async with rig(ApplianceSpec(rows=30)) as shield:
        await shield.ask()
        for number in range(1, 600):
            if number % 200 == 0:
                await shield.ask(max_age=0)
            await shield.ask({"backup_ids": [10**9 + number]}, max_age=0)
        lists = shield.gateway.store.held(SystemId(1))
        assert len(lists) <= 512
        assert any(not one.asked for one in lists)


@contextlib.asynccontextmanager
async def served(shield: Rig) -> AsyncIterator[aiohttp.ClientSession]:
    """The web side of a gateway that is open already."""
    app = create_app(shield.gateway)
    app.cleanup_ctx.clear()
    runner = web.AppRunner(app)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", 0).start()
    host, port = runner.addresses[0][:2]
    try:
        async with aiohttp.ClientSession(f"http://{host}:{port}", headers={"AuthToken": TOKEN}) as client:
            yield client
    finally:
        await runner.cleanup()


async def test_the_gateway_counts_what_the_appliance_counts() -> None:
    async with rig(ApplianceSpec(weeks=2), fanout={"calls_per_minute": 500}) as shield, served(shield) as client:
        asked = 0

        async def ask(body: dict[str, Any], times: int = 1) -> None:
            nonlocal asked
            asked += times

            async def one() -> None:
                async with client.post("/api/backups", json=body) as answer:
                    await answer.read()

            await asyncio.gather(*(one() for _ in range(times)))
            await shield.settle()

        await ask({}, 10)
        await ask({}, 5)
        await ask({"status": "Failure"}, 3)
        await ask({"start_hours": 100, "end_time": 1_900_000_000})
        shield.hands.turn(700)
        await ask({})
        shield.hands.turn(700)
        await shield.appliance.inject("error")
        await ask({}, 2)
        await ask({"max_stale": 0})
        told = await systems(client)
        counters, answers = shield.appliance.counters, told["answers"]
        assert told["calls"] == counters.list_calls
        assert told["logins"] == counters.logins == 3  # a token is dead after 600 idle seconds
        assert sum(answers.values()) == asked
        assert answers["tail"] == 1
        assert answers["missing"] >= 1
        assert told["calls_saved"] == sum(answers.get(key, 0) for key in ("hit", "narrowed", "coalesced", "stale"))
        assert told["ceiling"]["calls_per_minute"] == 500
        assert (told["breaker"], told["state"], told["error"]) == ("closed", "stale", "appliance_error")
        for _ in range(5):
            await ask({})
        told = await systems(client)
        assert told["breaker"] == "open"
        assert told["calls"] == counters.list_calls

        numbers = await metrics(client)
        label = '{system_id="1"}'
        assert numbers[f"backup_gateway_calls_total{label}"] == counters.list_calls
        assert numbers[f"backup_gateway_rows_fetched_total{label}"] == counters.rows_listed
        assert numbers[f"backup_gateway_calls_saved_total{label}"] == told["calls_saved"]
        assert numbers['backup_gateway_logins_total{result="success",system_id="1"}'] == counters.logins
        failures = numbers['backup_gateway_fetch_failures_total{kind="appliance_error",system_id="1"}']
        assert failures == sum(event.error is not None for event in shield.events)
        assert numbers['backup_gateway_system_up{system="appliance",system_id="1"}'] == 0
        assert numbers['backup_gateway_system_breaker{system="appliance",system_id="1"}'] == 2
        requests = {key: value for key, value in numbers.items() if "cache_requests_total" in key}
        assert sum(requests.values()) == asked
        assert numbers["backup_gateway_held_bytes"] == shield.gateway.store.nbytes
        assert numbers["backup_gateway_tasks"] >= 2  # that of the test and that of the scrape


async def systems(client: aiohttp.ClientSession) -> dict[str, Any]:
    async with client.get("/gateway/systems") as answer:
        (told,) = (await answer.json())["systems"]
        return told


async def metrics(client: aiohttp.ClientSession) -> dict[str, float]:
    async with client.get("/metrics") as answer:
        text = await answer.text()
    lines = re.findall(r"^(\w+(?:\{[^}]*\})?) (\S+)$", text, re.MULTILINE)
    return {name: float(value) for name, value in lines}
