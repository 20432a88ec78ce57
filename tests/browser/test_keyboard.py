"""Without a mouse: by key from the home page to the ticket, what has the focus always in view."""

import re

from playwright.async_api import Page, expect

from tests.browser.chromium import PHONE, browser, open_page
from tests.browser.pages import part, phase
from tests.support.world import World

TABS_MAX = 30  # to whatever comes next
AT = "document.activeElement.closest('[data-testid]')?.dataset.testid"
# WCAG 2.2, 2.4.7 and 2.4.11: what has the focus is in view, and nothing lies over it.
IS_IN_VIEW = """() => {
  const focused = document.activeElement;
  const { left, top, width, height } = focused.getBoundingClientRect();
  const found = document.elementFromPoint(left + width / 2, top + height / 2);
  const part = (element) => element?.closest("[data-testid]");
  return focused === document.body || focused.contains(found) || part(found) === part(focused);
}"""


async def tab_to(page: Page, name: str) -> None:
    """Press the Tab key until a part has the focus, which is in view all the way."""
    for _ in range(TABS_MAX):
        await page.keyboard.press("Tab")
        at = await page.evaluate(AT)
        assert await page.evaluate(IS_IN_VIEW), f"{at} has the focus and cannot be seen"
        if at == name:
            return
    raise AssertionError(f"the Tab key does not come to {name}")


async def press(page: Page, *keys: str) -> None:
    for key in keys:
        await page.keyboard.press(key)


async def test_a_seat_is_bought_from_the_home_page_by_keys_alone(world: World) -> None:
    await world.event()
    async with browser() as started:
        page = await open_page(started, world.clients.base, size=PHONE)
        await tab_to(page, "card-demo")
        await press(page, "Enter")
        await phase(page, "outside")
        await tab_to(page, "join")
        await press(page, "Enter")
        await phase(page, "admitted")
        await expect(part(page, "seat-list")).to_be_visible()

        await tab_to(page, "seat-list")
        await press(page, "Enter")
        await expect(page.locator("#list-row option")).to_have_count(2)
        await tab_to(page, "list-row")
        await press(page, "ArrowDown", "Tab")
        await expect(page.locator('[data-listed="stalls.B-1"]')).to_be_focused()
        await press(page, "Enter")
        await expect(part(page, "chosen")).to_contain_text("B 1")
        await tab_to(page, "map")
        await press(page, "n", "Space")
        await expect(part(page, "chosen")).to_contain_text(re.compile(r"A \d"))
        await tab_to(page, "hold")
        await press(page, "Enter")

        await expect(page.locator("#held-title")).to_be_focused()
        await tab_to(page, "method-ok")
        await tab_to(page, "pay")
        await press(page, "Enter")
        await expect(page.locator("#booking-title")).to_be_focused()
        await expect(part(page, "ticket")).to_have_count(2)
