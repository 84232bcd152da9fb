"""What axe finds, in both themes; and a telephone, which never scrolls sideways."""

import re

import pytest
from playwright.async_api import expect

from tests.browser.conftest import Open
from tests.gateway.conftest import Make
from tests.gateway.live import small

PHONE = {"width": 390, "height": 844}


@pytest.mark.parametrize("scheme", ["light", "dark"])
async def test_axe_finds_nothing_grave_on_the_page_the_form_and_the_detail(
    gateway_over: Make, open_page: Open, scheme: str
) -> None:
    client = await gateway_over([small(1, customer="Acme", rows=300), small(2, dead=True)])
    shown = await open_page(client, log_in=False, color_scheme=scheme, bypass_csp=True)
    await shown.page.get_by_text("Use a token instead").click()
    assert await shown.grave_findings() == []
    await shown.log_in()
    await shown.whole()
    await shown.page.locator(".assets .name").first.click()
    await expect(shown.page.locator("asset-backups table")).to_be_visible()
    await shown.page.get_by_text("View as table").click()
    assert await shown.grave_findings() == []


@pytest.mark.parametrize("scheme", ["light", "dark"])
async def test_axe_finds_nothing_grave_on_the_docs(gateway_over: Make, open_page: Open, scheme: str) -> None:
    client = await gateway_over([small(1)])
    shown = await open_page(client, "/docs#getBackups", log_in=False, color_scheme=scheme, bypass_csp=True)
    await expect(shown.page.locator("details.operation[open]")).to_have_count(1)
    assert await shown.grave_findings() == []


async def test_on_a_telephone_nothing_scrolls_sideways(gateway_over: Make, open_page: Open) -> None:
    client = await gateway_over([small(1, name="a-system-with-quite-a-long-name-" * 3, rows=300), small(2, dead=True)])
    shown = await open_page(client, log_in=False, viewport=PHONE)
    assert await shown.fits()
    await shown.log_in()
    await shown.whole()
    assert await shown.fits()
    await shown.page.locator(".assets .name").first.click()
    await expect(shown.page.locator("asset-backups table")).to_be_visible()
    assert await shown.fits()
    await shown.page.goto(client.url + "/docs")
    await shown.page.locator("details.operation summary").first.click()
    assert await shown.fits()


@pytest.mark.parametrize("viewport", [PHONE, {"width": 1280, "height": 900}])
async def test_a_year_of_days_makes_nothing_scroll_sideways(
    gateway_over: Make, open_page: Open, viewport: dict[str, int]
) -> None:
    client = await gateway_over([small(1)], report={"history_days": 366})
    shown = await open_page(client, viewport=viewport)
    await expect(shown.page.locator(".assets .strip").first.locator(".day")).to_have_count(30)
    newest = await shown.page.locator("trend-chart tbody th").first.text_content() or "no day"
    last = shown.page.locator(".assets .strip").first.locator(".day").last
    await expect(last).to_have_attribute("title", re.compile(f"^{re.escape(newest)}: "))
    assert await shown.fits()


async def test_the_docs_have_every_route_with_a_line_to_copy(gateway_over: Make, open_page: Open) -> None:
    client = await gateway_over([small(1)])
    shown = await open_page(client, "/docs", log_in=False, permissions=["clipboard-read", "clipboard-write"])
    paths = (await client.get(path="/openapi.json")).json["paths"]
    operations = shown.page.locator("details.operation")
    await expect(operations).to_have_count(sum(map(len, paths.values())))
    await operations.first.locator("summary").click()
    await operations.first.get_by_role("button", name="Copy").click()
    await expect(operations.first.get_by_role("button", name="Copied")).to_be_visible()
    assert "/api/backups" in await shown.page.evaluate("navigator.clipboard.readText()")
    await shown.page.get_by_role("link", name="Shortfall").first.click()
    await expect(shown.page.locator("#schema-Shortfall")).to_have_attribute("open", "")
