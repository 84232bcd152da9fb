"""Every fault over a held list: the list stands in, marked as such, and is never replaced."""

import pytest

from gateway.simulator import Fault
from tests.gateway.conftest import Make
from tests.gateway.faults import BACKUPS, LISTENER, LOGIN, LOGINS, MAX_REPLY, Case
from tests.gateway.live import Answer, Client, seconds_of, small

GRACE_S = 0.5
SUSPECT = ("empty", "empty_list", "backups null", "data empty")
BROKEN = tuple(case for case in (*BACKUPS, *LISTENER, *LOGINS) if case.kind is not None)

LEFT_ALONE = ("overloaded", "denied", "too_large", "auth", "tls_pin")
"""Kinds after which an appliance is not asked again for a while, on purpose."""
RECOVERING = tuple(case for case in BROKEN if case.kind not in LEFT_ALONE and "slow" not in case.name)


async def warm(make: Make, case: Case, **config: object) -> tuple[Client, Answer]:
    """System 1 has been asked and has the fault since then; a fault of the login needs a lost token."""
    fleet = [small(1, tls=case.tls, rows=120), small(2)]
    client = await make(fleet, fanout={"deadline_seconds": case.deadline_s, "max_reply_bytes": MAX_REPLY}, **config)
    first = await client.post()
    assert first.json["complete"]
    await client.farm[0].inject(case.fault)
    if case in LOGINS:
        client.farm[0].sessions.revoke_all()
    return client, first


@pytest.mark.parametrize("case", BROKEN, ids=str)
async def test_the_last_good_list_stands_in(gateway_over: Make, case: Case):
    client, first = await warm(gateway_over, case)
    answer, took = await seconds_of(client.post({"max_age": 0}))
    assert took < case.deadline_s + GRACE_S
    assert answer.status == 200
    assert answer.states == {1: "stale", 2: "ok"}
    assert answer.kinds == {1: case.kind, 2: None}
    assert answer.rows == first.rows
    assert answer.json["complete"] is False
    entry = answer.system(1)
    assert entry["age_seconds"] >= 0
    assert entry["last_success"]
    assert entry["source"] == "cache"
    assert entry["rows"] == 120
    # It stays what it was for who does not insist on a new one as well.
    again = await client.post()
    assert again.rows == first.rows
    if case.kind != "timeout":  # the fetch behind a deadline goes on, so it has not failed yet
        assert again.states == {1: "stale", 2: "ok"}
        assert again.kinds[1] is not None
    await client.farm[0].recover()


@pytest.mark.parametrize("case", [case for case in BACKUPS if case.name in SUSPECT], ids=str)
async def test_an_empty_list_where_rows_are_held_is_believed_the_second_time(gateway_over: Make, case: Case):
    client, first = await warm(gateway_over, case)
    suspect = await client.post({"max_age": 0})
    assert suspect.status == 200
    assert suspect.rows == first.rows
    assert "suspect_empty" in suspect.system(1)["warnings"]
    assert suspect.states == {1: "stale", 2: "ok"}
    believed = await client.post({"max_age": 0})
    assert believed.states == {1: "ok", 2: "ok"}
    assert believed.system(1)["rows"] == 0
    assert "suspect_empty" not in believed.system(1)["warnings"]
    assert believed.json["complete"] is True


async def test_an_empty_list_that_was_an_accident_changes_nothing(gateway_over: Make):
    client, first = await warm(gateway_over, Case("empty", Fault("empty", count=1), None, 200))
    assert "suspect_empty" in (await client.post({"max_age": 0})).system(1)["warnings"]
    answer = await client.post({"max_age": 0})
    assert (answer.states, answer.rows) == ({1: "ok", 2: "ok"}, first.rows)
    assert answer.system(1)["warnings"] == []


async def test_rows_that_are_gone_are_gone_when_the_appliance_says_so_twice(gateway_over: Make):
    client = await gateway_over(1)
    await client.post()
    client.farm[0].records.clear()
    assert (await client.post({"max_age": 0})).system(1)["rows"] == 30
    assert (await client.post({"max_age": 0})).system(1)["rows"] == 0


@pytest.mark.parametrize("case", RECOVERING, ids=str)
async def test_an_appliance_that_is_well_again_is_ok_with_its_next_list(gateway_over: Make, case: Case):
    client, first = await warm(gateway_over, case)
    await client.post({"max_age": 0})
    await client.farm[0].recover()
    answer = await client.post({"max_age": 0})
    assert (answer.states, answer.kinds) == ({1: "ok", 2: "ok"}, {1: None, 2: None})
    assert answer.rows == first.rows


async def test_a_list_too_old_to_stand_in_is_missing(gateway_over: Make):
    client = await gateway_over(1, cache={"fresh_seconds": 0, "revalidate_seconds": 0, "stale_seconds": 0})
    await client.post()
    await client.farm[0].inject("html")
    answer = await client.post()
    assert (answer.status, answer.states, answer.rows) == (502, {1: "missing"}, [])
    assert answer.system(1)["last_success"]


@pytest.mark.parametrize(("fault", "state"), [("login_refused", "missing"), ("html", "stale")])
async def test_a_refused_login_has_its_own_bound(gateway_over: Make, fault: str, state: str):
    cache = {"fresh_seconds": 0, "revalidate_seconds": 0, "stale_after_auth_seconds": 0}
    client = await gateway_over(1, cache=cache)
    await client.post()
    client.farm[0].sessions.revoke_all()
    await client.farm[0].inject(fault)
    assert (await client.post()).states == {1: state}


async def test_a_wider_held_list_stands_in_for_a_narrower_question(gateway_over: Make):
    client = await gateway_over(1)
    first = await client.post()
    await client.farm[0].inject("html")
    wanted = first.rows[0]["client_id"]
    answer = await client.post({"client_id": wanted, "max_age": 0})
    assert answer.states == {1: "stale"}
    assert answer.rows == [row for row in first.rows if row["client_id"] == wanted]


async def test_a_fault_of_the_login_does_no_harm_while_the_token_is_good(gateway_over: Make):
    client = await gateway_over(1)
    await client.post()
    await client.farm[0].inject(Fault("hung", routes=LOGIN))
    assert (await client.post({"max_age": 0})).states == {1: "ok"}


async def test_a_flapping_appliance_is_never_an_error_to_its_readers(gateway_over: Make):
    client = await gateway_over(1)
    first = await client.post()
    await client.farm[0].inject(Fault("html", every=2))
    for _ in range(12):
        answer = await client.post({"max_age": 0})
        assert answer.status == 200
        assert answer.rows == first.rows
        assert answer.states[1] in ("ok", "stale")


async def test_after_repeated_failures_an_appliance_is_left_alone_and_the_list_stands_in(gateway_over: Make):
    client = await gateway_over(1)
    first = await client.post()
    await client.farm[0].inject("html")
    kinds = [(await client.post({"max_age": 0})).kinds[1] for _ in range(8)]
    assert kinds == ["bad_reply"] * 5 + ["breaker_open"] * 3
    assert client.farm[0].counters.list_calls == 6
    answer = await client.post({"max_age": 0})
    assert answer.rows == first.rows
    assert answer.system(1)["error"]["retry_at"]
    shown = await client.get(path="/gateway/systems")
    assert shown.json["systems"][0]["breaker"] == "open"
