"""Rows of both dialects come out under the seed's names, and what needs no change keeps its bytes."""

import json
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st
from material import ZONES, one_row, read, records_of, renderings, reply_of, stamped

from gateway.dates import ApplianceZone
from gateway.dialects.rows import Stamper
from gateway.dialects.wire import split_rows
from gateway.errors import FetchError
from gateway.model import NEVER, UNKNOWN
from gateway.simulator.dialects import Rendering, clock_duration, wall_clock

STAMP = ("system_id", "system_name", "start_epoch", "finish_epoch")
SEED = {
    "start_date_time": "10/14/2014 09:32 am",
    "duration": "00:00:28",
    "complete": True,
    "status": "Success",
    "size": 518,
}
SCALARS = st.none() | st.booleans() | st.integers(-(10**40), 10**40) | st.text(max_size=8) | st.just(1.10)
OTHER_KEYS = st.text(max_size=8).filter(lambda key: key not in SEED and key not in STAMP)


def stamp(start: str = "null", finish: str = "null") -> bytes:
    return b'{"system_id":7,"system_name":"acme","start_epoch":%s,"finish_epoch":%s' % (start.encode(), finish.encode())


@pytest.mark.parametrize(
    "row",
    [
        '"id":220,"type":"Full","status":"Warning"}',
        ' "id" : 220 ,\n\t"type" : "Full"\r\n}',
        '"files":1.10,"size":518.0,"ratio":-0.0e-5,"big":123456789012345678901234567890}',
        r'"output":"a\u00e9\/\"\\<br\/>\n","client_name":"\ud83d\ude00é"}',
        '"id":1,"id":2,"x":null,"x":{"a":[1,{}]}}',
        '"status":"None","duration":"","vmware_template":"n/a","restored_bkup_type":"Full"}',
        '"size":"518","id":"220","complete":1}',
    ],
)
def test_a_row_in_the_seeds_shape_passes_byte_for_byte_behind_the_stamp(row: str) -> None:
    assert stamped(f"[{{{row}]".encode()).body == stamp() + b"," + row.encode()


@given(
    st.permutations([*SEED.items()]),
    st.dictionaries(OTHER_KEYS, SCALARS, max_size=5),
    st.sampled_from([None, 1, "\t"]),
    st.booleans(),
)
def test_any_seed_shaped_row_keeps_its_bytes(
    known: list[tuple[str, Any]], more: dict[str, Any], indent: Any, plain: bool
) -> None:
    strange = {"start_time", "restored_backup_type", "vm_ware_template", "sid"} & set(more)
    text = json.dumps(more | dict(known), indent=indent, ensure_ascii=plain).encode("utf-8", "replace")
    if not strange:
        assert stamped(b"[" + text + b"]").body == stamp("1413293520", "1413293548") + b"," + text[1:]


@given(st.sampled_from(ZONES), st.data())
def test_every_simulated_row_of_2015_keeps_its_bytes(zone: str, data: st.DataObject) -> None:
    style = data.draw(st.sampled_from(["compact", "spaced", "php"]))
    rendering = Rendering("wiki-2015", ZoneInfo(zone), style)
    record = data.draw(st.sampled_from(records_of(zone)))
    (row,) = stamped(reply_of([record], rendering), zone).rows()
    assert row.endswith(rendering.encode(rendering.row(record))[1:])


@given(st.sampled_from(ZONES), st.data())
def test_a_row_of_10_x_has_the_seeds_names_and_words_and_nothing_else_changes(zone: str, data: st.DataObject) -> None:
    record = data.draw(st.sampled_from(records_of(zone)))
    sent = Rendering("10.x", ZoneInfo(zone)).row(record)
    words = {"Successful": "Success", "Failed": "Failure", None: "None"}
    expected = {
        {"start_time": "start_date_time", "restored_backup_type": "restored_bkup_type"}.get(key, key): value
        for key, value in sent.items()
    } | {
        "start_date_time": wall_clock(record.start, ZoneInfo(zone), seconds=False),
        "duration": clock_duration(record.duration),
        "status": words.get(sent["status"], sent["status"]),
    }
    (got,) = read(stamped(reply_of([record], Rendering("10.x", ZoneInfo(zone))), zone))
    assert list(got)[:4] == list(STAMP)
    assert {key: got[key] for key in got if key not in STAMP} == expected


@given(st.sampled_from(ZONES).flatmap(lambda zone: st.tuples(st.just(zone), renderings(zone))), st.randoms())
def test_the_true_start_and_end_lie_in_what_the_columns_say(place: tuple[str, Rendering], rng: Any) -> None:
    zone, rendering = place
    records = rng.sample(records_of(zone), 40)
    rows = stamped(reply_of(records, rendering), zone)
    for i, record in enumerate(records):
        assert rows.starts[i] <= record.start <= rows.starts[i] + rows.start_spans[i]
        if record.end is None:
            assert rows.finishes[i] == NEVER
        else:
            assert rows.finishes[i] <= record.end <= rows.finishes[i] + rows.finish_spans[i]
            assert rows.finishes[i] >= rows.starts[i]


@pytest.mark.parametrize(
    ("sent", "key", "got"),
    [
        ({"start_time": "10/14/2014 09:32:15 am"}, "start_date_time", "10/14/2014 09:32 am"),
        ({"start_time": "10/14/2014 21:32:15"}, "start_date_time", "10/14/2014 09:32 pm"),
        ({"start_time": "n/a"}, "start_date_time", "n/a"),
        ({"start_time": None}, "start_date_time", None),
        ({"start_time": 1_413_293_535}, "start_date_time", 1_413_293_535),
        ({"duration": 28}, "duration", "00:00:28"),
        ({"duration": 360_001}, "duration", "100:00:01"),
        ({"duration": "28"}, "duration", "00:00:28"),
        ({"duration": -1}, "duration", -1),
        ({"duration": "n/a"}, "duration", "n/a"),
        ({"duration": "²"}, "duration", "²"),
        ({"duration": True}, "duration", True),
        ({"status": "Successful"}, "status", "Success"),
        ({"status": "FAILED"}, "status", "Failure"),
        ({"status": "Warning"}, "status", "Warning"),
        ({"status": None}, "status", "None"),
        ({"status": "Cancelled"}, "status", "Cancelled"),
        ({"restored_backup_type": "Full"}, "restored_bkup_type", "Full"),
        ({"vm_ware_template": "n/a"}, "vmware_template", "n/a"),
    ],
)
def test_one_word_of_10_x_becomes_the_seeds(sent: dict[str, Any], key: str, got: Any) -> None:
    assert {name: value for name, value in one_row(sent).items() if name not in STAMP} == {key: got}


def test_a_row_without_a_status_is_given_none() -> None:
    assert "status" not in one_row({"duration": 28})


@pytest.mark.parametrize("value", ["9" * 5000, "10/14/2014 09:32:²² am", [1], {"a": 1}, 1e30, 10**30])
@pytest.mark.parametrize("key", ["duration", "start_time", "start_date_time", "complete_time", "status", "id", "sid"])
def test_an_odd_value_is_no_failure_and_passes_as_it_is(key: str, value: Any) -> None:
    assert value in one_row({key: value, "complete": True}).values()


def test_other_keys_of_a_rewritten_row_keep_the_bytes_of_their_values() -> None:
    row = stamped(rb'[{"duration":28, "r" : 1.10,"big":123456789012345678901234567890,"o":"\/\u00e9"}]').body
    assert row == stamp() + rb',"duration":"00:00:28","r":1.10,"big":123456789012345678901234567890,"o":"\/\u00e9"}'


@pytest.mark.parametrize("old", ["start_time", "restored_backup_type", "vm_ware_template"])
def test_a_row_with_both_names_keeps_both(old: str) -> None:
    new = {"start_time": "start_date_time", "restored_backup_type": "restored_bkup_type"}.get(old, "vmware_template")
    got = one_row({old: "10/14/2014 09:32:15 am", new: "10/14/2014 09:32 am", "status": "Failed"})
    assert (got[old], got[new]) == ("10/14/2014 09:32:15 am", "10/14/2014 09:32 am")


@pytest.mark.parametrize("key", STAMP)
@pytest.mark.parametrize("text", ["%s:666", '%s:666,"id":1', '"id":1,%s:"x"', "%s:1,%s:2", '"duration":9,%s:null'])
def test_a_rows_own_key_of_the_stamp_is_replaced_and_never_doubled(key: str, text: str) -> None:
    body = stamped(("[{" + text.replace("%s", f'"{key}"') + "}]").encode()).body
    pairs: list[tuple[str, Any]] = json.loads(body, object_pairs_hook=lambda found: found)
    assert [name for name, _ in pairs].count(key) == 1
    assert pairs[:4] == [("system_id", 7), ("system_name", "acme"), ("start_epoch", None), ("finish_epoch", None)]


@pytest.mark.parametrize("key", ["system\\u005fid", "start\\u005Fepoch"])
def test_an_escaped_spelling_of_a_stamped_key_is_replaced_as_well(key: str) -> None:
    assert json.loads(stamped(b'[{"%s":666}]' % key.encode()).body) == dict.fromkeys(STAMP) | {
        "system_id": 7,
        "system_name": "acme",
    }


@pytest.mark.parametrize("text", ["{}", "{ }", "{\n}"])
def test_an_empty_row_is_the_stamp_alone(text: str) -> None:
    assert json.loads(stamped(f"[{text}]".encode()).body) == json.loads(stamp() + b"}")


def test_a_name_with_quotes_is_escaped_in_the_stamp() -> None:
    stamper = Stamper(7, 'a"\\é', ApplianceZone("UTC"))
    assert [*stamper.run(split_rows(b"[{}]"))] == [None]
    assert json.loads(stamper.build.done().body)["system_name"] == 'a"\\é'


@pytest.mark.parametrize("odd", ["null", "7", '"x"', "[]", "true", "[{}]"])
def test_a_row_that_is_no_object_is_dropped_and_counted(odd: str) -> None:
    stamper = Stamper(7, "acme", ApplianceZone("UTC"))
    assert len([*stamper.run(split_rows(("[" + "{}," * 99 + odd + "]").encode()))]) == 1
    assert (len(stamper.build), stamper.dropped) == (99, 1)


@pytest.mark.parametrize("good", [98, 0])
def test_more_than_one_row_in_a_hundred_that_is_no_object_is_a_bad_reply(good: int) -> None:
    with pytest.raises(FetchError) as caught:
        stamped(("[" + "{}," * good + "null]").encode())
    assert caught.value.kind == "bad_reply"


@pytest.mark.parametrize("key", ["size", "duration", "start_time", "complete", "sid", "start_epoch"])
def test_a_number_out_of_range_in_a_field_that_is_read_is_a_bad_reply(key: str) -> None:
    with pytest.raises(FetchError) as caught:
        stamped(b'[{},{"%s":1e999}]' % key.encode())
    assert caught.value.kind == "bad_reply"


NAMES_OF_A_SYSTEM = pytest.mark.parametrize("key", ["sid", "system_id", "system\\u005fid"])


@NAMES_OF_A_SYSTEM
@pytest.mark.parametrize("sid", ["1", '"1"', "null"])
def test_a_row_of_the_asked_remote_system_stays(key: str, sid: str) -> None:
    assert len(stamped(f'[{{"{key}":{sid}}},{{}}]'.encode(), remote_system_id=1)) == 2


@NAMES_OF_A_SYSTEM
@pytest.mark.parametrize("sid", ["2", '"2"', "[1]", '"x"'])
def test_a_row_of_another_remote_system_is_left_out_and_counted(key: str, sid: str) -> None:
    stamper = Stamper(7, "acme", ApplianceZone("UTC"), 1)
    assert [*stamper.run(split_rows(f'[{{"{key}":{sid}}},{{"sid":1}}]'.encode()))] == [None]
    assert (len(stamper.build), stamper.foreign, stamper.dropped) == (1, 1, 0)


@pytest.mark.parametrize(("sid", "system_id"), [(1, 2), (2, 1)])
def test_a_row_that_names_two_systems_is_of_another_one(sid: int, system_id: int) -> None:
    row = b'[{"sid":%d,"system_id":%d,"system_name":"child"}]' % (sid, system_id)
    assert len(stamped(row, remote_system_id=1)) == 0


def test_without_a_remote_system_id_every_row_stays() -> None:
    assert len(stamped(b'[{"sid":2},{"system_id":3}]')) == 2


@pytest.mark.parametrize(
    ("row", "finish"),
    [
        (SEED, 1_413_293_548),
        (SEED | {"complete": 1}, 1_413_293_548),
        (SEED | {"complete": "true"}, 1_413_293_548),
        (SEED | {"duration": 28, "complete_time": "10/14/2014 09:40:00 am"}, 1_413_294_000),
        (SEED | {"complete_time": "n/a"}, 1_413_293_548),
        (SEED | {"complete": False}, None),
        (SEED | {"complete": 0}, None),
        (SEED | {"complete": None}, None),
        (SEED | {"duration": "n/a"}, None),
        (SEED | {"start_date_time": "n/a"}, None),
        ({key: value for key, value in SEED.items() if key != "complete"}, None),
    ],
)
def test_the_end_is_the_told_one_or_else_start_and_duration_of_a_complete_row(row: Any, finish: int | None) -> None:
    assert one_row(row)["finish_epoch"] == finish


def test_a_running_row_never_ends_and_an_untold_end_is_unknown() -> None:
    rows = stamped(b'[{"complete":false},{"complete":true},{}]')
    assert list(rows.finishes) == [NEVER, UNKNOWN, UNKNOWN]


def test_an_end_in_a_repeated_hour_never_lies_before_its_start() -> None:
    row = {"start_time": "10/26/2025 02:50:00 am", "complete_time": "10/26/2025 02:10:00 am", "complete": True}
    got = one_row(row, "Europe/Berlin")
    assert got["finish_epoch"] - got["start_epoch"] == 20 * 60


def test_an_end_in_a_repeated_hour_is_the_earlier_instant_where_that_can_be() -> None:
    row = {"start_time": "10/26/2025 01:50:00 am", "complete_time": "10/26/2025 02:10:00 am", "complete": True}
    got = one_row(row, "Europe/Berlin")
    assert got["finish_epoch"] - got["start_epoch"] == 20 * 60
