"""One real server for all tests, emptied before each."""

from collections.abc import AsyncIterator, Iterator

import pytest

from gateway.simulator import ApplianceSpec, Farm
from tests.shared.servers import Server, server


@pytest.fixture(scope="session")
def started() -> Iterator[Server]:
    with server() as one:
        yield one


@pytest.fixture
def valkey(started: Server) -> Server:
    with started.client() as client:
        client.flushall()
    return started


@pytest.fixture
async def farm() -> AsyncIterator[Farm]:
    async with Farm([ApplianceSpec(name=f"site-{n}", seed=n, rows=30, base_ms=200) for n in (1, 2, 3)]) as farm:
        yield farm
