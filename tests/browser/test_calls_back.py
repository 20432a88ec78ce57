"""Calls back to who waits elsewhere: sound, notification, title, and messages that stay."""

import re
from typing import Any

from playwright.async_api import expect

from booking_rush.booking.joining.preferences import Preferences
from tests.browser.chromium import browser
from tests.browser.pages import HIDDEN, joined_page, part, phase, set_ahead, stalls, visit
from tests.support.clients import until
from tests.support.world import World

RINGS = """window.rang = 0;
  OscillatorNode.prototype.start = () => { window.rang += 1; };
  OscillatorNode.prototype.stop = () => {}"""


async def test_who_waits_reads_a_time_of_day_and_is_called_as_chosen(world: World) -> None:
    await world.event(sections=[stalls()], state="paused")
    async with browser() as started:
        page = await visit(started, world)
        await part(page, "join").click()
        await phase(page, "waiting")
        await part(page, "call-back-sound").check()
        await page.reload()
        await expect(part(page, "call-back-sound")).to_be_checked()
        await expect(page).to_have_title(re.compile("^You are next · An Evening"))
        await page.evaluate(RINGS)
        operator = await world.operator()
        await operator.post("/api/v1/admin/events/demo/resume")
        await phase(page, "admitted")
        await until(lambda: page.evaluate("window.rang"))


async def test_who_has_no_number_yet_is_called_as_well(world: World) -> None:
    await world.event(state="scheduled", rules={"fairness": "lottery"})
    async with browser() as started:
        page = await joined_page(started, world.clients.base, then="lobby")
        await part(page, "call-back-sound").check()
        await page.evaluate(RINGS)
        visitor = await part(page, "visitor").text_content()
        admit = f"/api/v1/admin/events/demo/visitors/{visitor}/admit"
        answer = await (await world.operator()).post(admit, json={"reason": "a guest of the band"})
        assert answer.status_code == 200, answer.text
        await phase(page, "admitted")
        await until(lambda: page.evaluate("window.rang"))


AS_ON_A_PHONE = """async () => {
  window.Notification = class {
    static requestPermission = async () => "granted";
    constructor() { throw new TypeError("Illegal constructor"); }
  };
  window.notified = [];
  ServiceWorkerRegistration.prototype.showNotification =
    async (title, { data }) => void window.notified.push([title, data]);
}"""


async def test_who_looks_elsewhere_on_a_phone_is_called_by_notification_and_title(
    world: World,
) -> None:
    await world.event(sections=[stalls()], state="paused")
    async with browser() as started:
        page = await visit(started, world)
        await part(page, "join").click()
        await phase(page, "waiting")
        await page.evaluate(AS_ON_A_PHONE)
        await part(page, "call-back-notification").check()
        await page.evaluate("async () => void (await navigator.serviceWorker.ready)")
        await page.evaluate(HIDDEN)
        operator = await world.operator()
        await operator.post("/api/v1/admin/events/demo/resume")
        await phase(page, "admitted")
        await expect(page).to_have_title("It is your turn")
        await expect(page).to_have_title(re.compile(r"^Your turn \d"))
        await until(lambda: page.evaluate("window.notified.length"))
        assert await page.evaluate("window.notified") == [["It is your turn", page.url]]


async def test_a_hidden_page_does_not_ask_to_say_what_was_said_elsewhere(world: World) -> None:
    await world.event(sections=[stalls()], state="paused", rules={"claim_seconds": 60})
    async with browser() as started:
        page = await visit(started, world)
        await part(page, "join").click()
        await phase(page, "waiting")
        await page.evaluate(HIDDEN)
        operator = await world.operator()
        await operator.post("/api/v1/admin/events/demo/resume")
        await phase(page, "admitted")
        await expect(page.locator("#claim-by")).to_contain_text("that you are here")
        await page.evaluate("async () => void (await fetch('/api/v1/events/demo/queue'))")
        await set_ahead(page, 61)
        await expect(page.locator("#claim-by")).to_be_hidden()
        await phase(page, "admitted")


async def test_earlier_messages_stay_readable_with_their_hour(world: World) -> None:
    await world.event(sections=[])
    operator = await world.operator()
    async with browser() as started:
        page = await visit(started, world)
        await phase(page, "outside")
        for text in ("First of all", "Then this"):
            await operator.post(
                "/api/v1/admin/events/demo/broadcast",
                json={"text": text, "level": "urgent", "audience": "all"},
                headers={"Idempotency-Key": text},
            )
            await expect(part(page, "message")).to_have_text(text)
        await page.locator("#message summary").click()
        await expect(part(page, "earlier-messages")).to_contain_text(
            re.compile(r"\d\d:\d\d First of all")
        )
        await expect(part(page, "seats")).to_be_hidden()
        await page.get_by_role("button", name="Dismiss").click()
        await page.reload()
        await page.locator("#message summary").click()
        await expect(part(page, "earlier-messages")).to_contain_text("Then this")
        await part(page, "join").click()
        await expect(part(page, "turn-next")).to_contain_text("Nothing is sold on this page")


async def is_kept(world: World, visitor: str, most: dict[str, Any]) -> bool:
    found = await Preferences(world.services.redis).find("demo", visitor)
    return found == {"quantity": 3, "price_max": most}


async def test_who_waits_says_what_they_would_like_and_it_is_shown_first(world: World) -> None:
    dear = stalls(id="front", name="Front", price={"amount": 9000, "currency": "EUR"})
    await world.event(sections=[dear, stalls()], state="paused")
    async with browser() as started:
        page = await visit(started, world)
        await part(page, "join").click()
        await phase(page, "waiting")
        await part(page, "prefer-quantity").select_option("3")
        await part(page, "prefer-price").select_option("6500")
        await expect(part(page, "prefer-section")).to_have_value("")
        visitor = await part(page, "visitor").text_content() or ""
        await until(lambda: is_kept(world, visitor, {"amount": 6500, "currency": "EUR"}))
        await page.reload()
        await expect(part(page, "prefer-quantity")).to_have_value("3")
        await expect(part(page, "prefer-price")).to_have_value("6500")
        operator = await world.operator()
        await operator.post("/api/v1/admin/events/demo/resume")
        await phase(page, "admitted")
        await expect(part(page, "quantity")).to_have_text("3")
        await expect(part(page, "choice-sum")).to_contain_text("3 seats · €195.00")
        await expect(part(page, "suggest")).to_have_text("Show others")
