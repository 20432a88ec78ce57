"""What the pages say is true: dates on tickets, sold out or all held, offline, titles, focus."""

import re
from typing import Any

from playwright.async_api import Browser, Page, expect

from tests.browser.chromium import DESKTOP, PHONE, browser
from tests.browser.pages import part, phase
from tests.support.world import World

SHOWS = [
    {"id": "first", "starts_at": "2030-12-27T19:00:00Z", "time_zone": "Europe/Berlin"},
    {"id": "second", "starts_at": "2030-12-28T19:00:00Z", "time_zone": "Europe/Berlin"},
]
VENUE = {"name": "Old Hall", "address": "Quay 1"}
QR_MODULES = 65 + 8  # with the quiet zone


def stalls(**fields: Any) -> dict[str, Any]:
    return {
        "id": "stalls",
        "show": "evening",
        "name": "Stalls",
        "kind": "seated",
        "rows": [{"name": "A", "seats": 4}],
        "price": {"amount": 6500, "currency": "EUR"},
        **fields,
    }


async def visit(
    started: Browser, world: World, size: dict[str, int] = PHONE, zone: str = "America/New_York"
) -> Page:
    """Open the demo's page as a new visitor in a time zone far from the venue's."""
    context = await started.new_context(
        viewport={"width": size["width"], "height": size["height"]},
        timezone_id=zone,
        accept_downloads=True,
    )
    page = await context.new_page()
    await page.goto(f"{world.clients.base}/events/demo")
    return page


async def admitted(started: Browser, world: World, size: dict[str, int] = PHONE) -> Page:
    page = await visit(started, world, size)
    await part(page, "join").click()
    await phase(page, "admitted")
    return page


async def hold(page: Page, seat: str) -> None:
    await page.locator(f'[data-seat="{seat}"]').click()
    await part(page, "hold").click()
    await expect(part(page, "hold-panel")).to_be_visible()


async def pay(page: Page) -> None:
    await part(page, "pay").click()
    await expect(part(page, "booking-state")).to_have_attribute("data-state", "confirmed")


async def test_hold_booking_and_ticket_alone_say_which_date_and_where(world: World) -> None:
    sections = [
        stalls(show="first"),
        stalls(id="second-stalls", show="second", rows=[{"name": "B", "seats": 4}]),
    ]
    await world.event(shows=SHOWS, sections=sections, venue=VENUE)
    date = re.compile(r"Saturday,? 28 December 2030 at 20:00 CET")
    async with browser() as started:
        page = await admitted(started, world, DESKTOP)
        await page.locator('[data-section="second-stalls"]').click()
        await hold(page, "second-stalls.B-2")
        await expect(part(page, "held-show")).to_contain_text(date)
        await pay(page)

        ticket = part(page, "ticket")
        for text in ("An Evening", date, "Old Hall, Quay 1", "Stalls", "Row B, seat 2"):
            await expect(ticket).to_contain_text(text)
        await expect(ticket).not_to_contain_text("eyJ")
        qr = await ticket.locator("img").bounding_box()
        assert qr is not None
        assert qr["width"] / QR_MODULES >= 3
        async with page.expect_download() as download:
            await part(page, "calendar").click()
        calendar = (await (await download.value).path()).read_text()
        assert "DTSTART:20301228T190000Z" in calendar
        assert "LOCATION:Old Hall\\, Quay 1" in calendar
