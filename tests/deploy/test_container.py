"""The image: locked, without root, without a shell at run time."""

import asyncio
import json
import re
import subprocess
import sys
import tomllib

import pytest

from tests.deploy.files import DEPLOY, ROOT, images
from tests.gateway.live import gateway_over

TEXT = (DEPLOY / "container/Dockerfile").read_text("utf-8")
LINES = [
    line.strip() for line in re.sub(r"\\\n\s*", "", TEXT).splitlines() if line.strip() and not line.startswith("#")
]
FINAL = LINES[max(number for number, line in enumerate(LINES) if line.startswith("FROM ")) :]


def _only(instruction: str) -> str:
    found = [line for line in FINAL if line.startswith(f"{instruction} ")]
    assert len(found) == 1, found
    return found[0].removeprefix(f"{instruction} ")


def _health_check() -> list[str]:
    return json.loads(_only("HEALTHCHECK").partition("CMD ")[2])


def _pins(text: str) -> set[str]:
    return {pin.strip() for pin in re.split(r"\n(?=[a-zA-Z0-9])", text.strip())}


def test_the_user_is_a_number_and_not_root() -> None:
    user, group = _only("USER").split(":")
    assert int(user) > 0
    assert int(group) > 0


def test_commands_are_lists_so_that_no_shell_is_needed_and_signals_arrive() -> None:
    assert json.loads(_only("ENTRYPOINT")) == ["/opt/backup-gateway/bin/backup-gateway"]
    assert json.loads(_only("CMD"))[0] == "serve"
    assert [line for line in FINAL if line.startswith("RUN ")] == []
    assert "--start-interval=" in _only("HEALTHCHECK")


def test_the_last_stage_takes_nothing_from_the_builder_but_what_runs() -> None:
    copies = [line for line in FINAL if line.startswith("COPY ")]
    assert all("--from=build" in line for line in copies)


def test_everything_that_is_installed_has_a_hash_or_is_ours() -> None:
    installs = re.findall(r"pip (?:install|wheel)[^&]*", "\n&".join(LINES))
    assert len(installs) == 4
    assert all("--require-hashes" in line or "--no-deps" in line for line in installs)


@pytest.mark.parametrize("name", ["requirements.lock", "build.lock"])
def test_the_locks_of_the_image_are_parts_of_the_project_s_lock(name: str) -> None:
    pins = _pins((DEPLOY / "container" / name).read_text("utf-8"))
    assert pins <= _pins((ROOT / "requirements.lock").read_text("utf-8"))
    assert all("--hash=sha256:" in pin for pin in pins)


def test_the_lock_of_the_image_holds_every_dependency_and_no_tool_of_developers() -> None:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))
    wanted = {re.split(r"[^a-z0-9-]", line)[0] for line in project["project"]["dependencies"]}
    locked = {pin.split("==")[0] for pin in _pins((DEPLOY / "container/requirements.lock").read_text("utf-8"))}
    assert wanted <= locked
    assert not {"pytest", "ruff", "mypy"} & locked


def test_no_image_names_a_registry() -> None:
    assert len(images()) > 5
    for image in images():
        first = image.split("/")[0] if "/" in image else ""
        assert not re.search(r"[.:]", first), image


def test_the_builder_gets_only_what_it_copies() -> None:
    ignored = (DEPLOY / "container/Dockerfile.dockerignore").read_text("utf-8").splitlines()
    assert "*" in ignored
    allowed = {line[1:] for line in ignored if line.startswith("!")}
    copied = {
        word.rstrip("/")
        for line in LINES
        if line.startswith("COPY ") and "--from" not in line
        for word in line.split()[1:-1]
    }
    assert copied == allowed
    assert all((ROOT / path).exists() for path in copied)


async def test_the_health_check_is_0_where_the_gateway_answers_and_1_where_nothing_listens() -> None:
    command = _health_check()
    assert command[0] == "/opt/backup-gateway/bin/python"
    async with gateway_over(1, login=False) as client:
        port = client.url.rpartition(":")[2]
        here = [sys.executable, *(word.replace("8080", port) for word in command[1:])]
        assert await _code(here) == 0
    assert await _code(here) == 1


async def _code(command: list[str]) -> int:
    process = await asyncio.create_subprocess_exec(*command, stderr=subprocess.DEVNULL)
    return await process.wait()
