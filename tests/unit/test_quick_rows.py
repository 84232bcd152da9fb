"""Rows in a documented shape take a quick way, which makes what the long way makes; lists are cut without loss."""

import json
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st
from material import ZONES, records_of, renderings, reply_of, stamped

import gateway.dialects.rows
from gateway.model import BackupList
from gateway.simulator.dialects import Rendering

ODD_TEXTS = (
    "",
    "n/a",
    "10/14/2014 09:32 am",
    "10/26/2025 02:10:00 am",
    "00:00:9",
    "100:00:00",
    "Success",
    '"status":',
    "%d",
)


def columns(rows: BackupList) -> list[list[int]]:
    return [list(rows.starts), list(rows.start_spans), list(rows.finishes), list(rows.finish_spans)]


def pairs(rows: BackupList) -> list[list[tuple[str, Any]]]:
    return [json.loads(row, object_pairs_hook=lambda found: found) for row in rows.rows()]


@given(st.sampled_from(ZONES), st.data())
def test_the_quick_way_and_the_long_way_make_the_same_list(zone: str, data: st.DataObject) -> None:
    rendering = data.draw(renderings(zone))
    records = data.draw(st.lists(st.sampled_from(records_of(zone)), min_size=1, max_size=30))
    rows = [rendering.row(record) for record in records]
    odd = data.draw(st.sampled_from(rows))
    key = data.draw(st.sampled_from([*odd, "sid", "x"]))
    odd[key] = data.draw(st.none() | st.booleans() | st.integers(-2, 10**12) | st.sampled_from(ODD_TEXTS))
    body = rendering.envelope([rendering.encode(row) for row in rows])
    quick = stamped(body, zone)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(gateway.dialects.rows, "QUICK_WAYS", ())
        long = stamped(body, zone)
    if rendering.json_style != "spaced":  # only the quick way keeps the spaces between the values of a 10.x row
        assert quick.rows() == long.rows()
    assert pairs(quick) == pairs(long)
    assert columns(quick) == columns(long)


@given(st.lists(st.booleans(), max_size=40), st.randoms())
def test_picking_rows_gives_those_rows_and_columns_in_that_order(kept: list[bool], rng: Any) -> None:
    records = rng.sample(records_of("Europe/Berlin"), len(kept))
    rows = stamped(reply_of(records, Rendering("10.x", ZoneInfo("Europe/Berlin"))), "Europe/Berlin")
    indexes = [i for i, keep in enumerate(kept) if keep]
    picked = rows.pick(indexes)
    assert picked.rows() == [rows.row(i) for i in indexes] == [picked.row(i) for i in range(len(picked))]
    assert [list(picked.starts), list(picked.finish_spans)] == [
        [rows.starts[i] for i in indexes],
        [rows.finish_spans[i] for i in indexes],
    ]
