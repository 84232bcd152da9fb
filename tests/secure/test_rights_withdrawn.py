"""Rights that are taken away count at once: for the next request, and for the one that waits already."""

import asyncio
import contextlib
from collections.abc import AsyncIterator, Callable, Mapping
from typing import Any

import pytest

from gateway.callers.accounts import Caller
from gateway.simulator import ApplianceSpec, Farm
from tests.kit.accounts import PASSWORD, cheap_hash, token_table
from tests.kit.waiting import until
from tests.secure.support import QUICK, Answer, Site, config_text, site_of, system_table

SLOW_MS = 300
Users = list[dict[str, object]]


class Two:
    """A quick and a slow appliance, and a configuration that a test rewrites."""

    def __init__(self, site: Site, farm: Farm) -> None:
        self.site = site
        self.farm = farm

    async def while_it_waits(self, change: Callable[[], None], body: Mapping[str, Any], **options: Any) -> Answer:
        """The answer to a question during which something changes."""
        before = self.farm["slow"].counters.in_flight
        waiting = asyncio.create_task(self.site.anew(body, **options))
        await until(lambda: self.farm["slow"].counters.in_flight > before, 5.0)
        change()
        assert not waiting.done()
        return await waiting


def text_of(farm: Farm, users: Users, tokens: Users | None = None, **more: object) -> str:
    systems = [system_table(number, appliance, **more) for number, appliance in enumerate(farm, 1)]
    return config_text(systems, users=users, tokens=tokens or [], tables=QUICK)


def user(name: str = "noc", **more: object) -> dict[str, object]:
    return {"username": name, "systems": "all", **more}


@contextlib.asynccontextmanager
async def two(users: Users, tokens: Users | None = None) -> AsyncIterator[Two]:
    specs = [ApplianceSpec(name="quick", rows=20), ApplianceSpec(name="slow", rows=20, seed=2, base_ms=SLOW_MS)]
    async with Farm(specs) as farm, site_of(text_of(farm, users, tokens)) as site:
        yield Two(site, farm)


NEW_HASH = cheap_hash("another password")
ENDS: Mapping[str, Users] = {
    "removed": [user("other")],
    "disabled": [user(disabled=True), user("other")],
    "given another password": [user(password_hash=NEW_HASH), user("other")],
}


@pytest.mark.parametrize("users", ENDS.values(), ids=ENDS)
async def test_a_user_who_is_gone_gets_401_even_for_the_request_that_waits(users: Users) -> None:
    """Its token is dead at once, its password too; the session of somebody else lives on."""
    async with two([user(), user("other")]) as site:
        mine, other = await site.site.login("noc"), await site.site.login("other")
        late = await site.while_it_waits(lambda: site.site.apply(text_of(site.farm, users)), {}, token=mine)
        assert late.status == 401
        assert b"backups" not in late.body.replace(b"/api/backups", b"")
        assert (await site.site.ask(token=mine)).status == 401
        login = {"username": "noc", "password": PASSWORD}
        assert (await site.site.call("POST", "/api/login", None, json=login)).status == 401
        assert (await site.site.ask(token=other)).status == 200


async def test_a_user_by_basic_is_judged_by_the_new_configuration_too() -> None:
    """What was verified a moment ago is not remembered across a reload."""
    headers = {"Authorization": "Basic bm9jOmNvcnJlY3QgaG9yc2UgYmF0dGVyeSBzdGFwbGU="}
    async with two([user()]) as site:
        assert (await site.site.ask(token=None, headers=headers)).status == 200
        late = await site.while_it_waits(
            lambda: site.site.apply(text_of(site.farm, ENDS["given another password"])),
            {},
            token=None,
            headers=headers,
        )
        assert late.status == 401
        assert (await site.site.ask(token=None, headers=headers)).status == 401


async def test_a_static_token_that_is_taken_out_or_renewed_is_dead_at_once() -> None:
    """The same name with another hash is another credential."""
    old, new = token_table("tool", "old-token", systems="all"), token_table("tool", "new-token", systems="all")
    for tokens in ([], [new], [{**old, "disabled": True}]):
        async with two([], [old]) as site:
            late = await site.while_it_waits(
                lambda tokens=tokens: site.site.apply(text_of(site.farm, [], tokens)), {}, token="old-token"
            )
            assert late.status == 401
            assert (await site.site.ask(token="old-token")).status == 401


async def test_a_named_system_that_is_withdrawn_becomes_unknown() -> None:
    """404, the same as for a system that never was."""
    async with two([user()]) as site:
        mine = await site.site.login("noc")
        change = text_of(site.farm, [user(systems=[1])])
        late = await site.while_it_waits(lambda: site.site.apply(change), {"system_id": [1, 2]}, token=mine)
        later = await site.site.ask({"system_id": [1, 2]}, token=mine)
        assert (late.status, later.status) == (404, 404)
        assert late.body == later.body


async def test_rows_of_a_withdrawn_system_are_gone_from_the_answer_that_was_on_its_way() -> None:
    """Without a name in the question the rest is answered, and counts as complete."""
    async with two([user()]) as site:
        mine = await site.site.login("noc")
        change = text_of(site.farm, [user(systems=[1])])
        late = await site.while_it_waits(lambda: site.site.apply(change), {}, token=mine)
        assert late.status == 200
        assert list(late.systems) == [1]
        assert {row["system_id"] for row in late.json()["backups"]} == {1}
        assert late.json()["total"] == 20
        assert '"slow"' not in late.text
        assert "2 of 2" not in late.headers["Server-Timing"]


async def test_a_system_that_is_removed_meanwhile_is_told_nothing_of_afterwards() -> None:
    """The request in flight ends well; the next one does not know the system."""
    async with two([user()]) as site:
        mine = await site.site.login("noc")
        systems = [system_table(1, site.farm["quick"])]
        change = config_text(systems, users=[user()], tokens=[])
        late = await site.while_it_waits(lambda: site.site.apply(change), {}, token=mine)
        assert late.status == 200
        assert list((await site.site.ask(token=mine)).systems) == [1]
        assert site.site.held(2) == []


async def test_a_password_that_changes_while_its_hash_is_reckoned_opens_no_session() -> None:
    """A login that began before a reload is judged by what the reload brought."""
    async with two([user()]) as site:
        access = site.site.gateway.access
        reckoning, go_on = asyncio.Event(), asyncio.Event()

        async def slowly(*_: object) -> None:
            reckoning.set()
            await go_on.wait()

        access._checked = slowly  # type: ignore[method-assign]
        late = asyncio.create_task(access.verify("noc", PASSWORD, "192.0.2.1"))
        await reckoning.wait()
        site.site.apply(text_of(site.farm, ENDS["given another password"]))
        go_on.set()
        assert not isinstance(await late, Caller)
