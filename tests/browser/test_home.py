"""The home page in a real browser: cards in order, and what the visitor has in each event."""

import re
from datetime import UTC, datetime, timedelta
from typing import Any

from playwright.async_api import Browser, Page, expect

from tests.browser.chromium import browser, open_page
from tests.browser.pages import joined_page, part
from tests.support.world import World


def shows(days: int) -> list[dict[str, Any]]:
    return [{"id": "evening", "starts_at": (datetime.now(UTC) + timedelta(days=days)).isoformat()}]


async def home_of(page: Page, world: World) -> Page:
    """Open the home page in another tab of the same visitor."""
    home = await page.context.new_page()
    await home.goto(world.clients.base)
    return home


async def cards(home: Page) -> list[str]:
    return await home.locator(".card h2").all_inner_texts()


async def test_cards_come_by_date_and_those_that_are_over_last(world: World) -> None:
    await world.event("later", name="Later", shows=shows(20))
    await world.event("sooner", name="Sooner", shows=shows(3))
    await world.event("past", name="Past", shows=shows(-3))
    opens_at = datetime.now(UTC) + timedelta(hours=5)
    await world.event(
        "soon", name="Soon", shows=shows(9), state="scheduled", opens_at=opens_at.isoformat()
    )
    async with browser() as started:
        home = await open_page(started, world.clients.base)
        await expect(home.locator(".card")).to_have_count(4)

        assert await cards(home) == ["Sooner", "Soon", "Later", "Past"]
        await expect(part(home, "card-soon").get_by_test_id("opens")).to_contain_text(
            re.compile(r"in 4:5\d:")
        )
        await expect(home.locator("[data-over]")).to_contain_text("Past")
        await expect(part(home, "search")).to_be_hidden()


async def test_many_events_are_searched(world: World) -> None:
    for number in range(9):
        venue = {"name": "Café Größe" if number == 4 else "Hall"}
        await world.event(f"e{number}", name=f"Evening {number}", venue=venue)
    async with browser() as started:
        home = await open_page(started, world.clients.base)
        await part(home, "search").fill("cafe evening")
        await expect(home.locator(".card")).to_have_count(1)
        await part(home, "search").fill("nowhere")
        await expect(home.locator("#hint")).to_contain_text("No event has these words")
        await part(home, "search").fill("")
        await expect(home.locator(".card")).to_have_count(9)


async def waits(started: Browser, world: World) -> Page:
    page = await joined_page(started, world.clients.base)
    return await home_of(page, world)


async def test_a_visitor_reads_their_place_on_the_card(world: World) -> None:
    await world.event(state="paused")
    for _ in range(2):
        await (await world.visitor()).join()
    async with browser() as started:
        home = await waits(started, world)
        await expect(part(home, "own")).to_have_text("You are in line: 2 ahead")
        stranger = await open_page(started, world.clients.base)
        await expect(part(stranger, "own")).to_be_hidden()


async def test_a_visitor_reads_their_hold_and_then_their_tickets_on_the_card(
    world: World,
) -> None:
    await world.event()
    async with browser() as started:
        page = await joined_page(started, world.clients.base, then="admitted")
        await part(page, "hold-quantity").click()
        await expect(part(page, "hold-panel")).to_be_visible()
        home = await home_of(page, world)
        await expect(part(home, "own")).to_contain_text(re.compile(r"You hold \d seats?, "))
        await expect(part(home, "own")).to_contain_text("It is your turn, ")

        await part(page, "pay").click()
        await expect(part(page, "ticket").first).to_be_visible()
        refused: list[str] = []
        home.on("response", lambda answer: refused.append(answer.url) if not answer.ok else None)
        await home.reload()
        await expect(part(page, "ticket")).to_have_count(1)
        await expect(part(home, "own")).to_have_text("Your tickets: 1")
        assert refused == [], "the place that bought is not asked for"
