"""Accessibility of every page and phase in a real browser, in light and dark: axe finds nothing."""

from importlib.resources import files

import pytest
from playwright.async_api import Page, expect

from booking_rush.server.app import V1
from tests.browser.chromium import DESKTOP, PHONE, browser, open_page
from tests.browser.pages import go, joined_page, log_in, part, phase, pick
from tests.support.world import World

AXE = files("axe_playwright_python").joinpath("axe.min.js").read_text()
FINDINGS = """async () => {
  const { violations } = await axe.run(document, { resultTypes: ["violations"] });
  return violations.flatMap((one) =>
    one.nodes.map((node) => `${one.id}: ${node.target} ${node.failureSummary}`));
}"""
CONSOLE = (
    "night", "bookings", "visitors", "house", "rules", "messages", "journal", "events", "people",
)  # fmt: skip


async def look(page: Page, where: str) -> None:
    """Look at a page in its light and its dark colours.

    Raises:
        AssertionError: axe finds a fault; it says where.
    """
    await page.evaluate(AXE)
    for scheme in ("light", "dark"):
        await page.emulate_media(color_scheme=scheme, reduced_motion="reduce")
        assert await page.evaluate(FINDINGS) == [], f"{where}, {scheme}"


async def test_axe_finds_a_picture_without_words(world: World) -> None:
    await world.event()
    async with browser() as started:
        page = await open_page(started, world.clients.base, size=PHONE)
        await page.evaluate("document.querySelector('main').append(new Image())")
        with pytest.raises(AssertionError, match="image-alt"):
            await look(page, "home")


async def test_from_the_front_page_to_the_ticket(world: World) -> None:
    await world.event()
    base = world.clients.base
    async with browser() as started:
        home = await open_page(started, base, size=PHONE)
        await expect(home.get_by_text("An Evening")).to_be_visible()
        await look(home, "home")
        page = await open_page(started, f"{base}/events/demo", size=PHONE)
        await phase(page, "outside")
        await look(page, "outside")
        await part(page, "join").click()
        await phase(page, "admitted")
        await pick(page, "stalls.B-2")
        await look(page, "choosing")
        await part(page, "hold").click()
        await expect(part(page, "hold-panel")).to_be_visible()
        await look(page, "paying")
        await part(page, "method-ok").check()
        await part(page, "pay").click()
        await expect(part(page, "ticket").first).to_be_visible()
        await look(page, "booked")


async def test_in_line(world: World) -> None:
    await world.event(state="paused")
    async with browser() as started:
        page = await joined_page(started, world.clients.base)
        await look(page, "waiting")
        await (await world.operator()).post(f"{V1}/admin/events/demo/close")
        await phase(page, "closed")
        await look(page, "closed")


async def test_every_page_of_the_console(world: World) -> None:
    await world.event()
    async with browser() as started:
        admin = await open_page(started, f"{world.clients.base}/admin", size=DESKTOP)
        await look(admin, "login")
        await log_in(admin)
        for name in CONSOLE:
            await go(admin, name)
            await look(admin, name)
        await part(admin, "head-rate").click()
        await look(admin, "rate")
        await admin.keyboard.press("Escape")
        await go(admin, "events")
        await part(admin, "new-event").click()
        await part(admin, "create-name").fill("Another")
        await part(admin, "create-id").fill("demo")
        await part(admin, "create-save").click()
        await expect(part(admin, "create-id")).to_be_focused()
        await look(admin, "mistakes")
