"""What does not exist and what a caller may not see are one and the same to it (contract section 5.1)."""

from collections.abc import AsyncIterator
from dataclasses import replace

import pytest
import pytest_asyncio

from tests.gateway.live import Answer, Client, gateway_over, small
from tests.kit.accounts import CHEAP_HASH

pytestmark = pytest.mark.asyncio(loop_scope="module")

OWN_HEADERS = ("Date", "X-Request-ID")
FLEET = [
    small(1, customer="Acme", tags=("gold",)),
    small(2, customer="Acme"),
    small(3, customer="Globe", tags=("dark",)),
    small(4, customer="Umber", tags=("grey", "gold")),
]
USERS = [
    {"username": "all", "systems": "all"},
    {"username": "two", "systems": [1, 2]},
    {"username": "acme", "customers": ["Acme"]},
    {"username": "gold", "tags": ["gold"]},
    {"username": "wide", "systems": [3], "tags": ["gold"]},
    {"username": "none"},
]


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def live() -> AsyncIterator[Client]:
    users = [{**user, "password_hash": CHEAP_HASH} for user in USERS]
    async with gateway_over(FLEET, users=users, login=False) as made:
        yield made


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def clients(live: Client) -> dict[str, Client]:
    return {str(user["username"]): await live.session(str(user["username"])) for user in USERS}


def visible_of(answer: Answer) -> list[int]:
    return [entry["system_id"] for entry in answer.json["systems"]]


@pytest.mark.parametrize(
    ("name", "visible"),
    [("all", [1, 2, 3, 4]), ("two", [1, 2]), ("acme", [1, 2]), ("gold", [1, 4]), ("wide", [1, 3, 4]), ("none", [])],
)
async def test_each_sees_its_systems_and_no_row_of_another(clients, name: str, visible: list[int]):
    answer = await clients[name].post()
    assert answer.status == 200
    assert visible_of(answer) == visible
    assert {row["system_id"] for row in answer.rows} == set(visible)


async def test_who_sees_no_system_gets_empty_lists_that_are_complete(clients):
    answer = await clients["none"].post()
    assert answer.json == {"backups": [], "systems": [], "complete": True, "total": 0}
    assert answer.headers["X-Gateway-Complete"] == "true"


PAIRS = [
    ("system_id", 3, 9),
    ("system_id", [1, 3], [1, 9]),
    ("sid", "3", "9"),
    ("customer", "Globe", "Globo"),
    ("customer", ["Acme", "Umber"], ["Acme", "Umbra"]),
    ("tag", "dark", "dusk"),
    ("tag", ["gold", "grey"], ["gold", "gray"]),
    ("require", [3], [9]),
]


@pytest.mark.parametrize(("key", "forbidden", "unknown"), PAIRS, ids=[f"{key}={value}" for key, value, _ in PAIRS])
async def test_forbidden_and_unknown_are_byte_for_byte_the_same(live, clients, key, forbidden, unknown):
    calls = live.calls()
    first, second = await clients["two"].post({key: forbidden}), await clients["two"].post({key: unknown})
    assert (first.status, second.status) == (404, 404)
    for value, other in zip(_flat(forbidden), _flat(unknown), strict=True):
        first = replace(first, body=first.body.replace(value.encode(), other.encode()))
    assert first.body == second.body
    assert _kept(first) == _kept(second)
    assert live.calls() == calls


@pytest.mark.parametrize(("key", "forbidden", "unknown"), PAIRS[:1] + PAIRS[3:4], ids=["system", "customer"])
async def test_the_same_holds_for_a_query_string(live, clients, key, forbidden, unknown):
    calls = live.calls()
    first, second = await clients["two"].get(f"{key}={forbidden}"), await clients["two"].get(f"{key}={unknown}")
    assert (first.status, second.status) == (404, 404)
    assert first.body.replace(str(forbidden).encode(), str(unknown).encode()) == second.body
    assert live.calls() == calls


@pytest.mark.parametrize("body", [{"system_id": 3}, {"customer": "Globe"}, {"tag": "dark"}, {"system_id": [3, 4]}])
async def test_who_may_see_it_finds_it(clients, body):
    answer = await clients["all"].post(body)
    assert answer.status == 200
    assert 3 in visible_of(answer)


async def test_a_404_has_the_one_shape_of_errors_and_names_the_field(clients):
    body = (await clients["two"].post({"system_id": 3})).json
    assert body["result"][0]["code"] == "2"
    assert {"type", "title", "status", "detail"} <= body.keys()
    assert (body["status"], body["field"]) == (404, "system_id")
    assert "3" in body["detail"]


@pytest.mark.parametrize("key", ["system_id", "sid", "customer", "tag", "require"])
async def test_a_404_names_the_key_that_was_written(clients, key: str):
    value = 9 if key.endswith("id") else [9] if key == "require" else "Globo"
    assert (await clients["two"].post({key: value})).json["field"] == key


async def test_the_lists_of_systems_show_the_visible_ones_alone(clients):
    for name, visible in (("two", [1, 2]), ("gold", [1, 4]), ("none", [])):
        listed = await clients[name].get(path="/api/systems")
        assert [entry["id"] for entry in listed.json["appliance"]] == visible
        inside = await clients[name].get(path="/gateway/systems")
        assert [entry["system_id"] for entry in inside.json["systems"]] == visible


async def test_no_answer_names_an_invisible_system(clients):
    for path in ("/api/backups", "/api/systems", "/gateway/systems", "/readyz", "/healthz", "/api/nothing"):
        answer = await clients["two"].get(path=path)
        assert b"site-3" not in answer.body
        assert b"Globe" not in answer.body


async def test_a_require_list_must_lie_within_the_asked_systems(live, clients):
    calls = live.calls()
    answer = await clients["all"].post({"system_id": [1], "require": [1, 2]})
    assert (answer.status, answer.json["field"]) == (400, "require")
    assert live.calls() == calls


async def test_metrics_are_for_who_sees_everything(clients):
    assert (await clients["two"].get(path="/metrics")).status == 403
    assert (await clients["all"].get(path="/metrics")).status == 200


def _flat(value: object) -> list[str]:
    return [str(each) for each in value] if isinstance(value, list) else [str(value)]


def _kept(answer: Answer) -> dict[str, str]:
    return {key: value for key, value in answer.headers.items() if key not in OWN_HEADERS}
