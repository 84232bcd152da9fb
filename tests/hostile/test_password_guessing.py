"""Guessing of passwords: slowed down by name and by address, telling nothing about who exists."""

import asyncio
import json
import threading
from pathlib import Path

import pytest
from aiohttp import encode_basic_auth
from argon2 import PasswordHasher, extract_parameters
from structlog.testing import capture_logs

from gateway.callers.accounts import Accounts
from gateway.callers.hashing import matches
from gateway.callers.lockout import AddressLimit
from gateway.config.file import parse
from tests.hostile.live import Live, TurnedClock, running
from tests.hostile.wire import Answer, answers_in, exchange, request
from tests.kit.accounts import CHEAP_HASH, PASSWORD, user_table

HASHES = "gateway.callers.hashing.matches"


async def login(live: Live, name: str, password: str, *, source: str | None = None) -> Answer:
    body = json.dumps({"username": name, "password": password}).encode()
    return answers_in(
        await exchange(live.port, request("POST", "/api/login", "Connection: close", body=body), source=source)
    )[0]


def shape(answer: Answer) -> tuple[int, list[str], bytes]:
    """What a guesser sees: everything but the values that change with each answer."""
    return answer.status, list(answer.headers), answer.body


async def test_five_wrong_passwords_lock_the_name_while_its_sessions_and_all_others_go_on() -> None:
    clock = TurnedClock()
    async with running(users=[user_table("noc"), user_table("other")], clock=clock) as live:
        _, session = await live.login("noc")
        for _ in range(5):
            assert (await login(live, "noc", "wrong")).status == 401
        locked = await login(live, "noc", PASSWORD)
        assert (locked.status, locked.headers["retry-after"]) == (429, "900")
        assert (await login(live, "noc", PASSWORD, source="127.0.0.5")).status == 429, "from anywhere"
        async with live.http.get(f"{live.url}/api/systems", headers={"AuthToken": session["token"]}) as answer:
            assert answer.status == 200
        assert (await login(live, "other", PASSWORD)).status == 201
        clock.now += 899
        assert (await login(live, "noc", PASSWORD)).headers["retry-after"] == "1"
        clock.now += 1.5
        assert (await login(live, "noc", PASSWORD)).status == 201


async def test_a_right_password_ends_the_row_and_four_wrong_ones_lock_nobody() -> None:
    async with running() as live:
        for _ in range(3):
            for _ in range(4):
                assert (await login(live, "noc", "wrong")).status == 401
            assert (await login(live, "noc", PASSWORD)).status == 201


async def test_guesses_sent_all_at_once_are_no_more_guesses_than_five() -> None:
    async with running() as live:
        guesses = [f"guess {number}" for number in range(15)] + [PASSWORD]
        answers = await asyncio.gather(*(login(live, "noc", guess) for guess in guesses))
    statuses = [answer.status for answer in answers]
    assert statuses.count(401) <= 5
    assert statuses.count(201) <= 1
    if 201 not in statuses:
        assert statuses.count(429) == len(guesses) - 5


async def test_a_crowd_with_one_password_is_one_guess_and_one_hash(monkeypatch: pytest.MonkeyPatch) -> None:
    """A dashboard that sends all its questions at once, each with its password, finds no full line and no lock."""
    hashed: list[str] = []
    everybody_waits = threading.Semaphore(0)

    def counted(stored: str, password: str) -> bool:
        hashed.append(password)
        everybody_waits.acquire()
        return stored == CHEAP_HASH and password == PASSWORD

    monkeypatch.setattr(HASHES, counted)
    async with running() as live:

        async def ask(password: str) -> int:
            headers = {"Authorization": encode_basic_auth("noc", password)}
            async with live.http.get(f"{live.url}/api/systems", headers=headers) as answer:
                return answer.status

        for password, status in (("outdated", 401), (PASSWORD, 200)):
            crowd = [asyncio.create_task(ask(password)) for _ in range(60)]
            async with asyncio.timeout(5):
                while sum(live.gateway.access._checks._waiters.values()) < len(crowd):  # noqa: ASYNC110
                    await asyncio.sleep(0)
            everybody_waits.release()
            assert set(await asyncio.gather(*crowd)) == {status}
        assert hashed == ["outdated", PASSWORD]
        assert live.gateway.access._lock._accounts == {}, "the right one ends the row"


async def test_who_hangs_up_has_guessed_all_the_same(monkeypatch: pytest.MonkeyPatch) -> None:
    """Else a second connection with the same guess could read what the first one must not count."""
    begun, go = threading.Semaphore(0), threading.Semaphore(0)

    def slow(_stored: str, _password: str) -> bool:
        begun.release()
        go.acquire()
        return False

    monkeypatch.setattr(HASHES, slow)
    async with running() as live:
        for number in range(5):
            guess = asyncio.create_task(live.login("noc", f"guess {number}"))
            await asyncio.to_thread(begun.acquire)
            guess.cancel()
            await asyncio.gather(guess, return_exceptions=True)
            go.release()
        async with asyncio.timeout(5):
            while live.gateway.access._brake("noc", "192.0.2.1") is None:  # noqa: ASYNC110 - nothing tells of it
                await asyncio.sleep(0)
        assert (await live.login("noc", PASSWORD))[0] == 429


@pytest.mark.parametrize("costs", [[(8, 1, 1)], [(19_456, 2, 1)], [(8, 1, 1), (64, 2, 1), (128, 1, 2)]])
def test_a_name_that_nobody_has_costs_what_a_users_hash_costs(costs: list[tuple[int, int, int]]) -> None:
    """And the same at each try; one who may not log in costs what his own hash costs."""
    hashes = [
        PasswordHasher(memory_cost=memory, time_cost=passes, parallelism=lanes).hash(PASSWORD)
        for memory, passes, lanes in costs
    ]
    users = [
        f'[[user]]\nusername = "user-{number}"\npassword_hash = "{stored}"\ndisabled = {str(number == 1).lower()}\n'
        for number, stored in enumerate(hashes)
    ]
    accounts = Accounts(parse("".join(users), "tests", Path.cwd()))
    assert [accounts.stored_hash(f"user-{number}") for number in range(len(hashes))] == hashes
    unknown = [accounts.stored_hash(f"nobody-{number}") for number in range(200)]
    assert [accounts.stored_hash(f"nobody-{number}") for number in range(200)] == unknown
    assert not any(matches(stored, PASSWORD) for stored in set(unknown))
    assert {repr(extract_parameters(stored)) for stored in unknown} == {
        repr(extract_parameters(stored)) for stored in hashes
    }


async def test_guesses_at_once_through_other_doors_count_as_well() -> None:
    async with running() as live:
        for _ in range(5):
            headers = {"Authorization": "Basic bm9jOndyb25n"}  # noc:wrong
            async with live.http.get(f"{live.url}/api/systems", headers=headers) as answer:
                assert answer.status == 401
        assert (await login(live, "noc", PASSWORD)).status == 429


async def test_unknown_disabled_and_wrong_give_the_same_answer_byte_for_byte() -> None:
    users = [user_table("noc"), user_table("gone", disabled=True)]
    async with running(users=users) as live:
        wrong = shape(await login(live, "noc", "wrong"))
        assert wrong == shape(await login(live, "nobody", "wrong"))
        assert wrong == shape(await login(live, "nobody", PASSWORD))
        assert wrong == shape(await login(live, "gone", "wrong"))
        assert wrong == shape(await login(live, "gone", PASSWORD)), "the right password of a disabled user"
        assert wrong == shape(await login(live, "NOC", PASSWORD))
        assert wrong == shape(await login(live, "noc ", PASSWORD))


async def test_a_name_that_nobody_has_is_locked_like_one_that_somebody_has() -> None:
    rows = []
    async with running(clock=TurnedClock()) as live:
        for name in ("noc", "nobody"):
            rows.append([shape(await login(live, name, "wrong")) for _ in range(7)])
    assert rows[0] == rows[1]
    assert [status for status, _, _ in rows[0]] == [401] * 5 + [429] * 2


async def test_every_refused_login_costs_exactly_one_hash_and_a_locked_one_none(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    hashed: list[str] = []

    def counted(stored: str, password: str) -> bool:
        hashed.append(password)
        return stored == CHEAP_HASH and password == PASSWORD

    monkeypatch.setattr(HASHES, counted)
    async with running(users=[user_table("noc"), user_table("gone", disabled=True)]) as live:
        for name in ("noc", "nobody", "gone"):
            for _ in range(5):
                before = len(hashed)
                assert (await login(live, name, "wrong")).status == 401
                assert len(hashed) == before + 1, name
            assert (await login(live, name, "wrong")).status == 429
            assert len(hashed) == before + 1, name


async def test_twenty_failures_a_minute_are_enough_for_one_address() -> None:
    clock = TurnedClock()
    async with running(clock=clock) as live:
        for number in range(20):
            assert (await login(live, f"name-{number}", "password1")).status == 401
            clock.now += 1
        blocked = await login(live, "noc", PASSWORD)
        assert (blocked.status, blocked.headers["retry-after"]) == (429, "40")
        assert (await login(live, "noc", PASSWORD, source="127.0.0.4")).status == 201, "from elsewhere"
        clock.now += 40.5
        assert (await login(live, "noc", PASSWORD)).status == 201


def test_ipv6_addresses_of_one_network_are_one_address() -> None:
    limit = AddressLimit(3)
    for last in ("1", "2", "ffff:ffff:ffff:ffff"):
        limit.failed(f"2001:db8:1:2::{last}" if ":" not in last else f"2001:db8:1:2:{last}", 0.0)
    assert limit.blocked_for("2001:db8:1:2:abcd::7", 1.0) == 59.0
    assert limit.blocked_for("2001:db8:1:3::1", 1.0) == 0.0
    for _ in range(3):
        limit.failed("::ffff:198.51.100.7", 0.0)
    assert limit.blocked_for("198.51.100.7", 1.0) == 59.0, "an IPv4 address in IPv6 clothes"
    assert limit.blocked_for("198.51.100.8", 1.0) == 0.0
    assert limit.blocked_for("::ffff:198.51.100.9", 1.0) == 0.0, "not all of IPv4 at once"


def test_addresses_without_end_do_not_fill_the_memory() -> None:
    limit = AddressLimit(3)
    for number in range(30_000):
        limit.failed(f"10.{number >> 16}.{number >> 8 & 255}.{number & 255}", float(number))
    assert len(limit._failures) <= 20_000


async def test_refusals_and_locks_leave_an_audit_line_without_the_password(capsys: pytest.CaptureFixture[str]) -> None:
    name = 'noc\n{"audit":"forged"}\x1b[31m'
    async with running() as live:
        for _ in range(5):
            await login(live, name, "canary-of-a-password")
    lines = [line for line in capsys.readouterr().out.splitlines() if line.startswith('{"audit"')]
    found = [json.loads(line) for line in lines]
    assert [line["audit"] for line in found].count("refusal") == 5
    assert [line["audit"] for line in found].count("lock") == 1
    assert not [line for line in found if line["audit"] == "forged"]
    assert "canary-of-a-password" not in "".join(lines)
    assert "\x1b" not in "".join(lines)


async def test_no_log_line_holds_a_password_or_a_token() -> None:
    with capture_logs() as lines:
        async with running() as live:
            _, session = await live.login()
            await live.login("noc", "canary-of-a-password")
            async with live.http.get(f"{live.url}/api/backups", headers={"AuthToken": session["token"]}) as answer:
                assert answer.status == 200
    assert lines
    for secret in (PASSWORD, "canary-of-a-password", session["token"], "simulated"):
        assert secret not in str(lines)
