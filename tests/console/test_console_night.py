"""The console's head and forms in a real browser: the rate, since when, archive, refused fields."""

from playwright.async_api import ConsoleMessage, expect

from booking_rush.server.app import V1
from tests.browser.chromium import DESKTOP, browser, open_page
from tests.browser.pages import go, log_in, part
from tests.support.clients import until
from tests.support.world import World

BANGKOK = [{"id": "evening", "starts_at": "2030-05-01T19:00:00Z", "time_zone": "Asia/Bangkok"}]


async def test_the_rate_is_set_in_the_head_after_a_look_at_the_wait(world: World) -> None:
    await world.event(rules={"rate_per_second": 0}, shows=BANGKOK)
    for _ in range(3):
        await (await world.visitor()).join()
    async with browser() as started:
        admin = await open_page(started, f"{world.clients.base}/admin", size=DESKTOP)
        await log_in(admin)
        await expect(part(admin, "state-since")).to_contain_text("GMT+7")
        await expect(part(admin, "stat-waiting")).to_have_text("3")
        await expect(part(admin, "forecast-admitted")).to_contain_text("nobody is let in")
        await part(admin, "head-rate").focus()
        await admin.keyboard.press("Enter")
        await expect(part(admin, "rate-new")).to_be_focused()
        await admin.keyboard.type("0.05")
        await expect(part(admin, "rate-now")).to_contain_text("nobody is let in")
        await expect(part(admin, "rate-says")).to_contain_text("3 waiting → 60 s")
        await admin.keyboard.press("Enter")
        await expect(part(admin, "done")).to_contain_text("0.05 a second")

        await part(admin, "action-pause").click()
        await expect(part(admin, "forecast-admitted")).to_contain_text("paused")
        await go(admin, "journal")
        await expect(part(admin, "audit")).to_contain_text("Admissions a second: 0 → 0.05")
        await expect(part(admin, "audit")).to_contain_text("GMT+7")
    assert (await world.catalogue.event("demo")).rules.rate_per_second == 0.05


async def test_a_closed_event_is_archived_once_nothing_of_it_moves(world: World) -> None:
    await world.event(state="closed")
    pool = world.services.pool
    await until(lambda: pool.fetchval("SELECT closing FROM recorded"))
    async with browser() as started:
        admin = await open_page(started, f"{world.clients.base}/admin", size=DESKTOP)
        await part(admin, "username").wait_for()
        await admin.evaluate("location.hash = '#/night/demo'")
        await part(admin, "username").fill("admin")
        await part(admin, "password").fill("correct horse")
        await part(admin, "log-in").click()
        await part(admin, "action-archive").click()
        await expect(admin.locator("#confirm")).to_contain_text("Bookings and tickets stay")
        await part(admin, "confirm").click()
        await expect(part(admin, "problem")).to_contain_text("once its closing cannot be undone")

        await pool.execute("UPDATE recorded SET closing = false")
        await pool.execute("UPDATE events SET closed_at = now() - interval '1 hour'")
        await part(admin, "action-archive").click()
        await part(admin, "confirm").click()
        await expect(part(admin, "event-state")).to_have_text("Archived")
        await expect(part(admin, "action-archive")).to_be_hidden()


async def test_a_refused_field_is_marked_and_focused(world: World) -> None:
    await world.event()
    async with browser() as started:
        admin = await open_page(started, f"{world.clients.base}/admin", size=DESKTOP)
        await log_in(admin)
        await go(admin, "events")
        await part(admin, "new-event").click()
        await expect(admin.locator("#create [data-zone]").first).to_contain_text("by the clock of")
        await part(admin, "create-name").fill("Another")
        await part(admin, "create-id").fill("demo")
        await part(admin, "create-save").click()
        await expect(part(admin, "create-id")).to_have_attribute("aria-invalid", "true")
        await expect(part(admin, "create-id")).to_be_focused()
        await expect(part(admin, "create-id")).to_have_accessible_description(
            "there is an event 'demo' already"
        )
        await part(admin, "create-id").fill("another")
        await expect(admin.locator("[aria-invalid]")).to_have_count(0)
        await part(admin, "create-opens").fill("2029-01-02T10:00")
        await part(admin, "create-closes").fill("2029-01-01T10:00")
        await part(admin, "create-save").click()
        await expect(part(admin, "create-closes")).to_have_attribute("aria-invalid", "true")


async def test_a_state_that_keeps_people_waiting_is_said_with_what_ends_it(world: World) -> None:
    """Another operator's act is seen, too; a sale that stands still looks for no dead duty."""
    await world.event(state="paused")
    await (await world.visitor()).join()
    other = await world.operator()
    async with browser() as started:
        admin = await open_page(started, f"{world.clients.base}/admin", size=DESKTOP)
        await log_in(admin)
        alert = admin.locator("[data-alert]")
        await expect(alert).to_have_text(
            "Watch: paused for 0 min, 1 wait: Resume lets them in.", use_inner_text=True
        )
        await other.patch(f"{V1}/admin/events/demo/rules", json={"rate_per_second": 0})
        await other.post(f"{V1}/admin/events/demo/resume")
        await expect(alert).to_have_attribute("data-alert", "shut")
        await other.post(f"{V1}/admin/events/demo/stop")
        await expect(alert).to_have_attribute("data-alert", "stopped")
        await expect(alert).to_contain_text("1 wait and 0 are inside")
        await expect(admin.locator("#event-state")).to_have_attribute("data-state", "stopped")
        await other.post(f"{V1}/admin/events/demo/continue")
        await expect(alert).to_have_attribute("data-alert", "shut")


WITH_HOLES = """async (data) => {
  const { withHoles } = await import("/static/operations/charts.js");
  return withHoles(data);
}"""


async def test_a_chart_has_a_hole_where_nothing_was_measured(world: World) -> None:
    async with browser() as started:
        admin = await open_page(started, f"{world.clients.base}/admin", size=DESKTOP)
        drawn = await admin.evaluate(WITH_HOLES, [[0, 10, 20, 35, 400, 410], [1, 2, 3, 4, 5, 6]])
        empty = await admin.evaluate(WITH_HOLES, [[], []])

    assert drawn == [[0, 10, 20, 35, 45, 400, 410], [1, 2, 3, 4, None, 5, 6]]
    assert empty == [[], []]


async def test_nothing_is_complained_of_while_all_is_well(world: World) -> None:
    await world.event()
    complaints: list[str] = []

    def note(message: ConsoleMessage) -> None:
        if message.type in ("error", "warning"):
            complaints.append(message.text)

    async with browser() as started:
        page = await (await started.new_context()).new_page()
        page.on("console", note)
        await page.goto(f"{world.clients.base}/admin")
        await log_in(page)
        for name in ("night", "bookings", "visitors", "house", "rules", "journal", "people"):
            await go(page, name)
        await page.reload()
        await expect(part(page, "people-me")).to_be_visible()
        await part(page, "log-out").click()
        await expect(part(page, "username")).to_be_visible()
        await page.reload()
        await expect(part(page, "username")).to_be_visible()
    assert complaints == []
