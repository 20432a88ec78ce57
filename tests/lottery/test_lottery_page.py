"""A lottery and windows on the visitor's page: what it says, and the draw that it checks itself."""

import asyncio
from typing import Any

import pytest
from playwright.async_api import Page, expect

from booking_rush.lua.line.commands import JoinLine
from booking_rush.queue.join_checks.address_blocks import block_digest
from booking_rush.queue.lottery.lottery_draw import LotteryDraw
from booking_rush.server.app import V1
from tests.browser.chromium import browser, open_page
from tests.browser.pages import joined_page, part, phase, place_number
from tests.lottery.calendar import calendar
from tests.support.world import World

LOTTERY = {"fairness": "lottery", "active_max": 0}
LATER = "2040-01-01T10:00:00Z"


async def act(world: World, action: str) -> None:
    answer = await (await world.operator()).post(f"{V1}/admin/events/demo/{action}")
    assert answer.status_code == 200, answer.text


async def set_rules(world: World, **rules: object) -> None:
    answer = await (await world.operator()).patch(f"{V1}/admin/events/demo/rules", json=rules)
    assert answer.status_code == 200, answer.text


async def verdict_is(page: Page, panel: str, check: str, verdict: str) -> None:
    found = part(page, panel).locator(f"[data-check={check}]")
    await expect(found).to_have_attribute("data-verdict", verdict)


async def test_from_the_lobby_to_a_number_that_the_page_has_checked(world: World) -> None:
    await world.event(state="scheduled", rules=LOTTERY, opens_at=LATER)
    async with browser() as started, calendar(world):
        page = await open_page(started, f"{world.clients.base}/events/demo")
        await expect(page.locator("#outside-lead")).to_contain_text("one draw")
        await part(page, "join").click()
        await phase(page, "lobby")
        assert await place_number(page) == "–"
        await expect(page.locator("#ticket-title")).to_have_text("You take part in the draw")
        await expect(page).to_have_title("You take part in the draw · An Evening · Booking Rush")
        await part(page, "draw").locator("summary").click()
        await verdict_is(page, "draw-checks", "commitment", "true")

        home = await page.context.new_page()
        await home.goto(world.clients.base)
        await expect(part(home, "own")).to_have_text("You take part in the draw")
        await expect(part(home, "opens")).to_contain_text("Numbers are drawn then.")
        await home.close()

        await act(world, "open")
        await expect(part(page, "place-number")).to_have_text("1")
        await phase(page, "waiting")
        await expect(part(page, "draw-verdict")).to_have_text("✓")
        for check in ("commitment", "seed", "number"):
            await verdict_is(page, "draw-checks", check, "true")
        await expect(page.locator("#draw-facts")).to_contain_text("1 of 1")

        await set_rules(world, active_max=10)
        await phase(page, "admitted")
        await part(page, "history").locator("summary").click()
        await verdict_is(page, "history-checks", "draw", "true")
        newcomer = await open_page(started, f"{world.clients.base}/events/demo")
        await expect(newcomer.locator("#outside-lead")).to_contain_text("The draw is over")


async def test_a_seed_that_was_changed_behind_the_receipts_is_seen(world: World) -> None:
    await world.event(state="scheduled", rules=LOTTERY)
    async with browser() as started, calendar(world):
        page = await joined_page(started, world.clients.base, then="lobby")
        await verdict_is(page, "draw-checks", "commitment", "true")
        await world.services.pool.execute("UPDATE events SET lottery_seed = sha256(lottery_seed)")

        await act(world, "open")
        await expect(part(page, "place-number")).to_have_text("1")
        await verdict_is(page, "draw-checks", "number", "true")
        await verdict_is(page, "draw-checks", "commitment", "false")
        await expect(part(page, "draw-verdict")).to_be_empty()


async def test_a_window_is_told_after_it_and_checked_once_its_key_is_told(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    advance, may_draw = LotteryDraw.advance, asyncio.Event()

    async def advance_later(*arguments: Any) -> None:
        await may_draw.wait()
        await advance(*arguments)

    monkeypatch.setattr(LotteryDraw, "advance", advance_later)
    await world.event(rules={"fairness": "windows", "window_seconds": 2, "active_max": 0})
    async with browser() as started:
        page = await open_page(started, f"{world.clients.base}/events/demo")
        await expect(page.locator("#outside-lead")).to_contain_text("the same window of 2 s")
        await part(page, "join").click()
        await phase(page, "lobby")
        await expect(page.locator("#ticket-title")).to_have_text("Your window is being drawn")
        await expect(page.locator("#eta")).to_have_text("in a moment")
        may_draw.set()
        await phase(page, "waiting")
        await expect(part(page, "place-number")).to_have_text("1")

        await act(world, "close")
        await phase(page, "closed")
        await part(page, "history").locator("summary").click()
        await verdict_is(page, "history-checks", "draw", "true")


async def test_who_is_deferred_is_told_why_there_is_no_number_yet(world: World) -> None:
    await world.event(rules={"active_max": 0, "join_share_max": 0.001, "window_seconds": 60})
    assert (await (await world.visitor()).join())["number"] == 1
    elsewhere = JoinLine("v_elsewhere", block=block_digest("192.0.2.1"))
    await world.services.rooms.batcher("demo").do(elsewhere)
    async with browser() as started:
        page = await joined_page(started, world.clients.base, then="lobby")
        await expect(page.locator("#drawn")).to_contain_text("from your network")
        await expect(page.locator("#eta")).to_have_text("a little later")
        home = await page.context.new_page()
        await home.goto(world.clients.base)
        await expect(part(home, "own")).to_have_text("Your place is kept")


async def test_the_page_follows_an_order_that_is_changed_before_opening(world: World) -> None:
    await world.event(state="scheduled", rules=LOTTERY)
    async with browser() as started:
        early = await joined_page(started, world.clients.base, then="lobby")
        page = await open_page(started, f"{world.clients.base}/events/demo")
        lead = page.locator("#outside-lead")
        await expect(lead).to_contain_text("one draw")

        await set_rules(world, fairness="arrival")
        await expect(lead).to_contain_text("You get a number")
        await part(page, "join").click()
        await expect(part(page, "place-number")).to_have_text("2")
        await expect(page.locator("#drawn")).to_be_hidden()
        await expect(part(page, "draw")).to_be_hidden()
        # Who came before is drawn all the same.
        assert await place_number(early) == "–"
        await expect(early.locator("#drawn")).to_contain_text("drawn when the sale opens")

        await set_rules(world, fairness="windows", window_seconds=3)
        newcomer = await open_page(started, f"{world.clients.base}/events/demo")
        await expect(newcomer.locator("#outside-opens")).to_contain_text("has a place already")
        assert await place_number(page) == "2"


async def test_without_scripts_a_visitor_takes_part_in_the_draw_and_is_let_in(
    world: World,
) -> None:
    await world.event(state="scheduled", rules={"fairness": "lottery"})
    async with browser() as started, calendar(world):
        context = await started.new_context(java_script_enabled=False)
        page = await context.new_page()
        await page.goto(world.clients.base)
        await page.get_by_text("An Evening").click()
        await expect(page.locator("#outside-lead")).to_contain_text("one draw")
        await part(page, "join").click()
        title, number = page.locator("#place-title"), part(page, "place-number")
        await expect(title).to_have_text("You take part in the draw")
        await expect(number).to_have_text("–")

        await act(world, "open")
        await page.reload()
        await expect(title).to_have_text("It is your turn")
        await expect(number).to_have_text("1")
        await context.close()
