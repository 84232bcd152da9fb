"""A gateway over simulated appliances, and a browser that complains of everything that a page should not do."""

import contextlib
import os
import shutil
from collections.abc import AsyncIterator, Awaitable, Callable
from typing import Any

import pytest
import pytest_asyncio
from playwright.async_api import Browser, async_playwright

from tests.browser.watch import Watched, watched_page
from tests.gateway.conftest import gateway_over, logged
from tests.gateway.live import Client

__all__ = ["gateway_over", "logged"]

Open = Callable[..., Awaitable[Watched]]


@pytest_asyncio.fixture
async def browser() -> AsyncIterator[Browser]:
    """The system's Chromium. Without one there is nothing to test, which is a fault where CI=true."""
    path = shutil.which("chromium") or shutil.which("chromium-browser") or shutil.which("google-chrome")
    if path is None:
        if os.environ.get("CI") == "true":
            pytest.fail("no Chromium on this machine: apt-get install chromium")
        pytest.skip("no Chromium on this machine: apt-get install chromium, and the pages are tested as well")
    async with async_playwright() as playwright:
        found = await playwright.chromium.launch(executable_path=path, args=["--no-sandbox"])
        yield found
        await found.close()


@pytest_asyncio.fixture
async def open_page(browser: Browser) -> AsyncIterator[Open]:
    """A factory of pages of a gateway; `path` may carry filters, `context` is what the browser is to be like."""
    async with contextlib.AsyncExitStack() as stack:

        async def make(client: Client, path: str = "/", *, log_in: bool = True, **context: Any) -> Watched:
            return await stack.enter_async_context(watched_page(browser, client, path, log_in=log_in, **context))

        yield make
