"""The operators' console in a real browser: its pages, charts, and what it says before an act."""

from playwright.async_api import expect

from booking_rush.booking.series import SeriesWriter
from booking_rush.server.app import V1
from tests.browser.chromium import DESKTOP, browser, open_page
from tests.browser.pages import go, log_in, part
from tests.support.clients import PASSWORD
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


async def test_the_head_of_a_phone_has_two_rows_in_every_state(world: World) -> None:
    await world.event()
    async with browser() as started:
        admin = await open_page(started, f"{world.clients.base}/admin")
        await log_in(admin)
        head = admin.locator("#head")
        heights: list[float] = []
        for act, state in (("pause", "paused"), ("resume", "open")):
            await part(admin, f"action-{act}").click()
            await expect(part(admin, "event-state")).to_have_attribute("data-state", state)
            box = await head.bounding_box()
            heights.append(box["height"] if box else 0)
        assert heights == [heights[0]] * 2
        assert 0 < heights[0] <= 112  # two rows of 44 px


async def test_the_night_has_charts_acts_and_a_funnel(world: World) -> None:
    await world.event()
    now = await world.services.pool.fetchval("SELECT extract(epoch FROM now())::float8")
    times = iter([now - 30, now - 20, now - 10])
    writer = SeriesWriter(world.services.pool, world.services.rooms.events, lambda: next(times))
    for _ in range(3):
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
        await expect(row).to_contain_text("Stalls: Row B, seats 5–6")

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


async def test_rules_say_what_changes_and_what_a_rate_means(world: World) -> None:
    await world.event(state="paused", rules={"rate_per_second": 0})
    for _ in range(3):
        await (await world.visitor()).join()
    async with browser() as started:
        admin = await open_page(started, f"{world.clients.base}/admin", size=DESKTOP)
        await log_in(admin)
        await go(admin, "rules")
        await part(admin, "rule-rate_per_second").fill("0.05")
        await expect(part(admin, "rate-preview")).to_contain_text("3 waiting → 60 s")
        await expect(part(admin, "rules-unsaved")).to_contain_text("1 change is not saved")
        await expect(admin.get_by_text("0 → 0.05, not saved")).to_be_visible()
        await part(admin, "rules-undo").click()
        await expect(part(admin, "rules-unsaved")).to_be_empty()


async def test_an_event_of_two_dates_at_a_venue_is_created_changed_and_cloned(
    world: World,
) -> None:
    async with browser() as started:
        admin = await open_page(started, f"{world.clients.base}/admin", size=DESKTOP)
        await part(admin, "username").fill("admin")
        await part(admin, "password").fill(PASSWORD)
        await part(admin, "log-in").click()
        await go(admin, "events")
        await part(admin, "new-event").click()
        await part(admin, "create-name").fill("งานเทศกาล")
        await part(admin, "create-id").fill("festival")
        await part(admin, "create-venue").fill("โรงละคร")
        await part(admin, "create-zone").fill("Asia/Bangkok")
        await part(admin, "add-show").click()
        starts = admin.locator('#create-shows [data-field="starts"]')
        await starts.nth(0).fill("2030-12-27T20:00")
        await starts.nth(1).fill("2030-12-28T20:00")
        order = part(admin, "create-fairness")
        await expect(order).to_have_value("arrival")
        await part(admin, "create-opens").fill("2030-12-01T10:00")
        await expect(order).to_have_value("lottery")
        await order.select_option("windows")
        await part(admin, "create-opens").fill("2030-12-01T11:00")
        await part(admin, "create-save").click()
        await expect(part(admin, "event-state")).to_have_attribute("data-state", "scheduled")
        await go(admin, "events")
        await part(admin, "edit-event").click()
        await part(admin, "create-name").fill("งานเทศกาล 2030")
        await part(admin, "add-section").click()
        await part(admin, "create-save").click()
        await expect(admin.locator("#event-name")).to_have_text("งานเทศกาล 2030")
        await go(admin, "events")
        await part(admin, "clone-event").click()
        await expect(part(admin, "event-choice")).to_have_value("festival-2")

    for id_ in ("festival", "festival-2"):
        event = await world.catalogue.event(id_)
        assert event.venue is not None
        assert event.venue.name == "โรงละคร"
        assert event.rules.fairness == "windows"
        assert [show.starts_at.isoformat() for show in event.shows] == [
            "2030-12-27T13:00:00+00:00",
            "2030-12-28T13:00:00+00:00",
        ]
        assert len(event.sections) == 4


async def test_an_event_without_sections_is_asked_about_once(world: World) -> None:
    async with browser() as started:
        admin = await open_page(started, f"{world.clients.base}/admin#/events", size=DESKTOP)
        await part(admin, "username").fill("admin")
        await part(admin, "password").fill(PASSWORD)
        await part(admin, "log-in").click()
        await part(admin, "new-event").click()
        await part(admin, "create-name").fill("Waiting room")
        await admin.locator('#create-sections [data-act="remove"]').click()
        await part(admin, "create-save").click()
        await expect(admin.locator("#confirm")).to_contain_text("no sections")
        await part(admin, "confirm").click()
        await expect(part(admin, "event-state")).to_have_attribute("data-state", "scheduled")
    assert (await world.catalogue.event("waiting-room")).sections == []


async def test_a_file_that_holds_no_event_is_refused_with_its_mistakes(world: World) -> None:
    await world.event()
    async with browser() as started:
        admin = await open_page(started, f"{world.clients.base}/admin", size=DESKTOP)
        await log_in(admin)
        for content, said in ((b"[1]", "holds no event"), (b'{"id": "x"}', "name")):
            await part(admin, "import-file").set_input_files(
                {"name": "event.json", "mimeType": "application/json", "buffer": content}
            )
            await expect(part(admin, "problem")).to_contain_text(said)
        await expect(part(admin, "event-list").locator("li")).to_have_count(1)


async def test_a_block_is_banned_and_the_ban_lifted(world: World) -> None:
    await world.event(state="paused")
    async with browser() as started:
        page = await open_page(started, f"{world.clients.base}/admin", size=DESKTOP)
        await log_in(page)
        await go(page, "visitors")
        await part(page, "ban-whom").fill("192.0.2.0/24")
        await part(page, "ban-reason").fill("A script.")
        await part(page, "ban").click()
        await expect(page.locator("#confirm")).to_contain_text("0 places end at once")
        await part(page, "confirm").click()
        await expect(part(page, "bans")).to_contain_text("192.0.2.0/24")

        await part(page, "ban-lift").click()
        await expect(part(page, "bans")).not_to_contain_text("192.0.2.0/24")


async def test_an_operator_sees_one_visitors_timeline(world: World) -> None:
    await world.event(state="paused")
    visitor = await world.visitor()
    await visitor.join()
    async with browser() as started:
        admin = await open_page(started, f"{world.clients.base}/admin", size=DESKTOP)
        await log_in(admin)
        await go(admin, "visitors")
        await part(admin, "visitors").get_by_role("button", name=visitor.id).click()

        told = part(admin, "visitor-history").locator("li")
        await expect(told.filter(has_text="Joined the lane main with number 1")).to_have_count(1)
