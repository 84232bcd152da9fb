"""The compose stack, as far as that can be told without an engine."""

import os
import subprocess
import sys
from pathlib import Path, PurePosixPath

import pytest
import yaml

from gateway.config.file import load
from tests.deploy.conftest import Tool
from tests.deploy.files import DEPLOY, ROOT, documents
from tests.deploy.test_container import _health_check
from tests.gateway.processes import run, running
from tests.gateway.test_simulate import _free_ports

FOLDER = DEPLOY / "compose"
STACK = documents(FOLDER / "compose.yaml")[0]
SERVICES = STACK["services"]


@pytest.mark.parametrize("name", SERVICES)
def test_every_service_is_hardened_and_watched(name: str) -> None:
    service = SERVICES[name]
    assert service["read_only"] is True
    assert service["cap_drop"] == ["ALL"]
    assert "cap_add" not in service
    assert "no-new-privileges:true" in service["security_opt"]
    assert service["healthcheck"]["test"][0] == "CMD"
    assert not service["user"].startswith("0")
    assert "mem_limit" in service


def test_what_is_referred_to_is_there() -> None:
    for name, service in SERVICES.items():
        assert set(service["networks"]) <= set(STACK["networks"]), name
        assert set(service.get("secrets", [])) <= set(STACK["secrets"]), name
        assert set(service.get("depends_on", {})) <= set(SERVICES), name
        for volume in service.get("volumes", []):
            source = volume.split(":")[0]
            inside = source.startswith("./")
            assert not inside or (FOLDER / source).exists(), source
            assert inside or source.startswith("../") or source in STACK["volumes"], source
    built = SERVICES["gateway-1"]["build"]
    assert (FOLDER / built["context"] / built["dockerfile"]).resolve() == DEPLOY / "container/Dockerfile"


def test_ports_are_open_to_this_machine_alone() -> None:
    ports = [port for service in SERVICES.values() for port in service.get("ports", [])]
    assert ports
    assert all(port.startswith("127.0.0.1:") for port in ports)


def test_the_gateways_are_checked_as_the_image_is() -> None:
    assert SERVICES["gateway-1"]["healthcheck"]["test"][1:] == _health_check()


def test_no_secret_is_an_environment_variable() -> None:
    names = [name for service in SERVICES.values() for name in service.get("environment", {})]
    assert [name for name in names if "PASSWORD" in name or "TOKEN" in name] == ["GF_SECURITY_ADMIN_PASSWORD__FILE"]


def test_grafana_asks_the_prometheus_of_the_stack() -> None:
    provisioning = ROOT / "deploy/grafana/provisioning"
    source = documents(provisioning / "datasources/prometheus.yml")[0]["datasources"][0]
    assert source["url"] == "http://prometheus:9090"
    provider = documents(provisioning / "dashboards/backup-gateway.yml")[0]["providers"][0]
    mounted = [PurePosixPath(volume.split(":")[1]) for volume in SERVICES["grafana"]["volumes"]]
    assert PurePosixPath("/etc/grafana/provisioning") in mounted
    assert PurePosixPath(provider["options"]["path"]) in [place.parent for place in mounted]


def prepared(folder: Path) -> str:
    """The secrets of the stack in a folder; what was printed."""
    command = (sys.executable, str(FOLDER / "prepare.py"), str(folder))
    environment = {**os.environ, "PYTHONPATH": str(ROOT)}
    return subprocess.run(command, env=environment, check=True, capture_output=True, text=True).stdout


def test_prepare_makes_every_secret_once(tmp_path: Path) -> None:
    first = prepared(tmp_path / "secrets")
    assert first.startswith("login: noc / ")
    made = {path.name: path.read_bytes() for path in (tmp_path / "secrets").iterdir()}
    assert set(made) == {Path(secret["file"]).name for secret in STACK["secrets"].values()}
    assert (tmp_path / "secrets").stat().st_mode & 0o777 == 0o700
    assert "login" not in prepared(tmp_path / "secrets")
    assert {path.name: path.read_bytes() for path in (tmp_path / "secrets").iterdir()} == made


async def test_the_appliances_of_the_stack_write_a_good_configuration_for_its_gateways(tmp_path: Path) -> None:
    prepared(tmp_path)
    first = _free_ports(5)
    places = {
        "appliances": "localhost",
        "9001": str(first + 1),
        "9000": str(first),
        "12": "4",
        "/run/secrets/base.toml": str(tmp_path / "base.toml"),
        "/var/lib/backup-gateway/gateway.toml": str(tmp_path / "gateway.toml"),
    }
    command = [places.get(word, word) for word in SERVICES["appliances"]["command"]]
    async with running(*command) as process:
        await process.line(lambda line: "running" in line, process.err)
        checked = await run("config", "check", str(tmp_path / "gateway.toml"))
    assert (checked.code, checked.err) == (0, "")
    config = load(tmp_path / "gateway.toml")
    assert config.server.trusted_proxies == (STACK["networks"]["front"]["ipam"]["config"][0]["subnet"],)
    assert config.server.port == 8080
    assert len(config.systems) == 4
    assert SERVICES["gateway-1"]["command"][-1] == "/var/lib/backup-gateway/gateway.toml"


def test_prometheus_takes_its_configuration(tool: Tool) -> None:
    command = (tool("promtool"), "check", "config", "--syntax-only", str(FOLDER / "prometheus.yml"))
    checked = subprocess.run(command, capture_output=True, text=True, check=False)
    assert checked.returncode == 0, checked.stderr
    targets = yaml.safe_load((FOLDER / "prometheus.yml").read_text())["scrape_configs"][0]["static_configs"][0]
    assert {target.split(":")[0] for target in targets["targets"]} <= set(SERVICES)
