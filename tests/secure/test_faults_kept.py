"""Row 16 of the fault matrix: kept connections that turn out to be dead when the next request goes out on them."""

import asyncio
import contextlib
from collections.abc import AsyncIterator, Mapping

import aiohttp
import pytest
from aiohttp.client_proto import ResponseHandler

from gateway.errors import FetchError
from gateway.simulator.tls import Certificate, self_signed
from gateway.sources.breaker import Breaker
from gateway.sources.pool import DeadConnectionError, repeated
from gateway.sources.transport import Transport
from tests.kit.waiting import until
from tests.secure.faulty import APPLIANCE_TOKEN, ROWS, Faulty, http, listing
from tests.secure.support import CALM, QUICK, Site, config_text, site_of

CLOSES = ("half_open", "half_reset")


@contextlib.asynccontextmanager
async def warm(
    count: int = 1, tables: Mapping[str, Mapping[str, object]] = CALM, certificate: Certificate | None = None
) -> AsyncIterator[tuple[Site, list[Faulty]]]:
    """A gateway with a kept connection to each of so many appliances."""
    async with contextlib.AsyncExitStack() as stack:
        farm = [await stack.enter_async_context(Faulty(certificate)) for _ in range(count)]
        systems = [{**one.system(number), "name": f"n{number}"} for number, one in enumerate(farm, 1)]
        site = await stack.enter_async_context(site_of(config_text(systems, tables=tables)))
        assert (await site.ask()).json()["complete"]
        assert [len(one.received) for one in farm] == [1] * count
        yield site, farm


def breaker(site: Site, number: int = 1) -> Breaker:
    return next(system.guard.breaker for key, system in site.gateway.systems.items() if key == number)


def retries(site: Site) -> int:
    """What was taken from the budget of retries."""
    return len(site.gateway._onions._budget._retries)


@pytest.mark.parametrize("certificate", [None, self_signed("kept")], ids=["http", "https"])
@pytest.mark.parametrize("mode", CLOSES)
async def test_a_dead_connection_costs_one_fresh_one_and_no_failure(mode: str, certificate: Certificate | None) -> None:
    """The peer closes as the request comes; the caller notices nothing."""
    async with warm(certificate=certificate) as (site, (faulty,)):
        await faulty.switch(mode)
        answer = await site.anew()
        assert answer.systems[1]["state"] == "ok", answer.body
        assert (faulty.requests, len(faulty.received)) == (4, 2)
        assert [good for _, good in breaker(site).recent] == [True, True]
        assert retries(site) == 1


@pytest.mark.parametrize("mode", CLOSES)
async def test_ten_systems_whose_connections_die_at_once_are_all_ok(mode: str) -> None:
    async with warm(10) as (site, farm):
        for faulty in farm:
            await faulty.switch(mode)
        answer = await site.anew()
        assert [entry["state"] for entry in answer.systems.values()] == ["ok"] * 10, answer.body
        assert all(breaker(site, number).failures == 0 for number in range(1, 11))
        assert retries(site) == 10, "none is refused, but they count: the appliances of other faults are retried less"


async def test_a_second_dead_connection_in_the_pool_is_not_tried() -> None:
    async with warm() as (site, (faulty,)):
        await asyncio.gather(*(site.anew({"client_id": number}) for number in (1, 2)))
        assert len(faulty.received) == 2, "two connections are kept"
        await faulty.switch("half_open")
        before = faulty.requests
        assert (await site.anew()).systems[1]["state"] == "ok"
        assert (faulty.requests, len(faulty.received)) == (before + 2, 3)


async def test_after_a_dead_connection_none_is_kept_for_a_while() -> None:
    """Whoever breaks off each connection at its second request is asked twice once, not each time."""
    async with warm() as (site, (faulty,)):
        await faulty.switch("half_open")
        for _ in range(5):
            assert (await site.anew()).systems[1]["state"] == "ok"
        assert (faulty.requests, len(faulty.received)) == (2 + 2 + 4, 1 + 5)
        assert b"connection: close" in faulty.received[-1].lower()


async def test_a_login_on_a_dead_connection_is_made_again_as_well() -> None:
    async with warm() as (site, (faulty,)):
        appliance = next(iter(site.gateway.systems.values())).guard._inner
        appliance._session.drop(APPLIANCE_TOKEN)  # type: ignore[attr-defined]
        await faulty.switch("half_open")
        answer = await site.anew()
        assert answer.systems[1]["state"] == "ok", answer.body
        assert faulty.received[1].startswith(b"POST /api/login")
        assert (retries(site), breaker(site).failures) == (0, 0)


async def test_what_is_sent_again_takes_another_turn_of_the_ceiling() -> None:
    """The appliance may have read what it closed the connection upon: it never gets more calls than its ceiling."""
    tables = {**QUICK, "fanout": {**QUICK["fanout"], "calls_per_minute": 2}}
    async with warm(tables=tables) as (site, (faulty,)):
        await faulty.switch("half_open")
        answer = await site.anew()
        assert (answer.status, answer.systems[1]["state"]) == (200, "stale")
        assert faulty.requests == 1 + 2, "a login and two calls"


async def test_both_calls_are_counted_where_it_is_told_what_an_appliance_was_asked() -> None:
    async with warm() as (site, (faulty,)):
        await faulty.switch("half_open")
        await site.anew()
        told = (await site.call("GET", "/gateway/systems")).json()["systems"][0]
        assert (told["calls_last_minute"], told["logins_last_minute"]) == (3, 1)


async def test_an_end_inside_a_reply_is_a_failure_also_on_a_kept_connection() -> None:
    """Rows 12 and 13: the appliance had begun to answer."""
    async with warm() as (site, (faulty,)):
        await faulty.switch("short_head")
        entry = (await site.anew()).systems[1]
        assert (entry["state"], entry["error"]["kind"]) == ("stale", "reset")
        assert (retries(site), breaker(site).failures) == (1, 2)


async def test_what_fails_on_the_fresh_connection_as_well_has_had_its_retry() -> None:
    """Row 12: two calls in all, one failure."""
    async with warm() as (site, (faulty,)):
        await faulty.switch("half_open")
        faulty.served = 0
        entry = (await site.anew()).systems[1]
        assert (entry["state"], entry["error"]["kind"]) == ("stale", "reset")
        assert faulty.requests == 2 + 2
        assert (retries(site), breaker(site).failures) == (1, 1)


async def test_time_that_dead_connections_took_is_taken_from_that_of_the_call() -> None:
    tries = [0.5, 0.75]

    async def send(spent_s: float) -> float:
        if not tries:
            return spent_s
        error = DeadConnectionError("", detail="")
        error.spent_s = spent_s + tries.pop()
        raise error

    assert await repeated(send) == 1.25


async def test_a_call_whose_time_is_spent_is_not_made() -> None:
    async with Faulty() as faulty, site_of(config_text([faulty.system()], tables=CALM)) as site:
        appliance = next(iter(site.gateway.systems.values())).guard._inner
        transport: Transport = appliance._transport  # type: ignore[attr-defined]
        async with transport.place() as place:
            with pytest.raises(FetchError, match="within 30 s"):
                await transport.post(place, "/api/backups", b"{}", spent_s=30)
        assert faulty.requests == 0


@pytest.mark.parametrize("certificate", [None, self_signed("kept")], ids=["http", "https"])
async def test_what_an_appliance_says_unasked_is_no_answer_to_the_next_question(
    certificate: Certificate | None,
) -> None:
    """On however many kept connections it said so."""
    async with warm(certificate=certificate) as (site, (faulty,)):
        first = await site.ask()
        await asyncio.gather(*(site.anew({"client_id": number}) for number in (1, 2)))
        before = faulty.requests
        faulty.say(http(listing([{**ROWS[0], "id": 999}])))
        await until(lambda: [kept.should_close for kept in idle(site)] == [True, True])
        assert (await site.anew()).json()["backups"] == first.json()["backups"]
        assert (faulty.requests, len(faulty.received), len(idle(site))) == (before + 1, 2 + 1, 1)
        assert (await site.anew()).systems[1]["state"] == "ok"
        assert len(faulty.received) == 2 + 1, "the new one is kept as ever"


def idle(site: Site) -> list[ResponseHandler]:
    """The connections that are kept."""
    pool = site.gateway._http.connector
    assert pool is not None
    return [kept for connections in pool._conns.values() for kept, _ in connections]


async def test_without_a_pool_of_ours_a_broken_connection_is_what_it_was() -> None:
    """`config check --online` and others that bring a connector of their own."""
    async with warm() as (site, (faulty,)):
        appliance = next(iter(site.gateway.systems.values())).guard._inner
        transport: Transport = appliance._transport  # type: ignore[attr-defined]
        async with aiohttp.ClientSession() as session:
            transport._session = session
            async with transport.place() as place:
                await transport.post(place, "/api/login", b"{}")
            await faulty.switch("half_open")
            async with transport.place() as place:
                with pytest.raises(FetchError) as caught:
                    await transport.post(place, "/api/login", b"{}")
        assert (type(caught.value), caught.value.kind) == (FetchError, "reset")
