"""The pages in a real browser: a visitor walks from joining to admitted, operators operate."""

import asyncio

from playwright.async_api import Page, expect

from tests.browser.chromium import DESKTOP, browser, open_page
from tests.browser.pages import go, joined_page, log_in, part, phase, place_number
from tests.support.clients import PASSWORD, until
from tests.support.world import World

OPEN_ALL = "() => { for (const fold of document.querySelectorAll('details')) fold.open = true; }"


async def state(admin: Page, name: str) -> None:
    shown = part(admin, "event-state")
    await expect(shown).to_have_attribute("data-state", name)


async def test_a_visitor_walks_while_an_operator_pauses_resumes_and_speaks(world: World) -> None:
    await world.event(rules={"rate_per_second": 1, "active_max": 2, "claim_seconds": 60})
    others = [await world.visitor() for _ in range(5)]
    for other in others:
        await other.join()

    async with browser() as started:
        admin = await open_page(started, f"{world.clients.base}/admin", size=DESKTOP)
        await log_in(admin)
        page = await joined_page(started, world.clients.base)
        await expect(part(page, "place-number")).to_contain_text("6")
        await expect(part(admin, "stat-joined")).to_have_text("6")

        await part(admin, "action-pause").click()
        await expect(part(page, "state")).to_contain_text("Paused")
        await go(admin, "messages")
        await part(admin, "broadcast-text").fill("The band is stuck in traffic.")
        await part(admin, "broadcast-send").click()
        await expect(part(page, "message")).to_contain_text("stuck in traffic")
        ahead = int(await part(page, "ahead").inner_text())
        assert ahead <= 5

        for other in others:
            await other.http.delete("/api/v1/events/demo/queue")
        await expect(part(page, "ahead")).to_have_text("0")
        await part(admin, "action-resume").click()
        await phase(page, "admitted")
        await expect(part(page, "pass-countdown")).to_be_visible()

        await part(page, "leave").click()
        await part(page, "leave-confirm").click()
        await phase(page, "outside")


async def test_a_page_solves_the_challenge_of_a_rush_and_has_its_place(world: World) -> None:
    await world.event(state="paused")
    async with browser() as started:
        page = await open_page(started, f"{world.clients.base}/events/demo")
        challenged = asyncio.Event()
        page.on("worker", lambda worker: challenged.set())

        async def is_challenged() -> bool:
            await world.measure_rush()  # it counts for some seconds
            return challenged.is_set()

        await world.measure_rush()
        await part(page, "join").click()
        await until(is_challenged)
        await expect(part(page, "place-number")).to_have_text("1")


async def test_a_page_that_lost_its_server_comes_back_with_its_place(world: World) -> None:
    await world.event(state="paused")
    async with browser() as started:
        page = await joined_page(started, world.clients.base)
        number = await place_number(page)

        room = await world.services.rooms.room("demo")
        async with page.expect_event("websocket"):
            for subscriber in room.subscribers():
                subscriber.end(1012, "restarting")

        await expect(part(page, "connection")).to_have_attribute("data-status", "open")
        assert await place_number(page) == number


async def test_a_reload_and_a_second_tab_keep_the_place(world: World) -> None:
    await world.event(state="paused")
    async with browser() as started:
        page = await joined_page(started, world.clients.base)
        number = await place_number(page)

        await page.reload()
        await phase(page, "waiting")
        assert await place_number(page) == number

        tab = await page.context.new_page()
        await tab.goto(page.url)
        await phase(tab, "waiting")
        await phase(page, "elsewhere")
        assert await place_number(tab) == number


async def test_who_missed_the_turn_says_i_am_here(world: World) -> None:
    await world.event(rules={"rate_per_second": 50, "claim_seconds": 1, "late_seconds": 60})
    visitor = await world.visitor()
    await visitor.join()
    room = await world.services.rooms.room("demo")
    async with browser() as started:
        while (await world.services.rooms.stats(room)).late == 0:
            pass
        page = await open_page(started, f"{world.clients.base}/events/nothing")
        await phase(page, "unknown")
        await page.context.add_cookies(
            [{"name": "rush_visitor", "value": visitor.token, "url": world.clients.base}]
        )
        await page.goto(f"{world.clients.base}/events/demo")
        await phase(page, "admitted")


async def test_an_operator_puts_an_event_on_sale_and_runs_it(world: World) -> None:
    async with browser() as started:
        admin = await open_page(started, f"{world.clients.base}/admin", size=DESKTOP)
        await part(admin, "username").fill("admin")
        await part(admin, "password").fill("wrong")
        await part(admin, "log-in").click()
        await expect(part(admin, "problem")).to_be_visible()
        await part(admin, "password").fill(PASSWORD)
        await part(admin, "log-in").click()

        await go(admin, "events")
        await part(admin, "new-event").click()
        await part(admin, "create-id").fill("gala")
        await part(admin, "create-name").fill("The <b>Gala</b>")
        await part(admin, "create-save").click()
        await state(admin, "scheduled")

        await part(admin, "action-open").click()
        await state(admin, "open")
        await go(admin, "rules")
        await part(admin, "rule-rate_per_second").fill("7")
        await part(admin, "save-rules").click()
        await go(admin, "night")
        await part(admin, "action-close").click()
        await part(admin, "confirm").click()
        await state(admin, "closed")

        page = await open_page(started, f"{world.clients.base}/events/gala")
        await phase(page, "closed")
        await expect(page.get_by_role("heading", level=1)).to_have_text("The <b>Gala</b>")
    event = await world.catalogue.event("gala")
    assert event.rules.rate_per_second == 7


async def test_the_front_page_leads_to_the_event(world: World) -> None:
    await world.event()
    async with browser() as started:
        page = await open_page(started, f"{world.clients.base}/")
        await page.get_by_text("An Evening").click()
        await phase(page, "outside")


LINES_OF_CONNECTION = """() => {
  const connection = document.getElementById("connection");
  const { lineHeight } = getComputedStyle(connection ?? document.body);
  return Math.round((connection?.offsetHeight ?? 0) / parseFloat(lineHeight));
}"""


async def test_no_page_scrolls_sideways_on_a_small_phone(world: World) -> None:
    await world.event(state="paused")
    small = {"width": 320, "height": 568}
    async with browser() as started:
        for path in ("/", "/events/demo", "/admin", "/docs"):
            page = await open_page(started, f"{world.clients.base}{path}", size=small)
            await page.wait_for_load_state("networkidle")
            await page.evaluate(OPEN_ALL)
            wide = await page.evaluate("() => document.documentElement.scrollWidth")
            assert wide <= small["width"], path
            assert await page.evaluate(LINES_OF_CONNECTION) <= 1, path


async def test_nothing_of_the_place_is_squeezed_by_large_text(world: World) -> None:
    await world.event(state="paused")
    async with browser() as started:
        page = await joined_page(started, world.clients.base)
        await expect(part(page, "prefer")).to_be_visible()
        await page.evaluate("document.documentElement.style.fontSize = '200%'")
        box = await part(page, "prefer-quantity").bounding_box()
        assert box
        assert box["width"] >= 100  # its number, its arrow, and their padding
        about, below = [
            await page.locator(name).bounding_box() for name in (".about", "#price-stock")
        ]
        assert about
        assert below
        assert below["y"] - about["y"] - about["height"] < 40  # one gap, not one for each part


async def test_a_choice_of_several_seats_scrolls_in_its_panel_and_not_the_page(
    world: World,
) -> None:
    small = {"width": 320, "height": 568}
    await world.event()
    async with browser() as started:
        page = await joined_page(started, world.clients.base, then="admitted", size=small)
        for _ in range(3):
            await part(page, "quantity-more").click()
        await part(page, "suggest").click()
        await expect(part(page, "choice-sum")).to_contain_text("4 seats")
        wide = "element => element.scrollWidth - element.clientWidth"
        await until(lambda: part(page, "chosen").evaluate(wide))
        assert await page.evaluate(f"({wide})(document.documentElement)") == 0


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
        said = ("You got number 1.", "The line opened.", "up to 500 visitors", "You were let in")
        for one in said:
            await expect(told.filter(has_text=one)).to_have_count(1)
        texts = await told.all_inner_texts()
        order = [next(at for at, text in enumerate(texts) if one in text) for one in said]
        assert order == sorted(order)
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
