"""What becomes of a verb whose stdout takes no more, and of a requirement that nobody can meet."""

import asyncio
import os
import subprocess
import sys

import pytest

from tests.cli.asking import ask
from tests.gateway.conftest import Make
from tests.gateway.live import STATIC_TOKEN
from tests.gateway.processes import ROOT


def _with_stdout(out: int, *arguments: str, **environment: str) -> tuple[int, str]:
    """Exit code and stderr of a command that writes there."""
    command = [sys.executable, "-m", "gateway", *arguments]
    done = subprocess.run(
        command, stdout=out, stderr=subprocess.PIPE, cwd=ROOT, env=os.environ | environment, timeout=60, check=False
    )
    return done.returncode, done.stderr.decode()


def _into_closed_pipe(*arguments: str, **environment: str) -> tuple[int, str]:
    reader, writer = os.pipe()
    os.close(reader)
    try:
        return _with_stdout(writer, *arguments, **environment)
    finally:
        os.close(writer)


@pytest.mark.parametrize("arguments", [("config", "schema"), ("completion", "bash"), ("token", "new")])
def test_a_command_whose_reader_is_gone_ends_as_sigpipe_does_and_says_nothing(arguments: tuple[str, ...]):
    assert _into_closed_pipe(*arguments) == (141, "")


def test_a_plug_in_whose_reader_is_gone_ends_without_a_traceback():
    code, told = _into_closed_pipe("check", BACKUP_GATEWAY_URL="http://127.0.0.1:1", BACKUP_GATEWAY_TOKEN="x")
    assert code in (3, 141)
    assert "Traceback" not in told


async def test_a_full_disk_is_one_line_and_no_success(gateway_over: Make):
    client = await gateway_over(1)
    full = os.open("/dev/full", os.O_WRONLY)
    try:
        url = {"BACKUP_GATEWAY_URL": client.url, "BACKUP_GATEWAY_TOKEN": STATIC_TOKEN}
        code, told = await asyncio.to_thread(_with_stdout, full, "backups", **url)
    finally:
        os.close(full)
    assert code == 1
    assert told.splitlines()[-1].startswith("stdout: No space left")


@pytest.mark.parametrize("form", ["table", "json", "ndjson", "csv"])
async def test_a_requirement_that_nobody_can_meet_is_partial(gateway_over: Make, form: str):
    client = await gateway_over(2)
    assert (await ask(client, "backups", "--require", "9", "-o", form)).code == 1
