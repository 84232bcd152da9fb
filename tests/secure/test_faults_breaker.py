"""Rows 41, 48, 49 and 52 of the fault matrix: who is left alone, for how long, and what a broken disk costs."""

import contextlib
import json
import time
from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime
from io import StringIO
from pathlib import Path

import pytest

from gateway.simulator import Appliance, ApplianceSpec
from tests.secure.faulty import Faulty, http
from tests.secure.support import CALM, Ahead, Site, config_text, site_of, system_table


@contextlib.asynccontextmanager
async def one(clock: Ahead, **cache: object) -> AsyncIterator[tuple[Site, Appliance]]:
    """A gateway over one appliance, whose monotonic clock a test may push forward."""
    async with Appliance(ApplianceSpec(name="one", rows=10)) as appliance:
        tables = {**CALM, "cache": {**CALM["cache"], **cache}}
        async with site_of(config_text([system_table(1, appliance)], tables=tables), clock=clock) as site:
            yield site, appliance


async def test_an_open_breaker_answers_at_once_without_a_socket() -> None:
    """Row 49: 503 with Retry-After within the pause of 8 to 12 seconds, in milliseconds, and not one call."""
    clock = Ahead()
    async with one(clock) as (site, appliance):
        await appliance.inject("error")
        for _ in range(5):
            assert (await site.anew()).systems[1]["error"]["kind"] == "appliance_error"
        calls, took = len(appliance.requests), []
        for _ in range(20):
            begun = time.perf_counter()
            answer = await site.anew()
            took.append(time.perf_counter() - begun)
            entry = answer.systems[1]
            assert (answer.status, entry["error"]["kind"]) == (503, "breaker_open")
            assert 1 <= int(answer.headers["Retry-After"]) <= 12
            assert entry["took_ms"] < 5
        assert len(appliance.requests) == calls
        assert sorted(took)[10] < 0.1


async def test_an_appliance_that_comes_back_is_ok_after_one_probe() -> None:
    """Row 48: after the pause exactly one call goes through, however many ask; a failed one doubles the pause."""
    clock = Ahead()
    async with one(clock) as (site, appliance):
        await site.ask()
        await appliance.inject("error")
        for _ in range(5):
            await site.anew()
        pauses = []
        for _ in range(4):
            breaker = site.gateway.systems[next(iter(site.gateway.systems))].guard.breaker
            pauses.append(breaker.open_until - clock())
            clock.by += pauses[-1] + 0.1
            calls = appliance.counters.list_calls
            assert (await site.anew()).systems[1]["error"]["kind"] == "appliance_error"
            assert (await site.anew()).systems[1]["error"]["kind"] == "breaker_open"
            assert appliance.counters.list_calls == calls + 1
        for pause, wanted in zip(pauses, (10, 20, 40, 80), strict=True):
            assert 0.75 * wanted < pause <= 1.2 * wanted
        await appliance.recover()
        clock.by += 200
        assert (await site.anew()).json()["complete"]


RETRY_AFTER = (
    ("7", 1, 7),
    ("100000", 290, 300),
    ("0", 0, 1),
    ("soon", 29, 30),
    ("-5", 29, 30),
    ("1e3", 29, 30),
    ("9" * 400, 290, 300),
    ("Fri, 31 Dec 9999 23:59:59 GMT", 290, 300),
    ("Thu, 01 Jan 1970 00:00:00 GMT", 0, 1),
    ("Fri, 99 Foo 2026 99:99:99 XYZ", 29, 30),
    ("٣", 29, 30),
)


@pytest.mark.parametrize(("wish", "least", "most"), RETRY_AFTER, ids=lambda value: str(value)[:20])
@pytest.mark.parametrize("status", [429, 503])
async def test_a_wish_for_rest_is_granted_within_reason(wish: str, least: int, most: int, status: int) -> None:
    """Row 41: seconds or a date, five minutes at most, half a minute where it cannot be understood."""
    date = format_datetime(datetime.now(UTC), usegmt=True)
    async with Faulty() as faulty, site_of(config_text([faulty.system()], tables=CALM)) as site:
        head = f"HTTP/1.1 {status} x"
        more = f"Date: {date}\r\nRetry-After: ".encode() + wish.encode() + b"\r\n"
        faulty.reply = http(b"{}", head).replace(b"\r\n\r\n", b"\r\n" + more + b"\r\n", 1)
        await faulty.switch("raw")
        answer = await site.ask()
        assert (answer.status, answer.systems[1]["error"]["kind"]) == (503, "overloaded")
        wait = int(answer.headers["Retry-After"])
        assert least <= wait <= max(1, most)
        if least > 1:
            requests = faulty.requests
            assert (await site.anew()).systems[1]["error"]["kind"] == "overloaded"
            assert faulty.requests == requests


@pytest.mark.parametrize(("ahead", "least", "most"), [(100, 90, 101), (-100, 0, 1), (4000, 290, 300)])
async def test_a_wish_until_a_date_of_an_appliance_that_does_not_tell_the_time_is_read_by_our_clock(
    ahead: int, least: int, most: int
) -> None:
    """Row 41: without a Date header there is no other clock."""
    until = format_datetime(datetime.now(UTC) + timedelta(seconds=ahead), usegmt=True)
    async with Faulty() as faulty, site_of(config_text([faulty.system()], tables=CALM)) as site:
        faulty.reply = http(b"{}", "HTTP/1.1 503 x", more=f"Retry-After: {until}\r\n")
        await faulty.switch("raw")
        answer = await site.ask()
        assert (answer.status, answer.systems[1]["error"]["kind"]) == (503, "overloaded")
        assert least <= int(answer.headers["Retry-After"]) <= most


async def test_a_torn_or_strange_snapshot_costs_a_warning(tmp_path: Path, log: StringIO) -> None:
    """Row 52: cut short, overwritten, empty, a folder in its place; the good file beside them is used."""
    folder = tmp_path / "lists"
    async with one(Ahead(), snapshot=str(folder)) as (site, _):
        await site.ask()
        await site.ask({"client_id": 1})
    good = sorted(folder.glob("*.held"))[0]
    whole = good.read_bytes()
    for name, data in (("1-a.held", whole[:-9]), ("1-b.held", b""), ("1-c.held", b"x" * 99), ("1-d.held", whole[:40])):
        (folder / name).write_bytes(data)
    (folder / "1-e.held").mkdir()
    async with one(Ahead(), snapshot=str(folder)) as (site, _):
        assert (await site.ask()).json()["complete"]
    skipped = [json.loads(line)["file"] for line in log.getvalue().splitlines() if "snapshot_skipped" in line]
    assert {"1-a.held", "1-b.held", "1-c.held", "1-d.held", "1-e.held"} <= set(skipped)


async def test_a_folder_that_cannot_be_written_costs_a_warning(tmp_path: Path, log: StringIO) -> None:
    """Row 52: a file where the folder should be."""
    blocked = tmp_path / "lists"
    blocked.write_text("not a folder")
    async with one(Ahead(), snapshot=str(blocked)) as (site, _):
        assert (await site.ask()).json()["complete"]
    assert "snapshot_unreadable" in log.getvalue()
    assert "snapshot_not_written" in log.getvalue()
