"""The unit: what systemd itself says of it."""

import configparser
import re
import subprocess
import tomllib
from pathlib import Path

from tests.deploy.conftest import Tool
from tests.deploy.files import DEPLOY

UNIT = DEPLOY / "systemd/backup-gateway.service"
_MOST_EXPOSED = 1.5


def _service() -> configparser.SectionProxy:
    parser = configparser.RawConfigParser(strict=False)
    parser.optionxform = str  # type: ignore[assignment, method-assign]
    parser.read(UNIT)
    return parser["Service"]


def _version(analyze: str) -> int:
    told = subprocess.run((analyze, "--version"), capture_output=True, text=True, check=True).stdout
    return int(re.findall(r"systemd (\d+)", told)[0])


def test_systemd_finds_no_fault_in_the_unit(tool: Tool, tmp_path: Path) -> None:
    analyze = tool("systemd-analyze")
    command = tmp_path / "backup-gateway"
    command.write_text("#!/bin/true\n")
    command.chmod(0o755)
    text = UNIT.read_text("utf-8").replace("/opt/backup-gateway/bin/backup-gateway", str(command))
    if _version(analyze) < 253:
        # Older ones do not know this type, for which there is a drop-in. It is appended: the last word counts.
        text = text.replace("Type=notify-reload\n", "")
        text += (DEPLOY / "systemd/before-253.conf").read_text("utf-8")
    unit = tmp_path / UNIT.name
    unit.write_text(text)
    checked = subprocess.run((analyze, "verify", "--man=no", str(unit)), capture_output=True, text=True, check=False)
    told = [line for line in checked.stderr.splitlines() if UNIT.name in line]
    assert (checked.returncode, told) == (0, [])


def test_the_unit_is_hardly_exposed(tool: Tool) -> None:
    command = (tool("systemd-analyze"), "security", "--offline=true", "--no-pager", str(UNIT))
    told = subprocess.run(command, capture_output=True, text=True, check=False).stdout
    assert float(re.findall(r"Overall exposure level for \S+: ([\d.]+)", told)[0]) <= _MOST_EXPOSED


def test_the_unit_waits_as_long_as_the_gateway_takes() -> None:
    service = _service()
    assert service["Type"] == "notify-reload"
    assert int(service["TimeoutStopSec"]) > 20
    assert int(service["WatchdogSec"]) >= 10
    assert service["RestartPreventExitStatus"] == "2"


def test_the_snapshot_is_in_the_folder_that_the_unit_makes() -> None:
    config = tomllib.loads((DEPLOY / "systemd/gateway.toml").read_text("utf-8"))
    assert config["cache"]["snapshot"] == f"/var/lib/{_service()['StateDirectory']}"
