"""Single cells: no formula, no number that became a text, no value that breaks its line (contract section 5.6)."""

import csv
import io
from dataclasses import replace
from typing import Any

import pytest

from tests.forms.fleet import ODD, TEXTS, VALUES
from tests.forms.reading import Table, assert_cells, defused, table_of
from tests.gateway.live import gateway_over

DANGEROUS = ("=", "+", "-", "@", "\t", "\r")


async def cells_of(values: list[Any], column: str = "output") -> list[str]:
    """What stands in one column for rows with these values."""
    record = ODD[0].records[0]
    records = [replace(record, row=row, id=row, extra=((column, value),)) for row, value in enumerate(values)]
    async with gateway_over([replace(ODD[0], records=tuple(records), order="id")]) as client:
        answer = await client.post({"format": "csv"})
        plain = await client.post()
    table = table_of(answer)
    assert_cells(table, plain.rows)
    return column_of(table, column)


def column_of(table: Table, column: str) -> list[str]:
    at = table.header.index(defused(column))
    return [record[at] for record in table.records]


@pytest.mark.parametrize("column", ["output", "client_name", "size", "id_of_another_kind"])
async def test_every_value_is_shown_in_any_column(column: str):
    """The columns of the seed are treated by what stands in them, not by what should."""
    cells = await cells_of(list(VALUES), column)
    assert len(cells) == len(VALUES)


async def test_texts_that_a_spreadsheet_would_reckon_are_defused():
    texts = [sign + rest for sign in DANGEROUS for rest in ("", "1", "cmd|' /C calc'!A0", 'SUM("a","b")', "\n=1")]
    assert await cells_of(texts) == ["'" + text for text in texts]


async def test_all_other_texts_stay_as_they_are():
    texts = [text for text in TEXTS if not text.startswith(DANGEROUS)]
    assert await cells_of(texts) == texts


@pytest.mark.parametrize("column", ["size", "output", "new_in_12"])
async def test_numbers_stay_numbers(column: str):
    numbers: list[int | float] = [0, -0.5, -518, 12.5, 2**53 + 1, -(2**63), 1e-7, -1e21, 1.5e300]
    cells = await cells_of(numbers, column)
    assert [float(cell) for cell in cells] == [float(number) for number in numbers]
    assert [int(cells[place]) for place in (0, 2, 4, 5)] == [numbers[place] for place in (0, 2, 4, 5)]


async def test_booleans_and_nested_values_are_json_and_null_is_empty():
    cells = await cells_of([True, False, None, [], {}, [1, "=1", None], {"a": {"b": 'q"'}}])
    assert cells[:5] == ["true", "false", "", "[]", "{}"]
    assert cells[5].replace(" ", "") == '[1,"=1",null]'
    assert cells[6].replace(" ", "") == '{"a":{"b":"q\\""}}'


@pytest.mark.parametrize("name", ["=1+1", "+x", "-x", "@x", "a,b", 'a"b', "two\nlines", "zażółć", "\tx", " x", "'"])
async def test_names_of_columns_are_cells_as_well(name: str):
    assert await cells_of(["value"], name) == ["value"]


async def test_names_of_systems_are_defused():
    async with gateway_over([replace(ODD[0], name="=evil()")]) as client:
        table = table_of(await client.post({"format": "csv"}))
    assert set(column_of(table, "system_name")) == {"'=evil()"}


async def test_every_record_ends_as_rfc_4180_wants_it():
    async with gateway_over(ODD) as client:
        answer = await client.post({"format": "csv"})
    assert answer.body.endswith(b"\r\n")
    text = answer.body.decode()
    records = list(csv.reader(io.StringIO(text, newline=""), strict=True))
    rewritten = io.StringIO(newline="")
    csv.writer(rewritten, lineterminator="\r\n").writerows(records)
    assert list(csv.reader(io.StringIO(rewritten.getvalue(), newline=""), strict=True)) == records
    outside = "".join(text.split('"')[::2])
    assert outside.count("\n") == outside.count("\r") == outside.count("\r\n") == len(records)
