"""Parts and phases of the pages, as browser tests find them."""

from playwright.async_api import Locator, Page, expect

from tests.support.clients import PASSWORD


async def phase(page: Page, name: str) -> None:
    await expect(page.locator("body")).to_have_attribute("data-phase", name)


def part(page: Page, name: str) -> Locator:
    return page.get_by_test_id(name)


async def log_in(page: Page) -> None:
    await part(page, "username").fill("admin")
    await part(page, "password").fill(PASSWORD)
    await part(page, "log-in").click()
    await part(page, "event-list").get_by_text("An Evening").click()
