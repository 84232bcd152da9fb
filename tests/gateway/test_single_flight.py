"""Equal questions are one call, and any number of calls one login (contract sections 3 and 5.3)."""

import asyncio
from collections.abc import Awaitable
from typing import Any

import pytest

from gateway.simulator import Fault
from tests.gateway.conftest import Make
from tests.gateway.live import Answer, Client, small
from tests.kit.waiting import until

CROWD = 1000


async def at_once(*questions: Awaitable[Answer]) -> list[Answer]:
    return list(await asyncio.gather(*questions))


async def test_a_thousand_equal_cold_questions_are_one_call_and_one_login(gateway_over: Make):
    client = await gateway_over([small(1, base_ms=1500, login_ms=300)])
    answers = await at_once(*(client.post({"status": "Success"}) for _ in range(CROWD)))
    counters = client.farm[0].counters
    assert (counters.list_calls, counters.logins) == (1, 1)
    assert {answer.status for answer in answers} == {200}
    assert len({answer.json["total"] for answer in answers}) == 1


async def test_questions_that_differ_in_spelling_alone_are_equal(gateway_over: Make):
    client = await gateway_over([small(1, base_ms=300)])
    await at_once(
        client.post({"client_id": 5, "backup_ids": [3, 1]}),
        client.post({"backup_ids": ["1", "3", 3], "client_id": "5"}),
        client.post({"backup_ids": [1, 3], "client_id": 5, "instance_id": None, "type": "Full"}),
        client.get("backup_ids=1,3&client_id=5&order_by=size"),
    )
    assert client.farm[0].counters.list_calls == 1


async def test_an_equal_question_within_fresh_seconds_costs_no_call(gateway_over: Make):
    client = await gateway_over(3)
    first = await client.post()
    calls = client.calls()
    for _ in range(10):
        answer = await client.post()
        assert answer.rows == first.rows
        assert {(entry["source"], entry["state"]) for entry in answer.json["systems"]} == {("cache", "ok")}
    assert client.calls() == calls


async def test_users_share_what_is_held_as_far_as_they_may_see_it(gateway_over: Make):
    client = await gateway_over(2)
    await client.post()
    calls = client.calls()
    other = await client.session()
    assert (await other.post()).json["complete"]
    assert client.calls() == calls


async def test_a_caller_that_leaves_takes_nobody_with_it(gateway_over: Make):
    client = await gateway_over([small(1, base_ms=400)])
    tasks = [asyncio.create_task(client.post()) for _ in range(10)]
    await until(lambda: client.farm[0].counters.working)
    for task in tasks[:7]:
        task.cancel()
    await asyncio.gather(*tasks[:7], return_exceptions=True)
    answers = await at_once(*tasks[7:])
    assert {answer.status for answer in answers} == {200}
    assert all(answer.json["complete"] for answer in answers)
    assert client.farm[0].counters.list_calls == 1


async def test_the_call_of_a_caller_that_has_left_still_fills_the_cache(gateway_over: Make):
    client = await gateway_over([small(1, base_ms=300)])
    task = asyncio.create_task(client.post())
    await until(lambda: client.farm[0].counters.working)
    task.cancel()
    await asyncio.gather(task, return_exceptions=True)
    answer = await client.post()
    assert answer.states == {1: "ok"}
    assert client.farm[0].counters.list_calls == 1


async def test_any_number_of_different_cold_questions_share_one_login(gateway_over: Make):
    client = await gateway_over([small(1, login_ms=200, workers=50)], fanout={"concurrency": 40})
    await at_once(*(client.post({"client_id": number}) for number in range(40)))
    counters = client.farm[0].counters
    assert (counters.logins, counters.list_calls) == (1, 40)


async def test_a_token_is_used_again_and_again(gateway_over: Make):
    client = await gateway_over(1)
    for _ in range(5):
        await client.post({"max_age": 0})
    counters = client.farm[0].counters
    assert (counters.logins, counters.list_calls, counters.logouts) == (1, 5, 0)


@pytest.mark.parametrize("status", [500, 401])
async def test_an_expired_token_is_renewed_once_and_the_call_made_again(gateway_over: Make, status: Any):
    client = await gateway_over([small(1, expired_status=status)])
    first = await client.post()
    client.farm[0].sessions.revoke_all()
    answer = await client.post({"max_age": 0})
    assert (answer.states, answer.rows) == ({1: "ok"}, first.rows)
    counters = client.farm[0].counters
    assert (counters.logins, counters.list_calls, counters.expired_calls) == (2, 3, 1)


@pytest.mark.parametrize("status", [500, 401])
async def test_a_token_that_expires_under_many_calls_is_renewed_once(gateway_over: Make, status: Any):
    spec = small(1, expired_status=status, login_ms=100, workers=50)
    client = await gateway_over([spec], fanout={"concurrency": 40})
    await client.post()
    client.farm[0].sessions.revoke_all()
    answers = await at_once(*(client.post({"client_id": n, "max_age": 0}) for n in range(40)))
    assert all(answer.json["complete"] for answer in answers)
    counters = client.farm[0].counters
    assert counters.logins == 2
    assert counters.expired_calls <= 40
    assert counters.list_calls == 1 + 40 + counters.expired_calls


async def test_a_token_of_a_short_life_is_renewed_before_it_is_refused(gateway_over: Make):
    """`timeout` says how long a token lives unused: a call with a dead one would be lost."""
    client = await gateway_over([small(1, token_timeout=1)])
    await client.post()
    appliance = client.farm[0]
    await until(lambda: _is_over(client))
    await client.post({"max_age": 0})
    assert (appliance.counters.logins, appliance.counters.expired_calls) == (2, 0)


def _is_over(client: Client) -> bool:
    """Whether the token of the last call has ended by now, by its appliance's clock."""
    appliance = client.farm[0]
    return appliance.spec.clock() > appliance.requests[-1].time + appliance.spec.token_timeout + 0.05


async def test_a_refusal_that_stays_costs_one_more_login_and_no_further_one_during_the_pause(gateway_over: Make):
    client = await gateway_over(1, cache={"stale_after_auth_seconds": 0})
    await client.post()
    await client.farm[0].inject("unauthorized")
    first = await client.post({"max_age": 0})
    assert (first.status, first.kinds) == (502, {1: "auth"})
    counters = client.farm[0].counters
    assert (counters.logins, counters.list_calls) == (2, 3)
    await assert_left_alone(client)


async def test_a_token_that_is_refused_from_the_start_costs_one_login_and_one_replay(gateway_over: Make):
    client = await gateway_over(1)
    await client.farm[0].inject("unauthorized")
    first = await client.post()
    assert (first.status, first.kinds) == (502, {1: "auth"})
    counters = client.farm[0].counters
    assert (counters.logins, counters.list_calls) == (1, 2)
    await assert_left_alone(client)


async def assert_left_alone(client: Client) -> None:
    """No call and no login goes to an appliance that has refused us."""
    calls = client.calls()
    for body in ({}, {"max_age": 0}, {"client_id": 5}):
        answer = await client.post(body)
        assert (answer.status, answer.kinds) == (502, {1: "auth"})
        assert answer.system(1)["error"]["retry_at"]
    assert client.calls() == calls


async def test_a_wrong_password_is_tried_once(gateway_over: Make):
    client = await gateway_over(1, each={1: {"password": "wrong"}})
    for body in ({}, {"max_age": 0}, {"client_id": 5}):
        answer = await client.post(body)
        assert (answer.status, answer.kinds) == (502, {1: "auth"})
    counters = client.farm[0].counters
    assert (counters.failed_logins, counters.logins, counters.list_calls) == (1, 0, 0)


async def test_a_crowd_before_a_wrong_password_costs_one_try(gateway_over: Make):
    client = await gateway_over([small(1, login_ms=200)], each={1: {"password": "wrong"}})
    answers = await at_once(*(client.post({"client_id": number}) for number in range(30)))
    assert {answer.status for answer in answers} == {502}
    assert client.farm[0].counters.failed_logins == 1


async def test_a_failed_call_is_shared_like_a_good_one(gateway_over: Make):
    client = await gateway_over([small(1)])
    await client.farm[0].inject(Fault("slow", seconds=0.3, routes=frozenset({"login"})))
    await client.farm[0].inject("html")
    answers = await at_once(*(client.post() for _ in range(30)))
    assert {answer.status for answer in answers} == {502}
    assert client.farm[0].counters.list_calls == 1


async def test_a_reset_is_tried_once_more_and_then_well(gateway_over: Make):
    client = await gateway_over(1)
    await client.farm[0].inject(Fault("reset", count=1))
    answer = await client.post()
    assert answer.states == {1: "ok"}
    assert client.farm[0].counters.list_calls == 2


async def test_a_revalidated_list_is_served_at_once_while_one_refresh_runs(gateway_over: Make):
    client = await gateway_over(1, cache={"fresh_seconds": 0, "revalidate_seconds": 600})
    await client.post()
    appliance = client.farm[0]
    await appliance.inject("hung")
    answers = await at_once(*(client.post() for _ in range(20)))
    assert {answer.system(1)["source"] for answer in answers} == {"cache"}
    await until(lambda: appliance.counters.list_calls == 2)
    await client.post()
    assert appliance.counters.list_calls == 2
    await appliance.recover()
