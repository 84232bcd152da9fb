"""The gateway's own options of a question (contract section 5.2)."""

import asyncio
from collections.abc import AsyncIterator

import pytest
import pytest_asyncio

from gateway.simulator import Fault
from tests.gateway.live import Client, gateway_over, seconds_of, small

pytestmark = pytest.mark.asyncio(loop_scope="module")

FLEET = [
    small(1, customer="Acme", tags=("gold",), rows=60),
    small(2, customer="Acme", tags=("gold", "dr"), rows=60),
    small(3, customer="Globe", tags=("dr",), rows=60),
    small(4, rows=60),
]


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def client() -> AsyncIterator[Client]:
    async with gateway_over(FLEET) as made:
        yield made


@pytest.mark.parametrize("status", ["Success", "failure", ["SUCCESS", "Warning"], ["None", "none"]])
async def test_status_keeps_rows_of_these_statuses(client: Client, status):
    answer = await client.post({"status": status})
    wanted = {word.title() for word in ([status] if isinstance(status, str) else status)}
    everything = (await client.post()).rows
    assert answer.rows == [row for row in everything if row["status"] in wanted]


@pytest.mark.parametrize(
    ("body", "systems"),
    [
        ({"customer": "Acme"}, {1, 2}),
        ({"customer": ["Acme", "Globe"]}, {1, 2, 3}),
        ({"tag": "dr"}, {2, 3}),
        ({"tag": ["gold", "dr"]}, {1, 2, 3}),
        ({"customer": "Acme", "tag": "dr"}, {2}),
        ({"customer": "Acme", "system_id": [2, 3]}, {2}),
        ({"customer": "Acme", "tag": "dr", "system_id": 1}, set()),
        ({"sid": 3}, {3}),
        ({"sid": ["3", 1, "1"]}, {1, 3}),
        ({"system_id": "4"}, {4}),
    ],
    ids=str,
)
async def test_customers_tags_and_ids_choose_systems(client: Client, body, systems: set[int]):
    answer = await client.post(body)
    assert answer.status == 200
    assert answer.ids() == systems
    assert {row["system_id"] for row in answer.rows} == systems


@pytest.mark.parametrize(
    ("query", "body"),
    [
        ("sid=1,3", {"sid": [1, 3]}),
        ("system_id=1&system_id=3", {"system_id": [1, 3]}),
        ("system_id=1,3&system_id=4", {"system_id": [1, 3, 4]}),
        ("type=Full,Incremental&status=Success", {"type": ["Full", "Incremental"], "status": "Success"}),
        ("type=SQL%20Full&type=sql+transaction", {"type": ["SQL Full", "sql transaction"]}),
        ("customer=Acme&tag=gold&tag=dr", {"customer": "Acme", "tag": ["gold", "dr"]}),
        ("start_hours=48&order_by=size&order_direction=desc", {"start_hours": 48, "order_by": "size"}),
        ("fields=id,type&fields=status", {"fields": ["id", "type", "status"]}),
        ("require=1,2&max_age=1.5&max_stale=7.25&deadline=9.5", {"require": [1, 2]}),
        ("client_id=5&start_day=01%2F02%2F2020&end_day=12/31/2030", {"client_id": 5, "start_day": "01/02/2020"}),
    ],
)
async def test_a_query_string_means_the_same_as_a_body(client: Client, query: str, body):
    if "desc" in query:
        body = body | {"order_direction": "desc"}
    got, posted = await client.get(query), await client.post(body)
    assert (got.status, posted.status) == (200, 200)
    assert got.rows == posted.rows != []
    assert got.ids() == posted.ids()


async def test_a_post_may_carry_a_query_string_besides_its_body(client: Client):
    answer = await client.post({"status": "Success"}, "/api/backups?sid=2&fields=id,status")
    assert answer.ids() == {2}
    assert answer.rows
    assert all(set(row) <= {"system_id", "id", "status"} and row["status"] == "Success" for row in answer.rows)


async def test_max_age_zero_always_asks_the_appliance(client: Client):
    await client.post()
    for _ in range(2):
        calls = [appliance.counters.list_calls for appliance in client.farm]
        answer = await client.post({"max_age": 0})
        assert [appliance.counters.list_calls for appliance in client.farm] == [count + 1 for count in calls]
        assert {entry["source"] for entry in answer.json["systems"]} == {"appliance"}


async def test_cache_control_no_cache_is_max_age_zero(client: Client):
    await client.get()
    for directive in ("no-cache", "max-age=0, No-Cache"):
        calls = client.calls()
        answer = await client.get(Cache_Control=directive)
        assert client.calls() == calls + len(FLEET)
        assert {entry["source"] for entry in answer.json["systems"]} == {"appliance"}


async def test_max_age_zero_asks_for_the_whole_list_and_not_for_a_tail(client: Client):
    await client.post()
    await client.post({"max_age": 0})
    assert {appliance.requests[-1].body for appliance in client.farm} == {b"{}"}


async def test_a_generous_max_age_is_served_from_what_is_held(client: Client):
    await client.post()
    calls = client.calls()
    answer = await client.post({"max_age": 1000.5})
    assert client.calls() == calls
    assert {entry["source"] for entry in answer.json["systems"]} == {"cache"}


async def test_a_list_older_than_max_age_is_fetched_anew(client: Client):
    answer = await client.post()
    calls = client.calls()
    await client.post({"max_age": 0.000001})
    assert client.calls() > calls
    assert answer.status == 200


async def test_max_stale_bounds_the_age_of_a_stand_in():
    async with gateway_over(1) as client:
        await client.post()
        await client.farm[0].inject("html")
        asked = await client.post({"max_age": 0})
        refused = await client.post({"max_age": 0, "max_stale": 0.000001})
    assert asked.states == {1: "stale"}
    assert (refused.status, refused.states) == (502, {1: "missing"})


async def test_a_deadline_ends_the_waiting():
    async with gateway_over(1) as client:
        await client.farm[0].inject("hung")
        answer, took = await seconds_of(client.post({"deadline": 0.3}))
        assert (answer.status, answer.kinds) == (504, {1: "timeout"})
        assert 0.25 < took < 0.8
        await client.farm[0].recover()


async def test_a_deadline_beyond_the_configured_one_is_lowered_to_it():
    async with gateway_over(1, fanout={"deadline_seconds": 0.4}) as client:
        await client.farm[0].inject("hung")
        answer, took = await seconds_of(client.post({"deadline": 3600}))
        assert answer.status == 504
        assert took < 0.9
        await client.farm[0].recover()


async def test_fields_cut_the_rows_and_system_id_stays(client: Client):
    whole, cut = await client.post(), await client.post({"fields": ["id", "start_epoch", "no_such_field"]})
    assert cut.json["total"] == whole.json["total"]
    kept = ("system_id", "start_epoch", "id")
    assert cut.rows == [{key: row[key] for key in kept if key in row} for row in whole.rows]


async def test_an_appliance_is_not_asked_again_for_other_fields_or_another_order(client: Client):
    await client.post()
    calls = client.calls()
    await client.post({"fields": "id", "order_by": "size", "status": "Success", "type": "Full"})
    assert client.calls() == calls


@pytest.mark.parametrize("field", ["start_epoch", "finish_epoch", "size", "client_name", "id", "system_name", "files"])
@pytest.mark.parametrize("direction", ["asc", "DESC", None])
async def test_rows_are_sorted_by_any_field(client: Client, field: str, direction: str | None):
    plain = (await client.post()).rows
    answer = await client.post({"order_by": field, "order_direction": direction})
    with_field = [row for row in plain if row.get(field) is not None]
    with_field.sort(key=lambda row: row[field], reverse=direction == "DESC")
    assert answer.rows == with_field + [row for row in plain if row.get(field) is None]


async def test_sorting_by_a_field_that_no_row_has_changes_nothing(client: Client):
    assert (await client.post({"order_by": "no_such_field"})).rows == (await client.post()).rows


async def test_a_default_window_is_added_where_no_time_is_asked_and_the_answer_says_so():
    async with gateway_over([small(1, rows=400)], fanout={"default_window_days": 2}) as client:
        answer = await client.post()
        start = answer.json["window"]["start_epoch"]
        now = client.farm[0].spec.clock()
        assert now - 2 * 86_400 - 3600 <= start <= now - 2 * 86_400
        inside = [record for record in client.farm[0].records if record.start >= start]
        assert answer.json["total"] == len(inside) < 400


@pytest.mark.parametrize(
    "body", [{"start_hours": 9999}, {"backup_ids": [1]}, {"end_day": "12/31/2030"}, {"start_time": 0}]
)
async def test_no_window_is_added_where_a_time_is_asked(body):
    async with gateway_over([small(1, rows=400)], fanout={"default_window_days": 2}) as client:
        answer = await client.post(body)
        assert "window" not in answer.json
        assert answer.json["total"] == (0 if "backup_ids" in body else 400)


async def test_no_window_is_added_by_default(client: Client):
    assert "window" not in (await client.post()).json


async def test_a_deadline_is_each_callers_own():
    async with gateway_over(1) as client:
        await client.farm[0].inject(Fault("slow", seconds=0.7))
        short, long = await asyncio.gather(client.post({"deadline": 0.2}), client.post({"deadline": 9.0}))
        assert (short.status, long.status) == (504, 200)
        assert client.farm[0].counters.list_calls == 1
