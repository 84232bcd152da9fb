"""The forms of `backups`: the gateway's bytes unchanged, streams as they come, a table for people (contract 2)."""

import asyncio
import json
import sys

import pytest
from aiohttp import web

from gateway.simulator import Fault
from tests.cli.asking import ask
from tests.cli.servers import serving
from tests.gateway.conftest import Make
from tests.gateway.live import STATIC_TOKEN, small
from tests.gateway.processes import ROOT, running


@pytest.mark.parametrize("form", ["json", "ndjson", "csv"])
async def test_the_gateways_own_forms_are_passed_on_byte_for_byte(form: str):
    kinds = {"json": "application/json", "ndjson": "application/x-ndjson", "csv": "text/csv"}
    last = b'{"complete":true,"total":1,"systems":[]}'
    body = (
        b'{"backups":[{"system_id" : 1,"x":"\\u00e9\xc3\xa9"}],\r\n' + last[1:]
        if form == "json"
        else b"a\r\n1\n" + last
    )
    asked = []

    async def answered(request: web.Request) -> web.Response:
        asked.append(await request.json())
        return web.Response(body=body, headers={"Content-Type": kinds[form], "X-Gateway-Complete": "true"})

    async with serving(answered) as url:
        arguments = ("-m", "gateway", "backups", "-o", form, "--url", url)
        process = await asyncio.create_subprocess_exec(sys.executable, *arguments, cwd=ROOT, stdout=-1, stderr=-1)
        out, _ = await process.communicate()
    assert (process.returncode, out) == (0, body)
    assert asked == [{"format": form}]


async def test_ndjson_has_the_rows_of_a_fast_system_before_a_slow_one_has_answered(gateway_over: Make):
    client = await gateway_over([small(1), small(2)])
    await client.farm[1].inject("hung")
    environment = {"BACKUP_GATEWAY_URL": client.url, "BACKUP_GATEWAY_TOKEN": STATIC_TOKEN}
    async with running("backups", "-o", "ndjson", "--deadline", "20", **environment) as process:
        line = await process.line(lambda line: line.startswith('{"system":') and line, process.out)
        assert json.loads(line)["system"]["system_id"] == 1
        assert len(process.out) == 31
        assert process.process.returncode is None


async def test_a_stream_that_is_cut_is_partial(gateway_over: Make):
    client = await gateway_over([small(1), small(2)])
    await client.farm[1].inject("hung")
    environment = {"BACKUP_GATEWAY_URL": client.url, "BACKUP_GATEWAY_TOKEN": STATIC_TOKEN}
    outcome = await ask(client, "backups", "-o", "ndjson", "--timeout", "1", **environment)
    assert outcome.code in (1, 4)
    assert "no answer within 1 s" in outcome.err


@pytest.mark.parametrize("form", ["table", "json", "ndjson", "csv"])
async def test_a_reader_that_has_seen_enough_ends_it_quietly(form: str):
    row, last = b'{"system_id":1,"id":1,"client_name":"mail"}', b'"complete":true,"total":1,"systems":[]}'
    bodies = {
        "application/x-ndjson": (row + b"\n") * 40_000 + b"{" + last,
        "application/json": b'{"backups":[' + row + (b"," + row) * 40_000 + b"]," + last,
        "text/csv": b"system_id,id\r\n" + b"1,1\r\n" * 100_000,
    }
    kinds = {"csv": "text/csv", "json": "application/json"}

    async def answered(_: web.Request) -> web.Response:
        kind = kinds.get(form, "application/x-ndjson")
        return web.Response(body=bodies[kind], content_type=kind)

    async with serving(answered) as url:
        command = f"set -o pipefail; {sys.executable} -m gateway backups -o {form} --url {url} | head -c 5"
        shell = await asyncio.create_subprocess_exec("bash", "-c", command, cwd=ROOT, stdout=-1, stderr=-1)
        out, err = await shell.communicate()
    assert (len(out), err, shell.returncode) == (5, b"", 141)


async def test_the_table_in_a_pipe_has_a_line_for_each_row_and_no_colours(gateway_over: Make):
    client = await gateway_over(2)
    rows = (await client.post()).rows
    outcome = await ask(client, "backups", FORCE_COLOR="1")
    lines = outcome.out.splitlines()
    assert outcome.code == 0
    assert "\x1b" not in outcome.out + outcome.err
    assert lines[0].split() == ["SYSTEM", "ASSET", "TYPE", "STATUS", "START", "DURATION", "SIZE"]
    assert len(lines) == 1 + len(rows)
    for line, row in zip(lines[1:], rows, strict=True):
        assert line.startswith(row["system_name"])
        assert f" {row['status']} " in line
        assert row["duration"] in line
    assert outcome.err.startswith("2 of 2 systems answered, oldest data ")


async def test_the_table_shows_the_chosen_fields_in_their_order(gateway_over: Make):
    client = await gateway_over(1)
    outcome = await ask(client, "backups", "--fields", "status,id")
    assert outcome.out.splitlines()[0].split() == ["system_id", "status", "id"]


async def test_the_table_says_in_ascii_what_it_cannot_say_in_signs(gateway_over: Make):
    client = await gateway_over(1)
    outcome = await ask(client, "backups", PYTHONUTF8="0", PYTHONIOENCODING="ascii", LC_ALL="C")
    assert outcome.code == 0
    assert " v Success " in outcome.out
    assert outcome.out.isascii()


async def test_names_that_would_steer_a_terminal_do_not(gateway_over: Make):
    client = await gateway_over(1)
    row = {"id": 1, "client_name": "evil\x1b[31m\u202e", "status": "Success", "start_date_time": "11/24/2026 01:00 am"}
    await client.farm[0].inject(Fault("body", text=json.dumps({"backups": [row]})))
    outcome = await ask(client, "backups")
    assert outcome.code == 0, outcome.err
    assert "evil?[31m?" in outcome.out
    assert "\x1b" not in outcome.out


async def test_no_rows_are_told_with_what_the_nothing_is_worth(gateway_over: Make):
    client = await gateway_over(2)
    outcome = await ask(client, "backups", "--end-day", "01/01/2001")
    assert (outcome.code, outcome.out) == (0, "")
    assert outcome.err.startswith("no backups match; 2 of 2 systems answered")
