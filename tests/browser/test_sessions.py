"""Coming, staying and going: the login form, the end of a session, the wall screen."""

import re

from playwright.async_api import expect

from tests.browser.conftest import Open
from tests.browser.watch import PATIENCE_MS
from tests.gateway.conftest import Make
from tests.gateway.live import STATIC_TOKEN, small


async def test_a_wrong_password_and_a_locked_account_are_told_in_words(gateway_over: Make, open_page: Open) -> None:
    client = await gateway_over([small(1)], login=False)
    shown = await open_page(client, log_in=False)
    alert = shown.page.get_by_role("alert")
    for _ in range(5):
        await shown.log_in(password="wrong")
        await expect(shown.page.get_by_role("button", name="Log in")).to_be_enabled()
        await expect(alert).to_contain_text("not right")
    await shown.log_in(password="wrong")
    await expect(alert).to_contain_text(re.compile(r"Too many attempts: .* try again in 1\d min"))
    shown.expected("401")
    shown.expected("429")


async def test_a_logout_ends_the_session_on_the_gateway(gateway_over: Make, open_page: Open) -> None:
    client = await gateway_over([small(1)])
    shown = await open_page(client, "/?hours=48")
    token = await shown.page.evaluate("sessionStorage.getItem('backup-gateway-token')")
    await shown.page.get_by_role("button", name="Log out").click()
    await expect(shown.page.get_by_role("status")).to_have_text("You are logged out.")
    assert (await client.request("GET", "/gateway/systems", headers={"AuthToken": token})).status == 401
    assert await shown.page.evaluate("sessionStorage.length + localStorage.length") == 0


async def test_the_end_of_a_session_brings_the_form_and_keeps_the_address(gateway_over: Make, open_page: Open) -> None:
    client = await gateway_over([small(1)])
    shown = await open_page(client, "/?show=on_hold&refresh=0.3")
    token = await shown.page.evaluate("sessionStorage.getItem('backup-gateway-token')")
    await client.request("POST", "/api/logout", headers={"AuthToken": token})
    await expect(shown.page.get_by_role("status")).to_contain_text("session has ended", timeout=PATIENCE_MS)
    await expect(shown.page).to_have_url(re.compile("show=on_hold"))
    shown.expected("401")
    await shown.log_in()
    await shown.whole()
    await expect(shown.page.locator(".tile.hold")).to_have_attribute("aria-pressed", "true")


async def test_a_wall_screen_keeps_its_token_and_shows_large_tiles(gateway_over: Make, open_page: Open) -> None:
    client = await gateway_over([small(1), small(2)], login=False)
    shown = await open_page(client, "/?tv=1", log_in=False, viewport={"width": 1920, "height": 1080})
    page = shown.page
    await page.get_by_text("Use a token instead").click()
    await page.get_by_label("Token", exact=True).fill(STATIC_TOKEN)
    await page.get_by_label("Keep on this screen").check()
    await page.get_by_role("button", name="Log in").click()
    await shown.whole()
    assert await page.locator(".tile b").first.evaluate("one => parseFloat(getComputedStyle(one).fontSize)") > 40
    await expect(page.get_by_label("Search")).to_be_hidden()
    assert await shown.fits()
    await page.reload()
    await shown.whole()
    assert await page.evaluate("sessionStorage.length") == 0


async def test_a_token_that_opens_nothing_is_refused(gateway_over: Make, open_page: Open) -> None:
    client = await gateway_over([small(1)], login=False)
    shown = await open_page(client, log_in=False)
    await shown.page.get_by_text("Use a token instead").click()
    for wrong in ("no-token-of-this-gateway", "łódź"):
        await shown.page.get_by_label("Token", exact=True).fill(wrong)
        await shown.page.get_by_role("button", name="Log in").click()
        await expect(shown.page.get_by_role("alert")).to_contain_text("not right")
    shown.expected("401")
