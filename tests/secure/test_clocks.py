"""What an appliance shows as its clock: a wrong one is reckoned with, nonsense drops none of its rows (row 46)."""

import time
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime

import pytest

from gateway.sources.transport import http_date
from tests.secure.faulty import ROWS, Faulty, http, listing
from tests.secure.support import CALM, config_text, site_of

DAY = timedelta(days=1)
NONSENSE = {
    "the last year": "Fri, 31 Dec 9999 23:59:59 GMT",
    "an empty battery": "Thu, 01 Jan 1970 00:00:00 GMT",
    "ten years ahead": format_datetime(datetime.now(UTC) + 3653 * DAY, usegmt=True),
    "a year ahead": format_datetime(datetime.now(UTC) + 367 * DAY, usegmt=True),
    "a year behind": format_datetime(datetime.now(UTC) - 367 * DAY, usegmt=True),
}


def begun(*ages: timedelta, now: datetime | None = None) -> bytes:
    """A list of backups that are so old by the clock of an appliance in UTC; ids count from 0."""
    now = datetime.now(UTC) if now is None else now
    times = [(now - age).strftime("%m/%d/%Y %I:%M %p") for age in ages]
    return listing([{**ROWS[0], "id": number, "start_date_time": text} for number, text in enumerate(times)])


@pytest.mark.parametrize("date", NONSENSE.values(), ids=NONSENSE)
async def test_a_date_that_is_no_clock_drops_no_row_and_is_told(date: str) -> None:
    """Rows of two hours ago were older than a day before the year 9999, and gone with the state ok."""
    async with Faulty() as faulty, site_of(config_text([faulty.system()], tables=CALM)) as site:
        faulty.reply = http(begun(timedelta(hours=2)), more=f"Date: {date}\r\n")
        await faulty.switch("raw")
        entry = (await site.ask({"start_hours": 24})).systems[1]
        assert (entry["state"], entry["rows"], entry["warnings"]) == ("ok", 1, ["clock_skew"])


@pytest.mark.parametrize("date", NONSENSE.values(), ids=NONSENSE)
async def test_hours_are_not_reckoned_from_a_date_that_is_no_clock(date: str) -> None:
    """The whole list is held and the appliance is asked all the same: it knows which of its rows are of that day."""
    async with Faulty() as faulty, site_of(config_text([faulty.system()], tables=CALM)) as site:
        faulty.reply = http(begun(timedelta(hours=2), 2 * DAY), more=f"Date: {date}\r\n")
        await faulty.switch("raw")
        assert (await site.ask()).systems[1]["rows"] == 2
        faulty.reply = http(begun(timedelta(hours=2)), more=f"Date: {date}\r\n")
        entry = (await site.ask({"start_hours": 24})).systems[1]
        assert (entry["rows"], entry["source"]) == (1, "appliance")


@pytest.mark.parametrize("days", [-364, -1, 1, 364])
async def test_a_clock_that_is_up_to_a_year_wrong_is_reckoned_with(days: int) -> None:
    """Its hours begin by it: the row of two days before is left out, of a fetched list and of a held one."""
    async with Faulty() as faulty, site_of(config_text([faulty.system()], tables=CALM)) as site:
        clock = datetime.now(UTC) + days * DAY
        reply = begun(timedelta(hours=2), 2 * DAY, now=clock)
        faulty.reply = http(reply, more=f"Date: {format_datetime(clock, usegmt=True)}\r\n")
        await faulty.switch("raw")
        await site.ask()
        narrowed, fetched = await site.ask({"start_hours": 24}), await site.anew({"start_hours": 24})
        for answer, source, warnings in (
            (narrowed, "narrowed", ["clock_skew"]),
            (fetched, "appliance", ["filtered_rows", "clock_skew"]),
        ):
            assert [row["id"] for row in answer.json()["backups"]] == [0]
            assert (answer.systems[1]["source"], answer.systems[1]["warnings"]) == (source, warnings)


@pytest.mark.parametrize("zone", ["America/New_York", "Asia/Kathmandu", "UTC"])
def test_a_date_in_the_form_of_asctime_is_in_utc_wherever_the_gateway_stands(
    zone: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """RFC 9110 section 5.6.7: that form names no zone, and all of them are GMT."""
    try:
        with monkeypatch.context() as patch:
            patch.setenv("TZ", zone)
            time.tzset()
            http_date.cache_clear()
            assert http_date("Sun Nov  6 08:49:37 1994") == 784_111_777
            assert http_date("Sunday, 06-Nov-94 08:49:37 GMT") == 784_111_777
            assert http_date("Sun, 06 Nov 1994 08:49:37 GMT") == 784_111_777
    finally:
        time.tzset()
