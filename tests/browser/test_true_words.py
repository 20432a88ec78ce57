"""True words on the pages: dates on tickets, sold out or all held, offline, titles, focus."""

import re

import pytest
from playwright.async_api import Page, expect

from tests.browser.chromium import DESKTOP, PHONE, browser
from tests.browser.pages import admitted, part, phase, pick, set_ahead, stalls, stop_clock, visit
from tests.support.clients import until
from tests.support.world import World

SHOWS = [
    {"id": "first", "starts_at": "2030-12-27T19:00:00Z", "time_zone": "Europe/Berlin"},
    {"id": "second", "starts_at": "2030-12-28T19:00:00Z", "time_zone": "Europe/Berlin"},
]
VENUE = {"name": "Old Hall", "address": "Quay 1"}
QR_SCALE = 4  # pixels of a module in the image as it is served


async def hold(page: Page, seat: str) -> None:
    await pick(page, seat)
    await part(page, "hold").click()
    await expect(part(page, "hold-panel")).to_be_visible()


async def pay(page: Page) -> None:
    await part(page, "pay").click()
    await expect(part(page, "booking-state")).to_have_attribute("data-state", "confirmed")


@pytest.mark.parametrize("count", [1, 2, 3, 4])
async def test_a_phone_shows_sections_of_every_date(world: World, count: int) -> None:
    """The first of each in whole, whatever the list has to scroll."""
    dates = [show | {"id": f"{show['id']}-{number}"} for number in range(3) for show in SHOWS]
    sections = [
        stalls(id=f"{date['id']}-{number}", show=date["id"])
        for date in dates
        for number in range(count)
    ]
    await world.event(shows=dates, sections=sections)
    async with browser() as started:
        page = await admitted(started, world, PHONE)
        edges = await part(page, "sections").bounding_box()
        last = await page.locator(f'[data-section="{dates[-1]["id"]}-0"]').bounding_box()
        assert edges
        assert last
        assert last["y"] + last["height"] <= edges["y"] + edges["height"]


async def test_hold_booking_and_ticket_alone_say_which_date_and_where(world: World) -> None:
    sections = [
        stalls(show="first"),
        stalls(id="second-stalls", show="second", rows=[{"name": "B", "seats": 4}]),
    ]
    await world.event(shows=SHOWS, sections=sections, venue=VENUE)
    date = re.compile(r"Saturday,? 28 December 2030 at 20:00 GMT\+1")
    async with browser() as started:
        page = await admitted(started, world, DESKTOP)
        await page.locator('[data-section="second-stalls"]').click()
        await expect(page.locator("#seats-title")).to_contain_text(date)
        await pick(page, "second-stalls.B-2")
        await expect(part(page, "choice-show")).to_have_text(date)
        await expect(part(page, "single")).to_contain_text("B 1 would be left alone")
        await page.locator('[data-section="stalls"]').click()
        await pick(page, "stalls.A-1")
        await expect(part(page, "choice-show")).to_have_text("Your choice is for 2 dates.")
        await expect(part(page, "chosen")).to_contain_text(
            re.compile("27 Dec.*28 Dec|28 Dec.*27 Dec")
        )
        await part(page, "chosen").locator('[data-drop="stalls.A-1"]').click()
        await part(page, "hold").click()
        await expect(part(page, "held-show")).to_contain_text(date)
        await pay(page)

        ticket = part(page, "ticket")
        for text in ("An Evening", date, "Old Hall, Quay 1", "Stalls", "Row B, seat 2"):
            await expect(ticket).to_contain_text(text)
        await expect(ticket).not_to_contain_text("eyJ")
        qr = await ticket.locator("img").bounding_box()
        assert qr is not None
        await ticket.locator("img").evaluate("image => image.decode()")  # it has come
        modules = await ticket.locator("img").evaluate("image => image.naturalWidth") / QR_SCALE
        assert qr["width"] / modules >= 3
        async with page.expect_download() as download:
            await part(page, "calendar").click()
        calendar = (await (await download.value).path()).read_text()
        assert "DTSTART:20301228T190000Z" in calendar
        assert "LOCATION:Old Hall\\, Quay 1" in calendar
        await part(page, "ticket-link").click()
        await expect(part(page, "ticket")).to_contain_text("28 December 2030 at 20:00 GMT+1")


async def test_the_confirmation_is_in_view_focused_and_announced(world: World) -> None:
    await world.event(sections=[stalls()])
    async with browser() as started:
        page = await admitted(started, world, {"width": 1280, "height": 600})
        await hold(page, "stalls.A-2")
        await expect(page).to_have_title(re.compile(r"^Pay within \d+:\d\d"))
        await part(page, "pay").scroll_into_view_if_needed()
        await pay(page)

        title = page.locator("#booking-title")
        await expect(title).to_be_in_viewport()
        await expect(title).to_be_focused()
        await expect(page.locator("#polite")).to_contain_text("Booked")
        await expect(page).to_have_title(re.compile(r"^Booked · An Evening"))

        await part(page, "cancel").click()
        await part(page, "ask-confirm").click()
        await expect(part(page, "booking-state")).to_have_attribute("data-state", "refunded")
        await expect(page.locator("#polite")).to_contain_text("Refunded")
        await until(lambda: page.evaluate("document.activeElement !== document.body"))
        await expect(page.locator("body")).not_to_contain_text("Thank you, you have booked")


async def test_a_minute_before_its_end_a_hold_asks_what_becomes_of_it(world: World) -> None:
    await world.event(sections=[stalls()], rules={"hold_seconds": 300})
    async with browser() as started:
        page = await admitted(started, world)
        await hold(page, "stalls.A-2")
        asking = part(page, "hold-ending")
        await set_ahead(page, 250)
        await expect(asking).to_be_visible()
        await expect(part(page, "hold-ending-extend")).to_be_focused()
        await expect(asking).to_contain_text("Your time is nearly over")
        await part(page, "hold-ending-extend").click()
        await expect(asking).to_be_hidden()
        await expect(part(page, "extensions")).to_contain_text("9 more")
        await set_ahead(page, 0)
        await expect(part(page, "hold-countdown")).to_have_text(re.compile("5:00|4:[345]"))
        await set_ahead(page, 250)
        await expect(asking).to_be_visible()
        await part(page, "hold-ending-release").click()
        await expect(part(page, "hold-panel")).to_be_hidden()


async def test_offline_is_said_at_once_with_what_becomes_of_the_seats(world: World) -> None:
    await world.event(sections=[stalls()])
    async with browser() as started:
        page = await admitted(started, world)
        await hold(page, "stalls.A-2")
        await page.context.set_offline(True)
        await expect(part(page, "offline")).to_contain_text("Your seats are kept until")
        await expect(part(page, "connection")).to_have_attribute("data-status", "offline")
        await page.context.set_offline(False)
        await expect(part(page, "offline")).to_be_hidden()
        await expect(part(page, "connection")).to_have_attribute("data-status", "open")
        await expect(part(page, "hold-panel")).to_be_visible()


async def test_silence_says_what_becomes_of_seats_and_an_urgent_word_hides_no_clock(
    world: World,
) -> None:
    await world.event(sections=[stalls()])
    operator = await world.operator()
    async with browser() as started:
        page = await admitted(started, world)
        await hold(page, "stalls.A-2")
        await operator.post(
            "/api/v1/admin/events/demo/broadcast",
            json={"text": "Doors open late", "level": "urgent", "audience": "all"},
            headers={"Idempotency-Key": "doors"},
        )
        await expect(part(page, "message")).to_be_visible()
        await part(page, "pay").scroll_into_view_if_needed()

        async def is_clock_below_banner() -> bool:
            banner = await page.locator("#message").bounding_box()
            clock = await part(page, "hold-countdown").bounding_box()
            assert banner is not None
            assert clock is not None
            return clock["y"] >= banner["y"] + banner["height"] - 1

        await until(is_clock_below_banner)

        room = await world.services.rooms.room("demo")
        await page.route_web_socket("**", lambda socket: socket.close(code=1012))
        for subscriber in room.subscribers():
            subscriber.end(1012, "restarting")
        await expect(part(page, "offline")).to_contain_text("We hear nothing from the server")
        await expect(part(page, "offline")).to_contain_text("Your seats are kept until")


async def test_all_held_and_sold_out_are_two_things(world: World) -> None:
    await world.event(sections=[stalls(rows=[{"name": "A", "seats": 1}])])
    async with browser() as started:
        buyer, other = await admitted(started, world), await visit(started, world)
        await part(other, "look").click()
        await hold(buyer, "stalls.A-1")
        await expect(part(other, "stock")).to_contain_text("held or being paid")
        await expect(part(other, "free-stalls")).to_have_text("all held")
        await expect(other.locator("#state-text")).not_to_contain_text("as places come back")
        await pay(buyer)
        await expect(part(other, "stock")).to_contain_text("Everything is sold")
        await expect(part(other, "free-stalls")).to_have_text("sold out")

        await part(buyer, "booking-close").click()
        await expect(buyer).to_have_title(re.compile(r"^Thank you, you have booked · "))
        outside = await visit(started, world)
        await expect(part(outside, "state")).to_have_text("Sold out")
        await expect(outside.locator("#outside-title")).to_have_text("Sold out")
        await expect(outside.locator("#state-text")).not_to_contain_text("being let in")
        await expect(part(outside, "join")).not_to_have_class(re.compile(r"\bmain\b"))
        await part(outside, "join").click()
        await phase(outside, "waiting")
        await expect(outside).to_have_title(re.compile(r"^Sold out · "))


async def test_a_section_for_standing_has_no_list_and_nothing_free_suggests_nothing(
    world: World,
) -> None:
    floor = stalls(id="floor", name="Floor", kind="standing", rows=None, capacity=5)
    del floor["rows"]
    one = stalls(rows=[{"name": "A", "seats": 1}])
    await world.event(sections=[one, floor])
    async with browser() as started:
        buyer, other = await admitted(started, world), await admitted(started, world)
        await expect(part(other, "seat-list")).to_be_visible()
        await expect(part(other, "suggest")).to_have_attribute("aria-disabled", "false")
        await hold(buyer, "stalls.A-1")
        await expect(part(other, "suggest")).to_have_attribute("aria-disabled", "true")
        await other.locator('[data-section="floor"]').click()
        await expect(part(other, "seat-list")).to_be_hidden()


async def test_who_is_next_at_a_rate_of_zero_is_told_that_nobody_is_let_in(world: World) -> None:
    await world.event(sections=[stalls()], rules={"rate_per_second": 0})
    async with browser() as started:
        page = await visit(started, world)
        await expect(page.locator("#state-text")).to_have_text(
            "Nobody is let in just now. The line is open."
        )
        await part(page, "join").click()
        await phase(page, "waiting")
        await expect(page.locator("#ahead-words")).to_contain_text("nobody is let in just now")
        await expect(part(page, "eta")).to_have_text("When the line moves again")
        operator = await world.operator()
        await operator.patch("/api/v1/admin/events/demo/rules", json={"rate_per_second": 5})
        await phase(page, "admitted")
        await expect(page.locator("#state-text")).to_have_text("Visitors are being let in.")


async def test_who_is_admitted_when_the_sale_closes_is_told_so(world: World) -> None:
    await world.event(sections=[stalls()])
    async with browser() as started:
        page = await admitted(started, world)
        operator = await world.operator()
        await operator.post("/api/v1/admin/events/demo/close")
        await phase(page, "closed")


async def test_the_tab_key_comes_to_the_seats_before_giving_up(world: World) -> None:
    await world.event(sections=[stalls()])
    async with browser() as started:
        page = await admitted(started, world)
        await expect(part(page, "claim")).to_be_hidden()
        follows = await page.evaluate(
            """document.getElementById("leave").compareDocumentPosition(
                document.getElementById("map")) & Node.DOCUMENT_POSITION_PRECEDING"""
        )
        assert follows
        await expect(page).to_have_title(re.compile(r"^Your turn \d+:\d\d · An Evening"))


SILENT_SOCKET = """async () => {
  const { ReconnectingSocket } = await import("/static/connection/reconnecting-socket.js");
  window.statuses = [];
  window.WebSocket = class {
    static CONNECTING = 0;
    static OPEN = 1;
    readyState = 1;
    constructor() {
      window.opened = this;
    }
    send() {}
    close() {}
  };
  const socket = new ReconnectingSocket("/x", {
    onFrame() {},
    onStatus: (status) => window.statuses.push(status),
    ping: () => ({ type: "ping", id: "p" }),
  });
  socket.start();
  window.opened.onmessage({ data: '{"type": "welcome"}' });
  socket.send({ type: "hold.checkout", id: "1" });
}"""


async def test_a_command_that_meets_silence_is_known_lost_within_ten_seconds(world: World) -> None:
    async with browser() as started:
        page = await (await started.new_context()).new_page()
        await page.goto(f"{world.clients.base}/")
        await stop_clock(page)
        await page.evaluate(SILENT_SOCKET)
        await page.clock.run_for(6_000)
        assert await page.evaluate("window.statuses.at(-1)") == "open"
        await page.clock.run_for(4_000)
        assert await page.evaluate("window.statuses.at(-1)") == "away"
