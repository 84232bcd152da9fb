"""Columns that come from the disk, or from the lists that a list was made of, are those that its rows would give."""

import hashlib
import json
from itertools import product
from typing import Any

import msgspec
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from isal import isal_zlib
from material import ZONES, records_of, renderings, reply_of, stamped

from gateway.dialects.kinds import CORE_NAMES
from gateway.filter import ALL, Asked, Question, Words
from gateway.lists import index, kept_columns
from gateway.lists.columns import READING, Columns, columns_of, gathered
from gateway.lists.index import ListIndex
from gateway.lists.packed import PackedList
from gateway.model import BackupList
from gateway.simulator.core_types import DISPLAY_TYPES

IDS = st.integers(-300, 300) | st.integers(-(2**63) + 2, 2**63 - 1) | st.sampled_from([None, "", "7", 1.5, True, [1]])
TEXTS = (
    st.sampled_from([None, 3, "Full", "SQL Full", "needed", "Success", "ß\n", "\0", '"],["', "\U00010000"]) | st.text()
)
ROWS = st.lists(
    st.fixed_dictionaries(
        {},
        optional={
            **dict.fromkeys(("id", "client_id", "instance_id"), IDS),
            **dict.fromkeys(("type", "status", "replication_status", "app_name", "sync_status"), TEXTS),
            "complete": st.booleans(),
        },
    ),
    max_size=12,
)


def listed(rows: list[dict[str, Any]]) -> BackupList:
    return stamped(json.dumps(rows).encode())


def told(columns: Columns | None) -> list[object]:
    """What columns say, row by row, whatever codes and sizes they use."""
    assert columns is not None
    numbers = [column.tolist() for column in (columns.ids, columns.clients, columns.instances, columns.unsettled)]
    words = [[column.values[code] for code in column.codes.tolist()] for column in (columns.types, columns.statuses)]
    return [*numbers, *words, columns.lacking]


@given(ROWS)
def test_kept_columns_say_what_reading_the_rows_says(rows: list[dict[str, Any]]) -> None:
    backups = listed(rows)
    columns = columns_of(backups)
    data = kept_columns.packed(columns)
    assert (data == b"") is (not rows)
    if rows:
        assert told(kept_columns.unpacked(data, len(rows))) == told(columns)


@given(st.sampled_from(ZONES), st.data())
def test_the_same_of_whole_lists_of_appliances(zone: str, data: st.DataObject) -> None:
    backups = stamped(reply_of(records_of(zone), data.draw(renderings(zone))), zone)
    columns = columns_of(backups)
    assert told(kept_columns.unpacked(kept_columns.packed(columns), len(backups))) == told(columns)


@given(st.lists(ROWS, min_size=1, max_size=4), st.data())
def test_columns_of_rows_from_several_lists_say_what_reading_them_says(
    lists: list[list[dict[str, Any]]], data: st.DataObject
) -> None:
    rows = [row for one in lists for row in one]
    places = data.draw(st.lists(st.integers(0, len(rows) - 1), max_size=20)) if rows else []
    columns = gathered([columns_of(listed(one)) for one in lists], np.array(places, np.int64))
    fresh = columns_of(listed([rows[place] for place in places]))
    assert told(columns) == told(fresh)
    for mine, theirs in ((columns.types, fresh.types), (columns.statuses, fresh.statuses)):
        assert sorted(map(repr, mine.values)) == sorted(
            map(repr, theirs.values)
        )  # no value is left of a row that is gone
    for name in ("ids", "clients", "instances"):
        assert getattr(columns, name).dtype == getattr(fresh, name).dtype


SOME = [{"id": 1, "client_id": 5, "type": "Full", "status": "Success"}, {"id": 2**40, "type": "Incremental"}]


def head_and_arrays(columns: Columns) -> tuple[list[Any], bytes]:
    content = isal_zlib.decompress(kept_columns.packed(columns))
    end = 4 + int.from_bytes(content[:4], "big")
    return msgspec.json.decode(content[4:end]), content[end:]


def kept_as(head: list[Any], arrays: bytes) -> bytes:
    text = msgspec.json.encode(head)
    return isal_zlib.compress(len(text).to_bytes(4, "big") + text + arrays)


def test_what_does_not_fit_the_list_is_no_columns() -> None:
    head, arrays = head_and_arrays(columns_of(listed(SOME)))
    assert kept_columns.unpacked(kept_as(head, arrays), 2) is not None
    for name, other in {
        "another reading of rows": ([READING + 1, *head[1:]], arrays),
        "columns of more rows": ([READING, 3, *head[2:]], arrays),
        "an array too short": (head, arrays[:-1]),
        "an array too long": (head, arrays + b"\0"),
        "a size that no column has": ([*head[:2], ["<f8", *head[2][1:]], *head[3:]], arrays),
        "another byte order": ([*head[:2], [">i8", *head[2][1:]], *head[3:]], arrays),
        "a type without its value": ([*head[:3], head[3][:1], head[4]], arrays),
        "no type at all": ([*head[:3], [], head[4]], arrays),
        "a status without its value": ([*head[:4], head[4][:1]], arrays),
        "a type that is no list of words": ([*head[:3], [1, 2], head[4]], arrays),
        "a negative code": (head, arrays[:-4] + b"\xff" + arrays[-3:]),
        "another head": ({"rows": 2}, arrays),
    }.items():
        assert kept_columns.unpacked(kept_as(*other), 2) is None, name
    for data in (b"", b"\0", b"no columns", kept_as(head, arrays)[:-9], isal_zlib.compress(b"\xff" * 9)):
        assert kept_columns.unpacked(data, 2) is None
    assert kept_columns.unpacked(kept_as(head, arrays), 3) is None


def test_columns_that_unpack_without_end_are_no_columns() -> None:
    head, arrays = head_and_arrays(columns_of(listed(SOME)))
    assert kept_columns.unpacked(kept_as(head, arrays + bytes(10_000_000)), 2) is None


@given(st.data())
def test_a_wound_never_leads_beyond_the_columns(data: st.DataObject) -> None:
    """A checksum goes before; this is what it would have to let through."""
    content = bytearray(isal_zlib.decompress(kept_columns.packed(columns_of(listed(SOME)))))
    for _ in range(data.draw(st.integers(1, 3))):
        content[data.draw(st.integers(0, len(content) - 1))] = data.draw(st.integers(0, 255))
    columns = kept_columns.unpacked(isal_zlib.compress(bytes(content)), 2)
    if columns is not None:
        assert [len(column) for column in told(columns)[:6]] == [2] * 6  # type: ignore[arg-type]


def test_lists_that_tell_another_text_in_each_row_are_read_anew() -> None:
    rows = [{"type": f"{number:04}" + 300 * "x"} for number in range(4000)]
    assert kept_columns.packed(columns_of(listed(rows))) == b""
    assert kept_columns.packed(columns_of(listed(rows[:1000]))) != b""


@pytest.fixture
def unread(monkeypatch: pytest.MonkeyPatch) -> None:
    """Nobody may read a row."""
    monkeypatch.setattr(index, "columns_of", None)


FULL = Question(ALL, Words(types=frozenset({"full"})))


def built(rows: list[dict[str, Any]]) -> ListIndex:
    found = ListIndex(listed(rows))
    found.build()
    return found


def test_an_index_takes_up_what_was_kept(request: pytest.FixtureRequest) -> None:
    kept = built(SOME).kept()
    request.getfixturevalue("unread")
    again = ListIndex(listed(SOME), kept=kept)
    assert not again.is_built
    assert again.kept() == kept
    again.build()  # there is nothing to read
    assert again.words(FULL).tolist() == [True, False]
    assert again.ids().tolist() == [1, 2**40]
    assert again.asked(Asked(client_id=5), None).no.tolist() == [False, False]  # a row without the id cannot tell
    assert again.is_built
    assert isal_zlib.decompress(again.kept()) == isal_zlib.decompress(kept)


def test_an_index_reads_the_rows_where_what_was_kept_is_none() -> None:
    for kept in (b"", b"nothing", built(SOME[:1]).kept()):
        again = ListIndex(listed(SOME), kept=kept)
        assert again.words(FULL).tolist() == [True, False]
        assert again.ids().tolist() == [1, 2**40]


def test_an_index_that_was_never_needed_keeps_nothing() -> None:
    assert ListIndex(listed(SOME)).kept() == b""


def test_a_list_that_is_compressed_keeps_its_columns(request: pytest.FixtureRequest) -> None:
    first = built(SOME)
    kept = ListIndex(listed(SOME), kept=first.kept())
    request.getfixturevalue("unread")
    for whole in (first, kept):
        again = whole.over(PackedList(listed(SOME)))
        assert again.words(FULL).tolist() == [True, False]


def test_a_large_list_is_read_in_steps_and_none_of_its_rows_is_lost() -> None:
    rows = [{"id": number, "type": "Full"} for number in range(2500)]
    assert built(rows).ids().tolist() == list(range(2500))


KINDS: list[dict[str, Any]] = [
    *({"app_id": number} for number in (None, 1, "21", 3, 40, 50, 60, 100, 110, 120, 130, 140, 141, 150, 999)),
    *({"app_name": name} for name in ("VMware", "SQL Server 2012", "Hyper-V", "Nutanix AHV", "Windows Image", "else")),
    *({sign: 1} for sign in ("is_sql_cluster", "guid", "server_name", "sync_status", "destination", "sync_size")),
]
ODD_ROWS: list[dict[str, Any]] = [
    *({"id": id_, "client_id": id_} for id_ in ("", " 7 ", "x", 1.0, 1.5, True, 2**70, "9" * 70, [1], -3)),
    *({"status": status} for status in ("SUCCESS", "Straße", 3, None, "")),
    *(
        {"complete": says, "replication_status": word}
        for says in (True, "1", 0, "no")
        for word in ("Needed ", "done", 1)
    ),
]
SAID = (2, "4ecc668fe7b38740")


def test_another_reading_of_rows_has_another_number() -> None:
    """Where this fails, columns say something else than they did: raise READING, or old files will go on saying it.

    Then put the new number and what is printed here in place of the old ones.
    """
    types = [
        *sorted({*CORE_NAMES, *DISPLAY_TYPES.values()}),
        "Synthetic Full",
        "Securesync Full",
        "unheard of",
        None,
        3,
    ]
    rows = [{"type": kind, **sign} for kind, sign in product(types, KINDS)] + ODD_ROWS
    columns = told(columns_of(listed(rows)))
    spelled = json.dumps(columns, default=sorted).encode()
    assert (READING, hashlib.sha256(spelled).hexdigest()[:16]) == SAID
