"""Whatever bytes come from outside, a parser gives its answer or the one error that it documents."""

import json
import math
from collections.abc import Callable
from typing import Any, TypeVar

from hypothesis import example, given
from hypothesis import strategies as st

from gateway import dates
from gateway.dates import ApplianceZone
from gateway.dialects import wire
from gateway.dialects.rows import Stamper
from gateway.errors import FetchError, RequestError
from gateway.filter import Asked, Window
from gateway.lists.index import ListIndex
from gateway.model import EMPTY
from gateway.question import query
from gateway.sources import session, transport
from gateway.sources.transport import Reply
from tests.secure.faulty import ROWS

ZONES = [ApplianceZone(name) for name in ("UTC", "America/New_York", "Australia/Lord_Howe", "Pacific/Apia")]
ODD_NUMBERS = ("1e999", "-1e999", "9" * 400, "-0", "0.1e-400", "9" * 4_400, "1E+310", "NaN", "Infinity", "01", "-")
ODD_TEXTS = (r'"\ud800"', r'"\udc00\ud800"', '"\x00"', r'"\u0000"', '"\xff"', r'"\q"', '"', '""', '"}"', '"},{"')
KEYS = (
    *("id", "type", "client_id", "start_date_time", "start_time", "complete_time", "duration", "complete", "status"),
    *("size", "sid", "system_id", "start_epoch", "restored_backup_type", "vm_ware_template", "app_id", "x", ""),
    *("backups", "data", "BackupStatus", "result", "message", "auth_token", "timeout"),
)
TIMES = (
    "10/14/2014 09:32 am",
    "11/02/2025 01:30 am",
    "11/02/2025 01:30:15 am",
    "99/99/9999 99:99 pm",
    "12/30/2011 5:00",
)
raw_json = st.recursive(
    st.sampled_from(
        [*ODD_NUMBERS, *ODD_TEXTS, "null", "true", "false", "1", "[", "{", "]", "}", ",", *map(json.dumps, TIMES)]
    )
    | st.integers().map(str)
    | st.floats().map(str)
    | st.text(max_size=8).map(json.dumps),
    lambda inner: (
        st.lists(inner, max_size=4).map(lambda parts: "[" + ",".join(parts) + "]")
        | st.lists(st.tuples(st.sampled_from(KEYS), inner), max_size=6).map(
            lambda parts: "{" + ",".join(f'"{key}":{value}' for key, value in parts) + "}"
        )
    ),
    max_leaves=12,
)
"""Text that is nearly JSON, and mostly JSON."""


E = TypeVar("E", bound=Exception)


def raised(kind: type[E], call: Callable[[], object]) -> E | None:
    """The documented error of a call; every other one goes on and fails the test."""
    try:
        call()
    except kind as error:
        return error
    return None


@st.composite
def bodies(draw: st.DrawFn) -> bytes:
    """Replies: nearly lists, lists of nearly rows, good lists with a wound, and noise."""
    kind = draw(st.integers(0, 4))
    if kind == 0:
        return draw(st.binary(max_size=200))
    if kind == 1:
        return draw(raw_json).encode("latin-1", "replace")
    if kind == 2:
        rows = draw(st.lists(raw_json, max_size=5))
        head = draw(st.sampled_from(['{"backups":[', '{"data":[', "[", '{"BackupStatus":[', '\ufeff{"backups":[']))
        return (head + ",".join(rows) + ("]}" if "{" in head else "]")).encode("utf-8", "replace")
    row: dict[str, Any] = dict(draw(st.sampled_from(ROWS)))
    good = json.dumps({"backups": [row, {**row, draw(st.sampled_from(KEYS)): 171717}]}).encode()
    good = good.replace(b"171717", draw(raw_json).encode("utf-8", "replace"))
    if kind == 3:
        return good
    at = draw(st.integers(0, len(good) - 1))
    return good[:at] + draw(st.binary(max_size=3)) + good[at + draw(st.integers(0, 3)) :]


@given(bodies(), st.sampled_from(ZONES), st.sampled_from([None, 1]))
@example(b'{"backups":[{"a":1}],"backups":[{"b":2},{"c":3}]}', ZONES[0], None)
@example(b'{"backups":[{"a":"},{"} , {"b":1}]}', ZONES[0], None)
@example(b"[" * 100_000, ZONES[0], None)
@example(b'{"backups":' + b"[" * 100_000 + b"]" * 100_000 + b"}", ZONES[0], None)
def test_a_list_is_read_or_is_a_fetch_error(body: bytes, zone: ApplianceZone, remote: int | None) -> None:
    """What is read is whole JSON with our stamp in front of each row, and an index can be built on it."""
    stamper = Stamper(7, "fuzz", zone, remote)
    error = raised(FetchError, lambda: list(stamper.read(body)))
    if error is not None:
        assert error.kind in ("bad_reply", "appliance_error")
        return
    backups = stamper.build.done()
    rows = backups.rows()
    assert b",".join(rows) == backups.body
    for row in rows:
        assert row.startswith(b'{"system_id":7,"system_name":"fuzz","start_epoch":')
        parsed = json.loads(row, parse_int=lambda text: int(text[:400]))
        assert parsed["system_id"] == 7
    ListIndex(backups).ids()
    ListIndex(backups).asked(Asked(client_id=1, start=Window(0, 10), finish=Window(5, None)), None)


@given(bodies())
@example(b'{"auth_token":"a","timeout":' + b"9" * 400 + b"}")
@example(b'{"auth_token":"a","timeout":1e308}')
def test_other_replies_are_read_or_are_a_fetch_error(body: bytes) -> None:
    """Objects, messages, logins; what is said is short and visible."""
    said = wire.said_message(body)
    assert said is None or (len(said) <= 200 and said.isprintable())
    error = raised(FetchError, lambda: wire.read_object(body))
    assert error is None or error.kind == "bad_reply"
    for status in (200, 201, 401, 500):
        try:
            token, timeout = session._read_login(Reply(status, body, None, None), 0.0)
        except FetchError:
            continue
        assert token.isascii()
        assert token.isprintable()
        assert math.isfinite(timeout)
        assert timeout >= 0


@given(st.text(max_size=30) | st.sampled_from(TIMES) | st.from_regex(r"\d\d/\d\d/\d{4}.\d\d:\d\d.{0,8}"))
@example("01/01/0001 12:00 am")
@example("12/31/9999 11:59 pm")
@example("٠١/٠١/٢٠٢٥ 01:00 am")
def test_dates_are_read_or_are_none(text: str) -> None:
    """In every zone, and back."""
    day = dates.parse_day(text)
    if day is not None:
        assert dates.format_day(day) == text
        for zone in ZONES:
            assert zone.day_start(day) <= zone.day_end(day)
    local = dates.parse_local(text)
    if local is not None:
        assert dates.parse_local(dates.format_local(local)) is not None
    for zone in ZONES:
        moment = zone.moment(text)
        assert moment is None or (0 <= moment.span < 2**16 and -(2**62) < moment.epoch < 2**62)


@given(st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=20) | st.lists(st.integers()))
@example("9" * 5_000)
@example("9" * 12 + ":59:59")
@example(float("nan"))
@example(float("inf"))
@example(10**400)
def test_durations_are_read_or_are_none(value: object) -> None:
    """Whole seconds that can be added to a time and written."""
    seconds = dates.parse_duration(value)
    if seconds is not None:
        assert 0 <= seconds < 2**62
        assert dates.parse_duration(dates.format_duration(seconds)) in (seconds, None)


@given(st.text(max_size=60) | st.from_regex(r"[A-Z][a-z]{2}, \d\d [A-Z][a-z]{2} \d{4} \d\d:\d\d:\d\d [A-Z+\-0-9]{3,5}"))
@example("Mon, 01 Jan 0000 00:00:00 GMT")
@example("Fri, 31 Dec 9999 23:59:59 -2359")
@example("Mon, 01 Jan 2024 00:00:00 +9999999999")
@example("1 Jan")
@example("٣")
@example("²")
def test_http_dates_and_waits_are_read_or_have_a_default(text: str) -> None:
    """A wait is never longer than five minutes, never negative, never no number."""
    date = transport.http_date(text)
    assert date is None or math.isfinite(date)
    for now in (0.0, 2e9, date or 0.0):
        wait = transport.retry_after(text, now)
        assert wait is not None
        assert 0 <= wait <= 300


@given(st.binary(max_size=300))
def test_certificates_are_read_or_are_endless(data: bytes) -> None:
    """Odd DER is no reason to refuse a pinned certificate."""
    assert transport._end_of(data) == math.inf


@given(bodies() | raw_json.map(lambda text: text.encode("utf-8", "surrogatepass")))
@example(b'{"system_id":' + b"9" * 5_000 + b"}")
@example(b'{"max_age":1e999}')
@example(b'{"type":"\\ud800"}')
@example(b"[" * 100_000)
@example(EMPTY.body)
def test_a_question_is_read_or_is_a_400(body: bytes) -> None:
    """A body of any bytes; what is said of it names a field and is visible."""
    for parse in (query.parse_body, query.read_json):
        error = raised(RequestError, lambda parse=parse: parse(body))
        assert error is None or (error.status == 400 and error.message.isprintable() and error.field is not None)


PAIRS = st.lists(st.tuples(st.sampled_from(query.KEYS) | st.text(max_size=8), st.text(max_size=12)), max_size=4)
VALUES = st.lists(st.tuples(st.sampled_from(query.KEYS), raw_json), max_size=4)


@given(PAIRS, VALUES)
def test_a_question_in_two_parts_is_read_or_is_a_400(
    pairs: list[tuple[str, str]], values: list[tuple[str, str]]
) -> None:
    """Body and query string together."""
    body = "{" + ",".join(f'"{key}":{value}' for key, value in values) + "}"
    for parse in (
        lambda: query.parse_query_string(pairs).filter.at(ZONES[1]),
        lambda: query.parse_body(body.encode("utf-8", "surrogatepass"), pairs).filter.at(ZONES[1]),
    ):
        error = raised(RequestError, parse)
        assert error is None or (error.status == 400 and error.message.isprintable() and error.field is not None)
