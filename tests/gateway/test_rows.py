"""Every row of an answer against the true facts (contract section 5.4), over appliances as strange as they come."""

import json
from collections.abc import AsyncIterator
from dataclasses import replace
from zoneinfo import ZoneInfo

import pytest
import pytest_asyncio

from gateway.simulator import ApplianceSpec
from tests.gateway.fleet import STRANGE
from tests.gateway.live import Answer, gateway_over
from tests.gateway.oracle import expected_row, instants, raw_text

pytestmark = pytest.mark.asyncio(loop_scope="module")

NUMBERED = list(enumerate(STRANGE, 1))
NAMES = [spec.name for spec in STRANGE]


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def whole() -> AsyncIterator[tuple[Answer, dict[int, list[bytes]]]]:
    """Everything that the fleet lists, asked once; and each appliance's own records, in its order."""
    async with gateway_over(STRANGE) as client:
        listed = {number: list(appliance.records) for number, appliance in enumerate(client.farm, 1)}
        yield await client.post(), listed


async def test_a_fleet_of_strange_appliances_is_answered_as_one(whole):
    answer, _ = whole
    assert answer.status == 200
    assert answer.json["complete"] is True
    assert answer.headers["X-Gateway-Complete"] == "true"
    assert answer.json["total"] == len(answer.rows) == sum(len(spec.records) for spec in STRANGE)


async def test_systems_stand_by_id_with_their_rows_counted(whole):
    answer, _ = whole
    found = [(entry["system_id"], entry["system_name"], entry["rows"]) for entry in answer.json["systems"]]
    assert found == [(number, spec.name, len(spec.records)) for number, spec in NUMBERED]
    assert all(entry["state"] == "ok" and entry["error"] is None for entry in answer.json["systems"])


@pytest.mark.parametrize(("number", "spec"), NUMBERED, ids=NAMES)
async def test_every_row_is_what_the_facts_say(whole, number: int, spec: ApplianceSpec):
    answer, listed = whole
    expected = [json.dumps(expected_row(spec, record, number)) for record in listed[number]]
    assert [json.dumps(row) for row in answer.rows_of(number)] == expected


@pytest.mark.parametrize(
    ("number", "spec"), [pair for pair in NUMBERED if pair[1].dialect == "wiki-2015" and not pair[1].sample_spelling]
)
async def test_rows_in_the_shape_of_the_seed_pass_byte_for_byte_behind_the_stamp(whole, number, spec):
    answer, listed = whole
    for record in listed[number]:
        assert b"," + raw_text(spec, record)[1:] in answer.body


async def test_rows_come_system_after_system(whole):
    answer, _ = whole
    owners = [row["system_id"] for row in answer.rows]
    assert owners == sorted(owners)


@pytest.mark.parametrize(("number", "spec"), NUMBERED, ids=NAMES)
async def test_an_exact_time_is_the_true_start(whole, number: int, spec: ApplianceSpec):
    answer, listed = whole
    zone, decided = ZoneInfo(spec.timezone), 0
    for row, record in zip(answer.rows_of(number), listed[number], strict=True):
        shown = instants(record.start, zone, seconds=spec.dialect == "10.x")
        if len(shown) == 1:
            decided += 1
            assert row["start_epoch"] == (record.start if spec.dialect == "10.x" else record.start // 60 * 60)
        else:
            assert row["start_epoch"] == shown[0] <= record.start
    assert decided > len(listed[number]) / 2


@pytest.mark.parametrize("number", [1, 2, 3, 5, 7], ids=["New_York", "Lord_Howe", "Santiago", "St_Johns", "London"])
async def test_the_fleet_lists_rows_inside_a_repeated_hour(whole, number: int):
    _, listed = whole
    spec = STRANGE[number - 1]
    zone, is_new = ZoneInfo(spec.timezone), spec.dialect == "10.x"
    assert any(len(instants(record.start, zone, seconds=is_new)) == 2 for record in listed[number])


async def test_rows_that_share_an_id_all_stay(whole):
    answer, listed = whole
    for number, records in listed.items():
        ids = [record.id for record in records if record.id is not None]
        assert len(set(ids)) < len(ids)
        assert len(answer.rows_of(number)) == len(records)


async def test_a_running_backup_has_no_finish(whole):
    answer, listed = whole
    for number, records in listed.items():
        for row, record in zip(answer.rows_of(number), records, strict=True):
            assert (row["finish_epoch"] is None) == record.is_running


async def test_a_row_that_claims_to_be_another_systems_is_stamped_over():
    """Keys that the gateway sets come once, with its own values."""
    record = replace(STRANGE[0].records[0], extra=(("system_id", 77), ("system_name", "x"), ("start_epoch", 1)))
    async with gateway_over([replace(STRANGE[0], records=(record,))]) as client:
        answer = await client.post()
    (row,) = answer.rows
    assert (row["system_id"], row["system_name"]) == (1, STRANGE[0].name)
    assert answer.body.count(b'"start_epoch"') == answer.body.count(b'"finish_epoch"') == 1


async def test_unknown_keys_of_a_row_pass_untouched():
    extra = (("zażółć", "ok \\ / \u2028 <b>"), ("new_in_12", 1.5), ("nothing", None), ("size2", 2**53 + 1))
    record = replace(STRANGE[1].records[0], extra=extra)
    async with gateway_over([replace(STRANGE[1], records=(record,))]) as client:
        (row,) = (await client.post()).rows
    assert [(key, row[key]) for key, _ in extra] == list(extra)
