"""Who shows a token, how sessions begin and end, and what other replicas are told and believed."""

import pytest
from doors import ELSEWHERE, HERE, NEW_STORED, PASSWORD, STATIC_TOKEN, STORED, WRONG, Door, Others, accounts_of, door

from gateway.callers.access import Refused
from gateway.callers.accounts import Caller, token_hash

__all__ = ["door"]


@pytest.fixture
def others(door: Door) -> Others:
    """Other replicas that say nothing yet."""
    door.access.others = made = Others()
    return made


async def session_of(door: Door, name: str = "noc") -> str:
    caller = await door.verify(name)
    assert isinstance(caller, Caller)
    return await door.access.open(caller)


def name_of(found: Caller | Refused) -> str:
    assert isinstance(found, Caller)
    return found.name


async def test_a_session_and_a_static_token_are_their_callers(door: Door) -> None:
    token = await session_of(door)
    assert [name_of(door.access.by_token(one, HERE)) for one in (token, STATIC_TOKEN)] == ["noc", "tool"]
    assert [name_of(await door.access.by_token_anywhere(one, HERE)) for one in (token, STATIC_TOKEN)] == ["noc", "tool"]


async def test_a_token_that_is_not_known_is_wrong(door: Door) -> None:
    assert door.access.by_token("theirs", HERE) == await door.access.by_token_anywhere("theirs", HERE) == WRONG


async def test_a_closed_session_is_over_and_is_closed_once(door: Door) -> None:
    token = await session_of(door)
    assert [await door.access.close(token), await door.access.close(token)] == [True, False]
    assert door.access.by_token(token, HERE) == WRONG
    assert await door.access.close(STATIC_TOKEN) is False


async def test_a_hundred_wrong_tokens_within_a_minute_stop_the_guesser_but_no_good_token(door: Door) -> None:
    assert [door.access.by_token(f"guess {number}", HERE) for number in range(100)] == [WRONG] * 100
    door.now += 59.5
    assert door.access.by_token("guess", HERE) == Refused("flooded", 0.5)
    assert door.access.by_token("guess", ELSEWHERE) == WRONG
    assert name_of(door.access.by_token(STATIC_TOKEN, HERE)) == "tool"
    assert await door.enters("noc"), "passwords are counted apart"
    door.now += 0.5
    assert door.access.by_token("guess", HERE) == WRONG


async def test_a_token_that_is_known_here_costs_no_look_elsewhere(door: Door, others: Others) -> None:
    token = await session_of(door)
    others.heard.clear()
    for one in (token, STATIC_TOKEN):
        await door.access.by_token_anywhere(one, HERE)
    assert others.heard == []


async def test_a_token_that_is_not_known_here_may_be_known_elsewhere(door: Door, others: Others) -> None:
    others.session = lambda digest: door.access.sessions.learn(digest, "noc", STORED, 0.0)
    assert name_of(await door.access.by_token_anywhere("theirs", HERE)) == "noc"
    assert others.heard == [("known", token_hash("theirs"), STORED, "None")]


async def test_a_token_that_nobody_knows_is_wrong(door: Door, others: Others) -> None:
    assert await door.access.by_token_anywhere("nobody's", HERE) == WRONG
    assert len(others.heard) == 1


async def test_who_guesses_too_many_tokens_has_no_look_elsewhere(door: Door, others: Others) -> None:
    for number in range(100):
        door.access.by_token(f"guess {number}", HERE)
    door.now += 59.5
    assert await door.access.by_token_anywhere("guess", HERE) == Refused("flooded", 0.5)
    assert others.heard == []
    assert await door.access.by_token_anywhere("guess", ELSEWHERE) == WRONG
    assert len(others.heard) == 1


async def test_others_are_told_of_a_session_and_of_its_end(door: Door, others: Others) -> None:
    token = await session_of(door)
    await door.access.close(token)
    await door.access.close(token)
    digest = token_hash(token)
    assert others.heard[-2:] == [("opened", digest, "noc"), ("ended", digest)]


async def test_others_are_asked_before_and_after_a_hash_and_told_how_it_ended(door: Door, others: Others) -> None:
    assert await door.enters("noc")
    await door.fail("chief", 1)
    looks = [("look", "noc"), ("look", "noc"), ("succeeded", "noc")]
    assert others.heard == [*looks, ("look", "chief"), ("look", "chief"), ("failed", "chief")]


async def test_a_name_that_is_locked_elsewhere_costs_no_hash(door: Door, others: Others) -> None:
    others.counted["look"] = (0, 77.0)
    assert await door.verify("noc") == Refused("locked", 77.0)
    assert door.hashed == []


async def test_a_name_that_is_locked_elsewhere_during_the_hash_is_not_taken(door: Door, others: Others) -> None:
    waiting = await door.held("noc")
    others.counted["look"] = (0, 77.0)
    door.free.set()
    assert await waiting == Refused("locked", 77.0)
    assert ("succeeded", "noc") not in others.heard


async def test_a_name_that_is_locked_elsewhere_as_others_are_told_of_its_success_is_not_taken(
    door: Door, others: Others
) -> None:
    others.counted["succeeded"] = (0, 77.0)
    assert await door.verify("noc") == Refused("locked", 77.0)


async def test_a_remembered_password_asks_nobody_while_no_failure_is_told_of(door: Door, others: Others) -> None:
    assert await door.enters("noc")
    others.heard.clear()
    assert await door.enters("noc")
    assert others.heard == []


async def test_a_remembered_password_is_told_to_others_who_may_have_counted_failures(
    door: Door, others: Others
) -> None:
    assert await door.enters("noc")
    others.heard.clear()
    others.restless.add("noc")
    assert await door.enters("noc"), "nobody answered"
    others.counted["succeeded"] = (0, 0.0)
    assert await door.enters("noc")
    others.counted["succeeded"] = (0, 77.0)
    assert await door.verify("noc") == Refused("locked", 77.0)
    assert others.heard == [("succeeded", "noc")] * 3
    assert door.hashed == [PASSWORD]


@pytest.mark.parametrize("users", [{"chief": STORED}, {"noc": NEW_STORED}], ids=["removed", "given another password"])
async def test_a_user_who_ends_while_others_are_told_is_not_taken(
    door: Door, others: Others, users: dict[str, str]
) -> None:
    others.at["succeeded"] = lambda: door.access.replace(accounts_of(**users))
    assert await door.verify("noc") == WRONG
    assert await door.verify("noc") == WRONG, "nor is it remembered"


@pytest.mark.parametrize(("counted", "locks"), [((0, 900.0), True), ((0, 0.5), True), ((3, 0.0), False)])
async def test_the_count_of_all_replicas_is_the_one_that_counts(
    door: Door, others: Others, counted: tuple[int, float], locks: bool
) -> None:
    others.counted["failed"] = counted
    assert await door.verify("noc", "guess") == Refused("wrong", locks=locks)
    assert (await door.verify("noc", "guess") == Refused("locked", counted[1])) is locks


async def test_a_failure_that_others_have_counted_is_not_counted_again_here(door: Door, others: Others) -> None:
    others.counted["failed"] = (1, 0.0)
    assert await door.fail("noc", 9) == [WRONG] * 9


async def test_where_nobody_knows_the_count_of_this_replica_counts(door: Door, others: Others) -> None:
    assert await door.fail("noc", 5) == [WRONG] * 4 + [Refused("wrong", locks=True)]
    assert await door.verify("noc", PASSWORD) == Refused("locked", 900.0)
