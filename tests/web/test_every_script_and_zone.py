"""Pages for people anywhere: names in every script, named time zones, and a look at a page."""

import re

from playwright.async_api import expect

from booking_rush.server.app import V1
from tests.browser.chromium import DESKTOP, browser, open_page
from tests.browser.pages import go, log_in, part
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


async def test_a_look_at_the_page_ends_a_long_wait(world: World) -> None:
    async with browser() as started:
        page = await open_page(started, f"{world.clients.base}/", size=DESKTOP)
        await page.clock.install()
        await page.evaluate(FAILING_SOCKETS)
        await page.clock.run_for(30_000)
        opened = await page.evaluate("window.opened")
        assert opened == 6

        await page.evaluate("document.dispatchEvent(new Event('visibilitychange'))")
        await page.clock.run_for(1_000)

        assert await page.evaluate("window.opened") == opened + 1
