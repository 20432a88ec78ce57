"""Speech of a screen reader from the line to the ticket, and back: what is true by then."""

import re

from playwright.async_api import Page, expect

from tests.browser.chromium import browser
from tests.browser.pages import part, phase, stop_clock
from tests.support.clients import until
from tests.support.world import World


async def press(page: Page, *keys: str) -> None:
    for key in keys:
        await page.keyboard.press(key)


# What a screen reader speaks: live regions as they change, and what the focus comes to.
HEAR = """
window.heard = [];
const said = new Map();
const say = (source, text) => {
  const words = text.replace(/\\s+/g, " ").trim();
  if (words && said.get(source) !== words) window.heard.push(words);
  said.set(source, words);
};
new MutationObserver((changes) => {
  for (const { target } of changes) {
    const element = target instanceof Element ? target : target.parentElement;
    const live = element?.closest("[aria-live], [role=status], [role=alert]");
    if (live) say(live, live.getClientRects().length > 0 ? live.textContent : "");
  }
}).observe(document, {
  subtree: true, childList: true, characterData: true, attributeFilter: ["hidden"],
});
document.addEventListener("focusin", ({ target }) =>
  say(Symbol("focus"), target.getAttribute("aria-label") ?? target.textContent));
"""


async def hears(page: Page, *sentences: str) -> None:
    """Wait until these sentences were spoken in this order, and forget all that was."""
    heard: list[str] = []

    async def are_heard() -> bool:
        heard[:] = await page.evaluate("window.heard")
        left = iter(heard)
        return all(any(re.search(sentence, said) for said in left) for sentence in sentences)

    try:
        await until(are_heard)
    except AssertionError:
        raise AssertionError(f"not heard in this order: {sentences} in {heard}") from None
    await page.evaluate("window.heard.length = 0")


async def test_what_is_spoken_at_each_step_is_what_is_true(world: World) -> None:
    await world.event(state="paused")
    await (await world.visitor()).join()
    operator = await world.operator()
    async with browser() as started:
        context = await started.new_context(viewport={"width": 390, "height": 844})
        await context.add_init_script(HEAR)
        page = await context.new_page()
        await page.goto(f"{world.clients.base}/events/demo")
        await part(page, "join").focus()
        await hears(page, "^Join the line$")
        await press(page, "Enter")
        await hears(page, "^You are in line$", r"^1 person ahead of you\. .*: When the line")
        await operator.post("/api/v1/admin/events/demo/resume")
        await hears(page, r"^It is your turn\. You have \d minutes\.$")

        await part(page, "map").locator("[tabindex]").focus()
        await hears(page, r"^Row A, seat \d, free, €65.00$", r"^Row A: 10 of 10 free\.$")
        await press(page, "Home", "Space")
        await hears(page, "^Row A, seat 1, free, €65.00$")
        await part(page, "hold").focus()
        await press(page, "Enter")
        await hears(page, "^This seat is yours for$", r"^You hold 1 seat for \d+ minutes\.$")
        await part(page, "method-declined").check()
        await part(page, "pay").focus()
        await press(page, "Enter")
        await hears(page, "^Waiting for the bank$", "^The bank declined this payment")
        await part(page, "method-ok").check()
        await part(page, "pay").focus()
        await press(page, "Enter")
        await hears(page, "^Waiting for the bank$", "^Booked. Have a wonderful time!$")
        await part(page, "cancel").focus()
        await press(page, "Enter")
        await part(page, "ask-confirm").focus()
        await press(page, "Enter")
        await hears(page, "^Refunded$")
        assert await page.evaluate("window.heard") == []


LIVE_REGION = """const { announce, announceCalmly, withdrawCalm } =
  await import("/static/ui/live-region.js");"""


async def test_a_calm_text_that_is_withdrawn_takes_nothing_along_that_was_said_since(
    world: World,
) -> None:
    async with browser() as started:
        page = await (await started.new_context()).new_page()
        await page.goto(f"{world.clients.base}/events/nothing")
        await phase(page, "unknown")
        await stop_clock(page)
        polite = page.locator("#polite")
        await page.evaluate(f"async () => {{ {LIVE_REGION} announceCalmly('1 ahead') }}")
        await page.clock.run_for(1)
        await expect(polite).to_have_text("1 ahead")
        await page.evaluate(f"async () => {{ {LIVE_REGION} withdrawCalm(); announce('Booked') }}")
        await page.clock.run_for(20_000)
        await expect(polite).to_have_text("Booked")

        await page.evaluate(f"async () => {{ {LIVE_REGION} announceCalmly('2 ahead') }}")
        await page.clock.run_for(20_000)
        await expect(polite).to_have_text("2 ahead")
        await page.evaluate(f"async () => {{ {LIVE_REGION} withdrawCalm() }}")
        await page.clock.run_for(20_000)
        await expect(polite).to_be_empty()
