"""The page over living and dying systems."""

import asyncio
import csv
import io
import re
import time
from dataclasses import replace
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest
from playwright.async_api import Dialog, Download, expect

from gateway.simulator import ApplianceSpec, Fault, generate_rows
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
    client = await gateway_over([_without_instance(1), small(2, rows=300)])
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
    assert (await asked.value).post_data_json["start_hours"] == 168
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


def _without_instance(number: int) -> ApplianceSpec:
    """Two clients with no id of an instance, told apart by their names alone; a database and a machine are named."""
    zone, now = "America/New_York", int(time.time())
    first = next(one for one in generate_rows(1, ZoneInfo(zone), now, 200, 14) if one.core_type == "master")
    asset = replace(first.asset, family="vmware", instance_id=None, database_name="orders", vm_name="machine-7")
    own = [
        replace(
            first,
            row=at,
            id=at,
            status=0,
            asset=replace(asset, client_name=f"host-{at % 2}"),
            start=begun,
            end=begun + 60,
        )
        for at, begun in ((at, now - 3600 * at) for at in range(1, 8))
    ]
    return small(number, records=tuple(own), timezone=zone)


async def test_an_asset_without_an_instance_has_the_rows_that_the_gateway_counts_to_it(
    gateway_over: Make, open_page: Open
) -> None:
    client = await gateway_over([_without_instance(1)])
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


async def test_a_detail_of_few_rows_shows_its_head_and_its_rows_and_nothing_else(
    gateway_over: Make, open_page: Open
) -> None:
    client = await gateway_over([small(1)])
    page = (await open_page(client)).page
    await page.locator(".assets .name").first.click()
    await expect(page.locator("asset-backups table")).to_be_visible()
    stray = "one => [...one.childNodes].filter((node) => node.nodeType === Node.TEXT_NODE).map((node) => node.data)"
    assert await page.locator("asset-backups").evaluate(stray) == []


async def test_a_gateway_that_is_out_of_reach_is_told_and_ages_go_on(gateway_over: Make, open_page: Open) -> None:
    client = await gateway_over([small(1)])
    shown = await open_page(client)
    page = shown.page
    live = page.locator(".live")
    await expect(live).to_contain_text(re.compile("^live, as of"))
    await page.clock.install()
    await page.context.set_offline(True)
    await page.get_by_role("button", name="Refresh").click()
    await expect(page.locator(".banner .sentence")).to_contain_text("The gateway cannot be reached.")
    await expect(page.locator("status-banner")).to_have_class("banner bad")
    await expect(live).to_contain_text(re.compile(r"^not live since .*\d"))
    await page.clock.fast_forward("20:00")
    await expect(page.locator(".banner .age")).to_have_text(
        re.compile(r"^Oldest data: 2\d min\.$"), timeout=PATIENCE_MS
    )
    await expect(page.locator(".systems td[data-label='Data age']")).to_have_text(re.compile(r"^2\d min$"))
    shown.expected("ERR_INTERNET_DISCONNECTED")
    await page.context.set_offline(False)
    await page.get_by_role("button", name="Refresh").click()
    await expect(live).to_contain_text(re.compile("^live, as of"))
    await expect(page.locator(".banner .age")).to_have_text(re.compile(r"^Oldest data: \d+ s\.$"))


async def test_a_gateway_that_answers_no_more_is_told_though_no_question_has_failed(
    gateway_over: Make, open_page: Open
) -> None:
    client = await gateway_over([small(1)])
    page = (await open_page(client)).page
    await page.clock.install()
    await page.route("**/gateway/systems", lambda _route: None)
    async with page.expect_request("**/gateway/systems"):
        await page.get_by_role("button", name="Refresh").click()
    await expect(page.locator(".live")).to_contain_text(re.compile("^live, as of"))
    await page.clock.fast_forward("05:00")
    await expect(page.locator(".live")).to_contain_text("not live since", timeout=PATIENCE_MS)
    await expect(page.locator(".banner .sentence")).to_contain_text("The gateway does not answer.")
    await page.unroute("**/gateway/systems")
    await page.get_by_role("button", name="Refresh").click()
    await expect(page.locator(".live")).to_contain_text(re.compile("^live, as of"))
    await expect(page.locator(".banner .sentence")).to_contain_text("1 system answered")


async def test_a_pause_stops_the_questions(gateway_over: Make, open_page: Open) -> None:
    client = await gateway_over([small(1)])
    shown = await open_page(client, "/?refresh=0.2")
    await shown.page.get_by_role("button", name="Pause").click()
    await expect(shown.page.locator(".live")).to_contain_text("paused")
    await expect(shown.page.locator(".live")).to_contain_text("not live since")
    await expect(shown.page.get_by_role("button", name="Pause")).to_have_attribute("aria-pressed", "true")


async def test_out_of_sight_it_asks_nothing_and_back_in_sight_it_asks_at_once(
    gateway_over: Make, open_page: Open
) -> None:
    client = await gateway_over([small(1)])
    shown = await open_page(client, log_in=False)
    page = shown.page
    await page.clock.install()
    await page.evaluate("""() => {
        const plain = setTimeout;
        window.setTimeout = (work, ms) => { window.waits ||= ms === 60000; return plain(work, ms); };
    }""")
    await shown.log_in()
    await page.wait_for_function("window.waits")
    sight = "state => Object.defineProperty(document, 'visibilityState', { value: state, configurable: true })"
    await page.evaluate(sight, "hidden")
    await page.clock.fast_forward("30:00")
    await page.evaluate(sight, "visible")
    async with page.expect_request("**/gateway/assets*"):
        await page.evaluate("document.dispatchEvent(new Event('visibilitychange'))")
    assert len([url for url in shown.asked if url.endswith("/gateway/systems")]) == 2


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
