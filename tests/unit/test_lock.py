"""The lock file holds all that is needed, pinned and hashed, and names no host."""

import re
import tomllib
from pathlib import Path

ROOT = Path(__file__).parents[2]
LOCK = (ROOT / "requirements.lock").read_text("utf-8")
PINS = {line.split("==")[0].lower() for line in LOCK.splitlines() if re.match(r"[a-zA-Z0-9]", line)}


def _wanted() -> set[str]:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))
    lines = project["project"]["dependencies"] + project["dependency-groups"]["dev"]
    return {re.split(r"[^A-Za-z0-9._-]", line)[0].lower().replace("_", "-") for line in lines}


def test_every_dependency_of_the_project_is_locked() -> None:
    assert _wanted() <= PINS


def test_every_pin_has_a_hash() -> None:
    pins = re.split(r"\n(?=[a-zA-Z0-9])", LOCK.strip())
    assert [pin.splitlines()[0] for pin in pins if "--hash=sha256:" not in pin] == []


def test_no_host_is_named() -> None:
    assert re.findall(r"https?://\S+|--(?:extra-)?index-url\S*|--find-links\S*", LOCK) == []
