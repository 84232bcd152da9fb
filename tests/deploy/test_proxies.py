"""The example proxies, each as a process in front of a running gateway."""

import asyncio
import contextlib
import json
import os
import re
from collections.abc import AsyncIterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import aiohttp
import pytest

from gateway.simulator.tls import self_signed
from tests.deploy.conftest import Tool
from tests.deploy.files import DEPLOY
from tests.gateway.live import STATIC_TOKEN, Client, gateway_over
from tests.gateway.test_simulate import _free_ports
from tests.kit.waiting import until_seen

FOLDER = DEPLOY / "proxy"
_NAME = "backups.example.com"
_TLS: Any = {"ssl": False, "server_hostname": _NAME}
"""Whatever certificate the proxy shows, asked for by its name."""


@dataclass(frozen=True)
class Proxy:
    """How one is told to check, and to run, a file."""

    file: str
    check: tuple[str, ...]
    run: tuple[str, ...]


PROXIES = {
    "nginx": Proxy("nginx.conf", ("-t", "-c"), ("-g", "daemon off;", "-c")),
    "caddy": Proxy(
        "Caddyfile", ("validate", "--adapter", "caddyfile", "--config"), ("run", "--adapter", "caddyfile", "--config")
    ),
    "haproxy": Proxy("haproxy.cfg", ("-c", "-f"), ("-db", "-f")),
}


def fitted(source: Path, folder: Path, gateways: tuple[str, str], port: str) -> Path:
    """The file as it would be installed on this machine: its certificate, its ports, its folder for scratch files."""
    certificate = self_signed(_NAME)
    (folder / "fullchain.pem").write_bytes(certificate.certificate_pem)
    (folder / "key.pem").write_bytes(certificate.key_pem)
    (folder / "proxy.pem").write_bytes(certificate.certificate_pem + certificate.key_pem)
    text = re.sub(r"/etc/backup-gateway/tls/|/run/secrets/", f"{folder}/", source.read_text("utf-8"))
    text = text.replace("/tmp/nginx", f"{folder}/nginx")
    text = text.replace("8443", port).replace("127.0.0.1:8081", gateways[0]).replace("127.0.0.1:8082", gateways[1])
    target = folder / source.name
    target.write_text(text)
    return target


async def _output(*command: str, folder: Path) -> tuple[int, str]:
    process = await asyncio.create_subprocess_exec(
        *command,
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.STDOUT,
        env={**os.environ, "HOME": str(folder)},
    )
    out, _ = await process.communicate()
    return process.returncode or 0, out.decode()


@pytest.mark.parametrize("name", PROXIES)
async def test_a_proxy_takes_its_file(name: str, tool: Tool, tmp_path: Path) -> None:
    file = fitted(FOLDER / PROXIES[name].file, tmp_path, ("127.0.0.1:8081", "127.0.0.1:8082"), "8443")
    code, told = await _output(tool(name), *PROXIES[name].check, str(file), folder=tmp_path)
    assert code == 0, told


async def test_haproxy_takes_the_file_of_the_compose_stack(tool: Tool, tmp_path: Path) -> None:
    file = fitted(DEPLOY / "compose/haproxy.cfg", tmp_path, ("", ""), "8443")
    code, told = await _output(tool("haproxy"), "-c", "-f", str(file), folder=tmp_path)
    assert code == 0, told


@contextlib.asynccontextmanager
async def behind(name: str, tool: Tool, folder: Path) -> AsyncIterator[tuple[Client, aiohttp.ClientSession]]:
    """A gateway, and a session with the proxy in front of it."""
    async with gateway_over(2, login=False, server={"trusted_proxies": ["127.0.0.1"]}) as client:
        gateway, port = client.url.removeprefix("http://"), str(_free_ports(1))
        file = fitted(FOLDER / PROXIES[name].file, folder, (gateway, gateway), port)
        process = await asyncio.create_subprocess_exec(
            *(tool(name), *PROXIES[name].run, str(file)),
            stdout=asyncio.subprocess.DEVNULL,
            stderr=asyncio.subprocess.DEVNULL,
            env={**os.environ, "HOME": str(folder)},
        )
        try:
            headers = {"Host": _NAME, "AuthToken": STATIC_TOKEN}
            async with aiohttp.ClientSession(f"https://127.0.0.1:{port}", headers=headers) as session:
                await until_seen(lambda: _is_ready(session))
                yield client, session
        finally:
            process.terminate()
            await process.wait()


async def _is_ready(session: aiohttp.ClientSession) -> bool:
    with contextlib.suppress(aiohttp.ClientConnectionError):
        async with session.get("/readyz", **_TLS) as answer:
            return answer.status == 200
    return False


@pytest.mark.parametrize("name", PROXIES)
async def test_rows_pass_a_proxy_as_they_come_and_answers_whole(name: str, tool: Tool, tmp_path: Path) -> None:
    async with behind(name, tool, tmp_path) as (client, session):
        await client.systems[1].inject("hung")
        question = {"format": "ndjson", "deadline": 4}
        async with session.post("/api/backups", json=question, **_TLS) as answer, asyncio.timeout(3):
            # Nothing on the way waits for the system that says nothing.
            assert json.loads(await answer.content.readline())["system_id"] == 1
        await client.systems[1].recover()
        async with session.post("/api/backups", json={"system_id": 1}, **_TLS) as answer:
            assert answer.headers["Cache-Control"] == "no-store"
            assert answer.headers["Strict-Transport-Security"] == "max-age=31536000"
            assert (await answer.json())["total"] == 30


@pytest.mark.parametrize("name", PROXIES)
async def test_a_proxy_shows_no_metrics_and_hands_on_no_address_that_a_caller_claims(
    name: str, tool: Tool, tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    async with behind(name, tool, tmp_path) as (_, session):
        async with session.get("/metrics", **_TLS) as answer:
            assert answer.status == 404
        claimed, login = {"X-Forwarded-For": "198.51.100.7"}, {"username": "x", "password": "y"}
        async with session.post("/api/login", json=login, headers=claimed, **_TLS) as answer:
            assert answer.status == 401
    written = "".join(capfd.readouterr())
    audits = [json.loads(line) for line in written.splitlines() if line.startswith('{"audit":"refusal"')]
    assert [line["address"] for line in audits] == ["127.0.0.1"]
