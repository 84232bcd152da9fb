"""Logins, tokens and their end, over a real socket."""

import json
from typing import Any

import pytest
from aiohttp import ClientSession
from simulated import Clock, log_in

from gateway.simulator import Appliance, ApplianceSpec


def spec(clock: Clock, **knobs: Any) -> ApplianceSpec:
    return ApplianceSpec(**{"clock": clock, "records": (), **knobs})


async def post(
    http: ClientSession, appliance: Appliance, body: Any, token: dict[str, str], path: str = "/api/backups"
) -> tuple[int, Any]:
    async with http.post(appliance.url + path, json=body, headers=token) as answer:
        return answer.status, json.loads(await answer.read())


async def test_login_answers_201_with_every_documented_key(http: ClientSession, clock: Clock) -> None:
    async with Appliance(spec(clock, token_timeout=77)) as appliance:
        credentials = {"username": "gateway", "password": "simulated"}
        async with http.post(f"{appliance.url}/api/login", json=credentials) as answer:
            given = await answer.json()
        assert answer.status == 201
        assert given["timeout"] == 77
        roles = {"superuser", "administrator", "manager", "monitor", "ad_user", "target", "vault_user"}
        assert set(given) == {"auth_token", "timeout", "id", "source_id"} | roles
        assert all(isinstance(given[role], bool) for role in roles)
        assert appliance.counters.logins == 1


@pytest.mark.parametrize("body", [b'{"username":"gateway","password":"wrong"}', b"{}", b"[]", b"not json", b""])
async def test_a_refused_login_is_a_500_with_a_result_message(http: ClientSession, clock: Clock, body: bytes) -> None:
    async with Appliance(spec(clock)) as appliance:
        async with http.post(f"{appliance.url}/api/login", data=body) as answer:
            given = await answer.json()
        assert answer.status == 500
        assert given["result"][0]["message"] == "Invalid username or password."
        assert (appliance.counters.logins, appliance.counters.failed_logins) == (0, 1)


async def test_tokens_are_printable_odd_and_all_different(http: ClientSession, clock: Clock) -> None:
    async with Appliance(spec(clock)) as appliance:
        tokens = {(await log_in(http, appliance))["AuthToken"] for _ in range(20)}
    assert len(tokens) == 20
    assert all(token.isascii() and token.isprintable() for token in tokens)
    assert set("+/=_)(") & set("".join(tokens)) >= set("=_)(")


@pytest.mark.parametrize("status", [500, 401])
async def test_a_fixed_session_ends_after_its_time_whatever_happens(
    http: ClientSession, clock: Clock, status: int
) -> None:
    async with Appliance(spec(clock, token_timeout=60, token_sliding=False, expired_status=status)) as appliance:
        token = await log_in(http, appliance)
        clock.now += 59
        assert (await post(http, appliance, {}, token))[0] == 201
        clock.now += 1
        got, answer = await post(http, appliance, {}, token)
        assert got == status
        assert answer["result"][0]["message"].startswith("Error: Your session has expired or is invalid")
        assert appliance.counters.expired_calls == 1


async def test_a_sliding_session_lives_on_while_it_is_used(http: ClientSession, clock: Clock) -> None:
    async with Appliance(spec(clock, token_timeout=60)) as appliance:
        token = await log_in(http, appliance)
        for _ in range(3):
            clock.now += 59
            assert (await post(http, appliance, {}, token))[0] == 201
        clock.now += 60
        assert (await post(http, appliance, {}, token))[0] == 500


async def test_no_token_and_a_wrong_one_are_refused(http: ClientSession, clock: Clock) -> None:
    async with Appliance(spec(clock)) as appliance:
        assert (await post(http, appliance, {}, {}))[0] == 500
        assert (await post(http, appliance, {}, {"AuthToken": "v0:guess"}))[0] == 500
        assert appliance.counters.expired_calls == 2


async def test_logout_and_a_restart_kill_tokens(http: ClientSession, clock: Clock) -> None:
    async with Appliance(spec(clock)) as appliance:
        first, second = await log_in(http, appliance), await log_in(http, appliance)
        status, answer = await post(http, appliance, {"cookie": first["AuthToken"]}, first, "/api/logout")
        assert (status, isinstance(answer["result"], list)) == (201, True)
        assert (await post(http, appliance, {}, first))[0] == 500
        assert (await post(http, appliance, {}, second))[0] == 201
        appliance.sessions.revoke_all()
        assert (await post(http, appliance, {}, second))[0] == 500
        assert appliance.counters.logouts == 1


async def test_systems_lists_the_local_one(http: ClientSession, clock: Clock) -> None:
    async with Appliance(spec(clock, name="acme-nyc", system_id=3)) as appliance:
        headers = await log_in(http, appliance)
        async with http.get(f"{appliance.url}/api/systems", headers=headers) as answer:
            (local,) = (await answer.json())["appliance"]
        assert answer.status == 200
        assert (local["id"], local["name"], local["local"], local["customer_name"]) == (3, "acme-nyc", True, False)
        async with http.get(f"{appliance.url}/api/systems") as answer:
            assert answer.status == 500


async def test_the_state_shows_in_the_repr(clock: Clock) -> None:
    async with Appliance(spec(clock, name="acme-nyc")) as appliance:
        assert repr(appliance).startswith("<Appliance acme-nyc serving 0 records, Counters(logins=0")
        assert appliance.spec.password not in repr(appliance.spec)
