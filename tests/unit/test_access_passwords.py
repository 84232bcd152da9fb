"""Who shows a name and a password: taken or refused, what it costs, and how guessing is slowed down."""

import asyncio

import pytest
from doors import ELSEWHERE, HERE, NEW_PASSWORD, NEW_STORED, PASSWORD, STORED, WRONG, Door, accounts_of, door

from gateway.callers.access import LONGEST_PASSWORD_BYTES, Refused

__all__ = ["door"]


async def test_a_name_with_its_password_is_its_caller(door: Door) -> None:
    assert await door.enters("noc")
    assert await door.enters("chief")


@pytest.mark.parametrize(
    ("name", "password"), [("noc", "guess"), ("nobody", PASSWORD), ("gone", PASSWORD), ("NOC", PASSWORD), ("noc", "")]
)
async def test_unknown_wrong_and_disabled_are_refused_alike_after_one_hash(
    door: Door, name: str, password: str
) -> None:
    assert await door.verify(name, password) == WRONG
    assert door.hashed == [password]


async def test_the_fifth_wrong_password_locks_the_name_and_says_so(door: Door) -> None:
    assert await door.fail("noc", 5) == [WRONG] * 4 + [Refused("wrong", locks=True)]
    door.now += 0.5
    assert await door.verify("noc") == await door.verify("noc", address=ELSEWHERE) == Refused("locked", 899.5)
    assert door.hashed == ["guess"] * 5
    assert await door.enters("chief")


async def test_the_right_password_of_who_may_not_log_in_counts_as_a_failure(door: Door) -> None:
    for name in ("gone", "nobody"):
        tries = [await door.verify(name) for _ in range(6)]
        assert tries == [WRONG] * 4 + [Refused("wrong", locks=True), Refused("locked", 900.0)]


@pytest.mark.parametrize(("left", "taken"), [(0.5, False), (0.0, True)])
async def test_a_lock_holds_to_its_end(door: Door, left: float, taken: bool) -> None:
    await door.fail("noc", 5)
    door.now += 900 - left
    assert await door.enters("noc") is taken


async def test_a_right_password_ends_the_row_of_failures(door: Door) -> None:
    for _ in range(3):
        await door.fail("noc", 4)
        assert await door.enters("noc")
    await door.fail("noc", 4)
    assert await door.enters("noc"), "without a hash, as it was verified a moment ago"
    assert await door.fail("noc", 1) == [WRONG]


async def test_twenty_failures_within_a_minute_stop_an_address(door: Door) -> None:
    for number in range(19):
        assert await door.verify(f"name-{number}", "guess") == WRONG
    assert await door.enters("noc")
    assert await door.verify("name-20", "guess") == WRONG
    door.now += 59.5
    assert await door.verify("noc") == await door.verify("chief") == Refused("flooded", 0.5)
    assert await door.enters("chief", address=ELSEWHERE)
    door.now += 0.5
    assert await door.enters("noc")


@pytest.mark.parametrize(("later", "hashes"), [(899.5, 1), (900.0, 2), (901.0, 2)])
async def test_a_verified_password_costs_no_other_hash_for_a_quarter_of_an_hour(
    door: Door, later: float, hashes: int
) -> None:
    assert await door.enters("noc")
    door.now += later
    assert await door.enters("noc")
    assert len(door.hashed) == hashes


async def test_use_does_not_lengthen_the_life_of_what_was_verified(door: Door) -> None:
    for hashes in (1, 1, 1, 2):
        assert await door.enters("noc")
        assert len(door.hashed) == hashes
        door.now += 300


async def test_a_life_begins_when_the_hash_is_done(door: Door) -> None:
    waiting = await door.held("noc")
    door.now += 100
    door.free.set()
    await waiting
    door.now += 899.5
    assert await door.enters("noc")
    assert len(door.hashed) == 1


async def test_another_password_is_checked_although_the_name_was_just_verified(door: Door) -> None:
    assert await door.enters("noc")
    assert await door.verify("noc", "guess") == WRONG
    assert door.hashed == [PASSWORD, "guess"]


async def test_new_accounts_have_every_password_checked_anew(door: Door) -> None:
    assert await door.enters("noc")
    door.access.replace(accounts_of(noc=STORED))
    assert await door.enters("noc")
    assert len(door.hashed) == 2
    door.access.replace(accounts_of(noc=NEW_STORED))
    assert await door.verify("noc") == WRONG
    assert await door.enters("noc", NEW_PASSWORD)
    door.access.replace(accounts_of(chief=STORED))
    assert await door.verify("noc", NEW_PASSWORD) == WRONG


@pytest.mark.parametrize("users", [{"chief": STORED}, {"noc": NEW_STORED}], ids=["removed", "given another password"])
async def test_a_user_who_ends_while_the_hash_is_reckoned_is_not_taken(door: Door, users: dict[str, str]) -> None:
    waiting = await door.held("noc")
    door.access.replace(accounts_of(**users))
    door.free.set()
    assert await waiting == WRONG
    assert await door.verify("noc") == WRONG, "nor is it remembered"


async def test_an_old_password_does_not_come_in_with_one_that_was_shown_before_the_reload(door: Door) -> None:
    waiting = await door.held("noc")
    door.access.replace(accounts_of(noc=NEW_STORED))
    late = asyncio.create_task(door.verify("noc"))
    await asyncio.sleep(0)
    door.free.set()
    assert [await waiting, await late] == [WRONG, WRONG]
    assert door.hashed == [PASSWORD] * 2


async def test_a_crowd_with_one_password_costs_one_hash_and_fails_once(door: Door) -> None:
    await door.fail("noc", 4)
    crowd = [await door.held("noc", "stale"), *(asyncio.create_task(door.verify("noc", "stale")) for _ in range(9))]
    await asyncio.sleep(0)
    door.free.set()
    assert await asyncio.gather(*crowd) == [Refused("wrong", locks=True)] + [WRONG] * 9
    assert door.hashed == ["guess"] * 4 + ["stale"]


async def test_two_names_with_one_password_are_checked_each_for_itself(door: Door) -> None:
    crowd = [await door.held("noc", "guess"), asyncio.create_task(door.verify("chief", "guess"))]
    await asyncio.sleep(0)
    door.free.set()
    assert await asyncio.gather(*crowd) == [WRONG, WRONG]
    assert await door.fail("chief", 4) == [WRONG] * 3 + [Refused("wrong", locks=True)]


async def test_guesses_that_come_all_at_once_are_five(door: Door) -> None:
    guesses = [await door.held("noc", "guess 0")]
    guesses += [asyncio.create_task(door.verify("noc", f"guess {number}")) for number in range(1, 12)]
    await asyncio.sleep(0)
    door.free.set()
    answers = await asyncio.gather(*guesses)
    assert answers == [WRONG] * 4 + [Refused("wrong", locks=True)] + [Refused("locked", 900.0)] * 7
    assert len(door.hashed) == 5


async def test_a_name_that_was_locked_while_its_hash_was_reckoned_stays_locked(door: Door) -> None:
    waiting = await door.held("noc")
    for _ in range(5):
        door.access._lock.failed("noc", door.now)
    door.free.set()
    assert await waiting == Refused("locked", 900.0)


async def test_a_failure_counts_from_when_it_is_known(door: Door) -> None:
    await door.fail("noc", 4)
    waiting = await door.held("noc", "guess")
    door.now += 100
    door.free.set()
    assert await waiting == Refused("wrong", locks=True)
    assert await door.verify("noc") == Refused("locked", 900.0)


@pytest.mark.parametrize(("waiting", "answer"), [(31, WRONG), (32, Refused("busy", 1.0)), (33, Refused("busy", 1.0))])
async def test_a_line_of_hashes_that_is_too_long_is_joined_by_nobody(door: Door, waiting: int, answer: Refused) -> None:
    door.access._hashers.waiting = waiting
    assert await door.verify("noc", "guess") == answer
    door.access._hashers.waiting = 0
    counted = 1 if answer == WRONG else 0
    assert await door.fail("noc", 5 - counted) == [WRONG] * (4 - counted) + [Refused("wrong", locks=True)]


async def test_failures_are_counted_where_they_come_from(door: Door) -> None:
    for number in range(20):
        await door.verify(f"name-{number}", "guess", ELSEWHERE)
    assert await door.verify("noc", address=ELSEWHERE) == Refused("flooded", 60.0)
    assert await door.enters("noc", address=HERE)


def test_a_kilobyte_is_the_longest_password() -> None:
    assert LONGEST_PASSWORD_BYTES == 1024


async def test_what_it_shows_of_itself_are_numbers(door: Door) -> None:
    await door.enters("noc")
    await door.fail("chief", 1)
    shown = "<Access <Accounts: 2 users, 1 static tokens>, <Sessions 0>, <AccountLock, 1 names with failures>>"
    assert repr(door.access) == shown
