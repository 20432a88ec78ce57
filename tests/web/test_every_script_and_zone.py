"""Pages for people anywhere: names in every script, named time zones, and a look at a page."""

import re

import pytest
from playwright.async_api import expect

from booking_rush.server.app import V1
from booking_rush.server.web.static_files import site
from tests.browser.chromium import DESKTOP, browser, open_page
from tests.browser.pages import go, log_in, part, stop_clock
from tests.support.world import World

NAMES = ("ชั้นล่าง", "Партер", "1階席", "1階立見", "Block A", "Block (A)", "!", "section")
FAILING_SOCKETS = """async () => {
  const { ReconnectingSocket } = await import("/static/connection/reconnecting-socket.js");
  window.opened = 0;
  Math.random = () => 0.95;
  window.WebSocket = class {
    static CONNECTING = 0;
    static OPEN = 1;
    readyState = 3;
    constructor() {
      window.opened += 1;
      setTimeout(() => this.onclose?.({ code: 1006 }), 0);
    }
    close() {}
  };
  new ReconnectingSocket("/x", { onFrame() {}, onStatus() {} }).start();
}"""


async def test_sections_are_named_in_any_script(world: World) -> None:
    await world.event()
    async with browser() as started:
        admin = await open_page(started, f"{world.clients.base}/admin", size=DESKTOP)
        await log_in(admin)
        await go(admin, "events")
        await admin.locator("#new-event").click()
        await admin.locator("#create-name").fill("Ночь")
        expected = admin.locator("#create-id")
        await expect(expected).to_have_value(re.compile(r"event-\d{4}-\d\d-\d\d"))
        for _ in NAMES[1:]:
            await admin.locator("#add-section").click()
        for row, name in enumerate(NAMES):
            fields = admin.locator('#create-sections [data-field="name"]')
            await fields.nth(row).fill(name)
        id_ = await expected.input_value()
        await part(admin, "create-save").click()
        await expect(admin.locator("#create")).to_be_hidden()

    visitor = await world.visitor()
    sections = (await visitor.http.get(f"{V1}/events/{id_}")).json()["event"]["sections"]
    assert [section["name"] for section in sections] == list(NAMES)
    assert len({section["id"] for section in sections}) == len(NAMES)


async def test_a_show_is_told_by_the_clock_of_its_venue(world: World) -> None:
    show = {"id": "evening", "starts_at": "2027-10-31T01:30:00Z", "time_zone": "Asia/Bangkok"}
    await world.event(shows=[show], venue={"name": "Old Hall"})
    async with browser() as started:
        context = await started.new_context(timezone_id="America/New_York")
        page = await context.new_page()
        await page.goto(f"{world.clients.base}/events/demo")
        await expect(page.locator("body")).to_contain_text(
            re.compile(r"31 October 2027.*08:30\sGMT\+7.*Old Hall", re.DOTALL)
        )


BY_THE_VENUE = "Tuesday 1 January 2030 at 00:30 GMT+9"


@pytest.mark.parametrize(
    ("zone", "own"),
    [
        ("Asia/Seoul", ""),  # another zone with the same clock
        ("America/Los_Angeles", " (Monday 31 December 2029 at 07:30 GMT-8 by your clock)"),
    ],
)
async def test_an_opening_is_told_by_the_clocks_of_venue_and_visitor(
    world: World, zone: str, own: str
) -> None:
    show = {"id": "evening", "starts_at": "2030-05-01T10:00:00Z", "time_zone": "Asia/Tokyo"}
    await world.event(shows=[show], state="scheduled", opens_at="2029-12-31T15:30:00Z")
    async with browser() as started:
        context = await started.new_context(timezone_id=zone)
        home, page = await context.new_page(), await context.new_page()
        await home.goto(world.clients.base)
        await expect(part(home, "opens")).to_contain_text(f"Opens {BY_THE_VENUE}{own}, in ")
        await page.goto(f"{world.clients.base}/events/demo")
        await expect(page.locator("#outside-opens")).to_contain_text(f"on {BY_THE_VENUE}{own}.")
        await part(page, "join").click()
        await expect(page.locator("#eta-date")).to_have_text(f"{BY_THE_VENUE}{own}")


async def test_a_countdown_over_a_change_of_the_clocks_counts_seconds(world: World) -> None:
    """At two o'clock it is three: the sale opens half a minute later."""
    show = {"id": "evening", "starts_at": "2030-05-01T10:00:00Z", "time_zone": "Europe/Berlin"}
    await world.event(shows=[show], state="scheduled", opens_at="2029-03-25T01:00:10Z")
    async with browser() as started:
        context = await started.new_context(timezone_id="Europe/Berlin")
        home = await context.new_page()
        await home.clock.set_fixed_time("2029-03-25T00:59:40Z")
        await home.goto(world.clients.base)
        await expect(part(home, "opens")).to_contain_text(
            "Sunday 25 March 2029 at 03:00 GMT+2, in 0:30"
        )


TIMES = """async ([folder, instants]) => {
  const { timeOrDay } = await import(`${folder}/lib/dates.js`);
  return instants.map(timeOrDay);
}"""


async def test_a_time_of_another_day_names_it(world: World) -> None:
    """Half an hour before the new year: soon after midnight is clear, an evening is not."""
    await world.event()
    async with browser() as started:
        context = await started.new_context(timezone_id="Europe/Berlin", locale="en-GB")
        page = await context.new_page()
        await page.clock.set_fixed_time("2026-12-31T22:30:00Z")
        await page.goto(world.clients.base)
        instants = ["2026-12-31T23:10:00Z", "2027-01-01T20:00:00Z", "2026-12-30T20:00:00Z"]
        told = await page.evaluate(TIMES, [f"/static/{site().digest}", instants])

    assert told == ["00:10", "1 Jan, 21:00", "30 Dec, 21:00"]


async def test_a_look_at_the_page_ends_a_long_wait(world: World) -> None:
    async with browser() as started:
        page = await open_page(started, f"{world.clients.base}/", size=DESKTOP)
        await stop_clock(page)
        await page.evaluate(FAILING_SOCKETS)
        await page.clock.run_for(30_000)
        opened = await page.evaluate("window.opened")
        assert opened == 6

        await page.evaluate("document.dispatchEvent(new Event('visibilitychange'))")
        await page.clock.run_for(1_000)

        assert await page.evaluate("window.opened") == opened + 1
