"""A reply that is taken as a whole gives what the long way gives row by row, whatever stands in its texts."""

import json
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st
from material import ZONES, records_of, renderings, reply_of

import gateway.dialects.chunks
import gateway.dialects.quick_rows
import gateway.dialects.rows
from gateway.dates import ApplianceZone
from gateway.dialects.readings import Reading, Readings, print_of
from gateway.dialects.rows import Stamper
from gateway.errors import FetchError
from gateway.filter import ALL, Asked, Window
from gateway.model import BackupList
from gateway.simulator.dialects import Rendering

NASTY = ("{", "},{", '"},{"', "}]}", "[{", "\\", '"start_time":', ',"status":"Failed"', "Überstunden", "\u2028", "%d")
SEED = Rendering("wiki-2015", ZoneInfo("Europe/Berlin"))


def read(body: bytes, zone: str = "Europe/Berlin") -> tuple[BackupList, int]:
    """The list of a reply, and how many rows were dropped."""
    stamper = Stamper(7, "acme", ApplianceZone(zone))
    for _ in stamper.read(body):
        pass
    return stamper.build.done(), stamper.dropped


def outcome(body: bytes, zone: str = "Europe/Berlin") -> Any:
    """Everything that can be seen of a reply's reading."""
    try:
        rows, dropped = read(body, zone)
    except FetchError as error:
        return error.kind, error.message
    columns = (rows.ends, rows.starts, rows.start_spans, rows.finishes, rows.finish_spans)
    return rows.body, dropped, [list(column) for column in columns]


def by_the_long_way(body: bytes, zone: str = "Europe/Berlin") -> Any:
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(gateway.dialects.rows, "QUICK_WAYS", ())
        return outcome(body, zone)


def by_chunks(body: bytes, zone: str = "Europe/Berlin") -> Any:
    """As a reply is read that is too large to be taken at once: cut wherever a row seems to end."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(gateway.dialects.rows, "WHOLE_BYTES", 0)
        patch.setattr(gateway.dialects.quick_rows, "WHOLE_BYTES", 0)
        patch.setattr(gateway.dialects.chunks, "_CHUNK_BYTES", 1)
        return outcome(body, zone)


def goes_whole(body: bytes) -> bool:
    return any(way.stamped_reply(b"", body, ApplianceZone("UTC")) for way in gateway.dialects.rows.QUICK_WAYS)


@given(st.sampled_from(ZONES), st.data())
def test_whole_replies_read_as_their_rows_one_by_one(zone: str, data: st.DataObject) -> None:
    rendering = data.draw(renderings(zone).filter(lambda style: style.json_style != "spaced"))
    records = data.draw(st.lists(st.sampled_from(records_of(zone)), min_size=1, max_size=20))
    rows = [rendering.row(record) for record in records]
    odd = data.draw(st.sampled_from(rows))
    value = st.sampled_from(NASTY) | st.none() | st.booleans() | st.lists(st.sampled_from(NASTY))
    value |= st.dictionaries(st.sampled_from(NASTY), st.integers())
    odd[data.draw(st.sampled_from([*odd, "sid", "x", "system_id", 'a"start_time']))] = data.draw(value)
    body = rendering.envelope([rendering.encode(row) for row in rows]) + data.draw(st.sampled_from([b"", b"\n", b" "]))
    assert outcome(body, zone) == by_chunks(body, zone) == by_the_long_way(body, zone)


@given(st.data())
def test_any_bytes_read_the_same_with_and_without_the_quick_way(data: st.DataObject) -> None:
    body = bytearray(reply_of(records_of("Europe/Berlin")[:3], data.draw(renderings("Europe/Berlin"))))
    at = data.draw(st.integers(0, len(body)))
    body[at : at + data.draw(st.integers(0, 3))] = data.draw(
        st.sampled_from([b"{", b"}", b",", b" ", b"\xff", b"]", b""])
    )
    long = by_the_long_way(bytes(body))
    for quick in (outcome(bytes(body)), by_chunks(bytes(body))):
        assert_same(quick, long)


def assert_same(quick: Any, long: Any) -> None:
    if isinstance(long[0], bytes):
        assert json.loads(b"[" + quick[0] + b"]") == json.loads(b"[" + long[0] + b"]")
        assert quick[1:2] == long[1:2]
        assert quick[2][1:] == long[2][1:]
    else:
        assert quick == long


def one(**more: Any) -> dict[str, Any]:
    return SEED.row(records_of("Europe/Berlin")[0]) | more


@pytest.mark.parametrize("text", NASTY)
def test_texts_that_look_like_structure_neither_part_nor_join_rows(text: str) -> None:
    body = SEED.envelope([SEED.encode(row) for row in (one(id=1, output=text), one(id=2, output=text), one(id=3))])
    rows, _ = read(body)
    assert [json.loads(row)["id"] for row in rows.rows()] == [1, 2, 3]
    assert [json.loads(row)["output"] for row in rows.rows()][:2] == [text, text]


def row() -> str:
    return SEED.encode(one()).decode()


@pytest.mark.parametrize(
    "form",
    [
        '{"backups":[%s],"data":[%s]}',
        '{"data":[%s],"backups":[%s]}',
        '{"data":[%s],"backups":[]}',
        '{"data":[%s],"backups":null,"note":["}]}"]}',
        '{"backups":[%s],"backups":[%s,%s]}',
        '{"other":[{"a":1}],"backups":[%s]}',
        '{"other":{"k":[{"a":1},{"b":2}]},"backups":[%s , %s]}',
        '{"backups":[%s],"other":[{"a":1}]}',
        '{"backups":[%s, %s]}',
        '{"backups":[%s,3,%s]}',
        "[%s,[{}],%s]",
        '[{"backups":[%s]}]',
    ],
)
def test_odd_envelopes_read_as_they_always_did(form: str) -> None:
    body = form.replace("%s", row()).encode()
    assert outcome(body) == by_the_long_way(body)


@pytest.mark.parametrize(
    ("old", "new"),
    [
        (b'"complete":', b'"status":"Warning","complete":'),
        (b'"complete":', b'"duration":1,"complete":'),
        (b'"complete":', b'"start_time":"10/26/2025 02:10:00 am","complete":'),
        (b'"start_time":', b'"start\\u005ftime":'),
        (b'"status":', b'"restored_backup_type":"x","restored_bkup_type":"y","status":'),
        (b'"status":', b'"system\\u005fid":1,"status":'),
    ],
)
def test_keys_given_twice_or_written_oddly_take_the_long_way(old: bytes, new: bytes) -> None:
    body = reply_of(records_of("Europe/Berlin")[:3], Rendering("10.x", ZoneInfo("Europe/Berlin")))
    assert goes_whole(body)
    assert outcome(body.replace(old, new, 1)) == by_the_long_way(body.replace(old, new, 1))


@pytest.mark.parametrize("dialect", ["wiki-2015", "10.x"])
@pytest.mark.parametrize("style", ["compact", "php"])
def test_lists_of_either_dialect_go_whole(dialect: Any, style: Any) -> None:
    body = reply_of(records_of("Asia/Kathmandu"), Rendering(dialect, ZoneInfo("Asia/Kathmandu"), style))
    assert goes_whole(body)
    assert outcome(body, "Asia/Kathmandu") == by_the_long_way(body, "Asia/Kathmandu")


def test_bytes_that_are_no_utf8_are_refused_wherever_they_stand() -> None:
    body = SEED.envelope([SEED.encode(one(output="XX"))] * 3)
    for at in (body.index(b"XX"), body.rindex(b"XX")):
        with pytest.raises(FetchError, match="no list of backups"):
            read(body[:at] + b"\xff" + body[at + 1 :])


def test_a_reply_that_did_not_change_is_the_list_that_is_still_held() -> None:
    readings, body = Readings(), SEED.envelope([SEED.encode(one())])
    reading = Reading(read(body)[0], 1, 2)
    readings.keep(ALL, print_of(body), reading)
    assert readings.of(ALL, print_of(body)) == reading
    assert readings.of(ALL, print_of(body + b" ")) is None
    assert readings.of(Asked(client_id=1), print_of(body)) is None
    del reading
    assert readings.of(ALL, print_of(body)) is None, "a list that nobody holds must not be kept alive"


def test_readings_are_remembered_as_long_as_their_lists_and_no_longer() -> None:
    readings, body = Readings(), SEED.envelope([SEED.encode(one())])
    held = Reading(read(body)[0], 0, 0)
    readings.keep(ALL, print_of(body), held)
    for hour in range(300):  # each tail asks for starts from another instant on, and its list is not kept
        readings.keep(Asked(start=Window(hour * 3600)), print_of(body), Reading(read(body)[0], 0, 0))
    assert list(readings._known) == [ALL]
    assert readings.of(ALL, print_of(body)) == held


def test_a_reading_that_was_replaced_does_not_take_the_newer_one_along() -> None:
    readings, body = Readings(), SEED.envelope([SEED.encode(one())])
    older, newer = (Reading(read(body)[0], 0, number) for number in (1, 2))
    for reading in (older, newer):
        readings.keep(ALL, print_of(body), reading)
    del older, reading
    assert readings.of(ALL, print_of(body)) == newer
