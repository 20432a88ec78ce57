"""Keyboard shortcuts of the operators' console in a real browser (WCAG 2.1.4)."""

from playwright.async_api import Page, expect

from tests.browser.chromium import DESKTOP, browser, open_page
from tests.browser.pages import go, log_in, part
from tests.support.world import World


async def is_at(admin: Page, name: str) -> None:
    await expect(part(admin, f"go-{name}")).to_have_attribute("aria-current", "page")


async def test_keys_lead_to_pages_search_and_help(world: World) -> None:
    await world.event()
    async with browser() as started:
        admin = await open_page(started, f"{world.clients.base}/admin", size=DESKTOP)
        await admin.keyboard.press("2")
        await log_in(admin)
        for number, name in ((1, "night"), (5, "rules"), (9, "people"), (3, "visitors")):
            await admin.keyboard.press(str(number))
            await is_at(admin, name)
        await admin.keyboard.press("/")
        await expect(part(admin, "visitors-query")).to_be_focused()
        await admin.keyboard.type("4/p?")
        await expect(part(admin, "visitors-query")).to_have_value("4/p?")
        await is_at(admin, "visitors")

        await admin.keyboard.press("Tab")
        await admin.keyboard.press("1")
        await is_at(admin, "night")
        await admin.keyboard.press("/")
        await expect(part(admin, "bookings-query")).to_be_focused()
        await is_at(admin, "bookings")

        await admin.locator("h1").focus()
        await admin.keyboard.press("?")
        await expect(part(admin, "shortcuts")).to_be_visible()
        await expect(part(admin, "shortcuts")).to_contain_text("Messages")
        await admin.keyboard.press("1")
        await admin.keyboard.press("Escape")
        await is_at(admin, "bookings")


async def test_the_key_for_pause_asks_first(world: World) -> None:
    await world.event()
    async with browser() as started:
        admin = await open_page(started, f"{world.clients.base}/admin", size=DESKTOP)
        await log_in(admin)
        state = part(admin, "event-state")
        await expect(state).to_have_attribute("data-state", "open")
        await expect(part(admin, "action-pause")).to_be_visible()
        await admin.keyboard.press("p")
        await expect(admin.locator("#confirm")).to_contain_text("Pause the event?")
        await admin.keyboard.press("Escape")
        await expect(admin.locator("#confirm")).to_be_hidden()
        await expect(state).to_have_attribute("data-state", "open")
        await admin.keyboard.press("p")
        await part(admin, "confirm").click()
        await expect(state).to_have_attribute("data-state", "paused")


async def test_keys_can_be_switched_off_and_stay_off(world: World) -> None:
    await world.event()
    async with browser() as started:
        admin = await open_page(started, f"{world.clients.base}/admin", size=DESKTOP)
        await log_in(admin)
        await admin.keyboard.press("?")
        await part(admin, "shortcuts-on").uncheck()
        await admin.keyboard.press("Escape")
        await admin.reload()
        await go(admin, "rules")
        await admin.keyboard.press("1")
        await admin.keyboard.press("?")
        await expect(part(admin, "shortcuts")).to_be_hidden()
        await is_at(admin, "rules")

        await go(admin, "people")
        await part(admin, "shortcuts-show").click()
        await part(admin, "shortcuts-on").check()
        await admin.keyboard.press("Escape")
        await admin.keyboard.press("1")
        await is_at(admin, "night")
