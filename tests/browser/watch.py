"""A page under watch: what it logs as an error, whom it asks, which parts of its policy it breaks, what axe finds."""

import contextlib
from collections.abc import AsyncIterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final

from playwright.async_api import Browser, ConsoleMessage, Page, Request, expect

from tests.gateway.live import USER, Client
from tests.kit.accounts import PASSWORD

AXE: Final = (Path(__file__).parent / "vendor" / "axe.min.js").read_text("utf-8")
PATIENCE_MS: Final = 15_000

_TELL_VIOLATIONS: Final = """
addEventListener("securitypolicyviolation", (event) =>
  console.error(`policy: ${event.violatedDirective} ${event.blockedURI}`));
"""


@dataclass
class Watched:
    """`complaints` must be empty in the end; a test takes out those that it provokes."""

    page: Page
    client: Client
    complaints: list[str] = field(default_factory=list)
    asked: list[str] = field(default_factory=list)

    async def log_in(self, username: str = USER, password: str = PASSWORD) -> None:
        await self.page.get_by_label("User").fill(username)
        await self.page.get_by_label("Password").fill(password)
        await self.page.get_by_role("button", name="Log in").click()

    async def whole(self) -> None:
        """Wait until a whole answer is shown."""
        await expect(self.page.locator(".live")).to_contain_text("as of", timeout=PATIENCE_MS)

    def expected(self, text: str) -> None:
        """Take out the complaints that a test provokes; there must be some."""
        assert [one for one in self.complaints if text in one]
        self.complaints[:] = [one for one in self.complaints if text not in one]

    async def grave_findings(self) -> list[str]:
        """What axe calls serious or critical on the page as it stands."""
        await self.page.evaluate(AXE)
        found: dict[str, Any] = await self.page.evaluate("() => axe.run(document)")
        return [
            f"{one['id']}: {one['help']}: {one['nodes'][0]['html'][:160]}"
            for one in found["violations"]
            if one["impact"] in ("serious", "critical")
        ]

    async def fits(self) -> bool:
        """Whether nothing makes the page scroll sideways."""
        return bool(await self.page.evaluate("document.scrollingElement.scrollWidth <= innerWidth"))

    def _console(self, message: ConsoleMessage) -> None:
        if message.type in ("error", "warning"):
            self.complaints.append(message.text)

    def _request(self, request: Request) -> None:
        self.asked.append(request.url)
        if not request.url.startswith((self.client.url + "/", "blob:", "data:")):
            self.complaints.append(f"another origin: {request.url}")
        if self.client.credentials.get("AuthToken", "no token") in request.url:
            self.complaints.append("a token in an address")


@contextlib.asynccontextmanager
async def watched_page(
    browser: Browser, client: Client, path: str, *, log_in: bool, **context: Any
) -> AsyncIterator[Watched]:
    """A page of a fresh context, logged in and filled where that is wanted."""
    async with await browser.new_context(**{"viewport": {"width": 1280, "height": 900}} | context) as made:
        page = await made.new_page()
        watched = Watched(page, client)
        page.on("console", watched._console)
        page.on("pageerror", lambda error: watched.complaints.append(f"error: {error}"))
        page.on("request", watched._request)
        await page.add_init_script(_TELL_VIOLATIONS)
        await page.goto(client.url + path)
        if log_in:
            await watched.log_in()
            await watched.whole()
        yield watched
        assert watched.complaints == []
