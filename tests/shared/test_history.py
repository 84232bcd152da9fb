"""Kills and pauses of the store at random under load; afterwards every answer that was given is checked."""

import asyncio
import contextlib
import random
import signal
import time
from collections.abc import AsyncIterator
from dataclasses import dataclass, field
from typing import Any

from aiohttp import web

from tests.kit.accounts import token_table
from tests.kit.toml import table
from tests.shared.servers import Replica, Server, replicas_of, server
from tests.shield.support import TOKEN

RUN_S = 12.0
CLIENTS = 9
ROUNDED_S = 0.051  # ages are told in tenths
SYSTEMS = (1, 2, 3)


@dataclass
class Counting:
    """An appliance whose every list has one row with a number that grows; it knows when each was made."""

    site: int
    made: dict[int, float] = field(default_factory=dict)
    logins: int = 0
    url: str = ""

    async def login(self, _: web.Request) -> web.Response:
        self.logins += 1
        return web.json_response({"auth_token": f"v0:{self.site}:{self.logins}"}, status=201)

    async def backups(self, _: web.Request) -> web.Response:
        await asyncio.sleep(0.02)
        number = len(self.made) + 1
        self.made[number] = time.monotonic()
        row = {"id": number, "client_name": f"site-{self.site}", "start_date_time": "11/11/2025 10:00 am"}
        await asyncio.sleep(0.02)
        return web.json_response({"backups": [row]}, status=201)


@contextlib.asynccontextmanager
async def appliances() -> AsyncIterator[list[Counting]]:
    async with contextlib.AsyncExitStack() as stack:
        found = []
        for site in SYSTEMS:
            one, app = Counting(site), web.Application()
            app.router.add_post("/api/login", one.login)
            app.router.add_post("/api/backups", one.backups)
            runner = web.AppRunner(app)
            await runner.setup()
            stack.push_async_callback(runner.cleanup)
            await web.TCPSite(runner, "127.0.0.1", 0).start()
            one.url = f"http://127.0.0.1:{runner.addresses[0][1]}"
            found.append(one)
        yield found


def text_over(found: list[Counting], url: str) -> str:
    tables = [
        table("[server]", {"port": 0}),
        table("[cache]", {"fresh_seconds": 0.3, "revalidate_seconds": 0.6, "sweep_seconds": 0, "url": url}),
        table("[fanout]", {"calls_per_minute": 100_000}),
        table("[defaults]", {"timezone": "UTC", "username": "g"}),
        table("[[token]]", token_table("t", TOKEN)),
    ]
    for one in found:
        own = {"id": one.site, "name": f"site-{one.site}", "url": one.url, "password": f"secret-{one.site}"}
        tables.append(table("[[system]]", own))
    return "".join(tables)


@dataclass(frozen=True)
class Given:
    """One answer: when it was asked for, and what it said."""

    asked: float
    body: dict[str, Any]


async def client(replica: Replica, end: float, rng: random.Random) -> list[Given]:
    history = []
    while time.monotonic() < end:
        body: dict[str, Any] = {} if rng.random() < 0.9 else {"max_age": rng.choice([0, 0.5])}
        asked = time.monotonic()
        history.append(Given(asked, await replica.ask(body)))
        assert time.monotonic() - asked < 5
        await asyncio.sleep(rng.uniform(0.005, 0.05))
    return history


async def trouble(one: Server, end: float, rng: random.Random) -> None:
    while time.monotonic() < end - 3:
        await asyncio.sleep(rng.uniform(0.3, 1.2))
        if rng.random() < 0.6:
            one.send(signal.SIGSTOP)
            await asyncio.sleep(rng.uniform(0.1, 1.0))
            one.send(signal.SIGCONT)
        else:
            one.stop()
            await asyncio.sleep(rng.uniform(0.0, 0.6))
            await asyncio.to_thread(one.start)


def check(history: list[Given], found: list[Counting]) -> None:
    """What no answer of one client may ever show."""
    last = dict.fromkeys(SYSTEMS, 0)
    for given in history:
        told = {system["system_id"]: system for system in given.body["systems"]}
        assert tuple(told) == SYSTEMS
        assert given.body["complete"]
        assert given.body["total"] == len(SYSTEMS)
        for row in given.body["backups"]:
            site, number = row["system_id"], row["id"]
            assert row["client_name"] == f"site-{site}"
            assert number >= last[site]
            last[site] = number
            assert told[site]["age_seconds"] >= given.asked - found[site - 1].made[number] - ROUNDED_S


async def test_no_answer_is_older_than_it_says_or_goes_back_whatever_happens_to_the_store() -> None:
    rng = random.Random(20_261_124)
    with server() as one:
        async with appliances() as found, replicas_of(text_over(found, one.url), 3) as three:
            end = time.monotonic() + RUN_S
            clients = [client(three[number % 3], end, random.Random(number)) for number in range(CLIENTS)]
            *histories, _ = await asyncio.gather(*clients, trouble(one, end, rng))
    for history in histories:
        assert history is not None
        assert len(history) > 20
        check(history, found)
    assert all(one.logins <= 20 for one in found)
