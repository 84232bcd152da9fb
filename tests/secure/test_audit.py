"""The audit log: one JSON line for each thing that somebody may ask about later, whatever the log's level and form."""

import base64
import contextlib
import io
import json
import re
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest
import structlog

from gateway.cli.reload import reload_now
from gateway.config.tables import Log
from gateway.simulator.tls import self_signed
from gateway.telemetry.observe import audit, configure_logs
from tests.kit.accounts import PASSWORD, token_table
from tests.secure.faulty import Faulty
from tests.secure.support import CALM, Site, config_text, site_of

FIELDS = {"audit", "who", "address", "what", "outcome", "request_id", "timestamp"}
USERS = ({"username": "boss", "systems": "all", "role": "admin"}, {"username": "noc", "systems": "all"})
EVIL = 'noc\r\n{"audit":"login","who":"boss"}\x1b[31m\u2028\u202e\x00\x85'


@pytest.fixture(params=[("error", "console"), ("error", "json"), ("debug", "console")], ids="-".join)
def written(request: pytest.FixtureRequest) -> io.StringIO:
    """What a log of some level and form is written to."""
    stream = io.StringIO()
    level, form = request.param
    configure_logs(Log(level=level, format=form), stream)
    return stream


def lines_of(written: io.StringIO, action: str | None = None) -> list[dict[str, Any]]:
    """Audit lines, each checked for its form."""
    found = []
    for line in written.getvalue().split("\n"):
        if not line.startswith('{"audit":'):
            continue
        entry = json.loads(line)
        assert set(entry) == FIELDS, entry
        assert all(isinstance(value, str) and len(value) <= 256 and value.isprintable() for value in entry.values())
        assert re.fullmatch(r"\d{4}-\d\d-\d\dT[\d:.]+Z", entry["timestamp"])
        found.append(entry)
    return [entry for entry in found if action in (None, entry["audit"])]


@contextlib.asynccontextmanager
async def site() -> AsyncIterator[Site]:
    async with Faulty() as faulty:
        tokens = [token_table("tool", "token-of-the-tool", systems="all", role="admin")]
        async with site_of(config_text([faulty.system()], users=USERS, tokens=tokens, tables=CALM)) as found:
            yield found


async def _login(site: Site, username: str, password: str = PASSWORD, request_id: str = "r-1") -> int:
    body = {"username": username, "password": password}
    answer = await site.call("POST", "/api/login", None, json=body, headers={"X-Request-ID": request_id})
    return answer.status


async def test_a_login_and_its_end(written: io.StringIO) -> None:
    """Who, from where, with the id of the request."""
    async with site() as here:
        assert await _login(here, "noc", request_id="first-1") == 201
        token = await here.login("noc")
        done = await here.call("POST", "/api/logout", token, headers={"X-Request-ID": "third-3"})
        assert done.status == 200
    first, _ = lines_of(written, "login")
    assert (first["who"], first["address"], first["outcome"]) == ("noc", "127.0.0.1", "granted")
    assert first["request_id"] == "first-1"
    (ended,) = lines_of(written, "logout")
    assert (ended["who"], ended["outcome"], ended["request_id"]) == ("noc", "ended", "third-3")
    assert len(lines_of(written)) == 3


async def test_every_refusal_and_the_lock(written: io.StringIO) -> None:
    """Five wrong passwords: five refusals and one lock; then refusals that say so."""
    async with site() as here:
        for number in range(6):
            assert await _login(here, "noc", "wrong", f"r-{number}") in (401, 429)
    refusals, locks = lines_of(written, "refusal"), lines_of(written, "lock")
    assert [entry["request_id"] for entry in refusals] == [f"r-{number}" for number in range(6)]
    assert [entry["outcome"] for entry in refusals] == ["wrong"] * 5 + ["locked"]
    assert {entry["who"] for entry in refusals + locks} == {"noc"}
    assert [entry["request_id"] for entry in locks] == ["r-4"]


async def test_refused_tokens_and_basic_credentials(written: io.StringIO) -> None:
    """What was tried is told, what was sent is not."""
    async with site() as here:
        await here.ask(token="a-token-of-nobody")
        basic = base64.b64encode(b"noc:not-the-password").decode()
        await here.ask(token=None, headers={"Authorization": f"Basic {basic}"})
    assert [(entry["what"], entry["outcome"]) for entry in lines_of(written, "refusal")] == [
        ("token", "wrong"),
        ("basic", "wrong"),
    ]
    assert not re.search("a-token-of-nobody|not-the-password|" + re.escape(basic), written.getvalue())


async def test_what_an_administrator_reads_of_the_gateway(written: io.StringIO) -> None:
    """By session and by static token; a viewer's look at its own systems is none of it."""
    async with site() as here:
        boss, noc = await here.login("boss"), await here.login("noc")
        for token in (boss, noc, "token-of-the-tool"):
            for path in ("/gateway/systems", "/metrics"):
                assert (await here.call("GET", path, token)).status == 200
    reads = [(entry["who"], entry["what"], entry["outcome"]) for entry in lines_of(written, "admin_read")]
    assert reads == [(who, what, "answered") for who in ("boss", "tool") for what in ("/gateway/systems", "/metrics")]


async def test_reloads_are_told_whether_good_or_bad(written: io.StringIO, tmp_path: Path) -> None:
    """By whom nobody can say, so it is the operator."""
    file = tmp_path / "gateway.toml"
    async with site() as here:
        file.write_text(config_text([], users=USERS, tables=CALM))
        assert reload_now(file, here.gateway)
        file.write_text("[server]\nprot = 1\nport = 'x'\n")
        assert not reload_now(file, here.gateway)
    good, bad = lines_of(written, "reload")
    assert (good["who"], good["what"], good["outcome"]) == ("operator", "gateway.toml", "taken")
    assert (bad["what"], bad["outcome"]) == ("gateway.toml", "refused: 2 faults")


async def test_a_certificate_that_changes_is_told_once_each_time(written: io.StringIO) -> None:
    """Once when it does, once when it is trusted again, both prints whole."""
    old, new = self_signed("old"), self_signed("new")
    async with Faulty(old) as faulty, site_of(config_text([faulty.system()], tables=CALM)) as here:
        await here.ask()
        await faulty.show(new)
        for _ in range(3):
            await here.anew()
        here.apply(config_text([faulty.system()], tables=CALM))
        await here.anew()
    wrong, right = lines_of(written, "pin")
    assert (wrong["who"], wrong["what"]) == ("faulty", "certificate")
    assert old.fingerprint in wrong["outcome"]
    assert new.fingerprint in wrong["outcome"]
    assert right["outcome"] == "trusted again"


async def test_nothing_that_a_caller_writes_makes_a_line_of_its_own(written: io.StringIO) -> None:
    """Line ends, escapes and directions in a name; a name of a thousand letters; an id that is none."""
    async with site() as here:
        assert await _login(here, EVIL) == 401
        assert await _login(here, "x" * 1_000) == 401
        body = json.dumps({"username": "\ud83d", "password": "x"})
        assert (await here.call("POST", "/api/login", None, data=body)).status == 400
        assert await _login(here, "noc", "wrong", request_id="x" * 65) == 401
        forwarded = {"X-Forwarded-For": "6.6.6.6", "User-Agent": "somebody\u202eelse"}
        await here.call("GET", "/api/%0a%1b/backups", "nobody's", headers=forwarded)
    refusals = lines_of(written, "refusal")
    assert len(refusals) == 3 == len(lines_of(written))
    assert refusals[0]["who"].startswith("noc\ufffd\ufffd{")
    assert refusals[1]["who"] == "x" * 256
    assert re.fullmatch("[0-9a-f]{32}", refusals[2]["request_id"])
    assert {entry["address"] for entry in refusals} == {"127.0.0.1"}
    assert not {"\r", "\x1b", "\x00", "\x85", "\u2028", "\u202e"} & set(written.getvalue())


async def test_another_proxy_is_trusted_at_once_and_needs_no_restart(written: io.StringIO, tmp_path: Path) -> None:
    path = tmp_path / "gateway.toml"
    async with Faulty() as faulty:

        def text(*proxies: str) -> str:
            tables = {**CALM, "server": {"trusted_proxies": proxies}}
            return config_text([faulty.system()], users=USERS, tables=tables)

        async with site_of(text("10.0.0.0/8")) as here:
            forwarded = {"X-Forwarded-For": "198.51.100.7"}
            await here.call("GET", "/api/backups", "nobody's", headers=forwarded)
            path.write_text(text("127.0.0.0/8"))
            assert reload_now(path, here.gateway)
            await here.call("GET", "/api/backups", "nobody's", headers=forwarded)
    assert [entry["address"] for entry in lines_of(written, "refusal")] == ["127.0.0.1", "198.51.100.7"]
    assert "config_needs_restart" not in written.getvalue()


def test_an_exception_of_odd_text_is_still_a_line(written: io.StringIO) -> None:
    """Half a character, terminal escapes, a forged line: what is logged must never fail, or lie, for what it says."""
    for text in ("\udcff\ud800", 'a\r\n{"audit":"login","who":"boss"}\x1b[31m\x00', "x" * 10_000):
        try:
            raise ValueError(text)
        except ValueError:
            structlog.get_logger().exception("unexpected fault")
    audit("login", who="\udcff", address="\ud800", what="w", outcome="o")
    (line,) = lines_of(written, "login")
    assert line["request_id"] == ""
    assert written.getvalue().count("ValueError") >= 3
    assert not {"\r", "\x1b", "\x00"} & set(written.getvalue())
