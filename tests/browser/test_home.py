"""The home page in a real browser: cards in order, and what the visitor has in each event."""

import re
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from playwright.async_api import Browser, Page, expect

from tests.browser.chromium import browser, open_page
from tests.browser.pages import joined_page, part, stalls
from tests.support.clients import until
from tests.support.world import World


def shows(days: float) -> list[dict[str, Any]]:
    return [{"id": "evening", "starts_at": (datetime.now(UTC) + timedelta(days=days)).isoformat()}]


def one_seat() -> list[dict[str, Any]]:
    return [stalls(rows=[{"name": "A", "seats": 1}])]


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


async def test_tickets_stay_on_the_home_page_when_the_show_has_begun_and_the_sale_is_over(
    world: World,
) -> None:
    """They are needed at the door, which is after both."""
    await world.event(sections=one_seat(), shows=shows(-0.01))
    await world.event("other", shows=shows(3))
    operator = await world.operator()
    async with browser() as started:
        page = await joined_page(started, world.clients.base, then="admitted")
        await part(page, "hold-quantity").click()
        await part(page, "pay").click()
        await expect(part(page, "ticket")).to_have_count(1)
        home = await home_of(page, world)
        await expect(part(home, "card-demo").get_by_test_id("own")).to_have_text("Your tickets: 1")
        assert await cards(home) == ["An Evening", "An Evening"]

        await operator.post("/api/v1/admin/events/demo/close")
        await until(lambda: is_off_sale(world))
        await home.reload()
        await expect(part(home, "card-demo").get_by_test_id("own")).to_have_text("Your tickets: 1")
        await expect(part(home, "card-demo")).to_contain_text("Closed")
        stranger = await open_page(started, world.clients.base)
        await expect(part(stranger, "card-other")).to_be_visible()
        await expect(part(stranger, "card-demo")).to_be_hidden()


async def is_off_sale(world: World) -> bool:
    listed = (await (await world.visitor()).http.get("/api/v1/events")).json()["events"]
    return all(event["id"] != "demo" for event in listed)


@pytest.mark.parametrize("scripts", [True, False])
async def test_cards_say_who_is_let_in_and_invite_nobody_in_vain(
    world: World, scripts: bool
) -> None:
    await world.event("sold", sections=one_seat())
    await (await world.visitor()).buys("sold", seats=["stalls.A-1"])
    await world.event("halted", rules={"rate_per_second": 0})
    await world.event("last", state="draining")
    await world.event("stopped")
    await (await world.operator()).post(
        "/api/v1/admin/events/stopped/stop", json={"reason": "Fire"}
    )

    async def told() -> bool:
        events = (await (await world.visitor()).http.get("/api/v1/events")).json()["events"]
        by_id = {event["id"]: event for event in events}
        return by_id["sold"]["stock"] == "gone" and bool(by_id["stopped"].get("stopped"))

    await until(told)
    said = {
        "sold": r"Sold out\s*The line is the waiting list.*Go to the line",
        "halted": r"Open\s*Nobody is let in just now.*Go to the line",
        "last": r"Last visitors.*Look",
        "stopped": r"Stopped\s*The sale is stopped for the moment.*Go to the line",
    }
    async with browser() as started:
        context = await started.new_context(java_script_enabled=scripts)
        home = await context.new_page()
        await home.goto(world.clients.base)
        await expect(home).to_have_title("On sale · Booking Rush")
        for event, text in said.items():
            card = home.locator(".card", has=home.locator(f'[href="/events/{event}"]'))
            await expect(card).to_contain_text(re.compile(text, re.DOTALL))
            await expect(card).not_to_contain_text("some may come back")


async def test_who_is_next_where_all_is_sold_is_not_told_that_their_turn_comes(
    world: World,
) -> None:
    await world.event(sections=one_seat())
    await (await world.visitor()).buys(seats=["stalls.A-1"])
    async with browser() as started:
        page = await joined_page(started, world.clients.base)
        home = await home_of(page, world)
        for place in (page.locator("#ahead-words"), part(home, "own")):
            await expect(place).to_have_text("You are next when a place comes back")
        await expect(part(page, "stock")).to_contain_text("The line is the waiting list")
