"""One caller who asks without measure is in his own way, not in that of others."""

import asyncio
from typing import Any

import pytest

from tests.hostile.live import Live, running
from tests.kit.accounts import CHEAP_HASH, user_table

USERS = [{**user_table(name), "password_hash": CHEAP_HASH} for name in ("greedy", "modest")]


async def _token(live: Live, name: str) -> dict[str, str]:
    _, session = await live.login(name)
    return {"AuthToken": session["token"]}


async def _ask(live: Live, headers: dict[str, str], body: dict[str, Any]) -> int:
    async with live.http.post(f"{live.url}/api/backups", json=body, headers=headers) as answer:
        await answer.read()
        return answer.status


async def test_a_storm_of_new_filters_leaves_the_next_turn_to_another_caller() -> None:
    async with running(users=USERS, systems=1, fanout="concurrency = 1") as live:
        greedy, modest = await _token(live, "greedy"), await _token(live, "modest")
        appliance = live.farm[0]
        await appliance.inject("hung")
        storm = [asyncio.create_task(_ask(live, greedy, {"backup_ids": [n], "deadline": 5})) for n in range(1000, 1020)]
        gate = live.gateway.systems[next(iter(live.gateway.systems))].gate
        async with asyncio.timeout(5):
            while len(gate.slots._lines) < 19:  # noqa: ASYNC110 - nothing tells of a line
                await asyncio.sleep(0)
        polite = asyncio.create_task(_ask(live, modest, {"client_id": 1, "deadline": 5}))
        async with asyncio.timeout(5):
            while len(gate.slots._lines) < 20:  # noqa: ASYNC110
                await asyncio.sleep(0)
        await appliance.recover()
        assert await polite == 200
        await asyncio.gather(*storm)
        asked = [request.body for request in appliance.requests if request.path.endswith("/backups")]
    place = next(number for number, body in enumerate(asked) if b"client_id" in body)
    assert place <= 3, "the call under way, at most two of the storm, and then this one"


async def test_requests_of_one_caller_never_take_all_places(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("gateway.web.caller._RUNNING_OF_ONE", 3)
    async with running(users=USERS, systems=1) as live:
        greedy, modest = await _token(live, "greedy"), await _token(live, "modest")
        await live.farm[0].inject("hung")
        storm = [asyncio.create_task(_ask(live, greedy, {"deadline": 2})) for _ in range(10)]
        done, _ = await asyncio.wait(storm, return_when=asyncio.FIRST_COMPLETED)
        assert {task.result() for task in done} == {503}
        other = asyncio.create_task(_ask(live, modest, {"deadline": 1}))
        statuses = await asyncio.gather(*storm)
        assert sorted(statuses) == [503] * 7 + [504] * 3
        assert await other == 504
        async with live.http.get(f"{live.url}/api/systems", headers=greedy) as answer:
            assert answer.status == 200, "places are given back"
