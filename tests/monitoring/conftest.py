"""One real scrape that many tests read, Prometheus' own tools, and the watch on what must never be logged."""

import os
import shutil
from collections.abc import AsyncIterator

import pytest
import pytest_asyncio

from gateway.simulator import Fault
from tests.gateway.conftest import logged
from tests.gateway.live import gateway_over, small
from tests.monitoring.scraping import Scrape, scrape

__all__ = ["logged"]


@pytest_asyncio.fixture
async def full() -> AsyncIterator[Scrape]:
    """A scrape of a gateway that has been asked for everything, by callers of every kind, with one system failing."""
    specs = [small(number, rows=120, customer="Acme") for number in (1, 2, 3)]
    async with gateway_over(specs, report={"asset_metrics": True}) as client:
        await client.farm[2].inject(Fault("error", status=500))
        for path in ("/gateway/summary", "/gateway/assets", "/nowhere"):
            await client.get(path=path)
        await client.post({})
        await client.post({})
        yield await scrape(client)


@pytest.fixture
def promtool() -> str:
    """The checker, of the Debian package `prometheus`; the server itself comes with it."""
    found = shutil.which("promtool") if shutil.which("prometheus") else None
    if found is None and os.environ.get("CI") == "true":
        pytest.fail("promtool is missing: apt-get install prometheus")
    if found is None:
        pytest.skip("promtool is not installed (Debian package prometheus): rules and metrics are not checked by it")
    return found
