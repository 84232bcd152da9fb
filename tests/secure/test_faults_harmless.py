"""Rows of the fault matrix after which an answer is still good: odd, but understood."""

import asyncio
import contextlib
import json
import time
from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime
from typing import Any

import pytest

from gateway.simulator import Appliance, ApplianceSpec, Farm, Fault
from gateway.simulator.replies import EXPIRED_TEXT
from tests.secure.faulty import ROWS as RAW_ROWS
from tests.secure.faulty import Faulty, http, listing
from tests.secure.support import CALM, Site, config_text, site_of, system_table

ODD: tuple[tuple[int, str, dict[str, Any], Fault | None, list[str]], ...] = (
    (21, "JSON as text/html", {}, Fault("content_type"), []),
    (21, "JSON as nothing known", {}, Fault("content_type", content_type="x/y"), []),
    (29, "keys twice", {}, Fault("duplicate_keys"), []),
    (30, "ids as strings, flags as 0 and 1", {"loose_types": True}, None, []),
    (33, "a byte order mark", {}, Fault("bom"), []),
    (46, "a clock that is ahead", {"clock": lambda: time.time() + 86_400}, None, ["clock_skew"]),
    (46, "a clock that is behind", {"clock": lambda: time.time() - 3600}, None, ["clock_skew"]),
    (36, "401 once", {}, Fault("unauthorized", count=1), []),
    (36, "401 once, as HTTP 500", {}, None, []),
    (50, "cookies", {}, Fault("cookies"), []),
)


@contextlib.asynccontextmanager
async def one(**spec: Any) -> AsyncIterator[tuple[Site, Appliance]]:
    """A gateway over one appliance."""
    async with Appliance(ApplianceSpec(name="one", **{"rows": 10, **spec})) as appliance:
        text = config_text([system_table(1, appliance)], tables=CALM)
        async with site_of(text) as site:
            yield site, appliance


@pytest.mark.parametrize("dialect", ["wiki-2015", "10.x"])
@pytest.mark.parametrize(("row", "name", "spec", "fault", "warnings"), ODD, ids=lambda value: str(value)[:30])
async def test_an_odd_answer_is_taken(
    row: int, name: str, spec: dict[str, Any], fault: Fault | None, warnings: list[str], dialect: Any
) -> None:
    """State ok, every row, the warning where one is due; the same when it is asked again."""
    async with one(rows=40, dialect=dialect, **spec) as (site, appliance):
        if row == 36:  # a token that was good once
            await site.ask()
        if fault is None:
            appliance.sessions.revoke_all()
        if fault is not None:
            await appliance.inject(fault)
        for answer in (await site.anew(), await site.anew()):
            assert answer.status == 200, answer.body
            entry = answer.systems[1]
            assert (entry["state"], entry["rows"], entry["error"]) == ("ok", 40, None)
            assert entry["warnings"] == warnings
        assert appliance.counters.logins <= 2
        assert not any(request.header("Cookie") for request in appliance.requests)


@pytest.mark.parametrize(
    "fault",
    [Fault("unauthorized", count=1), Fault("error", count=1, text=EXPIRED_TEXT)],
    ids=lambda fault: fault.mode,
)
async def test_a_refusal_of_the_very_first_call_costs_one_replay_and_no_other_login(fault: Fault) -> None:
    """Row 36 with nothing held and nobody logged in: the token is as new as can be."""
    async with one() as (site, appliance):
        await appliance.inject(fault)
        answer = await site.ask()
        assert (answer.status, answer.systems[1]["state"]) == (200, "ok"), answer.body
        assert (appliance.counters.logins, appliance.counters.list_calls) == (1, 2)


RAW: tuple[tuple[str, object, dict[str, object], int, list[str]], ...] = (
    ("one of 200 rows is a text", [*RAW_ROWS * 10, "row"], {}, 200, ["dropped_rows"]),
    ("one of 200 rows is null", [None, *RAW_ROWS * 10], {}, 200, ["dropped_rows"]),
    ("keys that nobody knows", [{**RAW_ROWS[0], "x": {"y": [1, {"z": None}]}, "": 0}], {}, 1, []),
    ("rows of another system", [{**RAW_ROWS[0], "sid": 9}, *RAW_ROWS], {"remote_system_id": 1}, 20, ["foreign_sid"]),
    (
        "rows of a child, as the details name it",
        [{**RAW_ROWS[0], "system_id": 2, "system_name": "child"}, *({**row, "system_id": 1} for row in RAW_ROWS)],
        {"remote_system_id": 1},
        20,
        ["foreign_sid"],
    ),
    ("rows of this system", [{**row, "sid": 1} for row in RAW_ROWS], {"remote_system_id": 1}, 20, []),
    ("rows of this system, as texts", [{**row, "sid": "1"} for row in RAW_ROWS], {"remote_system_id": 1}, 20, []),
    ("rows of an odd system", [{**row, "sid": [1]} for row in RAW_ROWS], {"remote_system_id": 1}, 0, ["foreign_sid"]),
    ("rows that claim to be stamped", [{**RAW_ROWS[0], "system_id": 2, "system_name": "x"}], {}, 1, []),
    ("two rows of one id", [RAW_ROWS[0], RAW_ROWS[0]], {}, 2, []),
    ("a row without anything", [{}], {}, 1, []),
    ("ids as texts", [{**row, "id": str(row["id"]), "client_id": "7"} for row in RAW_ROWS], {}, 20, []),
)


@pytest.mark.parametrize(("name", "rows", "system", "count", "warnings"), RAW, ids=lambda value: str(value)[:40])
async def test_odd_rows_are_shown_or_left_out_but_never_spoil_the_others(
    name: str, rows: object, system: dict[str, object], count: int, warnings: list[str]
) -> None:
    """What a row says of its system never counts: the stamp is ours."""
    async with Faulty() as faulty, site_of(config_text([faulty.system(**system)], tables=CALM)) as site:
        faulty.reply = http(listing(rows))
        await faulty.switch("raw")
        answer = await site.ask()
        entry = answer.systems[1]
        assert (entry["state"], entry["rows"], entry["warnings"]) == ("ok", count, warnings)
        shown = answer.json()["backups"]
        assert all((row["system_id"], row["system_name"]) == (1, "faulty") for row in shown)
        assert answer.body.count(b'"system_id":') == count + 1
        if name == "ids as texts":
            assert len((await site.ask({"client_id": 7})).json()["backups"]) == count
            assert len((await site.ask({"backup_ids": [100, 101]})).json()["backups"]) == 2
            assert json.loads(answer.body)["backups"][0]["id"] == "100"


async def test_rows_outside_the_question_are_filtered_again() -> None:
    """Row 35: an appliance that passes a filter by in silence changes no answer."""
    others = [{**row, "client_id": 8, "id": 500 + place} for place, row in enumerate(RAW_ROWS)]
    async with Faulty() as faulty, site_of(config_text([faulty.system()], tables=CALM)) as site:
        faulty.reply = http(listing([*RAW_ROWS, *others]))
        await faulty.switch("raw")
        for body in (
            {"client_id": 8},
            {"backup_ids": [500, 501]},
            {"start_day": "10/03/2025", "end_day": "10/03/2025"},
        ):
            answer = await site.anew(body)
            wanted = [row for row in [*RAW_ROWS, *others] if _matches(row, body)]
            assert [row["id"] for row in answer.json()["backups"]] == [row["id"] for row in wanted]
            assert answer.systems[1]["warnings"] == ["filtered_rows"]


async def test_rows_that_began_before_the_asked_hours_are_filtered_again() -> None:
    """Row 35 for a window that slides: by the clock of the appliance, where its answer tells it."""
    now = datetime.now(UTC)  # a clock that is years away from ours would count as none
    date = f"Date: {format_datetime(now, usegmt=True)}\r\n"
    rows = [
        {**RAW_ROWS[0], "id": number, "start_date_time": (now - timedelta(hours=hours)).strftime("%m/%d/%Y %I:%M %p")}
        for number, hours in ((1, 0.5), (2, 1.5), (3, 24 * 4000))
    ]
    async with (
        Faulty() as faulty,
        site_of(config_text([{**faulty.system(), "timezone": "UTC"}], tables=CALM)) as site,
    ):
        for more, ids in ((date, [1]), ("", [1, 2, 3])):
            faulty.reply = http(listing(rows), more=more)
            await faulty.switch("raw")
            answer = await site.anew({"start_hours": 1})
            assert [row["id"] for row in answer.json()["backups"]] == ids


def _matches(row: dict[str, object], body: dict[str, Any]) -> bool:
    if "client_id" in body:
        return row["client_id"] == body["client_id"]
    if "backup_ids" in body:
        return row["id"] in body["backup_ids"]
    return str(row["start_date_time"]).startswith("10/03/2025")


NUMBERS = ("1e999", "-1e400", "9" * 5_000, "9" * 400 + ".5", "9" * 400)


@pytest.mark.parametrize("key", ["id", "client_id", "size", "duration", "files", "sync_size", "unheard_of"])
async def test_a_number_that_nothing_can_hold_is_never_a_500(key: str) -> None:
    """Row 27, in every question that looks at the number: a filter, an order, some fields."""
    async with Faulty() as faulty, site_of(config_text([faulty.system()], tables=CALM)) as site:
        await faulty.switch("raw")
        for number in NUMBERS:
            text = json.dumps({"backups": [{**row, key: 17_171_717} for row in RAW_ROWS]})
            faulty.reply = http(text.replace("17171717", number, 1).encode())
            for more in ({}, {"client_id": 7}, {"fields": [key]}, {"backup_ids": [101]}, {"order_by": key}):
                if "order_by" in more and len(number) > 4_300:
                    continue  # see the next test
                answer = await site.anew(more)
                assert answer.status in (200, 502, 503), f"{number[:9]} {more}: {answer.body[:200]!r}"
                entry = _with_any_number(answer.body)["systems"][0]
                assert entry["state"] == "ok" or entry["error"]["kind"] in ("bad_reply", "breaker_open")


async def test_an_order_by_a_column_of_endless_integers_is_no_500() -> None:
    """The same for the one question that must read the number itself."""
    async with Faulty() as faulty, site_of(config_text([faulty.system()], tables=CALM)) as site:
        faulty.reply = http(listing([*RAW_ROWS, {"id": 1, "files": 17}]).replace(b"17", NUMBERS[2].encode()))
        await faulty.switch("raw")
        assert (await site.ask({"order_by": "files"})).status in (200, 502)


def _with_any_number(body: bytes) -> Any:
    return json.loads(body, parse_int=lambda text: int(text[:400]))


@pytest.mark.parametrize(
    "text", ['{"auth_token":"a","timeout":%s}', '{"auth_token":%s}', '{"result":[{"message":%s}]}']
)
async def test_a_login_with_such_a_number_is_no_500_either(text: str) -> None:
    """A timeout without end is a timeout that is not known."""
    for number in NUMBERS:
        async with Faulty() as faulty, site_of(config_text([faulty.system()], tables=CALM)) as site:
            faulty.login = http((text % number).encode())
            assert (await site.ask()).status in (200, 502)


TOKENS = ("a\x00b", "a\nb", "a\r\nX-Evil: 1", "ä", "😀", " a", "a ", "", "a" * 5_000, "\x7f", "a\tb")


@pytest.mark.parametrize("token", [*TOKENS, 5, None, True, ["a"], {"a": 1}], ids=lambda value: repr(value)[:20])
async def test_a_token_that_no_header_may_carry_is_a_refused_login(token: object) -> None:
    """Row 39: kind auth, and not one list call."""
    async with Faulty() as faulty, site_of(config_text([faulty.system()], tables=CALM)) as site:
        faulty.login = http(json.dumps({"auth_token": token, "timeout": 60}).encode())
        answer = await site.ask()
        assert (answer.status, answer.systems[1]["error"]["kind"]) == (502, "auth")
        assert faulty.requests == 1


async def test_a_session_that_ends_under_fifty_questions_costs_one_login() -> None:
    """Row 38: single flight, however many found out."""
    async with one(rows=100, base_ms=5) as (site, appliance):
        await site.ask()
        appliance.sessions.revoke_all()
        answers = await asyncio.gather(*(site.anew({"client_id": number}) for number in range(50)))
        assert {answer.systems[1]["state"] for answer in answers} == {"ok"}
        assert appliance.counters.logins == 2


@pytest.mark.parametrize(("warm", "state"), [(False, "missing"), (True, "stale")])
async def test_401_for_ever_costs_one_login_and_one_replay(warm: bool, state: str) -> None:
    """Row 37: then neither for 30 seconds, whoever asks."""
    async with one() as (site, appliance):
        if warm:
            await site.ask()
        await appliance.inject("unauthorized")
        calls, logins = appliance.counters.list_calls, appliance.counters.logins
        for _ in range(5):
            entry = (await site.anew()).systems[1]
            assert (entry["state"], entry["error"]["kind"]) == (state, "auth")
            assert entry["error"]["retry_at"] is not None
        assert appliance.counters.list_calls == calls + 2
        assert appliance.counters.logins == logins + 1


async def test_a_crowd_of_questions_that_meets_401_for_ever_costs_one_login() -> None:
    """Row 37: those who wait hear of it before they log in themselves."""
    async with one() as (site, appliance):
        await appliance.inject("unauthorized")
        answers = await asyncio.gather(*(site.ask({"client_id": number}) for number in range(1, 13)))
        assert {answer.systems[1]["error"]["kind"] for answer in answers} == {"auth"}
        assert (appliance.counters.logins, appliance.counters.list_calls) == (1, 4)


@pytest.mark.parametrize(
    "empty", [Fault("empty"), Fault("empty_list"), Fault("body", text='{"backups":null}')], ids=lambda fault: fault.mode
)
async def test_nothing_where_something_was_is_believed_the_second_time(empty: Fault) -> None:
    """Row 19: first the held rows with a warning, then the appliance's word."""
    async with Farm([ApplianceSpec(name="one", rows=10)]) as farm:
        async with site_of(config_text([system_table(1, farm[0])])) as site:
            await site.ask()
            await farm[0].inject(empty)
            first, second = await site.anew(), await site.anew()
            assert (first.systems[1]["state"], first.systems[1]["rows"]) == ("stale", 10)
            assert "suspect_empty" in first.systems[1]["warnings"]
            assert (second.systems[1]["state"], second.systems[1]["rows"]) == ("ok", 0)
        async with site_of(config_text([system_table(1, farm[0])])) as site:
            cold = await site.ask()
            assert (cold.status, cold.systems[1]["state"], cold.systems[1]["rows"]) == (200, "ok", 0)


async def test_a_flapping_appliance_is_answered_for_every_time() -> None:
    """Row 47: 200 with ok or stale; where half of ten calls fail the appliance is left alone for a while."""
    async with one() as (site, appliance):
        await appliance.inject(Fault("error", every=2))
        states = []
        for _ in range(40):
            answer = await site.anew()
            assert answer.status == 200
            states.append(answer.systems[1]["state"])
        assert set(states) == {"ok", "stale"}
        assert states[10:] == ["stale"] * 30
        assert appliance.counters.list_calls == 10
