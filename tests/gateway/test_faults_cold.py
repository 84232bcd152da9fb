"""Every fault, with nothing held: its kind, its status alone, its retries, and neighbours that are unhurt."""

from typing import get_args

import pytest

from gateway.errors import ErrorKind
from gateway.simulator import Fault
from gateway.simulator.fault_answers import ANSWERS
from gateway.simulator.faults import LISTENER_MODES
from tests.gateway.conftest import Make
from tests.gateway.faults import BACKUPS, BROKEN, LISTENER, LOGINS, MAX_REPLY, WELL, Case
from tests.gateway.live import Client, gateway_over, seconds_of, small

GRACE_S = 0.5


async def with_fault(make: Make, case: Case) -> Client:
    """System 1 has the fault, system 2 is well."""
    fleet = [small(1, tls=case.tls, rows=120), small(2)]
    client = await make(fleet, fanout={"deadline_seconds": case.deadline_s, "max_reply_bytes": MAX_REPLY})
    await client.farm[0].inject(case.fault)
    return client


def test_every_mode_of_the_simulator_is_walked():
    walked = {case.fault if isinstance(case.fault, str) else case.fault.mode for case in (*BACKUPS, *LISTENER, *LOGINS)}
    assert walked == set(ANSWERS) | LISTENER_MODES


@pytest.mark.parametrize("case", BROKEN, ids=str)
async def test_a_fault_is_its_systems_alone_and_never_a_500(gateway_over: Make, case: Case):
    client = await with_fault(gateway_over, case)
    both, took = await seconds_of(client.post())
    assert took < case.deadline_s + GRACE_S
    assert both.status == 200
    assert both.states == {1: "missing", 2: "ok"}
    assert both.kinds == {1: case.kind, 2: None}
    assert both.json["complete"] is False
    assert len(both.rows) == both.system(2)["rows"] == 30
    counters = client.farm[0].counters
    assert case.calls in (None, counters.list_calls)
    alone = await client.post({"system_id": 1})
    assert (alone.status, alone.kinds) == (case.status, {1: case.kind})
    assert alone.rows == []
    assert alone.json["result"][0]["message"]
    assert ("Retry-After" in alone.headers) == (case.status == 503)
    await client.farm[0].recover()


@pytest.mark.parametrize("case", WELL, ids=str)
async def test_what_is_odd_but_no_fault_is_answered_as_if_nothing_were(gateway_over: Make, case: Case):
    client = await with_fault(gateway_over, case)
    answer = await client.post()
    assert answer.status == 200
    assert answer.states == {1: "ok", 2: "ok"}
    assert answer.system(1)["rows"] == (120 if case.rows else 0)
    assert client.farm[0].counters.list_calls == 1


async def test_all_kinds_are_documented_ones():
    assert {case.kind for case in BROKEN} <= set(get_args(ErrorKind))


async def test_words_of_an_appliance_are_clipped_and_cleaned(gateway_over: Make):
    client = await gateway_over(1)
    await client.farm[0].inject(Fault("error", text="core\r\nerror \x1b[31m" + "x" * 5000))
    message = (await client.post()).system(1)["error"]["message"]
    assert "core error" in message
    assert len(message) < 300
    assert message.isprintable()


async def test_pages_of_an_appliance_are_not_repeated(gateway_over: Make):
    client = await gateway_over(1)
    await client.farm[0].inject("html")
    assert b"Session over" not in (await client.post()).body


async def test_a_name_that_does_not_resolve_is_dns():
    async with gateway_over(2, each={1: {"url": "http://no-such-appliance.invalid"}}) as client:
        answer = await client.post()
        assert (answer.states, answer.kinds) == ({1: "missing", 2: "ok"}, {1: "dns", 2: None})
        assert (await client.post({"system_id": 1})).status == 502


async def test_one_percent_of_rows_that_are_no_objects_is_dropped_with_a_warning(gateway_over: Make):
    client = await gateway_over([small(1, rows=200)])
    await client.farm[0].inject(Fault("non_objects", percent=1))
    answer = await client.post()
    assert answer.states == {1: "ok"}
    assert answer.system(1)["rows"] == 198
    assert "dropped_rows" in answer.system(1)["warnings"]
