"""Local times of an appliance stand for the instants that they hide, in every zone and on both clock changes."""

from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gateway.dates import (
    ApplianceZone,
    LocalTime,
    Moment,
    format_day,
    format_duration,
    format_local,
    iso_utc,
    parse_day,
    parse_duration,
    parse_local,
)
from gateway.simulator.dialects import clock_duration, wall_clock
from gateway.simulator.zones import local_day, zone_changes

ZONES = (
    *("America/New_York", "Europe/Berlin", "Australia/Lord_Howe", "America/Santiago", "Asia/Kathmandu"),
    *("America/St_Johns", "UTC", "Asia/Beirut", "America/Havana", "Africa/Casablanca"),
)
READERS = {name: ApplianceZone(name) for name in ZONES}
SINCE = int(datetime(2012, 6, 1, tzinfo=UTC).timestamp())
UNTIL = int(datetime(2027, 6, 1, tzinfo=UTC).timestamp())
CHANGES = {name: [at for at, _ in zone_changes(SINCE, UNTIL, ZoneInfo(name))] for name in ZONES}
HOUR = 3600


@st.composite
def zoned_instants(draw: st.DrawFn) -> tuple[str, int]:
    """A zone and an instant, half of the time within three hours of one of the zone's changes."""
    name = draw(st.sampled_from(ZONES))
    changes = CHANGES[name]
    if changes and draw(st.booleans()):
        return name, draw(st.sampled_from(changes)) + draw(st.integers(-3 * HOUR, 3 * HOUR))
    return name, draw(st.integers(SINCE, UNTIL))


def alike(epoch: int, name: str, *, seconds: bool) -> list[int]:
    """Every second of the surrounding hours that the clock of that zone shows as the same text, earliest first."""
    zone = ZoneInfo(name)
    shown = wall_clock(epoch, zone, seconds=seconds)
    second = epoch % 60
    near = [epoch + step for step in range(-2 * HOUR, 2 * HOUR + 1, 900)]
    if not seconds:
        near = [instant - second + within for instant in near for within in range(60)]
    return sorted({instant for instant in near if wall_clock(instant, zone, seconds=seconds) == shown})


@given(zoned_instants(), st.booleans())
def test_a_text_stands_for_exactly_the_instants_at_which_the_clock_shows_it(
    place: tuple[str, int], seconds: bool
) -> None:
    name, epoch = place
    text = wall_clock(epoch, ZoneInfo(name), seconds=seconds)
    meant = alike(epoch, name, seconds=seconds)
    assert READERS[name].moment(text) == Moment(meant[0], meant[-1] - meant[0])
    assert meant[0] <= epoch <= meant[-1]


def test_a_repeated_hour_is_read_as_its_earlier_instant() -> None:
    first = int(datetime(2025, 10, 26, 0, 30, tzinfo=UTC).timestamp())
    assert READERS["Europe/Berlin"].moment("10/26/2025 02:30:00 am") == Moment(first, HOUR)


def test_a_minute_without_seconds_is_read_as_its_first_second() -> None:
    first = int(datetime(2014, 10, 14, 13, 32, tzinfo=UTC).timestamp())
    assert READERS["America/New_York"].moment("10/14/2014 09:32 am") == Moment(first, 59)


def test_half_an_hour_is_repeated_on_lord_howe() -> None:
    moment = READERS["Australia/Lord_Howe"].moment("04/06/2025 01:45:00 am")
    assert moment is not None
    assert moment.span == 1800


def test_a_time_that_the_clock_skipped_still_is_one_instant() -> None:
    assert READERS["Europe/Berlin"].moment("03/30/2025 02:30:00 am") == Moment(1_743_298_200, 0)


@pytest.mark.parametrize(
    ("text", "same"),
    [
        ("10/14/2014 12:05 am", "10/14/2014 00:05"),
        ("10/14/2014 12:05 pm", "10/14/2014 12:05"),
        ("10/14/2014 09:32:15 PM", "10/14/2014 21:32:15"),
        ("06/05/2026 12:00:32 am", "06/05/2026 00:00:32"),
    ],
)
def test_twelve_hours_and_twenty_four_mean_the_same(text: str, same: str) -> None:
    assert READERS["UTC"].moment(text) == READERS["UTC"].moment(same) is not None


@given(
    st.sampled_from(ZONES),
    st.dates(date(1990, 1, 1), date(2030, 1, 1)),
    st.integers(0, 14),
    st.integers(0, 61),
    st.none() | st.integers(0, 61),
    st.sampled_from(["am", "pm", "AM", "PM", "Am", "xm"]),
)
def test_the_quick_way_and_the_long_way_agree(
    name: str, day: date, hour: int, minute: int, second: int | None, half: str
) -> None:
    clock = f"{hour:02}:{minute:02}" + ("" if second is None else f":{second:02}")
    text = f"{format_day(day)} {clock} {half}"
    assert READERS[name].moment(text) == READERS[name].moment(" " + text)  # the space forbids the quick way


@given(
    st.sampled_from(["10/14/2014 09:32 am", "06/05/2026 12:00:32 pm"]),
    st.integers(0, 21),
    st.characters() | st.sampled_from("0123456789 /:apm²٣"),
)
def test_no_single_odd_character_tells_the_quick_way_from_the_long_one(text: str, place: int, odd: str) -> None:
    spoilt = text[:place] + odd + text[place + 1 :]
    assert READERS["Asia/Kathmandu"].moment(spoilt) == READERS["Asia/Kathmandu"].moment(f" {spoilt}")


@given(st.text(alphabet="0123456789/: apmAPMT.\n²x", max_size=24) | st.text(max_size=24))
def test_no_text_at_all_makes_the_reader_fail(text: str) -> None:
    moment = READERS["America/New_York"].moment(text)
    assert (moment is None) == (parse_local(text) is None)


@pytest.mark.parametrize(
    "text",
    [
        *("", "n/a", "10/14/2014", "09:32 am", "13/01/2020 09:00 am", "02/30/2020 09:00 am", "00/10/2020 09:00 am"),
        *("10/14/2014 13:00 pm", "10/14/2014 00:00 am", "10/14/2014 24:00", "10/14/2014 09:60 am", "10/14/0000 09:00"),
        *("10/14/2014 09:32:60 am", "10-14-2014 09:32 am", "2014-10-14 09:32:15", "10/14/2014 09:32 am x"),
        *("1\u06610/14/2014 09:32 am", "10/14/2014 09:32:²² am", "10/14/2014 09:32:15Xam", "10/14/2014 09:32Xam"),
    ],
)
def test_a_malformed_time_is_no_time(text: str) -> None:
    assert READERS["Europe/Berlin"].moment(text) is None


def test_a_clock_once_put_back_by_most_of_a_day_is_no_failure() -> None:
    moment = ApplianceZone("Pacific/Kwajalein").moment("09/30/1969 09:32 am")
    assert moment is None or moment.span < 2**16


@given(st.dates(date(2012, 6, 1), date(2027, 6, 1)), st.sampled_from(ZONES))
def test_a_day_is_exactly_the_instants_whose_local_date_it_is(day: date, name: str) -> None:
    reader, zone = READERS[name], ZoneInfo(name)
    start, end = reader.day_start(day), reader.day_end(day)
    assert [local_day(instant, zone) for instant in (start, end)] == [day, day]
    assert (local_day(start - 1, zone), local_day(end + 1, zone)) == (day - timedelta(1), day + timedelta(1))


@pytest.mark.parametrize("name", [name for name in ZONES if CHANGES[name]])
def test_a_day_on_which_the_clock_changes_is_whole(name: str) -> None:
    reader, zone = READERS[name], ZoneInfo(name)
    for change in CHANGES[name]:
        day = local_day(change, zone)
        midnight = datetime(day.year, day.month, day.day, tzinfo=zone).timestamp()
        following = day + timedelta(1)
        next_midnight = datetime(following.year, following.month, following.day, tzinfo=zone).timestamp()
        assert (reader.day_start(day), reader.day_end(day)) == (midnight, next_midnight - 1)


def test_the_last_day_of_the_calendar_has_an_end() -> None:
    reader = READERS["Asia/Kathmandu"]
    assert reader.day_end(date.max) - reader.day_start(date.max) == 86_399


@given(st.dates())
def test_a_day_reads_back_as_it_was_written(day: date) -> None:
    assert parse_day(format_day(day)) == day


@pytest.mark.parametrize(
    "text",
    ["", "1/2/2020", "02/30/2020", "2020-01-02", "01/02/20", " 01/02/2020", "01/02/2020\n", "13/01/2020", "01/02/0000"],
)
def test_a_malformed_day_is_no_day(text: str) -> None:
    assert parse_day(text) is None


@given(st.datetimes(datetime(1970, 1, 1), datetime(2100, 1, 1)))
def test_a_written_local_time_reads_back_to_the_minute(when: datetime) -> None:
    local = LocalTime(when.date(), when.hour, when.minute, when.second)
    assert parse_local(format_local(local)) == local._replace(second=None)


@given(st.integers(0, 10**9))
def test_a_duration_reads_back_from_every_form(seconds: int) -> None:
    assert format_duration(seconds) == clock_duration(seconds)
    forms = (seconds, float(seconds), str(seconds), f" {seconds} ", format_duration(seconds))
    assert {parse_duration(form) for form in forms} == {seconds}


def test_hours_of_a_duration_may_pass_99() -> None:
    assert parse_duration("100:00:01") == 360_001


@pytest.mark.parametrize(
    "value",
    [
        *("", "n/a", "N/A", "-1", "1:60:00", "1:00:60", "12:30", "1:2:3:4", "²", "1.5", "9" * 5000, "1e3", ":", "::"),
        *(None, True, False, -1, -0.5, float("nan"), float("inf"), [28], {}),
    ],
)
def test_what_tells_no_duration_is_none(value: object) -> None:
    assert parse_duration(value) is None


def test_an_instant_is_shown_in_utc_to_the_second() -> None:
    assert iso_utc(1_795_518_000.9) == "2026-11-24T11:00:00Z"
