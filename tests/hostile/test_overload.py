"""More questions than the loop can answer: equal ones are answered together, and who asks too much is told at once."""

import asyncio
import contextlib
from collections.abc import AsyncIterator, Callable
from typing import Any

import pytest
from aiohttp import encode_basic_auth

from gateway.answers import merge
from gateway.loop.aside import Aside
from gateway.loop.fair import ASKER
from gateway.loop.turns import Turns
from gateway.stack import Gateway
from gateway.web.express import Express
from gateway.web.keys import LOAD
from gateway.web.load import Load
from gateway.web.server import Server
from tests.hostile.live import STATIC_TOKEN, Live, running
from tests.hostile.wire import connected
from tests.kit.accounts import PASSWORD, user_table

CROWD = 20


@contextlib.asynccontextmanager
async def at_once(live: Live, questions: int) -> AsyncIterator[list["asyncio.Task[list[bytes]]"]]:
    """So many equal questions that wait for a turn of the loop, which nobody gets before the end of the block."""
    turns = live.gateway.turns
    turns._taken = True
    tasks = [asyncio.create_task(_asked(live)) for _ in range(questions)]
    async with asyncio.timeout(10):
        while len(turns._lines) < questions:  # noqa: ASYNC110 - nothing tells of a line
            await asyncio.sleep(0)
    yield tasks
    turns._next()
    await asyncio.gather(*tasks)


async def _asked(live: Live) -> list[bytes]:
    headers = live.headers | {"Accept-Encoding": "identity"}  # nothing is packed in a thread meanwhile
    async with live.http.post(f"{live.url}/api/backups", json={}, headers=headers) as answer:
        return [str(answer.status).encode(), answer.headers["X-Request-ID"].encode(), await answer.read()]


@pytest.fixture
def built(monkeypatch: pytest.MonkeyPatch) -> list[int]:
    """How many systems each answer had that was put together."""
    sizes: list[int] = []
    whole = merge.body_parts

    def counted(answers: Any, *rest: Any) -> list[bytes]:
        sizes.append(len(answers))
        return whole(answers, *rest)

    monkeypatch.setattr(merge, "body_parts", counted)
    return sizes


async def test_a_crowd_that_waits_with_one_question_gets_one_answer_that_was_built_once(built: list[int]) -> None:
    async with running() as live:
        await _asked(live)  # from now on everything is held
        built.clear()
        async with at_once(live, CROWD) as tasks:
            assert not built
        answers = [task.result() for task in tasks]
    assert {status for status, _, _ in answers} == {b"200"}
    assert len({body for _, _, body in answers}) == 1
    assert len({request_id for _, request_id, _ in answers}) == CROWD
    assert built == [2], "for the first one that had its turn"


async def test_an_answer_that_others_waited_for_is_not_given_to_who_lost_its_right(built: list[int]) -> None:
    def locked_out(gateway: Gateway) -> None:
        accounts = gateway.access.accounts
        accounts._tokens.clear()
        accounts._callers.clear()

    async with running() as live:
        await _asked(live)
        async with at_once(live, CROWD) as tasks:
            locked_out(live.gateway)
        assert {task.result()[0] for task in tasks} == {b"401"}


async def test_who_waits_too_long_already_is_refused_at_once_and_others_are_not(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    async with running(users=[user_table("modest")]) as live:
        await _asked(live)
        _, session = await live.login("modest")
        async with at_once(live, 1) as tasks:
            monkeypatch.setattr("gateway.loop.turns.LATE_S", 0.0)
            named = live.headers | {"X-Request-ID": "mine"}
            async with live.http.post(f"{live.url}/api/backups", json={}, headers=named) as refusal:
                problem = await refusal.json()
            async with live.http.get(f"{live.url}/readyz", headers=live.headers) as ready:
                assert ready.status == 200
            async with live.http.get(f"{live.url}/api/systems", headers={"AuthToken": session["token"]}) as other:
                assert other.status == 200
        assert (refusal.status, refusal.headers["Retry-After"]) == (503, "1")
        assert refusal.headers["Cache-Control"] == "no-store"
        assert refusal.headers["X-Request-ID"] == "mine"
        assert (problem["status"], problem["detail"]) == (503, "too many requests of yours at once; try again")
        assert STATIC_TOKEN not in str(problem)
        assert tasks[0].result()[0] == b"200", "who was let in is served"
        assert (await _asked(live))[0] == b"200", "and so is who comes later"


@pytest.mark.parametrize(
    "path", ["/api/backups", "/api/backups?format=ndjson", "/api/backups?format=csv", "/gateway/summary"]
)
async def test_long_answers_go_on_in_turns_and_what_is_made_row_by_row_is_made_aside(
    monkeypatch: pytest.MonkeyPatch, path: str
) -> None:
    turns = aside = 0

    async def again(self: Turns) -> None:
        nonlocal turns
        turns += 1

    class Counted(Aside):
        async def run(self, work: Callable[[], Any]) -> Any:
            nonlocal aside
            aside += 1
            return await super().run(work)

    monkeypatch.setattr(Turns, "again", again)
    monkeypatch.setattr("gateway.web.backups._ROWS_ON_THE_LOOP", -1)
    async with running(systems=5) as live:
        for _ in range(2):  # the first one asks appliances: from then on all of it is held
            live.gateway.aside, live.gateway.turns.longest_s, turns, aside = Counted(), -1.0, 0, 0
            async with live.http.get(live.url + path, headers=live.headers | {"X-Request-ID": "mine"}) as answer:
                assert answer.status == 200
                await answer.read()
    assert turns >= 5, "a pause for each system"
    assert bool(aside) == ("csv" in path or "summary" in path)


@pytest.mark.parametrize("path", ["/api/backups", "/gateway/summary?limit=1", "/no//such/"])
async def test_a_refusal_is_the_same_before_a_request_is_taken_apart_and_after(
    monkeypatch: pytest.MonkeyPatch, path: str
) -> None:
    async with running() as live:
        await _asked(live)
        ASKER.set("token:probe")
        live.gateway.turns._lines.join()
        monkeypatch.setattr("gateway.loop.turns.LATE_S", 0.0)
        found = []
        for given, told in (("mine", "mine"), ("no id!", ""), (None, "")):
            headers = live.headers if given is None else live.headers | {"X-Request-ID": given}
            for at_once in (Express.at_once, lambda *_: None):
                with monkeypatch.context() as patch:
                    patch.setattr(Express, "at_once", at_once)
                    if at_once is Express.at_once:
                        patch.setattr(Express, "__call__", None)  # who is not refused before is not answered at all
                    async with live.http.get(live.url + path, headers=headers) as refusal:
                        found.append((refusal.status, dict(refusal.headers) | {"Date": ""}, await refusal.read()))
            ids = [answer[1].pop("X-Request-ID") for answer in found[-2:]]
            assert told in ids[0]
            assert (ids[0] == ids[1]) == bool(told), "a new one for each, unless one was given that is fit"
    assert all(answer == found[0] for answer in found)
    assert found[0][0] == 503


async def test_who_comes_with_a_password_is_refused_as_well(monkeypatch: pytest.MonkeyPatch) -> None:
    async with running() as live:
        await _asked(live)
        ASKER.set("user:noc")
        live.gateway.turns._lines.join()
        monkeypatch.setattr("gateway.loop.turns.LATE_S", 0.0)
        password = {"Authorization": encode_basic_auth("noc", PASSWORD)}
        async with live.http.get(f"{live.url}/api/backups", headers=password) as refusal:
            assert (refusal.status, refusal.headers["Retry-After"]) == (503, "1")


async def test_an_end_with_nothing_under_way_waits_for_a_balancer_to_see_it(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("gateway.web.server._LONGEST_QUIET_S", 60.0)
    async with running(systems=1) as live:
        await live.gateway.drain()
        ending = asyncio.create_task(live.runner.drain(live.runner.app[LOAD], quiet_s=60.0))
        async with live.http.get(f"{live.url}/readyz") as ready:
            assert (ready.status, (await ready.json())["status"]) == (503, "draining")
        assert not ending.done()
        ending.cancel()
        await asyncio.gather(ending, return_exceptions=True)


async def test_a_crowd_that_does_not_notice_the_end_cannot_put_it_off(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("gateway.web.server._OPEN_S", 0.05)
    async with running(systems=1) as live:
        await live.farm[0].inject("hung")
        running_one = asyncio.create_task(_asked(live))
        load: Load = live.runner.app[LOAD]
        async with asyncio.timeout(10):
            while not len(load):  # noqa: ASYNC110 - nothing tells of a request that has begun
                await asyncio.sleep(0)
            await live.gateway.drain()
            ending = asyncio.create_task(live.runner.drain(load))
            while not load.is_closed:  # noqa: ASYNC110
                await asyncio.sleep(0)
        async with live.http.get(f"{live.url}/api/backups", headers=live.headers) as refusal:
            assert (refusal.status, refusal.headers["Retry-After"]) == (503, "1")
            assert refusal.headers["Connection"] == "close"
        async with live.http.get(f"{live.url}/readyz") as ready:
            assert (ready.status, (await ready.json())["status"]) == (503, "draining")
        assert not running_one.done()
        await live.farm[0].recover()
        assert (await running_one)[0] in (b"200", b"504")
        await ending


async def test_a_connection_that_comes_at_the_very_end_does_not_put_it_off(monkeypatch: pytest.MonkeyPatch) -> None:
    made = Server.connection_made

    def told_of_the_end(self: Server, *connection: Any) -> None:
        made(self, *connection)
        self.pre_shutdown()

    async with running(systems=1) as live:
        server = live.runner.server
        assert isinstance(server, Server)
        monkeypatch.setattr(Server, "connection_made", told_of_the_end)
        async with connected(live.port):
            async with asyncio.timeout(10):
                while not server.connections:  # noqa: ASYNC110 - nothing tells of a connection
                    await asyncio.sleep(0)
                for _ in range(3):
                    await asyncio.sleep(0)  # until it waits for its first request
                await server.shutdown(60.0)
