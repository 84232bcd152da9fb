"""Help, completion, a quick start, and the line of the demo."""

import asyncio
import shutil
import signal
import socket
import sys

import pytest

from tests.gateway.processes import ROOT, run, running

VERBS = [("backups",), ("systems",), ("check",), ("export", "checkmk")]


@pytest.mark.parametrize("verb", VERBS)
async def test_help_begins_with_examples(verb: tuple[str, ...]):
    outcome = await run(*verb, "--help", COLUMNS="80")
    assert outcome.code == 0
    first, example, *_ = outcome.out.splitlines()
    assert first == "Examples:"
    assert "backup-gateway" in example or "BACKUP_GATEWAY" in example
    assert "--url" in outcome.out


@pytest.mark.parametrize("shell", ["bash", "zsh", "fish"])
async def test_completion_is_a_script_that_knows_verbs_and_flags(shell: str):
    outcome = await run("completion", shell)
    assert (outcome.code, outcome.err) == (0, "")
    for word in ("backups", "start-hours", "checkmk", "critical-late"):
        assert word in outcome.out
    if shell == "bash":
        assert shutil.which("bash")
        process = await asyncio.create_subprocess_exec("bash", "-n", stdin=asyncio.subprocess.PIPE)
        await process.communicate(outcome.out.encode())
        assert process.returncode == 0


async def test_a_question_loads_nothing_that_only_a_gateway_needs():
    code = (
        "import sys\nfrom gateway.cli.main import main\n"
        "try: main(['backups', '--url', 'http://127.0.0.1:9'])\nexcept SystemExit: pass\n"
        "print(*[name for name in ('numpy', 'pydantic', 'argon2', 'cryptography', 'structlog', 'prometheus_client')"
        " if name in sys.modules])"
    )
    process = await asyncio.create_subprocess_exec(sys.executable, "-c", code, cwd=ROOT, stdout=-1, stderr=-1)
    out, _ = await process.communicate()
    assert (process.returncode, out.strip()) == (0, b"")


async def test_the_demo_prints_a_question_on_the_command_line_that_works():
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    async with running("demo", "--systems", "4", "--port", str(port)) as process:
        line = await process.line(lambda line: line.strip() if "BACKUP_GATEWAY_URL=" in line else None, process.out)
        settings, command = line.split()[:2], line.split()[3:]
        assert command == ["backups", "--status", "Failure", "--start-hours", "24"]
        outcome = await run(*command, **dict(setting.split("=", 1) for setting in settings))
        await process.end(signal.SIGINT)
    assert outcome.code == 1
    assert "3 of 4 systems answered" in outcome.err


@pytest.mark.parametrize("encoding", ["ascii", "iso-8859-1"])
async def test_help_is_shown_whatever_signs_the_terminal_has(encoding: str):
    for verb in VERBS:
        outcome = await run(*verb, "--help", PYTHONIOENCODING=encoding)
        assert (outcome.code, outcome.err) == (0, "")
        assert outcome.out.startswith("Examples:")
