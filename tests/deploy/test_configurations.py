"""Every configuration of the gateway in deploy/ passes the check, with secrets as its platform gives them."""

import tomllib
from pathlib import Path

import pytest

from tests.deploy.files import DEPLOY
from tests.deploy.test_kubernetes import SECRETS
from tests.gateway.processes import run

FILES = sorted(DEPLOY.rglob("*.toml"))


def test_configurations_of_every_kind_are_found() -> None:
    assert {file.parent.name for file in FILES} >= {"systemd", "kubernetes"}


@pytest.mark.parametrize("file", FILES, ids=lambda file: str(file.relative_to(DEPLOY)))
async def test_a_configuration_passes_the_check_once_its_secrets_are_there(file: Path, tmp_path: Path) -> None:
    wanted = _password_files(file)
    assert wanted
    assert (await run("config", "check", str(file))).code == 2
    for name in wanted:
        (tmp_path / name).write_text("secret\n")
    outcome = await run("config", "check", str(file), CREDENTIALS_DIRECTORY=str(tmp_path))
    assert (outcome.code, outcome.err) == (0, "")


def _password_files(file: Path) -> list[str]:
    return [system["password_file"] for system in tomllib.loads(file.read_text("utf-8"))["system"]]


def test_the_names_of_the_credentials_are_those_that_the_platforms_give() -> None:
    files = {file.parent.name: _password_files(file) for file in FILES}
    assert set(files["kubernetes"]) <= set(SECRETS["backup-gateway"])
    unit = (DEPLOY / "systemd/backup-gateway.service").read_text("utf-8")
    assert "LoadCredential=appliance:" in unit
    assert all(name.startswith("appliance_") for name in files["systemd"])
