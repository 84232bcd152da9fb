"""Breaker, rest and pauses: an appliance in trouble is left alone, and is back as soon as it is well."""

import asyncio
from collections import Counter

import pytest

from gateway.dialects.readings import print_of
from gateway.model import SystemId
from gateway.simulator import ApplianceSpec, Fault
from tests.shield.support import HOUR_S, NOW, Hands, Rig, rig

FIRST_PAUSE_S = 10.0
LONGEST_PAUSE_S = 300.0
PAUSE_SHARE = 0.8
"""The pauses of these tests are always the shortest that chance may draw."""
IN_A_ROW = 5


def most_calls(seconds: float) -> int:
    """Calls that the documented backoff allows in an outage: those that open the breaker, then a probe for each pause.

    Before the breaker opens a broken connection may be asked once more, three times a minute.
    """
    calls, at, pause = IN_A_ROW + 3, 0.0, FIRST_PAUSE_S
    while at < seconds:
        at += pause * PAUSE_SHARE
        calls += 1
        pause = min(2 * pause, LONGEST_PAUSE_S)
    return calls


async def polled(shield: Rig, seconds: int) -> Counter[str]:
    """A poll each second by the turned clock; what the answers said."""
    told: Counter[str] = Counter()
    for _ in range(seconds):
        shield.hands.turn(1)
        answer = await shield.ask()
        await shield.settle()
        assert answer.state != "missing"
        told[answer.state if answer.error is None else answer.error.kind] += 1
    return told


def attempts(shield: Rig) -> int:
    """List calls and logins that the gateway began, whether or not they reached anybody."""
    return len(shield.events)


@pytest.mark.parametrize("fault", ["refusing", "error", "reset", "broken_json"])
async def test_an_hour_of_outage_costs_no_more_calls_than_the_documented_backoff(fault: str) -> None:
    async with rig(ApplianceSpec(rows=40, token_timeout=100_000)) as shield:
        await shield.ask()
        before = attempts(shield)
        await shield.appliance.inject(fault)
        told = await polled(shield, HOUR_S)
        calls = attempts(shield) - before
        print(f"{fault}: {calls} calls in an hour of outage, {most_calls(HOUR_S)} allowed, {dict(told)}")
        assert calls <= most_calls(HOUR_S) < 30
        assert told["breaker_open"] > HOUR_S / 2
        await shield.appliance.recover()
        back = await polled(shield, int(LONGEST_PAUSE_S))
        assert back["ok"]
        assert list(back)[-1] == "ok"


async def test_an_appliance_that_comes_back_is_ok_within_one_period_by_one_probe() -> None:
    async with rig(ApplianceSpec(rows=40), fanout={"concurrency": 8}) as shield:
        await shield.ask()
        await shield.appliance.inject("error")
        shield.hands.turn(700)
        await polled(shield, IN_A_ROW)
        breaker = shield.system().guard.breaker
        assert breaker.state(shield.hands.monotonic()) == "open"
        await shield.appliance.recover()
        calls = shield.appliance.counters.list_calls
        waited = 0
        while (await shield.ask()).state != "ok":
            shield.hands.turn(0.5)
            waited += 1
        assert waited * 0.5 <= FIRST_PAUSE_S * PAUSE_SHARE + 0.5
        assert shield.appliance.counters.list_calls == calls + 1


async def test_half_open_lets_exactly_one_of_many_questions_through() -> None:
    async with rig(ApplianceSpec(rows=40), fanout={"concurrency": 8}) as shield:
        await shield.appliance.inject("error")
        for n in range(IN_A_ROW):
            await shield.ask({"backup_ids": [n + 1]})
        shield.hands.turn(FIRST_PAUSE_S)
        calls = shield.appliance.counters.list_calls
        answers = await asyncio.gather(*(shield.ask({"backup_ids": [n + 100]}) for n in range(30)))
        assert shield.appliance.counters.list_calls == calls + 1
        kinds = Counter(answer.error.kind for answer in answers if answer.error)
        assert kinds == {"appliance_error": 1, "breaker_open": 29}


async def test_a_queue_that_stood_before_the_breaker_opened_does_not_ask_one_after_the_other() -> None:
    async with rig(ApplianceSpec(rows=40, base_ms=5), fanout={"concurrency": 2}) as shield:
        await shield.ask()
        shield.hands.turn(100_000)
        calls = shield.appliance.counters.list_calls
        await shield.appliance.inject("error")
        answers = await asyncio.gather(*(shield.ask({"backup_ids": [n + 1]}) for n in range(40)))
        assert shield.appliance.counters.list_calls - calls <= IN_A_ROW + 1  # the other one was on its way already
        assert {answer.error.kind for answer in answers if answer.error} == {"appliance_error", "breaker_open"}
        breaker = shield.system().guard.breaker
        assert breaker.open_until - shield.hands.monotonic() <= FIRST_PAUSE_S


async def test_a_probe_that_is_given_up_is_followed_by_another_and_other_failures_do_not_count_as_probes() -> None:
    async with rig(ApplianceSpec(rows=40)) as shield:
        await shield.ask()
        await shield.appliance.inject("error")
        shield.hands.turn(700)
        await polled(shield, IN_A_ROW)
        await shield.appliance.recover()
        await shield.appliance.inject(Fault("hung", count=1))
        shield.hands.turn(FIRST_PAUSE_S)
        given_up = await shield.ask(deadline=0.1)
        assert given_up.error is not None
        assert given_up.error.kind == "timeout"
        assert (await shield.ask({"backup_ids": [1]}, deadline=0.1)).error.kind == "breaker_open"  # type: ignore[union-attr]
        await shield.appliance.recover()
        await shield.settle()


@pytest.mark.parametrize("http_date", [False, True])
@pytest.mark.parametrize("mode", ["too_many", "unavailable"])
async def test_an_appliance_that_asks_for_patience_gets_it(mode: str, http_date: bool) -> None:
    async with rig(ApplianceSpec(rows=40)) as shield:
        await shield.ask()
        shield.hands.turn(61)
        await shield.appliance.inject(Fault(mode, retry_after=90, http_date=http_date))
        calls = shield.appliance.counters.list_calls
        told = await polled(shield, 85)
        assert shield.appliance.counters.list_calls == calls + 1
        assert told["overloaded"] >= 84
        answer = await shield.ask()
        assert answer.error is not None
        assert answer.error.retry_at is not None
        await shield.appliance.recover()
        assert list(await polled(shield, 30))[-1] == "ok"
        assert shield.system().guard.breaker.state(shield.hands.monotonic()) == "closed"


@pytest.mark.parametrize("login", [False, True], ids=["list", "login"])
@pytest.mark.parametrize(("retry_after", "http_date"), [(0, False), (0, True), (-3600, True)])
async def test_no_rest_and_a_time_that_is_over_are_a_rest_of_a_second(
    retry_after: int, http_date: bool, login: bool
) -> None:
    routes = frozenset({"login" if login else "backups"})
    async with rig(ApplianceSpec(rows=40)) as shield:
        await shield.appliance.inject(Fault("too_many", routes, retry_after=retry_after, http_date=http_date))
        for seconds in range(1, 4):
            answers = [await shield.ask() for _ in range(20)]
            assert {answer.error.kind for answer in answers if answer.error} == {"overloaded"}
            assert [event.error for event in shield.events].count("overloaded") == seconds
            shield.hands.turn(1)


@pytest.mark.parametrize("mode", ["unauthorized", "login_refused"])
async def test_an_account_that_is_refused_is_tried_ever_more_seldom(mode: str) -> None:
    async with rig(ApplianceSpec(rows=40)) as shield:
        await shield.ask()
        shield.hands.turn(61)
        await shield.appliance.inject(mode)
        shield.appliance.sessions.revoke_all()
        before = Counter(event.verb for event in shield.events)
        told = await polled(shield, 2400)
        logins = Counter(event.verb for event in shield.events)["login"] - before["login"]
        print(f"{mode}: {logins} logins in 40 minutes, {dict(told)}")
        assert logins <= 7  # 30 s, doubling to 15 minutes
        assert told["auth"] > 2300
        await shield.appliance.recover()
        assert list(await polled(shield, 901))[-1] == "ok"


POLLS = 600


async def test_a_login_that_is_never_answered_is_given_up_and_tried_anew() -> None:
    hung = Fault("hung", routes=frozenset({"login"}), count=1)
    async with rig(ApplianceSpec(rows=40), fanout={"fetch_seconds": 0.2}) as shield:
        await shield.appliance.inject(hung)
        lost = await shield.ask()
        assert getattr(lost.error, "kind", None) == "timeout"
        assert (await shield.ask()).state == "ok"
        assert [(event.verb, event.error) for event in shield.events] == [
            ("login", "timeout"),
            ("login", None),
            ("backups", None),
        ]


async def test_who_waits_for_a_place_behind_a_silent_appliance_is_not_blamed_for_it() -> None:
    silent, well = ApplianceSpec(name="silent", rows=40), ApplianceSpec(name="well", rows=40)
    async with rig(silent, well, fanout={"fetch_seconds": 0.3, "total_concurrency": 1}) as shield:
        await shield.appliance.inject(Fault("hung", routes=frozenset({"login"})))
        lost, found = await asyncio.gather(shield.ask(number=1), shield.ask(number=2))
        assert (getattr(lost.error, "kind", None), found.state) == ("timeout", "ok")


async def test_what_reading_a_reply_takes_is_not_taken_for_the_appliances_time(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    hands = Hands()

    def slowly(body: bytes) -> bytes:
        hands.turn(30)
        return print_of(body)

    monkeypatch.setattr("gateway.sources.appliance.print_of", slowly)
    async with rig(ApplianceSpec(rows=40), hands=hands) as shield:
        answer = await shield.ask()
        assert (answer.state, answer.warnings, answer.age_s) == ("ok", (), 30)
        (held,) = shield.gateway.store.held(SystemId(1))
        assert (held.fetched.took_s, held.fetched.wall_at, shield.events[-1].took_s) == (0, NOW, 0)


async def test_flapping_is_always_answered_and_retried_within_a_tenth() -> None:
    # Fewer rows than a tail is worth: each question is one call, and a second one is a retry.
    async with rig(ApplianceSpec(rows=15), cache={"fresh_seconds": 0, "revalidate_seconds": 1}) as shield:
        await shield.ask()
        await shield.appliance.inject(Fault("reset", every=2))
        first, again, opened, was = 0, 0, 0, "closed"
        for _ in range(POLLS):
            shield.hands.turn(1.1)
            begun = len(shield.events)
            answer = await shield.ask()
            assert answer.state in ("ok", "stale")
            calls = sum(event.verb == "backups" for event in shield.events[begun:])
            first, again = first + min(calls, 1), again + max(calls - 1, 0)
            state = shield.system().guard.breaker.state(shield.hands.monotonic())
            opened += state == "open" and was != "open"
            was = state
        print(f"flapping: {first} calls and {again} retries, the breaker opened {opened} times")
        seconds = POLLS * 1.1
        assert opened <= seconds / (FIRST_PAUSE_S * PAUSE_SHARE)
        assert again <= max(0.1 * first, 3 * (seconds / 60 + 1))
