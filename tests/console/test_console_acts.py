"""Acts of the console in a real browser: refunds of many, sessions, forecast, files, a drain."""

import json

from playwright.async_api import expect

from tests.browser.chromium import DESKTOP, browser, open_page
from tests.browser.pages import go, log_in, part
from tests.support.world import World, held


async def test_chosen_bookings_are_refunded_with_one_reason_and_say_what_became_of_each(
    world: World,
) -> None:
    await world.event()
    buyers = [await held(world, section="floor", quantity=2) for _ in range(3)]
    for visitor, hold in buyers:
        await visitor.check_out(hold)
        await visitor.booked(hold, "confirmed")
    operator = await world.operator()
    async with browser() as started:
        admin = await open_page(started, f"{world.clients.base}/admin", size=DESKTOP)
        await log_in(admin)
        await go(admin, "bookings")
        await part(admin, "bookings-choose-all").check()
        await part(admin, "booking-choose").first.uncheck()
        await expect(part(admin, "bookings-reach")).to_have_text("2 bookings · 4 places · €180.00")
        refused = await admin.locator("tr:has(:checked)").first.get_attribute("data-booking")
        await operator.post(f"/api/v1/admin/bookings/{refused}/refund")
        for visitor, hold in buyers:
            if hold == refused:
                await visitor.booked(hold, "refunded")
        await part(admin, "bookings-refund").click()
        await expect(admin.locator("#confirm")).to_contain_text("Refund 2 bookings?")
        await part(admin, "confirm-reason").fill("the show is off")
        await part(admin, "confirm").click()

        await expect(part(admin, "problem")).to_contain_text("1 of 2 are being refunded")
        row = admin.locator(f'[data-booking="{refused}"]')
        await expect(row).to_contain_text("cannot be given back")
        await expect(admin.locator('.chip[data-state^="refund"]')).to_have_count(1)
        await expect(part(admin, "bookings-reach")).to_be_hidden()
        await expect(row.locator("[data-mail]")).to_have_count(0)  # this server sends no mails
        await go(admin, "journal")
        await expect(part(admin, "audit")).to_contain_text("the show is off")


async def test_a_session_elsewhere_is_ended_and_its_console_asks_to_log_in(world: World) -> None:
    await world.event()
    async with browser() as started:
        admin = await open_page(started, f"{world.clients.base}/admin", size=DESKTOP)
        await log_in(admin)
        elsewhere = await open_page(started, f"{world.clients.base}/admin", size=DESKTOP)
        await log_in(elsewhere)
        await go(admin, "people")
        await expect(part(admin, "sessions").locator("li")).to_have_count(2)
        await part(admin, "session-end").click()
        await expect(part(admin, "sessions").locator("li")).to_have_count(1)

        # By its address: the page may have heard of it by itself, and shows no way there any more.
        await elsewhere.evaluate("location.hash = '#/people/demo'")
        await expect(part(elsewhere, "username")).to_be_visible()
        await expect(part(admin, "who")).to_contain_text("admin")


async def test_the_night_forecasts_when_all_is_sold_and_the_last_is_in(world: World) -> None:
    await world.event(rules={"rate_per_second": 0})
    for _ in range(2):
        await (await world.visitor()).join()
    pool, now = world.services.pool, await world.services.pool.fetchval("SELECT now()")
    await pool.execute(
        """
        INSERT INTO series
        SELECT 'demo', $1::timestamptz - n * interval '10 s', 0, 0, 0, 60 - n, 60 - n, 0, 0,
            60 - n, 12 + n, 0
        FROM generate_series(1, 12) AS n
        """,
        now,
    )
    async with browser() as started:
        admin = await open_page(started, f"{world.clients.base}/admin", size=DESKTOP)
        await log_in(admin)
        await go(admin, "night")
        await expect(part(admin, "forecast-sold")).to_contain_text("in ")
        await expect(part(admin, "forecast-admitted")).to_contain_text("in ")
        await expect(part(admin, "forecast-because")).to_have_text("0 a second, as the rules say")
        await expect(part(admin, "forecast-calibration")).to_have_text("not known yet")


async def test_files_of_bookings_and_of_the_event_are_saved(world: World) -> None:
    await world.event()
    visitor, hold = await held(world, section="floor", quantity=2)
    await visitor.check_out(hold)
    await visitor.booked(hold, "confirmed")
    async with browser() as started:
        admin = await open_page(started, f"{world.clients.base}/admin", size=DESKTOP)
        await log_in(admin)
        await go(admin, "bookings")
        async with admin.expect_download() as bookings:
            await part(admin, "bookings-csv").click()
        await go(admin, "events")
        async with admin.expect_download() as event:
            await part(admin, "export-event").click()
        csv, exported = [(await (await one.value).path()).read_text() for one in (bookings, event)]
    assert hold in csv
    assert json.loads(exported)["id"] == "demo"


async def test_a_drain_says_who_is_still_let_in_and_asks_once(world: World) -> None:
    await world.event(rules={"rate_per_second": 0})
    await (await world.visitor()).join()
    async with browser() as started:
        admin = await open_page(started, f"{world.clients.base}/admin", size=DESKTOP)
        await log_in(admin)
        await go(admin, "night")
        await expect(part(admin, "stat-waiting")).to_have_text("1")
        await part(admin, "action-drain").click()
        await expect(admin.locator("#confirm")).to_contain_text("The 1 in line are still let in.")
        await part(admin, "confirm").click()
        await expect(part(admin, "event-state")).to_have_attribute("data-state", "draining")


async def test_a_booking_that_is_made_meanwhile_appears_by_itself(world: World) -> None:
    await world.event()
    async with browser() as started:
        admin = await open_page(started, f"{world.clients.base}/admin", size=DESKTOP)
        await log_in(admin)
        await go(admin, "bookings")
        await expect(admin.get_by_text("There are no such bookings.")).to_be_visible()
        await held(world, section="floor", quantity=2)
        await expect(part(admin, "bookings").locator("tr")).to_contain_text("Floor × 2")
