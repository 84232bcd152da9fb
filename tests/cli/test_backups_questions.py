"""Every key of a question is a flag, and a flag asks what the key asks (contract sections 2, 5.1 and 5.2)."""

import json
from typing import Any

import pytest

from gateway.question.query import KEYS
from tests.cli.asking import ask
from tests.gateway.conftest import Make
from tests.gateway.live import small
from tests.gateway.processes import run

SPECS = [
    small(1, customer="Acme", tags=("gold",)),
    small(2, customer="Globex", tags=("gold", "dr")),
    small(3, customer="Acme"),
]

QUESTIONS: list[tuple[str, dict[str, Any]]] = [
    ("--system-id 1", {"system_id": 1}),
    ("--system-id 1,3", {"system_id": [1, 3]}),
    ("--system-id 3 --system-id 1", {"system_id": [1, 3]}),
    ("--sid 2", {"sid": 2}),
    ("--client-id 1", {"client_id": 1}),
    ("--instance-id 22", {"instance_id": 22}),
    ("--type Incremental,restore", {"type": ["Incremental", "restore"]}),
    ("--start-time 1", {"start_time": 1}),
    ("--end-time 9999999999", {"end_time": 9_999_999_999}),
    ("--start-day 01/02/2020", {"start_day": "01/02/2020"}),
    ("--end-day 01/02/2020", {"end_day": "01/02/2020"}),
    ("--finish-interval-start 1", {"finish_interval_start": 1}),
    ("--finish-interval-end 9999999999", {"finish_interval_end": 9_999_999_999}),
    ("--start-hours 24", {"start_hours": 24}),
    ("--end-hours 12", {"end_hours": 12}),
    ("--backup-ids ID", {"backup_ids": ["ID"]}),
    ("--status Failure --status warning", {"status": ["Failure", "Warning"]}),
    ("--customer Acme", {"customer": "Acme"}),
    ("--tag dr", {"tag": "dr"}),
    ("--require all", {"require": "all"}),
    ("--require 2", {"require": 2}),
    ("--require 1,2", {"require": [1, 2]}),
    ("--max-age 3600.5", {"max_age": 3600.5}),
    ("--max-stale 60", {"max_stale": 60}),
    ("--deadline 5", {"deadline": 5}),
    ("--order-by start_epoch --order-direction desc", {"order_by": "start_epoch", "order_direction": "desc"}),
    ("--fields client_name,status --fields size", {"fields": ["client_name", "status", "size"]}),
    ("--page-size 7 --page-number 2", {"page_size": 7, "page_number": 2}),
]


async def test_every_key_of_a_question_is_a_flag_of_the_same_name():
    shown = (await run("backups", "--help", COLUMNS="200")).out
    assert [key for key in KEYS if f"--{key.replace('_', '-')} " not in shown] == []


def test_every_key_is_asked_below():
    asked = {key for _, body in QUESTIONS for key in body} | {"format", "cursor"}
    assert asked == set(KEYS)


async def test_a_flag_asks_what_its_key_asks(gateway_over: Make):
    client = await gateway_over(SPECS)
    first = (await client.post({"system_id": 1})).rows[0]
    for flags, body in QUESTIONS:
        spelled = flags.replace("ID", str(first["id"])) if "backup_ids" in body else flags
        wanted = body | ({"backup_ids": [first["id"]]} if "backup_ids" in body else {})
        answer = await client.post(wanted)
        outcome = await ask(client, "backups", "-o", "json", *spelled.split())
        assert outcome.code == 0, (flags, outcome.err)
        assert json.loads(outcome.out)["backups"] == answer.rows, flags


async def test_a_cursor_goes_on_where_its_page_ended(gateway_over: Make):
    client = await gateway_over(2)
    rows = (await client.post()).rows
    for form in ("json", "csv"):
        first = await ask(client, "backups", "--page-size", "40", "-o", form)
        cursor = first.err.rpartition("--cursor ")[2].strip()
        second = await ask(client, "backups", "--cursor", cursor, "-o", "json")
        assert second.code == 0, second.err
        assert json.loads(second.out)["backups"] == rows[40:]
        assert "--cursor" not in second.err


async def test_ids_of_a_thousand_backups_fit_into_one_question(gateway_over: Make):
    client = await gateway_over(1)
    named = [row["id"] for row in (await client.post()).rows if "id" in row]
    ids = set(named)
    many = ",".join(map(str, [*ids, *range(10**15, 10**15 + 1000 - len(ids))]))
    outcome = await ask(client, "backups", "--backup-ids", many, "-o", "ndjson")
    assert outcome.code == 0, outcome.err
    assert len(outcome.out.splitlines()) == len(named) + 2


@pytest.mark.parametrize(
    ("flags", "said"),
    [
        ("--start-hours -1", "start_hours: must be a whole number"),
        ("--cursor -x", "cursor"),
        ("--start-hours x", "start_hours"),
        ("--status Broken", "Broken is no status"),
        ("--system-id 9", "there is no system 9"),
        ("--system-id ,", "system_id"),
        ("--start-hours 1 --start-hours 2", "--start-hours: given twice"),
        ("--sid 1 --system-id 1", "sid"),
        ("-o ndjson --order-by id", "order_by"),
        ("--start-hour 1", "--start-hours"),
        ("-o xml", "xml"),
        ("--timeout 0", "--timeout"),
    ],
)
async def test_a_question_that_is_none_exits_2_and_says_why(gateway_over: Make, flags: str, said: str):
    client = await gateway_over(1)
    outcome = await ask(client, "backups", *flags.split())
    assert (outcome.code, outcome.out) == (2, "")
    assert said in outcome.err
    assert "Traceback" not in outcome.err
