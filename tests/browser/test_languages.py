"""Languages in a real browser: its own is loaded alone, and one chosen by hand is remembered."""

from playwright.async_api import Browser, Page, expect

from tests.browser.chromium import PHONE, browser
from tests.browser.pages import part, phase
from tests.support.world import World

THAI_JOIN = "เข้าคิว"


async def thai_page(started: Browser, url: str) -> tuple[Page, list[str]]:
    """Open a page with a browser in Thai. Return it, and the addresses that it asks for."""
    context = await started.new_context(
        viewport={"width": PHONE["width"], "height": PHONE["height"]}, locale="th-TH"
    )
    page, asked = await context.new_page(), list[str]()
    page.on("request", lambda request: asked.append(request.url))
    await page.goto(url)
    return page, asked


async def test_a_page_speaks_the_browsers_language_and_loads_no_other(world: World) -> None:
    await world.event(venue={"name": "Hall"})
    async with browser() as started:
        page, asked = await thai_page(started, f"{world.clients.base}/events/demo")
        await expect(part(page, "join")).to_have_text(THAI_JOIN)
        await expect(page.locator("html")).to_have_attribute("lang", "th")
        await expect(page.locator("html")).to_have_attribute("dir", "ltr")
        await expect(page.locator("#dates")).to_contain_text("2573")  # the year 2030

        assert len([url for url in asked if "/text-th-" in url]) == 1
        assert not [url for url in asked if "/text-en-" in url]
        await part(page, "join").click()
        await phase(page, "admitted")
        await expect(part(page, "hold-quantity")).to_contain_text("ที่ดีที่สุด")


async def test_a_language_chosen_by_hand_is_remembered_on_every_page(world: World) -> None:
    await world.event()
    async with browser() as started:
        page, _ = await thai_page(started, f"{world.clients.base}/events/demo")
        await expect(part(page, "join")).to_have_text(THAI_JOIN)
        await part(page, "language").select_option("en")
        await expect(part(page, "join")).to_have_text("Join the line")
        await expect(page.locator("html")).to_have_attribute("lang", "en")

        await page.goto(world.clients.base)
        await expect(page.locator("h1")).to_have_text("On sale")
        await expect(part(page, "language")).to_have_value("en")
        await page.reload()
        await expect(page.locator("h1")).to_have_text("On sale")
