"""What must be there for a 200, and the status where it is not (contract sections 5.2 and 5.5)."""

from collections.abc import AsyncIterator, Mapping

import pytest
import pytest_asyncio

from gateway.simulator import Fault
from tests.gateway.live import Answer, Client, gateway_over, small

TROUBLE: Mapping[int, Fault | str] = {
    3: "hung",
    4: "hung",
    5: Fault("unavailable", retry_after=77),
    6: Fault("too_many", retry_after=55),
    7: "html",
    8: "refusing",
}
"""Systems 1 and 2 are well."""


@pytest_asyncio.fixture
async def client() -> AsyncIterator[Client]:
    fleet = [small(number, rows=10) for number in range(1, 9)]
    async with gateway_over(fleet, fanout={"deadline_seconds": 0.8}) as made:
        for number, fault in TROUBLE.items():
            await made.farm[number - 1].inject(fault)
        yield made
        for appliance in made.farm:
            await appliance.recover()


def assert_falls_short(answer: Answer, status: int) -> None:
    """Another status, and the same body with a `result` besides."""
    assert answer.status == status, answer.json
    body = answer.json
    assert body["complete"] is False
    assert body["total"] == len(body["backups"]) == sum(entry["rows"] for entry in body["systems"])
    (entry,) = body["result"]
    assert entry["code"] == "2"
    assert entry["message"]
    assert answer.headers["X-Gateway-Complete"] == "false"


@pytest.mark.parametrize(
    ("systems", "require"),
    [
        ([1, 2], "all"),
        ([1, 2], None),
        ([1, 3, 5, 7], "any"),
        ([1, 2, 7], 2),
        ([1, 2, 7], "2"),
        ([1, 2, 7], [1, 2]),
        ([1, 2, 7], ["2", 2]),
        ([7], 0),
        ([3], "0"),
    ],
)
async def test_what_satisfies_require_is_200(client: Client, systems, require):
    answer = await client.post({"system_id": systems, "require": require})
    assert answer.status == 200
    assert "result" not in answer.json
    assert answer.json["complete"] is (set(systems) <= {1, 2})


@pytest.mark.parametrize(
    ("systems", "require", "status"),
    [
        ([3], "any", 504),
        ([3, 4], "any", 504),
        ([1, 3], "all", 504),
        ([1, 3, 4], 2, 504),
        ([1, 3], [3], 504),
        ([3, 7], [3], 504),
        ([5, 7, 8], [5], 503),
        ([1, 3, 5, 7], [1, 3, 7], 502),
        ([5], "any", 503),
        ([5, 6], None, 503),
        ([1, 5, 6], "all", 503),
        ([1, 5], [1, 5], 503),
        ([7], "any", 502),
        ([8], "any", 502),
        ([3, 7], "any", 502),
        ([3, 5], "any", 502),
        ([1, 2, 8], "all", 502),
        ([1, 2, 8], 3, 502),
        ([1, 2, 7], [1, 7], 502),
    ],
)
async def test_what_does_not_tells_why(client: Client, systems, require, status: int):
    answer = await client.post({"system_id": systems, "require": require})
    assert_falls_short(answer, status)
    assert {row["system_id"] for row in answer.rows} == set(systems) & {1, 2}
    if status == 503:
        assert 1 <= int(answer.headers["Retry-After"]) <= 77
    else:
        assert "Retry-After" not in answer.headers


async def test_more_than_were_asked_can_never_be_there(client: Client):
    answer = await client.post({"system_id": [1, 2], "require": 3})
    assert answer.status == 502
    assert answer.json["result"]
    assert answer.states == {1: "ok", 2: "ok"}


async def test_the_soonest_of_the_skipped_systems_says_when_to_come_again(client: Client):
    answer = await client.post({"system_id": [5, 6]})
    assert 1 <= int(answer.headers["Retry-After"]) <= 55


async def test_a_query_string_can_require_as_well(client: Client):
    assert_falls_short(await client.get("system_id=1,7&require=all"), 502)
    assert (await client.get("system_id=1,7&require=1")).status == 200


async def test_a_stand_in_satisfies_require():
    async with gateway_over(2) as client:
        await client.post()
        await client.farm[0].inject("html")
        answer = await client.post({"max_age": 0, "require": "all"})
        assert answer.status == 200
        assert answer.states == {1: "stale", 2: "ok"}
        assert (await client.post({"max_age": 0, "require": [1]})).status == 200


async def test_a_breaker_that_is_open_is_503_with_its_retry_time():
    async with gateway_over(1) as client:
        await client.farm[0].inject("refusing")
        for _ in range(6):
            answer = await client.post({"max_age": 0})
        assert_falls_short(answer, 503)
        assert answer.kinds == {1: "breaker_open"}
        assert answer.system(1)["error"]["retry_at"]
        assert 1 <= int(answer.headers["Retry-After"]) <= 12
