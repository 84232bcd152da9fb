"""No appliance delays an answer, and what comes late is not lost (contract sections 3, 5.3 and 5.5)."""

import asyncio

import pytest

from gateway.simulator import Fault
from tests.gateway.conftest import Make
from tests.gateway.live import Client, seconds_of, small
from tests.kit.waiting import until, until_seen

DEADLINE_S = 2.0
GRACE_S = 0.5
MISBEHAVING: dict[int, tuple[Fault | str, str]] = {
    2: ("hung", "timeout"),
    5: (Fault("trickling", interval=0.05), "timeout"),
    9: ("refusing", "refused"),
    12: ("cut", "reset"),
    15: ("broken_json", "bad_reply"),
    18: ("html", "bad_reply"),
    21: ("unauthorized", "auth"),
    24: (Fault("unavailable", retry_after=60), "overloaded"),
    26: (Fault("slow", seconds=30.0), "timeout"),
    28: ("stalled", "timeout"),
    29: (Fault("hung", routes=frozenset({"login"})), "timeout"),
    30: ("login_refused", "auth"),
}


async def held(client: Client, number: int = 1) -> bool:
    """Whether the gateway says that it holds a list of that system."""
    answer = await client.get(path="/gateway/systems")
    return next(entry["lists_held"] for entry in answer.json["systems"] if entry["system_id"] == number) > 0


async def recovered(client: Client) -> None:
    for appliance in client.farm:
        await appliance.recover()


async def misbehaving_fleet(gateway_over: Make) -> Client:
    fleet = [small(number, rows=20, tls=number == 28) for number in range(1, 31)]
    client = await gateway_over(fleet, fanout={"deadline_seconds": DEADLINE_S})
    for number, (fault, _) in MISBEHAVING.items():
        await client.farm[number - 1].inject(fault)
    return client


async def test_thirty_systems_of_which_twelve_misbehave_answer_by_the_deadline(gateway_over: Make):
    client = await misbehaving_fleet(gateway_over)
    answer, took = await seconds_of(client.post())
    assert took < DEADLINE_S + GRACE_S
    assert answer.status == 200
    assert answer.kinds == {n: MISBEHAVING[n][1] if n in MISBEHAVING else None for n in range(1, 31)}
    assert answer.states == {n: "missing" if n in MISBEHAVING else "ok" for n in range(1, 31)}
    assert {entry["rows"] for entry in answer.json["systems"] if entry["state"] == "ok"} == {20}
    assert answer.json["total"] == len(answer.rows) == 20 * (30 - len(MISBEHAVING))
    assert answer.json["complete"] is False
    await recovered(client)


async def test_the_healthy_part_of_such_a_fleet_is_there_at_once_the_second_time(gateway_over: Make):
    client = await misbehaving_fleet(gateway_over)
    await client.post({"deadline": 1.0})
    well = [number for number in range(1, 31) if number not in MISBEHAVING]
    calls = client.calls()
    answer, took = await seconds_of(client.post({"system_id": well}))
    assert answer.json["complete"] is True
    assert took < 0.5
    assert client.calls() == calls
    await recovered(client)


async def test_every_message_is_for_people_and_names_no_secret_and_no_address(gateway_over: Make):
    client = await misbehaving_fleet(gateway_over)
    answer = await client.post({"deadline": 1.0})
    for entry in answer.json["systems"]:
        if entry["error"] is not None:
            message = entry["error"]["message"]
            assert message
            assert not any(word in message for word in ("127.0.0.1", "Traceback", "aiohttp", "<", "simulated"))
    await recovered(client)


async def test_a_fetch_goes_on_after_its_callers_deadline_and_fills_the_cache(gateway_over: Make):
    client = await gateway_over(1)
    counters = client.farm[0].counters
    await client.farm[0].inject(Fault("slow", seconds=0.8))
    late = await client.post({"deadline": 0.2})
    assert (late.status, late.kinds) == (504, {1: "timeout"})
    assert counters.list_calls == counters.in_flight == 1
    await until_seen(lambda: held(client))
    answer = await client.post()
    assert answer.states == {1: "ok"}
    assert answer.system(1)["source"] == "cache"
    assert counters.list_calls == 1


async def test_who_comes_while_a_late_fetch_goes_on_joins_it(gateway_over: Make):
    client = await gateway_over(1)
    await client.farm[0].inject(Fault("slow", seconds=0.8))
    await client.post({"deadline": 0.1})
    answer = await client.post()
    assert answer.states == {1: "ok"}
    assert client.farm[0].counters.list_calls == 1


async def test_nobody_waits_a_whole_deadline_for_a_call_that_has_outlasted_one(gateway_over: Make):
    client = await gateway_over(1)
    await client.farm[0].inject("hung")
    await client.post({"deadline": 2})
    answer, took = await seconds_of(client.post({"deadline": 1.8}))
    assert (answer.status, answer.kinds) == (504, {1: "timeout"})
    assert took < 1.5
    longer, took = await seconds_of(client.post({"deadline": 4}))
    assert longer.kinds == {1: "timeout"}
    assert took > 3.5
    assert client.farm[0].counters.list_calls == 1


async def test_a_fetch_is_given_up_after_fetch_seconds(gateway_over: Make):
    client = await gateway_over(1, fanout={"fetch_seconds": 0.4})
    counters = client.farm[0].counters
    await client.farm[0].inject("hung")
    answer, took = await seconds_of(client.post())
    assert answer.kinds == {1: "timeout"}
    assert took < 0.4 + GRACE_S
    await until(lambda: not counters.in_flight)


async def test_a_slow_appliance_of_its_own_longer_deadline_is_waited_for(gateway_over: Make):
    """Every key of [fanout] may be a system's own."""
    client = await gateway_over(2, fanout={"deadline_seconds": 0.3}, each={2: {"deadline_seconds": 5.0}})
    await client.farm[1].inject(Fault("slow", seconds=0.6))
    answer = await client.post()
    assert answer.states == {1: "ok", 2: "ok"}


async def test_a_held_list_stands_in_at_the_deadline(gateway_over: Make):
    client = await gateway_over(1)
    first = await client.post()
    await client.farm[0].inject("hung")
    answer, took = await seconds_of(client.post({"max_age": 0, "deadline": 0.3}))
    assert took < 0.3 + GRACE_S
    assert answer.status == 200
    assert (answer.states, answer.kinds) == ({1: "stale"}, {1: "timeout"})
    assert answer.rows == first.rows
    await recovered(client)


async def test_no_more_calls_run_at_once_than_the_appliance_is_allowed(gateway_over: Make):
    client = await gateway_over([small(1, base_ms=30, workers=50)], fanout={"concurrency": 3})
    await asyncio.gather(*(client.post({"client_id": number}) for number in range(20)))
    assert client.farm[0].counters.max_in_flight == 3
    assert client.farm[0].counters.list_calls == 20


async def test_no_more_calls_are_made_in_a_minute_than_the_ceiling(gateway_over: Make):
    client = await gateway_over(1, fanout={"calls_per_minute": 5})
    answers = await asyncio.gather(*(client.post({"client_id": n, "deadline": 0.5}) for n in range(9)))
    assert client.farm[0].counters.list_calls == 5
    assert sorted(answer.status for answer in answers) == [200] * 5 + [503] * 4
    assert {answer.kinds[1] for answer in answers if answer.status == 503} == {"overloaded"}


async def test_at_the_ceiling_a_held_list_stands_in(gateway_over: Make):
    client = await gateway_over(1, fanout={"calls_per_minute": 2})
    first = await client.post()
    await client.post({"max_age": 0})
    answer = await client.post({"max_age": 0})
    assert (answer.states, answer.kinds) == ({1: "stale"}, {1: "overloaded"})
    assert answer.rows == first.rows
    assert client.farm[0].counters.list_calls == 2


@pytest.mark.parametrize("fault", ["hung", "trickling"])
async def test_a_hung_appliance_delays_no_question_to_another(gateway_over: Make, fault: str):
    client = await gateway_over(2)
    await client.farm[0].inject(fault)
    waiting = asyncio.create_task(client.post({"system_id": 1, "deadline": 3}))
    await until(lambda: client.farm[0].counters.list_calls)
    answer, took = await seconds_of(client.post({"system_id": 2}))
    assert answer.states == {2: "ok"}
    assert took < 1.0
    assert not waiting.done()
    await recovered(client)
    await waiting
