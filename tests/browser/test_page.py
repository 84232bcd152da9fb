"""The page over living and dying systems."""

import asyncio
import csv
import io
import re
from pathlib import Path

import pytest
from playwright.async_api import Dialog, Download, expect

from gateway.simulator import Fault
from tests.browser.conftest import Open
from tests.browser.watch import PATIENCE_MS
from tests.gateway.conftest import Make
from tests.gateway.live import small

QUICK = {"fresh_seconds": 1, "revalidate_seconds": 1}


async def _text(download: Download) -> str:
    return await asyncio.to_thread(Path(await download.path()).read_text, "utf-8-sig")


async def test_it_shows_every_system_its_assets_and_what_is_wrong(gateway_over: Make, open_page: Open) -> None:
    client = await gateway_over([small(1, customer="Acme"), small(2, dead=True)])
    shown = await open_page(client)
    summary = (await client.get(path="/gateway/summary")).json
    await expect(shown.page.get_by_role("status").first).to_contain_text("1 system of 2 did not answer.")
    await expect(shown.page.locator(".absent")).to_contain_text("site-2")
    await expect(shown.page.locator(".absent")).to_contain_text("refuses connections")
    await expect(shown.page.locator(".systems tbody tr")).to_have_count(2)
    await expect(shown.page.locator(".assets > caption")).to_have_text(f"{summary['assets']['total']} assets")
    for name, key in (("failing", "failing"), ("no good backup", "no_success"), ("on hold", "on_hold")):
        tile = shown.page.locator(".tile", has=shown.page.locator(".word", has_text=re.compile(f"^{name}$")))
        await expect(tile.locator("b")).to_have_text(str(summary["assets"][key]))


async def test_a_system_that_dies_shows_without_a_reload_and_keeps_its_rows(
    gateway_over: Make, open_page: Open
) -> None:
    client = await gateway_over([small(1), small(2)], cache=QUICK)
    shown = await open_page(client, "/?refresh=0.3")
    await expect(shown.page.get_by_role("status").first).to_contain_text("All 2 systems answered")
    rows = await shown.page.locator(".assets > caption").text_content()
    first = shown.page.locator(".assets .name").first
    await first.click()
    await client.systems[1].inject(Fault("refusing"))
    await expect(shown.page.get_by_role("status").first).to_contain_text(
        "1 system of 2 did not answer", timeout=PATIENCE_MS
    )
    await expect(shown.page.locator(".absent")).to_contain_text("stale")
    await expect(shown.page.locator(".absent")).to_contain_text("site-2")
    assert await shown.page.locator(".assets > caption").text_content() == rows
    await expect(first).to_be_focused()
    await expect(first).to_have_attribute("aria-expanded", "true")


async def test_rows_appear_while_a_slow_system_is_still_silent(gateway_over: Make, open_page: Open) -> None:
    client = await gateway_over([small(1), small(2)])
    await client.systems[1].inject(Fault("hung"))
    shown = await open_page(client, log_in=False)
    await shown.log_in()
    await expect(shown.page.locator(".assets .name").first).to_be_visible(timeout=PATIENCE_MS)
    await expect(shown.page.locator(".systems tr.skeleton")).to_contain_text("site-2")
    await expect(shown.page.get_by_role("status").first).to_contain_text("1 of 2 systems answered so far")


async def test_texts_of_appliances_are_shown_and_never_run(gateway_over: Make, open_page: Open) -> None:
    # Of so many some show that error last on whatever day this runs.
    client = await gateway_over([small(1, name="<img src=x onerror=alert(1)>", rows=1500, assets=200)])
    shown = await open_page(client)
    said: list[Dialog] = []
    shown.page.on("dialog", lambda dialog: said.append(dialog))
    asset = next(
        row
        for row in (await client.get(path="/gateway/assets")).json["assets"]
        if row["last_error"] and "<script>" in row["last_error"]
    )
    await shown.page.get_by_label("Search").fill(asset["asset"])
    await shown.page.get_by_role("button", name=asset["asset"], exact=True).first.click()
    await expect(shown.page.locator("pre.output", has_text="<script>alert(").first).to_be_visible()
    await expect(shown.page.locator(".systems tbody")).to_contain_text("<img src=x onerror=alert(1)>")
    assert await shown.page.locator("main script, main img").count() == 0
    assert said == []


async def test_filters_survive_a_reload_and_back_takes_them_back(gateway_over: Make, open_page: Open) -> None:
    # Of so many backups some are on hold on whatever day this runs: an empty table would have no head to click.
    client = await gateway_over([small(1, customer="Acme", rows=400), small(2, customer="Globex")])
    shown = await open_page(client)
    page = shown.page
    await page.get_by_label("Customer", exact=True).select_option("Acme")
    await page.locator(".tile.hold").click()
    await page.get_by_role("button", name="Fails in a row").click()
    await expect(page).to_have_url(re.compile(r"\?customer=Acme&show=on_hold&sort=failures&dir=desc$"))
    await page.reload()
    await shown.whole()
    await expect(page.get_by_label("Customer", exact=True)).to_have_value("Acme")
    await expect(page.locator(".tile.hold")).to_have_attribute("aria-pressed", "true")
    await expect(page.locator("th[data-sort=failures]")).to_have_attribute("aria-sort", "descending")
    await expect(page.locator(".systems tbody tr")).to_have_count(1)
    await page.go_back()
    await page.go_back()
    await expect(page.locator(".tile.hold")).to_have_attribute("aria-pressed", "false")
    await page.go_back()
    await expect(page.locator(".systems tbody tr")).to_have_count(2)


async def test_tables_can_be_taken_away_as_csv(gateway_over: Make, open_page: Open) -> None:
    client = await gateway_over([small(1)])
    page = (await open_page(client)).page
    async with page.expect_download() as started:
        await page.get_by_role("button", name="CSV of the assets shown").click()
    download = await started.value
    assert re.fullmatch(r"assets-\d{4}-\d\d-\d\d-\d{4}\.csv", download.suggested_filename)
    rows = list(csv.DictReader(io.StringIO(await _text(download))))
    held = (await client.get(path="/gateway/assets")).json["assets"]
    assert sorted(row["asset"] for row in rows) == sorted(row["asset"] for row in held)
    await page.locator(".assets .name").first.click()
    async with page.expect_download() as started:
        await page.get_by_role("button", name="CSV of the backups of").click()
    text = await _text(await started.value)
    assert text.startswith("system_id,system_name,start_epoch,finish_epoch")


async def test_the_keyboard_is_enough(gateway_over: Make, open_page: Open) -> None:
    client = await gateway_over([small(1)])
    page = (await open_page(client)).page
    await page.evaluate("document.activeElement.blur()")
    await page.keyboard.press("/")
    await expect(page.get_by_label("Search")).to_be_focused()
    await page.keyboard.type("zzz")
    await expect(page.locator(".nothing")).to_have_text("No asset fits “zzz” - 1 of 1 system answered.")
    await page.keyboard.press("Escape")
    await expect(page.locator(".assets .name").first).to_be_visible()
    for _ in range(20):
        await page.keyboard.press("Tab")
        if await page.evaluate("document.activeElement.matches('.assets .name')"):
            break
    await page.keyboard.press("Enter")
    await expect(page.locator("asset-backups table")).to_be_visible()
    await page.keyboard.press("Enter")
    await expect(page.locator("asset-backups")).to_have_count(0)


async def test_without_any_system_it_says_what_to_do(gateway_over: Make, open_page: Open) -> None:
    client = await gateway_over([], login=False)
    shown = await open_page(client)
    await expect(shown.page.locator(".welcome")).to_contain_text("[[system]]")
    await expect(shown.page.locator(".welcome")).to_contain_text("backup-gateway demo")


@pytest.mark.parametrize("motion", ["reduce", "no-preference"])
async def test_nothing_moves_where_that_is_not_wanted(gateway_over: Make, open_page: Open, motion: str) -> None:
    client = await gateway_over([small(1)])
    await client.systems[0].inject(Fault("hung"))
    shown = await open_page(client, log_in=False, reduced_motion=motion)
    await shown.log_in()
    bar = shown.page.locator(".skeleton td span:empty").first
    await expect(bar).to_have_css("animation-name", "none" if motion == "reduce" else "breathe")
