"""How far back the page looks: as far as the gateway does."""

import re

import pytest
from playwright.async_api import expect

from tests.browser.conftest import Open
from tests.gateway.conftest import Make
from tests.gateway.live import small


async def test_the_windows_and_the_detail_go_as_far_back_as_the_gateway_looks(
    gateway_over: Make, open_page: Open
) -> None:
    client = await gateway_over([small(1, rows=300)], report={"history_days": 7})
    page = (await open_page(client)).page
    window = page.get_by_label("Window")
    await expect(window.locator("option")).to_have_text(["12 hours", "24 hours", "2 days", "3 days", "7 days"])
    await window.select_option("7 days")
    await expect(page.locator(".figures")).to_contain_text("in 7 days")
    total = (await client.get("hours=168", path="/gateway/summary")).json["backups"]["total"]
    await expect(page.locator(".figures")).to_contain_text(f"{total} backup")
    async with page.expect_request("**/api/backups") as asked:
        await page.locator(".assets .name").first.click()
    assert ((await asked.value).post_data_json or {})["start_hours"] == 168
    await expect(page.locator("asset-backups h3")).to_contain_text("in 7 days")


@pytest.mark.parametrize(
    ("days", "hours", "shown_hours"), [(366, 999, 999), (30, 999, 720), (7, 720, 168), (1, 48, 24)]
)
async def test_hours_beyond_what_the_gateway_looks_back_are_told_and_all_is_shown(
    gateway_over: Make, open_page: Open, days: int, hours: int, shown_hours: int
) -> None:
    client = await gateway_over([small(1, rows=300)], report={"history_days": days})
    shown = await open_page(client, f"/?hours={hours}")
    await expect(shown.page.get_by_label("Window")).to_have_value(str(shown_hours))
    total = (await client.get(f"hours={shown_hours}", path="/gateway/summary")).json["backups"]["total"]
    await expect(shown.page.locator(".figures")).to_have_text(re.compile(rf"^{total} backups? in "))
    await expect(shown.page.locator(".assets .name").first).to_be_visible()
    await expect(shown.page.locator(".banner")).not_to_contain_text("must be")
    told = shown.page.locator(".notice", has_text="The gateway looks back")
    if hours == shown_hours:
        await expect(told).to_have_count(0)
    else:
        await expect(told).to_contain_text(f"{days} day")
        await expect(told).to_contain_text(f"not of {hours} hours")
        shown.expected("400")


async def test_hours_that_are_no_number_are_told_and_a_day_is_shown(gateway_over: Make, open_page: Open) -> None:
    client = await gateway_over([small(1)])
    shown = await open_page(client, "/?hours=soon")
    await expect(shown.page.locator(".notice")).to_have_text(
        "“soon” is no number of hours: what is shown is of 24 hours."
    )
    await expect(shown.page.get_by_label("Window")).to_have_value("24")
    await expect(shown.page.locator(".assets .name").first).to_be_visible()
    await shown.page.get_by_label("Window").select_option("2 days")
    await expect(shown.page.locator(".notice")).to_be_hidden()
    await expect(shown.page.locator(".figures")).to_contain_text("in 2 days")
