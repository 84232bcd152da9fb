"""The commands that end by themselves, and the two that bring their own appliances (contract section 2)."""

import asyncio
import hashlib
import json
import os
import re
import shlex
import shutil
import signal
import socket
import tomllib
from pathlib import Path

import aiohttp
import argon2
import jsonschema
import pytest

from gateway.simulator import Farm
from tests.gateway.live import config_text, small
from tests.gateway.processes import ROOT, run, running

EXAMPLE = next((ROOT / "config").glob("*.toml"))


async def test_config_check_of_a_good_file_exits_0(tmp_path: Path):
    async with Farm([small(1), small(2)]) as farm:
        file = tmp_path / "good.toml"
        file.write_text(config_text(farm))
    outcome = await run("config", "check", str(file))
    assert (outcome.code, outcome.err) == (0, "")
    assert "2 systems" in outcome.out


async def test_config_check_of_a_bad_file_names_its_faults_and_exits_2(tmp_path: Path):
    file = tmp_path / "bad.toml"
    file.write_text("[server]\nprot = 1\n[cache]\nfresh_second = 5\n")
    outcome = await run("config", "check", str(file))
    assert (outcome.code, outcome.out) == (2, "")
    first, second = outcome.err.splitlines()
    assert "server.prot" in first + second
    assert "fresh_seconds" in first + second


async def test_config_check_of_the_example_finds_nothing_but_its_secrets(tmp_path: Path):
    """The example names a variable of the environment and a file that only its owner has."""
    secret = tmp_path / "secret"
    secret.write_text("x")
    file = tmp_path / "example.toml"
    file.write_text(EXAMPLE.read_text().replace("/run/secrets/globex-lon", str(secret)))
    outcome = await run("config", "check", str(file), ACME_NYC_PASSWORD="x")
    assert "Traceback" not in outcome.err
    assert all("hash" in line or "passw" in line for line in outcome.err.splitlines()), outcome.err


async def test_config_schema_is_a_json_schema_of_every_key():
    outcome = await run("config", "schema")
    schema = json.loads(outcome.out)
    assert (outcome.code, outcome.err) == (0, "")
    assert set(schema["properties"]) >= {"server", "log", "cache", "fanout", "defaults", "system", "user", "token"}
    assert "stale_after_auth_seconds" in outcome.out
    jsonschema.validate(tomllib.loads(EXAMPLE.read_text()), schema)


async def test_hash_password_reads_stdin_and_prints_a_hash_of_it():
    outcome = await run("hash-password", stdin="pässword with spaces \n")
    assert outcome.code == 0
    assert argon2.PasswordHasher().verify(outcome.out, "pässword with spaces ")


@pytest.mark.parametrize("stdin", ["", "\n", "x" * 2000 + "\n"])
async def test_hash_password_refuses_what_is_no_password(stdin: str):
    outcome = await run("hash-password", stdin=stdin)
    assert (outcome.code, outcome.out) == (2, "")


async def test_hash_password_refuses_bytes_that_no_login_could_send():
    outcome = await run("hash-password", stdin=b"p\xe4ssword\n")
    assert (outcome.code, outcome.out, outcome.err) == (2, "", "the password is not UTF-8")


async def test_token_new_prints_a_token_once_and_its_hash_for_the_configuration():
    outcome = await run("token", "new")
    token, _, rest = outcome.out.partition("\n")
    assert outcome.code == 0
    assert len(token) >= 43
    assert token not in rest
    digest = hashlib.sha256(token.encode()).hexdigest()
    assert tomllib.loads(rest)["token"][0]["token_hash"] == f"sha256:{digest}"


async def test_two_new_tokens_differ():
    first, second = await run("token", "new"), await run("token", "new")
    assert first.out.splitlines()[0] != second.out.splitlines()[0]


async def test_fingerprint_prints_the_line_for_the_configuration():
    async with Farm([small(1, tls=True)]) as farm:
        outcome = await run("fingerprint", farm[0].url)
        assert outcome.code == 0
        assert farm[0].fingerprint is not None
        assert farm[0].fingerprint in outcome.out
        assert not farm[0].requests


async def test_fingerprint_of_what_does_not_answer_exits_4_and_of_no_address_2():
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        closed = await run("fingerprint", f"https://127.0.0.1:{taken.getsockname()[1]}")
    assert (closed.code, closed.out) == (4, "")
    for address in ("http://127.0.0.1", "https://[x"):
        wrong = await run("fingerprint", address)
        assert (wrong.code, wrong.out, len(wrong.err.splitlines())) == (2, "", 1)


async def test_simulate_prints_a_configuration_that_passes_the_check(tmp_path: Path):
    async with running("simulate", "--systems", "3") as process:
        await process.line(lambda line: "running" in line, process.err)
        text = "\n".join(process.out)
        file = tmp_path / "simulated.toml"
        file.write_text(text)
        checked = await run("config", "check", str(file))
        assert checked.code == 0, checked.err
        systems = tomllib.loads(text)["system"]
        assert len(systems) == 3
        async with aiohttp.ClientSession() as session:
            body = {"username": systems[0]["username"], "password": systems[0]["password"]}
            async with session.post(f"{systems[0]['url']}/api/login", json=body) as answer:
                assert answer.status == 201
        outcome = await process.end(signal.SIGINT)
    assert outcome.code == 0
    assert "Traceback" not in outcome.err


@pytest.mark.skipif(
    shutil.which("curl") is None and not os.environ.get("CI"),
    reason="the line to try is one for curl; where CI is set a missing curl is a failure",
)
async def test_the_demo_prints_an_address_a_login_and_a_curl_that_works():
    port = _free_port()
    async with running("demo", "--systems", "4", "--port", str(port)) as process:
        address = await process.line(lambda line: (re.findall(r"http://\S+", line) or [None])[0], process.out)
        user, password = await process.line(_login, process.out)
        command = await process.line(
            lambda line: line.strip() if line.strip().startswith("curl ") else None, process.out
        )
        assert f":{port}" in address
        shell = await asyncio.create_subprocess_exec(*shlex.split(command), stdout=asyncio.subprocess.PIPE)
        out, _ = await shell.communicate()
        answer = json.loads(out)
        assert len(answer["systems"]) == 4
        assert {row["status"] for row in answer["backups"]} <= {"Failure"}
        async with aiohttp.ClientSession() as session:
            body = {"username": user, "password": password}
            async with session.post(f"http://127.0.0.1:{port}/api/login", json=body) as login:
                assert login.status == 201
        outcome = await process.end(signal.SIGINT)
    assert outcome.code == 0
    assert "Traceback" not in outcome.err + outcome.out


def _login(line: str) -> tuple[str, str] | None:
    found = re.fullmatch(r"login: (\S+) / (\S+)", line)
    return None if found is None else (found[1], found[2])


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


async def test_the_demo_on_a_port_that_is_taken_exits_2():
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        outcome = await run("demo", "--systems", "1", "--port", str(taken.getsockname()[1]))
    assert outcome.code == 2
    assert "Traceback" not in outcome.err


@pytest.mark.parametrize("systems", ["0", "100000"])
async def test_the_number_of_systems_is_bounded(systems: str):
    assert (await run("simulate", "--systems", systems)).code == 2


async def test_the_version_is_told():
    outcome = await run("--version")
    assert outcome.code == 0
    assert re.match(r"\d+\.\d+", outcome.out)
