"""A gateway on a real socket over appliances of any kind, and callers of it."""

import contextlib
import json
import time
from collections.abc import AsyncIterator, Callable, Iterable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from aiohttp import ClientSession, ClientTimeout, DummyCookieJar, TCPConnector, web
from multidict import CIMultiDictProxy

from gateway.config.checked import Config
from gateway.config.file import parse
from gateway.lists.held import Held
from gateway.model import SystemId
from gateway.simulator import Appliance
from gateway.simulator.config_text import system_keys
from gateway.stack import Gateway
from gateway.web.app import create_app
from gateway.web.server import Runner
from tests.kit.accounts import CHEAP_HASH, PASSWORD, token_table
from tests.kit.toml import table

ADDRESS = "127.0.0.1"
TOKEN = "token-of-the-secure-tests"

QUICK: dict[str, Mapping[str, object]] = {
    "fanout": {"deadline_seconds": 0.8, "fetch_seconds": 2, "connect_seconds": 0.4, "calls_per_minute": 100_000},
    "cache": {"widen_rows": 0},
}
"""Deadlines that a test can wait for, and a ceiling that none of them reaches."""

CALM: dict[str, Mapping[str, object]] = {
    "fanout": {"deadline_seconds": 30, "calls_per_minute": 100_000},
    "cache": {"widen_rows": 0},
}
"""Deadlines that no busy machine can miss."""


class Ahead:
    """Monotonic seconds that a test may push forward."""

    def __init__(self) -> None:
        self.by = 0.0

    def __call__(self) -> float:
        return time.monotonic() + self.by


@dataclass(frozen=True)
class Answer:
    """One answer, read to its end."""

    status: int
    headers: CIMultiDictProxy[str]
    body: bytes

    def json(self) -> Any:
        return json.loads(self.body)

    @property
    def systems(self) -> dict[int, dict[str, Any]]:
        """The entries of `systems`, by id."""
        return {entry["system_id"]: entry for entry in self.json()["systems"]}

    @property
    def text(self) -> str:
        """Everything that a caller gets to read: headers and body."""
        return "\n".join(f"{key}: {value}" for key, value in self.headers.items()) + "\n" + self.body.decode()


@dataclass
class Site:
    """A listening gateway."""

    gateway: Gateway
    port: int
    http: ClientSession
    token: str = TOKEN
    more: dict[str, Any] = field(default_factory=dict)

    @property
    def url(self) -> str:
        return f"http://{ADDRESS}:{self.port}"

    async def call(self, method: str, path: str, token: str | None = "", **options: Any) -> Answer:
        """One request; the usual static token goes along unless another one, or None, is given."""
        headers = dict(options.pop("headers", {}))
        if token is not None:
            headers.setdefault("AuthToken", token or self.token)
        async with self.http.request(method, self.url + path, headers=headers, **options) as answer:
            return Answer(answer.status, answer.headers, await answer.read())

    async def ask(self, body: Mapping[str, Any] | None = None, **options: Any) -> Answer:
        """POST /api/backups."""
        return await self.call("POST", "/api/backups", json=dict(body or {}), **options)

    async def anew(self, body: Mapping[str, Any] | None = None, **options: Any) -> Answer:
        """The same, always out of the appliance's own mouth."""
        return await self.ask({"max_age": 0, **(body or {})}, **options)

    async def login(self, username: str, password: str = PASSWORD) -> str:
        """A session's token."""
        answer = await self.call("POST", "/api/login", None, json={"username": username, "password": password})
        assert answer.status == 201, answer.body
        return str(answer.json()["token"])

    def held(self, number: int) -> list[Held]:
        """The lists that are held of a system."""
        return self.gateway.store.held(SystemId(number))

    def apply(self, text: str) -> None:
        """Let another configuration take effect, as a reload does."""
        self.gateway.apply(config_of(text))


@contextlib.asynccontextmanager
async def site_of(
    text: str, *, clock: Callable[[], float] = time.monotonic, environ: Mapping[str, str] | None = None
) -> AsyncIterator[Site]:
    """A gateway with that configuration, listening on a free port."""
    config = config_of(text, environ)
    gateway = Gateway(config, monotonic=clock)
    runner = Runner(create_app(gateway), per_address=True)
    await runner.setup()
    try:
        await web.TCPSite(runner, ADDRESS, 0, backlog=1024).start()
        connector = TCPConnector(limit=0)
        async with ClientSession(
            connector=connector, cookie_jar=DummyCookieJar(), timeout=ClientTimeout(total=60)
        ) as http:
            yield Site(gateway, runner.addresses[0][1], http)
    finally:
        await runner.cleanup()


def config_of(text: str, environ: Mapping[str, str] | None = None) -> Config:
    """The configuration behind a text; relative paths of it start at the current folder."""
    return parse(text, "secure", Path.cwd(), environ or {})


def config_text(
    systems: Iterable[Mapping[str, object]],
    *,
    users: Iterable[Mapping[str, object]] = (),
    tokens: Iterable[Mapping[str, object]] | None = None,
    tables: Mapping[str, Mapping[str, object]] = QUICK,
) -> str:
    """TOML. Without `tokens` there is one that sees everything; a user needs but a name and its rights."""
    if tokens is None:
        tokens = [token_table("all", TOKEN, systems="all", role="admin")]
    parts = [table(f"[{name}]", keys) for name, keys in tables.items()]
    parts += [table("[[system]]", system) for system in systems]
    parts += [table("[[user]]", {"password_hash": CHEAP_HASH, **user}) for user in users]
    parts += [table("[[token]]", token) for token in tokens]
    return "\n".join(parts)


def system_table(number: int, appliance: Appliance, **more: object) -> dict[str, object]:
    """The [[system]] of a simulated appliance."""
    return {**system_keys(number, appliance), **more}
