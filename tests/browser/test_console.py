"""The operators' console in a real browser: its pages, charts, and what it says before an act."""

from playwright.async_api import expect

from booking_rush.booking.series import SeriesWriter
from booking_rush.server.app import V1
from tests.browser.chromium import DESKTOP, browser, open_page
from tests.browser.pages import go, log_in, part
from tests.support.world import World, held

PAGES = (
    "night", "bookings", "visitors", "house", "rules", "messages", "journal", "events", "people",
)  # fmt: skip
SMALL = {"width": 320, "height": 568}


async def test_a_page_is_kept_on_reload_and_reached_by_keys(world: World) -> None:
    await world.event()
    async with browser() as started:
        admin = await open_page(started, f"{world.clients.base}/admin", size=DESKTOP)
        await log_in(admin)
        await part(admin, "go-rules").focus()
        await admin.keyboard.press("Enter")
        await expect(admin.get_by_role("heading", level=1)).to_have_text("Rules")
        await expect(admin.get_by_role("heading", level=1)).to_be_focused()

        await admin.reload()
        await expect(part(admin, "rule-rate_per_second")).to_be_visible()
        await expect(part(admin, "go-rules")).to_have_attribute("aria-current", "page")
        await expect(part(admin, "event-state")).to_have_attribute("data-state", "open")

        await part(admin, "log-out").click()
        await expect(part(admin, "username")).to_be_visible()
        await admin.reload()
        await expect(part(admin, "username")).to_be_visible()


async def test_no_page_of_the_console_scrolls_sideways_and_pause_is_always_in_view(
    world: World,
) -> None:
    await world.event()
    async with browser() as started:
        admin = await open_page(started, f"{world.clients.base}/admin", size=SMALL)
        await log_in(admin)
        for name in PAGES:
            await go(admin, name)
            await admin.mouse.wheel(0, 4_000)
            wide = await admin.evaluate("document.documentElement.scrollWidth")
            assert wide <= SMALL["width"], name
            await expect(part(admin, "action-pause")).to_be_in_viewport()


async def test_the_night_has_charts_acts_and_a_funnel(world: World) -> None:
    await world.event()
    now = await world.services.pool.fetchval("SELECT extract(epoch FROM now())::float8")
    for ago in (30, 20, 10):
        at = now - ago
        writer = SeriesWriter(world.services.pool, world.services.rooms.events, lambda at=at: at)
        await writer.run_once()
    visitor, hold = await held(world, seats=["stalls.A-1"])
    await visitor.check_out(hold)
    await visitor.booked(hold, "confirmed")
    operator = await world.operator()
    await operator.post(f"{V1}/admin/events/demo/pause")
    async with browser() as started:
        admin = await open_page(started, f"{world.clients.base}/admin", size=DESKTOP)
        await log_in(admin)

        await expect(part(admin, "charts").locator("canvas")).to_have_count(3)
        await expect(part(admin, "acts")).to_contain_text("pause")
        await expect(part(admin, "funnel-paid")).to_contain_text("1")


async def test_a_booking_is_searched_for_said_in_words_and_leads_to_its_visitor(
    world: World,
) -> None:
    await world.event()
    visitor, hold = await held(world, seats=["stalls.B-5", "stalls.B-6"])
    await visitor.check_out(hold)
    await visitor.booked(hold, "confirmed")
    other, other_hold = await held(world, seats=["stalls.A-1"])
    await other.check_out(other_hold)
    await other.booked(other_hold, "confirmed")
    async with browser() as started:
        admin = await open_page(started, f"{world.clients.base}/admin", size=DESKTOP)
        await log_in(admin)
        await go(admin, "bookings")
        await expect(part(admin, "bookings").locator("tr")).to_have_count(2)
        await part(admin, "bookings-query").fill("row b, seat 6")
        await part(admin, "bookings-find").click()
        row = part(admin, "bookings").locator("tr")
        await expect(row).to_have_count(1)
        await expect(row).to_contain_text("Stalls: Row B, seat 5; Row B, seat 6")

        await row.locator("[data-refund]").click()
        await part(admin, "confirm-reason").fill("fell ill")
        await part(admin, "confirm").click()
        await visitor.booked(hold, "refunded")

        await row.locator("button.link").click()
        await expect(admin.locator('.page[data-page="visitors"]')).to_be_visible()
        await expect(part(admin, "visitor-id")).to_have_value(f"{visitor.id}")
        await part(admin, "visitor-bookings").click()
        await expect(part(admin, "bookings").locator("tr")).to_have_count(1)
        await go(admin, "journal")
        await expect(part(admin, "audit")).to_contain_text("fell ill")
