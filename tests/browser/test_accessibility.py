"""Accessibility of every page and phase in a real browser, in light and dark: axe finds nothing."""

import re
from importlib.resources import files
from typing import Literal
from urllib.parse import urljoin

import pytest
from playwright.async_api import Page, expect

from booking_rush.server.app import V1
from tests.browser.chromium import DESKTOP, PHONE, browser, open_page
from tests.browser.pages import HIDDEN, go, joined_page, log_in, part, phase, pick, stalls, visit
from tests.support.clients import Visitor, until
from tests.support.world import World

AXE = files("axe_playwright_python").joinpath("axe.min.js").read_text()
FINDINGS = """async (rules) => {
  const options = { resultTypes: ["violations"], ...(rules.length ? { runOnly: rules } : {}) };
  const { violations } = await axe.run(document, options);
  return violations.flatMap((one) =>
    one.nodes.map((node) => `${one.id}: ${node.target} ${node.failureSummary}`));
}"""
PAINTED = "new Promise((done) => requestAnimationFrame(() => requestAnimationFrame(done)))"
# Every rule in the light scheme; the dark one differs from it in its colours alone.
SCHEMES: dict[Literal["light", "dark"], list[str]] = {"light": [], "dark": ["color-contrast"]}
CONSOLE = (
    "night", "bookings", "visitors", "house", "rules", "messages", "journal", "events", "people",
)  # fmt: skip


# A colour that nobody could read on white, and a picture from elsewhere, which stays away.
THEME = {"accent": "#ffe04d", "logo": "/static/icon.svg", "picture": "https://else.example/a.png"}


async def look(page: Page, where: str, *, but: str = "") -> None:
    """Look at a page in its light and its dark colours, by every rule but one.

    Raises:
        AssertionError: axe finds a fault; it says where.
    """
    await page.evaluate(AXE)
    for scheme, rules in SCHEMES.items():
        await page.emulate_media(color_scheme=scheme, reduced_motion="reduce")
        await page.evaluate(PAINTED)
        found = [one for one in await page.evaluate(FINDINGS, rules) if not but or but not in one]
        assert found == [], f"{where}, {scheme}"


async def test_axe_finds_a_picture_without_words(world: World) -> None:
    await world.event()
    async with browser() as started:
        page = await open_page(started, world.clients.base, size=PHONE)
        await page.evaluate("document.querySelector('main').append(new Image())")
        with pytest.raises(AssertionError, match="image-alt"):
            await look(page, "home")


async def test_from_the_front_page_to_the_ticket(world: World) -> None:
    await world.event()
    base = world.clients.base
    async with browser() as started:
        home = await open_page(started, base, size=PHONE)
        await expect(home.get_by_text("An Evening")).to_be_visible()
        await look(home, "home")
        page = await open_page(started, f"{base}/events/demo", size=PHONE)
        await phase(page, "outside")
        await look(page, "outside")
        await part(page, "join").click()
        await phase(page, "admitted")
        await pick(page, "stalls.B-2")
        await look(page, "choosing")
        await part(page, "hold").click()
        await expect(part(page, "hold-panel")).to_be_visible()
        await look(page, "paying")
        await part(page, "method-ok").check()
        await part(page, "pay").click()
        await expect(part(page, "ticket").first).to_be_visible()
        await look(page, "booked")


async def test_in_line(world: World) -> None:
    await world.event(state="scheduled", rules={"rate_per_second": 0})
    operator, a = await world.operator(), f"{V1}/admin/events/demo"
    async with browser() as started:
        page = await visit(started, world)
        await part(page, "join").click()
        await phase(page, "lobby")
        await look(page, "lobby")
        await operator.post(f"{a}/open")
        await phase(page, "waiting")
        await look(page, "waiting, while nobody is let in")
        await page.context.set_offline(True)
        await expect(part(page, "offline")).to_be_visible()
        await look(page, "offline")
        await page.context.set_offline(False)
        await expect(part(page, "connection")).to_have_attribute("data-status", "open")
        for act, state in (("stop", "stopped"), ("continue", "open"), ("pause", "paused")):
            await operator.post(f"{a}/{act}")
            await expect(part(page, "state")).to_have_attribute("data-state", state)
            if act != "continue":
                await look(page, state)
        await operator.delete(f"{a}/visitors/{await part(page, 'visitor').text_content()}")
        await phase(page, "expired")
        await look(page, "removed")
        await operator.post(f"{a}/close")
        await phase(page, "closed")
        await look(page, "closed")


async def test_who_missed_the_turn(world: World) -> None:
    await world.event(state="paused", rules={"claim_seconds": 1, "late_seconds": 300})
    async with browser() as started:
        page = await joined_page(started, world.clients.base)
        await page.evaluate(HIDDEN)
        await (await world.operator()).post(f"{V1}/admin/events/demo/resume")
        await phase(page, "late")
        await expect(page.locator("#late-title")).to_have_text("You missed your turn")
        await look(page, "late")
        await part(page, "claim").click()
        await phase(page, "admitted")


async def pays(page: Page, method: str) -> None:
    await pick(page, "stalls.B-2")
    await part(page, "hold").click()
    await part(page, f"method-{method}").check()
    await part(page, "pay").click()


async def test_outcomes_of_a_payment(world: World) -> None:
    await world.event()
    async with browser() as started:
        page = await joined_page(started, world.clients.base, then="admitted")
        await pays(page, "declined")
        await expect(part(page, "declined")).to_be_visible()
        await look(page, "declined")
        await part(page, "method-ok").check()
        await part(page, "pay").click()
        await part(page, "cancel").click()
        await look(page, "a question")
        await part(page, "ask-confirm").click()
        await expect(part(page, "booking-state")).to_have_attribute("data-state", "refunded")
        await look(page, "refunded")
        await part(page, "booking-close").click()
        await part(page, "join").click()
        await phase(page, "admitted")
        await pays(page, "lost")
        await expect(part(page, "booking-state")).to_have_attribute("data-state", "paying")
        await look(page, "asking the bank")


async def is_gone(visitor: Visitor) -> bool:
    """Return whether the server says that all is sold; for a moment it says what it said before."""
    event = (await visitor.http.get(f"{V1}/events/demo")).json()["event"]
    return bool(event["stock"] == "gone")


PAPER = """() => [document.body, document.querySelector("[data-testid=ticket]")].map((element) => {
  const { color, backgroundColor } = getComputedStyle(element);
  return [color, backgroundColor];
})"""


async def test_tickets_are_printed_dark_on_white_whatever_the_scheme(world: World) -> None:
    await world.event(theme={"accent": "#b00020"})
    async with browser() as started:
        context = await started.new_context(color_scheme="dark")
        page = await context.new_page()
        await page.goto(f"{world.clients.base}/events/demo")
        await part(page, "join").click()
        await part(page, "hold-quantity").click()
        await part(page, "pay").click()
        await expect(part(page, "ticket-link")).to_be_visible()
        accent = "document.documentElement.style.getPropertyValue('--accent')"
        assert await page.evaluate(accent) != "#b00020"  # it could not be read on dark
        await page.emulate_media(media="print")
        await until(lambda: page.evaluate(f"{accent} === '#b00020'"))
        link = await part(page, "ticket-link").get_attribute("href")
        assert link
        kept = await context.new_page()
        await kept.emulate_media(media="print", color_scheme="dark")
        await kept.goto(urljoin(world.clients.base, link))
        for sheet in (page, kept):
            [body, ticket] = await sheet.evaluate(PAPER)
            assert body == ["rgb(27, 36, 33)", "rgb(255, 255, 255)"]
            assert ticket[0] == body[0]


async def test_pages_beside_the_walk(world: World) -> None:
    one = stalls(rows=[{"name": "A", "seats": 1}])
    await world.event(sections=[one], theme=THEME)
    base = world.clients.base
    async with browser() as started:
        page = await open_page(started, f"{base}/nothing", size=PHONE)
        await look(page, "no such page")
        await page.goto(f"{base}/events/nothing")
        await phase(page, "unknown")
        await look(page, "no such event")
        await page.goto(f"{base}/events/demo")
        await expect(part(page, "logo")).to_be_visible()
        await look(page, "in the colour of the event")
        buyer = await world.visitor()
        await buyer.buys(seats=["stalls.A-1"])
        await until(lambda: is_gone(buyer))
        await page.reload()
        await expect(part(page, "state")).to_have_attribute("data-state", "gone")
        await look(page, "sold out")
        await page.route(re.compile(r"/line\b[^/]*\.js"), lambda route: route.abort())
        await page.goto(f"{base}/events/demo/line")
        # It loads itself again, or nobody without scripts would hear of their turn. Not now: an
        # answer without a page leaves this one there.
        await page.route("**/events/demo/line", lambda route: route.fulfill(status=204))
        await look(page, "a place without scripts", but="meta-refresh")


async def test_every_page_of_the_console(world: World) -> None:
    await world.event()
    async with browser() as started:
        admin = await open_page(started, f"{world.clients.base}/admin", size=DESKTOP)
        await look(admin, "login")
        await log_in(admin)
        for name in CONSOLE:
            await go(admin, name)
            await look(admin, name)
        await part(admin, "head-rate").click()
        await look(admin, "rate")
        await admin.keyboard.press("Escape")
        await go(admin, "events")
        await part(admin, "new-event").click()
        await part(admin, "create-name").fill("Another")
        await part(admin, "create-id").fill("demo")
        await part(admin, "create-save").click()
        await expect(part(admin, "create-id")).to_be_focused()
        await look(admin, "mistakes")
