"""One gateway for all tests of a module that leave nothing behind on it."""

from collections.abc import AsyncIterator

import pytest_asyncio

from tests.hostile.live import Live, running


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def live() -> AsyncIterator[Live]:
    async with running() as found:
        yield found
