"""Large replies of a kind that is not quite the usual: read in small steps where that can be, else marked as long."""

import tracemalloc
from collections.abc import Iterator
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st
from material import records_of
from test_whole_replies import by_chunks, by_the_long_way, goes_whole, outcome

import gateway.dialects.rows
from gateway.dates import ApplianceZone
from gateway.dialects.chunks import WHOLE_BYTES
from gateway.dialects.rows import Stamper
from gateway.dialects.wire import BOM, split_rows
from gateway.errors import FetchError
from gateway.simulator.dialects import Rendering

BERLIN = ZoneInfo("Europe/Berlin")
BLANKS = st.text(" \t\r\n", max_size=3) | st.just(" " * 64) | st.just("\n" * 300)


def rows_of(rendering: Rendering, count: int) -> list[str]:
    """Rows in that form; some of them, over and over, where many are wanted."""
    few = [rendering.encode(rendering.row(record)).decode() for record in records_of("Europe/Berlin")[:50]]
    return (few * (count // len(few) + 1))[:count]


@given(
    st.sampled_from(["wiki-2015", "10.x"]),
    st.sampled_from(["compact", "spaced", "php"]),
    st.sampled_from(["", "backups", "data", "BackupStatus"]),
    st.booleans(),
    st.lists(BLANKS, min_size=8, max_size=8),
)
def test_blanks_and_a_bom_around_a_list_change_nothing(
    dialect: str, style: str, key: str, has_bom: bool, blanks: list[str]
) -> None:
    rows = rows_of(Rendering(dialect, BERLIN, style), 3)  # type: ignore[arg-type]
    a, b, c, d, e, f, g, h = blanks
    text = f"[{d}{','.join(rows)}{e}]"
    text = f'{a}{{{b}"{key}"{c}:{f}{text}{g}}}{h}' if key else f"{a}{text}{h}"
    body = has_bom * BOM + text.encode()
    assert outcome(body) == by_chunks(body) == by_the_long_way(body)
    assert outcome(body)[1] == 0, "these are rows, and no error"


@pytest.mark.parametrize("body", [b"%s", b" %s\n", b"\xef\xbb\xbf%s", b"\xef\xbb\xbf\r\n%s"])
@pytest.mark.parametrize("envelope", ['{"backups":[%s]}', '{ "data" : [ %s ] }', "[ %s ]"])
@pytest.mark.parametrize("dialect", ["wiki-2015", "10.x"])
def test_such_lists_still_go_whole(dialect: str, envelope: str, body: bytes) -> None:
    rows = ",".join(rows_of(Rendering(dialect, BERLIN), 20))  # type: ignore[arg-type]
    assert goes_whole(body % (envelope % rows).encode())


@pytest.mark.parametrize("start", [BOM + BOM, b"\x0b", b"\xa0"])
def test_what_stands_before_a_list_must_be_nothing(start: bytes) -> None:
    body = start + b'{"backups":[%s]}' % ",".join(rows_of(Rendering("10.x", BERLIN), 3)).encode()
    for found in (outcome(body), by_chunks(body), by_the_long_way(body)):
        assert found == ("bad_reply", "the appliance sent no list of backups")


def large(form: str, between: str = ",", style: str = "compact") -> bytes:
    """A list of some MB in that form."""
    rows = rows_of(Rendering("wiki-2015", BERLIN, style), 4000)  # type: ignore[arg-type]
    body = (form % between.join(rows)).encode("utf-8")
    assert len(body) > 2 * WHOLE_BYTES
    return body


@pytest.fixture
def at_once(monkeypatch: pytest.MonkeyPatch) -> Iterator[list[int]]:
    """How many bytes were split into rows in one step, each time."""
    sizes: list[int] = []

    def watched(body: bytes) -> object:
        sizes.append(len(body))
        return split_rows(body)

    monkeypatch.setattr(gateway.dialects.rows, "split_rows", watched)
    return sizes


def steps_of(body: bytes) -> tuple[int, list[bool]]:
    """How many rows a reply has, and whether each of its steps was marked as long."""
    stamper = Stamper(7, "acme", ApplianceZone("Europe/Berlin"))
    steps = [bool(step) for step in stamper.read(body)]
    return len(stamper.build), steps


USUAL = {
    "a list as ever": large('{"backups":[%s]}'),
    "a byte order mark": BOM + large('{"backups":[%s]}'),
    "a space before the list": large('{"backups": [%s]}'),
    "a space behind the list": large('{"backups":[%s]} '),
    "a line for each row": large('{\n "data": [\n  %s\n ]\n}\n', ",\n  "),
    "spaces everywhere": large('{"backups": [%s]}', ", ", "spaced"),
    "a bare list on lines": large("[\r\n%s\r\n]", ",\r\n"),
}


@pytest.mark.parametrize("body", USUAL.values(), ids=USUAL)
def test_a_large_list_is_read_in_small_steps_however_it_is_laid_out(body: bytes, at_once: list[int]) -> None:
    """58 MB with one blank more than usual, or a byte order mark, took the loop for 0.2 s in one piece."""
    count, steps = steps_of(body)
    assert (count, any(steps)) == (4000, False)
    assert len(steps) > len(body) // 262_144
    assert max(at_once, default=0) < 262_144


@pytest.mark.parametrize("form", ['{"backups":[%s],"count":4000}', '{"count":4000,"backups":[%s]}'])
def test_what_cannot_be_cut_is_marked_as_a_long_step(form: str, at_once: list[int]) -> None:
    count, steps = steps_of(large(form))
    assert (count, steps[0], any(steps[1:])) == (4000, True, False)
    assert max(at_once) > WHOLE_BYTES


TORN = pytest.mark.parametrize("form", ['{"backups":[%s', '{"backups":[%s]', "[%s", '{"count":1,"backups":[%s'])


@TORN
def test_a_reply_that_ends_otherwise_than_it_begins_is_not_read(form: str) -> None:
    """121 ms for 58 MB: its rows were told apart one by one up to where it was cut off."""
    body = large(form)[:-7]
    tracemalloc.start()
    try:
        with pytest.raises(FetchError, match="no list of backups"):
            split_rows(body)
        assert tracemalloc.get_traced_memory()[1] < 65_536
    finally:
        tracemalloc.stop()


@TORN
@pytest.mark.parametrize("start", [BOM, b"\n", BOM + b" "])
@pytest.mark.parametrize("end", [b"", b"\n", b" " * 100])
def test_a_torn_reply_is_a_bad_one_wherever_it_is_torn(form: str, start: bytes, end: bytes) -> None:
    body = start + form.replace("%s", ",".join(rows_of(Rendering("10.x", BERLIN), 3))).encode() + end
    for cut in (body, body[:-1], body[: len(body) // 2]):
        assert outcome(cut) == ("bad_reply", "the appliance sent no list of backups")
