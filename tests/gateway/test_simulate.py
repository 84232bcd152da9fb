"""`simulate` where its gateway is another machine or container: fixed ports, a name, a file."""

import signal
import socket
import stat
import tomllib
from pathlib import Path

import aiohttp
import pytest

from tests.gateway.processes import run, running

_BASE = """
[server]
host = "0.0.0.0"
port = 8081

[[user]]
username = "noc"
password_hash = "$argon2id$v=19$m=65536,t=3,p=4$c2FsdHNhbHRzYWx0c2FsdA$LQnwOk4mR6yAwUbMeMGBE5LRqyZcHAWSnkUpH2iBzaA"
systems = "all"
"""


def _free_ports(count: int) -> int:
    """The first of so many free ports in a row."""
    while True:
        with socket.socket() as probe:
            probe.bind(("127.0.0.1", 0))
            first = int(probe.getsockname()[1])
        try:
            for port in range(first, first + count):
                with socket.socket() as probe:
                    probe.bind(("127.0.0.1", port))
        except (OSError, OverflowError):
            continue
        return first


def _names(folder: Path) -> set[str]:
    return {path.name for path in folder.iterdir()}


async def test_simulate_writes_a_file_for_a_gateway_elsewhere(tmp_path: Path):
    base, output, first = tmp_path / "base.toml", tmp_path / "gateway.toml", _free_ports(3)
    base.write_text(_BASE)
    ports = ("--first-port", str(first), "--control-port", str(first + 2))
    arguments = ("--systems", "2", "--host", "localhost", *ports, "--base", str(base), "--output", str(output))
    async with running("simulate", *arguments) as process:
        await process.line(lambda line: "running" in line, process.err)
        assert process.out == []
        checked = await run("config", "check", str(output))
        assert checked.code == 0, checked.err
        written = tomllib.loads(output.read_text())
        assert written["server"]["port"] == 8081
        assert [user["username"] for user in written["user"]] == ["noc"]
        assert [system["url"] for system in written["system"]] == [
            f"http://localhost:{first}",
            f"https://localhost:{first + 1}",
        ]
        assert stat.S_IMODE(output.stat().st_mode) == 0o600
        assert _names(tmp_path) == {"base.toml", "gateway.toml"}
        async with (
            aiohttp.ClientSession() as session,
            session.get(f"http://localhost:{first + 2}/appliances") as answer,
        ):
            assert len((await answer.json())["appliances"]) == 2
        assert (await process.end(signal.SIGTERM)).code == 0


@pytest.mark.parametrize(
    "arguments",
    [
        ("--first-port", "65535"),
        ("--control-port", "-1"),
        ("--base", "none.toml"),
        ("--output", "/nowhere/gateway.toml"),
        ("--host", "192.0.2.1"),
    ],
)
async def test_simulate_refuses_what_cannot_be_with_exit_2(arguments: tuple[str, ...]):
    outcome = await run("simulate", "--systems", "2", *arguments)
    assert (outcome.code, outcome.out) == (2, "")
    assert "Traceback" not in outcome.err
