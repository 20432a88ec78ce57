"""Commands of the visitor's page in a real browser, whose socket dies as they are sent."""

from collections.abc import Awaitable, Callable

import pytest
from playwright.async_api import Page, WebSocketRoute, expect

from tests.browser.chromium import browser
from tests.browser.pages import part, phase, pick, seat_is, stalls
from tests.support.world import World

Steps = Callable[[Page], Awaitable[None]]


async def hold_one(page: Page) -> None:
    await pick(page, "stalls.A-1")
    await part(page, "hold").click()


async def extend(page: Page) -> None:
    await hold_one(page)
    await expect(part(page, "extensions")).to_contain_text("10 more")
    await part(page, "extend").click()
    await expect(part(page, "extensions")).to_contain_text("9 more")


async def release(page: Page) -> None:
    await hold_one(page)
    await part(page, "release").click()
    await part(page, "ask-confirm").click()
    await seat_is(page, "stalls.A-1", "free")


async def pay(page: Page) -> None:
    await hold_one(page)
    await part(page, "pay").click()
    await expect(part(page, "booking-state")).to_have_attribute("data-state", "confirmed")


async def leave(page: Page) -> None:
    await part(page, "leave").click()
    await part(page, "leave-confirm").click()
    await phase(page, "outside")


async def take_seat(page: Page) -> None:
    await hold_one(page)
    await seat_is(page, "stalls.A-1", "mine")


async def join_alone(page: Page) -> None:
    await phase(page, "admitted")


@pytest.mark.parametrize(
    ("command", "steps"),
    [
        ("queue.join", join_alone),
        ("queue.leave", leave),
        ("hold.create", take_seat),
        ("hold.extend", extend),
        ("hold.release", release),
        ("hold.checkout", pay),
    ],
)
async def test_a_command_is_carried_out_whose_socket_dies_before_it_is_sent(
    world: World, command: str, steps: Steps
) -> None:
    await world.event(sections=[stalls()])
    lost = list[str]()
    async with browser() as started:
        page = await started.new_page()

        def break_once(route: WebSocketRoute) -> None:
            server = route.connect_to_server()

            async def pass_on(message: str | bytes) -> None:
                if not lost and f'"{command}"' in str(message):
                    lost.append(str(message))
                    await route.close(code=1012)
                else:
                    server.send(message)

            route.on_message(pass_on)

        await page.route_web_socket("**/ws/**", break_once)
        await page.goto(f"{world.clients.base}/events/demo")
        await part(page, "join").click()
        await phase(page, "admitted")
        await steps(page)
    assert len(lost) == 1
