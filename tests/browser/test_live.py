"""Whether what is shown is of now, and what is told where it is not."""

import re

from playwright.async_api import expect

from tests.browser.conftest import Open
from tests.browser.watch import PATIENCE_MS
from tests.gateway.conftest import Make
from tests.gateway.live import small


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


async def test_out_of_sight_it_asks_nothing_and_back_in_sight_it_asks_at_once(
    gateway_over: Make, open_page: Open
) -> None:
    client = await gateway_over([small(1)])
    shown = await open_page(client, log_in=False)
    page = shown.page
    await page.clock.install()
    await page.evaluate("""() => {
        const plain = setTimeout;
        window.setTimeout = (work, ms) => {
            if (ms === 60000) document.body.classList.add("waits");
            return plain(work, ms);
        };
    }""")
    await shown.log_in()
    await expect(page.locator("body.waits")).to_have_count(1)
    sight = "state => Object.defineProperty(document, 'visibilityState', { value: state, configurable: true })"
    await page.evaluate(sight, "hidden")
    await page.clock.fast_forward("30:00")
    await page.evaluate(sight, "visible")
    async with page.expect_request("**/gateway/assets*"):
        await page.evaluate("document.dispatchEvent(new Event('visibilitychange'))")
    assert len([url for url in shown.asked if url.endswith("/gateway/systems")]) == 2


async def test_a_pause_stops_the_questions(gateway_over: Make, open_page: Open) -> None:
    client = await gateway_over([small(1)])
    shown = await open_page(client, "/?refresh=0.2")
    await shown.page.get_by_role("button", name="Pause").click()
    await expect(shown.page.locator(".live")).to_contain_text("paused")
    await expect(shown.page.locator(".live")).to_contain_text("not live since")
    await expect(shown.page.get_by_role("button", name="Pause")).to_have_attribute("aria-pressed", "true")
