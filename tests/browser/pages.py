"""Steps that browser tests share: find parts of a page, wait for a phase, join, log in."""

from datetime import UTC, datetime, timedelta
from typing import Any

from playwright.async_api import Browser, Locator, Page, expect

from tests.browser.chromium import PHONE, open_page
from tests.support.clients import PASSWORD, until
from tests.support.world import World


async def phase(page: Page, name: str) -> None:
    """Wait until the page is in a phase."""
    await expect(page.locator("body")).to_have_attribute("data-phase", name)


def part(page: Page, name: str) -> Locator:
    return page.get_by_test_id(name)


async def joined_page(
    started: Browser, base: str, *, then: str = "waiting", size: dict[str, int] = PHONE
) -> Page:
    """Open the demo's page as a new visitor, join, and wait for the phase `then`."""
    page = await open_page(started, f"{base}/events/demo", size=size)
    await phase(page, "outside")
    await part(page, "join").click()
    await phase(page, then)
    return page


# What a page sees that nobody looks at.
HIDDEN = "Object.defineProperty(document, 'visibilityState', { value: 'hidden' })"
ASK_MAP = """(map, seat) => {
  const detail = { seat };
  map.dispatchEvent(new CustomEvent("seat-query", { detail }));
  return detail;
}"""


async def ask_map(page: Page, seat: str) -> dict[str, Any]:
    """Ask the map for a seat: its `state`, and its point `x`, `y` on the page, in view."""
    found = part(page, "map")
    await found.scroll_into_view_if_needed()
    answer: dict[str, Any] = await found.evaluate(ASK_MAP, seat)
    return answer


async def seat_is(page: Page, seat: str, state: str) -> None:
    """Wait until the map shows a seat in a state."""

    async def shown() -> bool:
        return (await ask_map(page, seat)).get("state") == state

    await until(shown)


async def pick(page: Page, seat: str) -> None:
    """Click on a seat of the map, once it is known there."""
    await seat_is(page, seat, "free")
    answer = await ask_map(page, seat)
    await page.mouse.click(answer["x"], answer["y"])


async def place_number(page: Page) -> str:
    return await part(page, "place-number").inner_text()


async def log_in(page: Page) -> None:
    """Log the operator in, and choose the demo's event."""
    await part(page, "username").fill("admin")
    await part(page, "password").fill(PASSWORD)
    await part(page, "log-in").click()
    await go(page, "events")
    await part(page, "event-list").get_by_text("An Evening").click()


async def go(page: Page, name: str) -> None:
    """Open a page of the operators' console, and wait until it is shown."""
    await part(page, f"go-{name}").click()
    await expect(page.locator(f'.page[data-page="{name}"]')).to_be_visible()


def stalls(**fields: Any) -> dict[str, Any]:
    return {
        "id": "stalls",
        "show": "evening",
        "name": "Stalls",
        "kind": "seated",
        "rows": [{"name": "A", "seats": 4}],
        "price": {"amount": 6500, "currency": "EUR"},
        **fields,
    }


async def visit(
    started: Browser, world: World, size: dict[str, int] = PHONE, zone: str = "America/New_York"
) -> Page:
    """Open the demo's page as a new visitor in a time zone far from the venue's."""
    context = await started.new_context(
        viewport={"width": size["width"], "height": size["height"]},
        timezone_id=zone,
        accept_downloads=True,
    )
    page = await context.new_page()
    await page.goto(f"{world.clients.base}/events/demo")
    return page


async def admitted(started: Browser, world: World, size: dict[str, int] = PHONE) -> Page:
    page = await visit(started, world, size)
    await part(page, "join").click()
    await phase(page, "admitted")
    return page


async def set_ahead(page: Page, seconds: int) -> None:
    """Let the clock of the page be ahead of the server's."""
    await page.clock.set_system_time(datetime.now(UTC) + timedelta(seconds=seconds))


async def stop_clock(page: Page) -> None:
    """Let the clock of the page go on by `run_for` alone: an installed one runs as well."""
    now = datetime.now(UTC)
    await page.clock.install(time=now)
    await page.clock.pause_at(now + timedelta(hours=1))  # sooner might be over by now
