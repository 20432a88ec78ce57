"""The picture of a section's view: loaded when asked for, closed by key, gone when broken."""

from typing import Any

from playwright.async_api import Page, Request, expect

from tests.browser.chromium import DESKTOP, PHONE, browser
from tests.browser.pages import joined_page, part, seat_is
from tests.map.houses import block
from tests.support.world import World

PICTURE = "/static/icon.svg?view"


def requests_of(page: Page) -> list[str]:
    """Return a list to which every address that a page asks for is added."""
    asked: list[str] = []

    def note(request: Request) -> None:
        asked.append(request.url)

    page.on("request", note)
    return asked


def house(view: str) -> list[dict[str, Any]]:
    """Return a house in which only the first section of three has a picture."""
    return [block(1) | {"view": view}, block(2), block(3)]


async def test_a_view_is_loaded_when_it_is_asked_for_and_closed_by_key(world: World) -> None:
    await world.event(sections=house(PICTURE))
    async with browser() as started:
        page = await joined_page(started, world.clients.base, then="admitted", size=PHONE)
        await seat_is(page, "b1.A-1", "free")
        asked = requests_of(page)
        view = part(page, "sections").get_by_role("button", name="View from here")
        await expect(view).to_have_count(1)
        await expect(view).to_have_accessible_name("View from here: Block 1")

        await view.focus()
        await page.keyboard.press("Enter")
        picture = part(page, "view").get_by_role("img")
        await expect(picture).to_have_accessible_name("Picture of what is seen from Block 1")
        await expect(part(page, "view").get_by_text("on its way")).to_have_count(0)
        await expect(part(page, "view").get_by_role("heading")).to_have_text("View from Block 1")
        assert await picture.evaluate("(image) => image.naturalWidth > 0")
        assert [url for url in asked if "?view" in url] == [world.clients.base + PICTURE]

        await page.keyboard.press("Escape")
        await expect(part(page, "view")).to_be_hidden()
        await expect(view).to_be_focused()


async def test_the_map_and_the_list_offer_the_view_of_the_section_that_is_open(
    world: World,
) -> None:
    await world.event(sections=house(PICTURE))
    async with browser() as started:
        page = await joined_page(started, world.clients.base, then="admitted", size=DESKTOP)
        await seat_is(page, "b1.A-1", "free")
        await expect(part(page, "map-view")).to_be_hidden()  # in the whole house
        await page.locator('[data-section="b1"]').click()
        await part(page, "map-view").click()
        await expect(part(page, "view").get_by_role("img")).to_be_visible()
        await part(page, "view-close").click()
        await part(page, "seat-list").locator("summary").click()
        await expect(page.locator("#list-view")).to_be_visible()

        await page.locator('[data-section="b2"]').click()
        await expect(part(page, "map-view")).to_be_hidden()
        await expect(page.locator("#list-view")).to_be_hidden()


async def test_a_picture_that_is_not_there_is_offered_no_more(world: World) -> None:
    await world.event(sections=house("/static/no-such-picture.jpg"))
    async with browser() as started:
        page = await joined_page(started, world.clients.base, then="admitted")
        views = part(page, "sections").get_by_role("button", name="View from here")
        await views.click()
        await expect(views).to_have_count(0)
        await expect(part(page, "view")).to_be_hidden()
        await expect(page.locator('[data-section="b1"]')).to_be_focused()
        await expect(page.locator("#polite")).to_have_text("There is no picture of this view.")
        await page.locator('[data-section="b1"]').click()
        await expect(page.locator('[data-section="b1"]')).to_have_attribute("aria-pressed", "true")
        await expect(part(page, "map-view")).to_be_hidden()
