"""Sorted rows against a stable sort of the plain ones, and every form of them (contract section 5.2)."""

import time
from collections.abc import AsyncIterator, Sequence
from dataclasses import replace
from typing import Any
from zoneinfo import ZoneInfo

import pytest
import pytest_asyncio

from gateway.simulator import ApplianceSpec, generate_rows
from tests.forms.fleet import MIXED
from tests.forms.reading import CSV, NDJSON, assert_cells, cut, opened, query_of, row_texts, sorted_rows, table_of
from tests.forms.walking import rows_of, walk, walk_by_links
from tests.gateway.live import Client, gateway_over

pytestmark = pytest.mark.asyncio(loop_scope="module")

ABSENT = object()
MIXED_VALUES = (
    *(
        5,
        5.0,
        -1,
        0,
        0.5,
        2**53 + 1,
        2**53,
        2**63,
        -(2**63),
        1e300,
        "5",
        "",
        "a",
        "B",
        "b",
        "Ä",
        "ä",
        "z",
        "💾",
        "\uffff",
    ),
    *(None, ABSENT, [], [1], ["a"], {"a": 1}, {"b": 0}, 5, "a", None, ABSENT, 7, 7, "10", "9"),
)
ZONES = ("Asia/Kathmandu", "America/St_Johns", "Australia/Lord_Howe", "UTC")
COLUMNS = {
    "mixed": MIXED_VALUES,
    "ties": (1, 2, 1, 2, 3, None),
    "flags": (True, False, None, ABSENT, True),
    "texts": ("b", "a", "B", "é", "e\u0301", "", " ", "10", "9", None),
    "often null": (None, None, None, 1, ABSENT),
    'od"d': (3, 1, 2, None),
    "zażółć": (2, 1, "x"),
}
FIELDS = (
    "start_epoch",
    "finish_epoch",
    "id",
    "client_name",
    "system_name",
    "system_id",
    "status",
    "duration",
    "output",
)


def spec_of(number: int) -> ApplianceSpec:
    """An appliance of a zone of its own, whose rows turn through all values of every column."""
    name = f"sorted-{number}"
    records = generate_rows(number, ZoneInfo(ZONES[number - 1]), int(time.time()), 70, 14, name=name)
    extra = [tuple((key, values[(row + number) % len(values)]) for key, values in COLUMNS.items()) for row in range(70)]
    told = [tuple((key, value) for key, value in pairs if value is not ABSENT) for pairs in extra]
    return ApplianceSpec(
        name=name,
        dialect="10.x" if number % 2 else "wiki-2015",
        timezone=ZONES[number - 1],
        order=("newest", "oldest", "id", "newest")[number - 1],
        records=tuple(replace(record, extra=pairs) for record, pairs in zip(records, told, strict=True)),
    )


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def client() -> AsyncIterator[Client]:
    async with gateway_over([spec_of(number) for number in range(1, 5)]) as made:
        yield made


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def mixed() -> AsyncIterator[Client]:
    async with gateway_over(MIXED) as made:
        yield made


def expected(plain: Sequence[dict[str, Any]], question: dict[str, Any]) -> list[dict[str, Any]]:
    rows = sorted_rows(plain, question["order_by"], question.get("order_direction") or "asc")
    return rows if "fields" not in question else cut(rows, question["fields"])


@pytest.mark.parametrize("direction", ["asc", "desc", "DESC", None])
@pytest.mark.parametrize("field", [*COLUMNS, *FIELDS, "no_such_field"])
async def test_rows_are_a_stable_sort_of_the_plain_ones(client: Client, field: str, direction: str | None):
    question = {"order_by": field} | ({} if direction is None else {"order_direction": direction})
    plain = await client.post()
    assert (await client.post(question)).rows == expected(plain.rows, question)
    assert (await client.get(query_of(question))).rows == expected(plain.rows, question)


@pytest.mark.parametrize("direction", ["asc", "desc"])
@pytest.mark.parametrize("field", ["start_epoch", "finish_epoch", "id", "start_date_time", "size", "client_os"])
async def test_many_zones_dialects_and_spellings_have_one_order(mixed: Client, field: str, direction: str):
    """Ids that are texts here and numbers there, sizes of all kinds, times of repeated hours."""
    question = {"order_by": field, "order_direction": direction}
    answer = await mixed.post(question)
    assert answer.rows == expected((await mixed.post()).rows, question)


async def test_sorting_changes_nothing_in_the_rows_themselves(client: Client):
    plain, ordered = await client.post(), await client.post({"order_by": "mixed"})
    assert sorted(row_texts(ordered)) == sorted(row_texts(plain))
    assert ordered.json["total"] == plain.json["total"]
    assert [entry["system_id"] for entry in ordered.json["systems"]] == [1, 2, 3, 4]


async def test_filters_come_before_sorting(client: Client):
    question = {"order_by": "size", "order_direction": "desc", "status": ["Success", "Failure"], "system_id": [4, 2]}
    plain = await client.post({"status": ["Success", "Failure"], "system_id": [2, 4]})
    assert (await client.post(question)).rows == expected(plain.rows, question) != []


COMBINED: tuple[dict[str, Any], ...] = (
    {"order_by": "mixed", "fields": ["id", "ties"]},
    {"order_by": "ties", "order_direction": "desc", "fields": ["texts", "mixed", "ties", "start_epoch"]},
    {"order_by": "start_epoch", "order_direction": "desc", "status": "Success"},
    {"order_by": "finish_epoch", "system_id": [1, 3]},
    {"order_by": "texts", "type": "Full", "fields": ["id", "no_such_field"]},
)


@pytest.mark.parametrize("question", COMBINED, ids=str)
async def test_sorted_rows_are_the_same_in_every_form(client: Client, question: dict[str, Any]):
    unsorted = {key: value for key, value in question.items() if key not in ("order_by", "order_direction", "fields")}
    rows = expected((await client.post(unsorted)).rows, question)
    assert (await client.post(question)).rows == rows
    assert rows_of(await walk(client, question, 17)) == rows
    assert rows_of(await walk_by_links(client, query_of(question | {"page_size": 17, "page_number": 1}))) == rows
    assert_cells(table_of(await client.post(question, Accept=CSV)), rows, question.get("fields"))
    tables = await walk_by_links(client, query_of(question | {"page_size": 17, "format": "csv"}))
    begun = 0
    for page in tables:
        records = table_of(page).records
        assert_cells(table_of(page), rows[begun : begun + len(records)], question.get("fields"), rows)
        begun += len(records)
    assert begun == len(rows)


@pytest.mark.parametrize("question", COMBINED, ids=str)
async def test_sorted_rows_are_compressed_like_any(client: Client, question: dict[str, Any]):
    headers = client.credentials | {"Accept-Encoding": "gzip"}
    path = f"/api/backups?{query_of(question)}"
    packed = await client.request("GET", path, headers=headers, auto_decompress=False)
    plain = await client.get(query_of(question), Accept_Encoding="identity")
    assert row_texts(opened(packed)) == row_texts(plain)


@pytest.mark.parametrize("question", COMBINED, ids=str)
async def test_a_stream_cannot_be_sorted_and_says_so(client: Client, question: dict[str, Any]):
    calls = client.calls()
    for answer in (
        await client.post(question | {"format": "ndjson"}),
        await client.post(question, Accept=NDJSON),
        await client.get(query_of(question | {"format": "ndjson"})),
    ):
        assert (answer.status, answer.json["field"]) == (400, "order_by")
    assert client.calls() == calls


async def test_a_direction_alone_changes_nothing(client: Client):
    assert (await client.post({"order_direction": "desc"})).rows == (await client.post()).rows
