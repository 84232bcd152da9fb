"""Material of the tests of simulated appliances: a clock, a client, and an appliance that faults are set on."""

import json
from collections.abc import AsyncIterator
from dataclasses import dataclass
from typing import Any, Final

import pytest
from aiohttp import ClientSession

from gateway.simulator import Appliance, ApplianceSpec

NOW: Final = 1_761_700_000
SPEC: Final = ApplianceSpec(rows=40, clock=lambda: 784_111_777.0)
"""Of `appliance`."""


@dataclass
class Clock:
    """A clock that is turned by hand, in epoch seconds."""

    now: float = NOW

    def __call__(self) -> float:
        return self.now


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
async def http() -> AsyncIterator[ClientSession]:
    async with ClientSession() as session:
        yield session


async def log_in(http: ClientSession, appliance: Appliance) -> dict[str, str]:
    """The headers of a client that has logged in."""
    credentials = {"username": appliance.spec.username, "password": appliance.spec.password}
    async with http.post(f"{appliance.url}/api/login", json=credentials) as answer:
        assert answer.status == 201
        return {"AuthToken": (await answer.json())["auth_token"]}


@pytest.fixture
async def appliance() -> AsyncIterator[Appliance]:
    async with Appliance(SPEC) as running:
        yield running


class Client:
    """A client of `appliance`, which knows its token from the start: faults hit the calls that a test makes."""

    def __init__(self, http: ClientSession, appliance: Appliance) -> None:
        self._http = http
        self._url = appliance.url
        self._headers = {"AuthToken": appliance.sessions.issue()}

    async def call(self, route: str = "backups", **options: Any) -> tuple[int, bytes, Any]:
        """Status, body bytes, headers."""
        credentials = json.dumps({"username": SPEC.username, "password": SPEC.password}).encode()
        async with self._http.post(
            f"{self._url}/api/{route}",
            data=credentials if route == "login" else b"{}",
            headers=self._headers,
            allow_redirects=False,
            **options,
        ) as answer:
            return answer.status, await answer.read(), answer.headers

    async def rows(self) -> int:
        return len(json.loads((await self.call())[1])["backups"])


@pytest.fixture
def client(http: ClientSession, appliance: Appliance) -> Client:
    return Client(http, appliance)
