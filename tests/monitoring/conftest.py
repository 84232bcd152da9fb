"""One real scrape that many tests read, and the watch on what must never be logged."""

from collections.abc import AsyncIterator

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
