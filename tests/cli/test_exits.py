"""How a verb ends: every code of contract section 2, and what is said with it."""

import asyncio
import json
import signal
import socket
from pathlib import Path

import pytest
from aiohttp import web

from gateway.web.load import TOO_MUCH
from gateway.web.respond import SAFE_HEADERS, error_body
from tests.cli.asking import ask
from tests.cli.servers import serving
from tests.gateway.conftest import Make
from tests.gateway.live import STATIC_TOKEN, small
from tests.gateway.processes import run, running

FORMS = ["table", "json", "ndjson", "csv"]


@pytest.mark.parametrize("form", FORMS)
async def test_one_system_that_does_not_answer_makes_it_partial(gateway_over: Make, form: str):
    client = await gateway_over([small(1), small(2, dead=True)])
    outcome = await ask(client, "backups", "-o", form)
    assert outcome.code == 1
    assert outcome.out
    if form == "csv":
        assert "not every system answered" in outcome.err
    else:
        assert "1 of 2 systems answered" in outcome.err
        assert "x site-2 (system 2): missing; refused, the appliance refuses connections; next try" in outcome.err


@pytest.mark.parametrize("form", FORMS)
async def test_all_systems_away_is_4(gateway_over: Make, form: str):
    client = await gateway_over([small(1, dead=True)])
    outcome = await ask(client, "backups", "-o", form)
    assert outcome.code == 4
    assert "Traceback" not in outcome.err


@pytest.mark.parametrize("form", FORMS)
async def test_what_is_required_and_not_met_is_partial_where_some_answered(gateway_over: Make, form: str):
    client = await gateway_over([small(1), small(2, dead=True)])
    outcome = await ask(client, "backups", "-o", form, "--require", "all")
    assert outcome.code == 1
    assert outcome.out


async def test_a_stand_in_is_partial_and_its_age_is_told(gateway_over: Make):
    client = await gateway_over(1)
    await client.post()
    await client.farm[0].inject("refusing")
    outcome = await ask(client, "backups", "--max-age", "0")
    assert outcome.code == 1
    assert "! site-1 (system 1): stale, its last good list is " in outcome.err
    assert "refused" in outcome.err


@pytest.mark.parametrize("verb", [("backups",), ("systems",), ("export", "checkmk")])
async def test_a_refused_token_is_3(gateway_over: Make, verb: tuple[str, ...]):
    client = await gateway_over(1)
    wrong = await ask(client, *verb, BACKUP_GATEWAY_TOKEN="wrong")
    absent = await ask(client, *verb, BACKUP_GATEWAY_TOKEN="")
    assert (wrong.code, wrong.out, absent.code, absent.out) == (3, "", 3, "")
    assert "BACKUP_GATEWAY_TOKEN" in absent.err


@pytest.mark.parametrize("verb", [("backups",), ("systems",), ("export", "checkmk")])
async def test_no_gateway_at_the_address_is_4_and_no_address_2(verb: tuple[str, ...]):
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        closed = await run(*verb, "--url", f"http://127.0.0.1:{taken.getsockname()[1]}")
    unnamed = await run(*verb)
    assert (closed.code, closed.out) == (4, "")
    assert "cannot be reached: Connection refused" in closed.err
    assert (unnamed.code, unnamed.out, len(unnamed.err.splitlines())) == (2, "", 1)
    assert "BACKUP_GATEWAY_URL" in unnamed.err


@pytest.mark.parametrize(
    "url",
    [
        *("gw:8080", "ftp://gw", "http://", "http://u:p@gw", "http://gw?x=1", "http://gw:0"),
        *("http://a..b:8080", f"http://{'a' * 64}.example"),
    ],
)
async def test_what_is_no_address_is_2(url: str):
    outcome = await run("backups", "--url", url)
    assert (outcome.code, outcome.out) == (2, "")
    assert "--url" in outcome.err
    assert "Traceback" not in outcome.err


async def test_a_gateway_that_says_nothing_is_given_up():
    async def silent(_: web.Request) -> web.Response:
        await asyncio.sleep(60)
        return web.Response()

    async with serving(silent) as url:
        outcome = await run("backups", "--url", url, "--timeout", "0.5")
    assert outcome.code == 4
    assert "no answer within 0.5 s" in outcome.err


@pytest.mark.parametrize(
    ("answer", "code", "said"),
    [
        (web.Response(text="<html>"), 4, "no backup-gateway"),
        (web.json_response({"x": 1}), 4, "no backup-gateway"),
        (web.Response(status=307, headers={"Location": "http://elsewhere/"}), 2, "elsewhere"),
        (web.Response(status=502, text="<html>"), 4, "502"),
        (web.Response(status=404, text="<html>"), 2, "404"),
        (web.json_response({"result": [{"message": "too fast"}]}, status=429, headers={"Retry-After": "7"}), 4, "7 s"),
    ],
)
async def test_what_is_no_answer_of_a_gateway_is_told(answer: web.Response, code: int, said: str):
    async def answered(_: web.Request) -> web.Response:
        return answer

    async with serving(answered) as url:
        outcome = await run("backups", "--url", url, "-o", "json" if answer.status == 200 else "table")
    assert outcome.code == code
    assert said in outcome.err
    assert "Traceback" not in outcome.err


@pytest.mark.parametrize(
    "verb",
    [
        *(("backups", "-o", form) for form in FORMS),
        ("backups", "--order-by", "size"),
        ("systems", "-o", "json"),
        ("export", "checkmk"),
    ],
    ids=" ".join,
)
async def test_an_error_of_the_gateway_is_told_on_stderr_and_is_no_data(verb: tuple[str, ...]):
    """It has the status of an answer that falls short, and none of its systems."""

    async def refused(_: web.Request) -> web.Response:
        return web.Response(status=503, body=error_body(503, TOO_MUCH), headers=SAFE_HEADERS | {"Retry-After": "1"})

    async with serving(refused) as url:
        outcome = await run(*verb, "--url", url)
    assert (outcome.code, outcome.out) == (4, "")
    assert TOO_MUCH in outcome.err
    assert len(outcome.err.splitlines()) == 1


async def test_ctrl_c_is_130_and_says_nothing(gateway_over: Make):
    client = await gateway_over([small(1), small(2)])
    await client.farm[1].inject("hung")
    environment = {"BACKUP_GATEWAY_URL": client.url, "BACKUP_GATEWAY_TOKEN": STATIC_TOKEN}
    async with running("backups", "-o", "ndjson", "--deadline", "20", **environment) as process:
        await process.line(lambda line: line.startswith('{"system":'), process.out)
        outcome = await process.end(signal.SIGINT)
    assert outcome.code == 130
    assert "Traceback" not in outcome.err


async def test_a_token_comes_from_a_file_that_nobody_else_can_read(gateway_over: Make, tmp_path: Path):
    client = await gateway_over(1)
    file = tmp_path / "token"
    file.write_text(STATIC_TOKEN + "\n")
    good = await ask(client, "systems", "--token-file", str(file), BACKUP_GATEWAY_TOKEN="wrong")
    absent = await ask(client, "systems", "--token-file", str(tmp_path / "none"))
    both = await ask(client, "systems", "--token-file", str(file), "--token", "x")
    assert (good.code, absent.code, both.code) == (0, 2, 2)


async def test_systems_come_in_every_form(gateway_over: Make):
    client = await gateway_over(2)
    await client.post()
    forms = {form: await ask(client, "systems", "-o", form) for form in FORMS}
    assert {outcome.code for outcome in forms.values()} == {0}
    listed = json.loads(forms["json"].out)["systems"]
    assert [system["system_name"] for system in listed] == ["site-1", "site-2"]
    assert [json.loads(line)["system_id"] for line in forms["ndjson"].out.splitlines()] == [1, 2]
    head, first, _ = forms["csv"].out.splitlines()
    assert head.startswith("system_id,system_name,state,error")
    assert "ceiling.calls_per_minute" in head
    assert first.startswith("1,site-1,ok,,")
    assert forms["table"].out.splitlines()[0].split()[:3] == ["SYSTEM", "ID", "STATE"]


async def test_systems_that_are_all_away_are_4(gateway_over: Make):
    client = await gateway_over([small(1, dead=True)])
    before = await ask(client, "systems")
    await client.post()
    after = await ask(client, "systems")
    assert (before.code, after.code) == (0, 4)
