"""Why did I wait? In a browser: the page tells it and checks it, and operators see the same."""

from playwright.async_api import expect

from tests.browser.chromium import DESKTOP, browser, open_page
from tests.browser.pages import go, joined_page, log_in, part, phase
from tests.support.world import World


async def test_the_page_tells_why_one_waited_and_checks_it(world: World) -> None:
    await world.event(state="paused")
    async with browser() as started:
        page = await joined_page(started, world.clients.base)
        operator = await world.operator()
        await operator.post("/api/v1/admin/events/demo/resume")
        await phase(page, "admitted")

        history = part(page, "history")
        await history.locator("summary").click()
        told = part(page, "history-list").locator("li")
        await expect(told.nth(0)).to_contain_text("You got number 1.")
        await expect(told.nth(1)).to_contain_text("The line opened.")
        await expect(told.nth(2)).to_contain_text("You were let in")
        checks = part(page, "history-checks").locator("li")
        await expect(checks).to_have_count(3)
        for name in ("receipt", "who", "chain"):
            checked = checks.locator(f"xpath=self::*[@data-check='{name}']")
            await expect(checked).to_have_attribute("data-verdict", "true")


async def test_the_page_says_where_its_journal_does_not_hold(world: World) -> None:
    await world.event(state="paused")
    async with browser() as started:
        page = await joined_page(started, world.clients.base)
        pool = world.services.pool
        async with pool.acquire() as connection, connection.transaction():
            await connection.execute("SET LOCAL session_replication_role = replica")
            await connection.execute("UPDATE journal SET number = 9 WHERE what = 'number'")
        await part(page, "history").locator("summary").click()

        chain = part(page, "history-checks").locator("[data-check=chain]")
        await expect(chain).to_have_attribute("data-verdict", "false")


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
        await expect(told).to_have_count(1)
        await expect(told).to_contain_text("Joined the lane main with number 1")
