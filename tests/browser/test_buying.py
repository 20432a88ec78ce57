"""Buying in a real browser: two visitors see each other's seats, one pays, an operator refunds."""

import msgspec
import pytest
from playwright.async_api import Browser, Page, expect
from redis.asyncio import Redis

from booking_rush.postgres import Pool
from booking_rush.server.rooms.subscriber import Subscriber
from booking_rush.server.web.handshake import close_for_restart
from tests.browser.chromium import DESKTOP, PHONE, browser, open_page
from tests.browser.pages import go, joined_page, log_in, part, pick, seat_is
from tests.support.clients import until
from tests.support.outages import recovering
from tests.support.world import World


async def admitted_page(world: World, started: Browser, size: dict[str, int] = PHONE) -> Page:
    return await joined_page(started, world.clients.base, then="admitted", size=size)


async def page_with_a_hold(world: World, started: Browser) -> Page:
    """Return the page of a new visitor who holds `stalls.B-2`."""
    page = await admitted_page(world, started)
    await pick(page, "stalls.B-2")
    await part(page, "hold").click()
    await expect(part(page, "hold-panel")).to_be_visible()
    return page


async def give_back(page: Page) -> None:
    """Release the hold of `stalls.B-2`, and wait until the seat is free."""
    await seat_is(page, "stalls.B-2", "mine")
    await part(page, "release").click()
    await part(page, "ask-confirm").click()
    await seat_is(page, "stalls.B-2", "free")


async def test_two_visitors_see_each_others_seats_and_one_buys(world: World) -> None:
    settings = world.services.settings
    world.services.settings = msgspec.structs.replace(settings, mail_from="tickets@example.org")
    await world.event()
    async with browser() as started:
        ada = await admitted_page(world, started)
        bob = await admitted_page(world, started, DESKTOP)

        await pick(ada, "stalls.A-4")
        await pick(ada, "stalls.A-5")
        await seat_is(ada, "stalls.A-4", "chosen")
        await pick(bob, "stalls.A-5")
        await part(ada, "hold").click()
        await seat_is(ada, "stalls.A-5", "mine")
        await expect(part(ada, "hold-countdown")).to_be_visible()
        await expect(part(ada, "held-total")).to_contain_text("130")
        await seat_is(bob, "stalls.A-4", "held")
        await seat_is(bob, "stalls.A-5", "lost")

        await part(ada, "method-ok").check()
        await part(ada, "email").fill("ada@example.org")
        await part(ada, "pay").click()
        await expect(part(ada, "booking-state")).to_have_attribute("data-state", "confirmed")
        await expect(part(ada, "ticket")).to_have_count(2)
        await expect(part(ada, "mail-sent")).to_contain_text("ada@example.org")
        await seat_is(bob, "stalls.A-4", "sold")
    assert await world.services.pool.fetchval("SELECT email FROM contacts") == "ada@example.org"


async def test_seats_and_standing_places_are_one_purchase(world: World) -> None:
    await world.event()
    async with browser() as started:
        page = await admitted_page(world, started)
        await page.locator('[data-section="floor"]').click()
        await part(page, "quantity-more").click()
        await part(page, "add-standing").click()
        await expect(part(page, "add-standing")).to_have_text("Add 1 place more")
        await expect(part(page, "hold-quantity")).to_be_hidden()
        await pick(page, "stalls.A-4")
        await expect(part(page, "choice-sum")).to_have_text("1 seat and 2 places · €155.00")

        await part(page, "hold").click()
        await expect(part(page, "held-total")).to_have_text("€155.00")
        await expect(page.locator("#held-seats li")).to_have_text(
            ["Row A, seat 4 Stalls€65.00", "2 places, standing Floor€90.00"]
        )
        await part(page, "pay").click()
        await expect(part(page, "booking-state")).to_have_attribute("data-state", "confirmed")
        for place in ("Row A, seat 4", "Standing, 1 of 2", "Standing, 2 of 2"):
            await expect(part(page, "ticket").filter(has_text=place)).to_have_count(1)


async def test_a_choice_is_never_more_than_one_may_book(world: World) -> None:
    await world.event(rules={"tickets_per_visitor_max": 3})
    async with browser() as started:
        page = await admitted_page(world, started)
        await page.locator('[data-section="floor"]').click()
        await part(page, "quantity-more").click()
        await part(page, "add-standing").click()

        await pick(page, "stalls.A-4")
        await pick(page, "stalls.A-5")
        await expect(page.locator("#full")).to_contain_text("3 tickets")
        await page.locator('[data-drop="stalls.A-4"]').click()
        await page.locator('[data-section="floor"]').click()
        await part(page, "add-standing").click()
        await page.locator('[data-section="stalls"]').click()
        await part(page, "suggest").click()
        await expect(page.locator("#full")).to_contain_text("3 tickets")
        await expect(part(page, "choice-sum")).to_have_text("3 places · €135.00")

        await page.locator('[data-drop="floor"]').click()
        await pick(page, "stalls.A-4")
        await pick(page, "stalls.A-5")

        await expect(part(page, "choice-sum")).to_have_text("2 seats · €130.00")


async def test_a_declined_card_is_followed_by_a_good_one(world: World) -> None:
    await world.event()
    async with browser() as started:
        page = await admitted_page(world, started)
        await pick(page, "stalls.A-1")
        await part(page, "hold").click()
        await part(page, "method-declined").check()
        await part(page, "pay").click()
        await expect(part(page, "declined")).to_be_visible()
        await part(page, "method-ok").check()
        await part(page, "pay").click()
        await expect(part(page, "booking-state")).to_have_attribute("data-state", "confirmed")


async def test_who_presses_pay_again_offline_after_a_decline_pays_once_when_back(
    world: World,
) -> None:
    """The decline before is no answer to this press."""
    await world.event()
    async with browser() as started:
        page = await joined_page(started, world.clients.base, then="admitted")
        await part(page, "hold-quantity").click()
        await part(page, "method-declined").check()
        await part(page, "pay").click()
        await expect(part(page, "declined")).to_be_visible()
        await page.context.set_offline(True)
        await expect(part(page, "connection")).to_have_attribute("data-status", "offline")
        await part(page, "method-ok").check()
        await part(page, "pay").click()
        await expect(part(page, "offline")).to_contain_text("we pay as soon as the connection is")
        await page.context.set_offline(False)
        await expect(part(page, "booking-state")).to_have_attribute("data-state", "confirmed")
    assert await world.services.pool.fetchval("SELECT count(*) FROM payments") == 2


async def test_a_hold_survives_a_reload_and_is_given_back(world: World) -> None:
    await world.event()
    async with browser() as started:
        page = await page_with_a_hold(world, started)
        await page.reload()
        await expect(part(page, "hold-panel")).to_be_visible()
        await give_back(page)


@pytest.mark.parametrize("comes_back", ["reloaded", "reconnected"])
async def test_who_comes_back_during_a_recovery_finds_the_hold_after_it(
    world: World, pool: Pool, redis: Redis, comes_back: str
) -> None:
    await world.event()
    async with browser() as started:
        page = await page_with_a_hold(world, started)
        await until(lambda: pool.fetchval("SELECT count(*) FROM bookings"))
        async with recovering(world, pool, redis):
            [subscriber] = await subscribers(world)
            if comes_back == "reloaded":
                await page.reload()
            else:
                close_for_restart(subscriber, drain_s=0)
            await until(lambda: another_is_welcomed(world, subscriber))
            if comes_back == "reconnected":
                await expect(part(page, "hold-panel")).to_be_visible()
        await expect(part(page, "hold-panel")).to_be_visible()
        await give_back(page)


async def subscribers(world: World) -> list[Subscriber]:
    return (await world.services.rooms.room("demo")).subscribers()


async def another_is_welcomed(world: World, before: Subscriber) -> bool:
    return any(
        subscriber.welcomed for subscriber in await subscribers(world) if subscriber is not before
    )


async def test_an_operator_sees_the_house_fill_and_refunds(world: World) -> None:
    await world.event()
    ada = await world.visitor()
    token = await ada.admitted()
    hold = (await ada.hold("k", token, seats=["stalls.A-1"])).json()["hold"]
    await ada.check_out(hold["id"])
    await ada.booked(hold["id"], "confirmed")
    async with browser() as started:
        admin = await open_page(started, f"{world.clients.base}/admin", size=DESKTOP)
        await log_in(admin)
        await go(admin, "house")
        await expect(part(admin, "house-stalls")).to_contain_text("21")
        await go(admin, "bookings")
        await admin.locator(f'[data-refund="{hold["id"]}"]').click()
        await part(admin, "confirm").click()
        await ada.booked(hold["id"], "refunded")
        await go(admin, "house")
        await expect(part(admin, "house-stalls")).to_contain_text("22")
