"""An asset that is opened shows its own backups."""

from playwright.async_api import expect

from tests.browser.conftest import Open
from tests.browser.made import without_instance
from tests.gateway.conftest import Make
from tests.gateway.live import small


async def test_an_asset_without_an_instance_has_the_rows_that_the_gateway_counts_to_it(
    gateway_over: Make, open_page: Open
) -> None:
    client = await gateway_over([without_instance(1)])
    page = (await open_page(client)).page
    assets = (await client.get(path="/gateway/assets")).json["assets"]
    assert {(asset["asset"], asset["instance_id"]) for asset in assets} == {("orders", None)}
    assert sorted(asset["backups"] for asset in assets) == [3, 4]
    await expect(page.locator(".assets .name")).to_have_count(2)
    for asset in assets:
        row = page.locator(".assets tbody tr:not(.detail)", has_text=asset["client_name"])
        await row.locator(".name").click()
        await expect(page.locator("asset-backups tbody tr")).to_have_count(asset["backups"])
        await row.locator(".name").click()


async def test_an_open_asset_that_is_searched_away_comes_back_open_and_says_so(
    gateway_over: Make, open_page: Open
) -> None:
    client = await gateway_over([small(1)])
    page = (await open_page(client)).page
    name = page.locator(".assets .name").first
    await name.click()
    await expect(page.locator("asset-backups table")).to_be_visible()
    await page.get_by_label("Search").fill("zzz")
    await expect(page.locator("asset-backups")).to_have_count(0)
    await page.get_by_label("Search").fill("")
    await expect(page.locator("asset-backups table")).to_be_visible()
    await expect(name).to_have_attribute("aria-expanded", "true")
    await name.click()
    await expect(page.locator("asset-backups")).to_have_count(0)
    await expect(name).to_have_attribute("aria-expanded", "false")


async def test_a_detail_of_few_rows_shows_its_head_and_its_rows_and_nothing_else(
    gateway_over: Make, open_page: Open
) -> None:
    client = await gateway_over([small(1)])
    page = (await open_page(client)).page
    await page.locator(".assets .name").first.click()
    await expect(page.locator("asset-backups table")).to_be_visible()
    stray = "one => [...one.childNodes].filter((node) => node.nodeType === Node.TEXT_NODE).map((node) => node.data)"
    assert await page.locator("asset-backups").evaluate(stray) == []
