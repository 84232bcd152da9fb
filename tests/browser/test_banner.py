"""The one sentence above all: what it says, and when it is green."""

import pytest
from playwright.async_api import expect

from gateway.simulator import Fault
from tests.browser.conftest import Open
from tests.browser.made import without_instance
from tests.gateway.conftest import Make
from tests.gateway.live import small


@pytest.mark.parametrize(
    ("filters", "said"),
    [
        ("customer=Acmee", "There is no system of a customer “Acmee”: nothing is shown."),
        ("system=site-9", "There is no system called “site-9”: nothing is shown."),
        ("customer=Acme&system=site-2", "There is no system called “site-2” of a customer “Acme”: nothing is shown."),
    ],
)
async def test_filters_that_no_system_has_are_told_and_never_green(
    gateway_over: Make, open_page: Open, filters: str, said: str
) -> None:
    client = await gateway_over([small(1, customer="Acme"), small(2, customer="Globex")])
    page = (await open_page(client, f"/?tv=1&{filters}")).page
    await expect(page.locator(".banner .sentence")).to_have_text(said)
    await expect(page.locator("status-banner")).to_have_class("banner bad")
    await expect(page.locator(".nothing")).to_have_text("No asset, since there is no such system.")


async def test_the_banner_speaks_of_all_assets_whatever_is_searched(gateway_over: Make, open_page: Open) -> None:
    client = await gateway_over([small(1), small(2, rows=300)])
    page = (await open_page(client)).page
    sums = (await client.get(path="/gateway/summary")).json["assets"]
    assert sums["failing"] + sums["no_success"]
    sentence = page.locator(".banner .sentence")
    await expect(sentence).to_contain_text(f"{sums['failing']} asset")
    before = await sentence.text_content()
    await page.get_by_label("Search").fill("zzzz")
    await expect(page.locator(".nothing")).to_contain_text("No asset fits “zzzz”")
    assert await sentence.text_content() == before


async def test_the_banner_is_green_only_while_nothing_fails(gateway_over: Make, open_page: Open) -> None:
    client = await gateway_over([without_instance(1), small(2, rows=300)])
    page = (await open_page(client, "/?system=site-1")).page
    await expect(page.locator(".banner .sentence")).to_contain_text("a good backup of every asset within its time.")
    await expect(page.locator("status-banner")).to_have_class("banner good")
    await page.get_by_label("System", exact=True).select_option("site-2")
    await expect(page.locator(".banner .sentence")).to_contain_text("failing")
    await expect(page.locator("status-banner")).to_have_class("banner warn")


async def test_where_no_asset_is_known_the_banner_says_so_and_is_not_green(gateway_over: Make, open_page: Open) -> None:
    client = await gateway_over([small(1, records=())])
    page = (await open_page(client)).page
    await expect(page.locator(".banner .sentence")).to_contain_text("No asset is known.")
    await expect(page.locator("status-banner")).to_have_class("banner none")


async def test_before_its_systems_have_answered_a_customer_is_neither_well_nor_unknown(
    gateway_over: Make, open_page: Open
) -> None:
    client = await gateway_over([small(1, customer="Acme"), small(2, customer="Globex")])
    await client.systems[0].inject(Fault("hung"))
    shown = await open_page(client, "/?customer=Acme", log_in=False)
    await shown.log_in()
    await expect(shown.page.locator(".banner .sentence")).to_have_text("0 of 1 system answered so far.")
    await expect(shown.page.locator("status-banner")).to_have_class("banner busy")
    await expect(shown.page.locator(".systems tr.skeleton")).to_contain_text("site-1")
