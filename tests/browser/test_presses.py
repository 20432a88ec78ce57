"""Presses in a real browser: on a slow phone, and while the page moves, none is lost silently."""

import asyncio
from typing import Any

import msgspec
import pytest
from playwright.async_api import (
    Browser,
    Locator,
    Page,
    Request,
    Route,
    WebSocketRoute,
    expect,
)

from booking_rush.errors import TryAgain
from booking_rush.queue.join_checks.join_request import JoinRequest
from tests.browser.chromium import DESKTOP, PHONE, browser
from tests.browser.pages import admitted, part, phase, pick, seat_is, stalls, visit
from tests.support.clients import until
from tests.support.world import World

SLOW_CPU = 20  # times as slow
LONG = "The doors open later than was said, so please take your time. " * 8
BELOW_JOIN = """() => {
  window.pressed = 0;
  const other = document.createElement("button");
  other.id = "other";
  other.textContent = "Another";
  other.style.cssText = "width: 100%; height: 8rem";
  other.onclick = () => { window.pressed += 1; };
  document.getElementById("problem").before(other);
}"""
WATCH_SHIFTS = """() => {
  window.shifts = [];
  new PerformanceObserver((list) => window.shifts.push(...list.getEntries().map((entry) => [
    entry.value, entry.sources.map(({ node }) => node?.id || node?.nodeName).join(" "),
  ]))).observe({ type: "layout-shift", buffered: true });
}"""
PAINTED = "new Promise((done) => requestAnimationFrame(() => requestAnimationFrame(done)))"
SHIFT_MAX = 0.02  # of 1, where all of the screen moves by its height
DARK_BLUE = {"accent": "#123456", "picture": "/static/icon.svg", "logo": "/static/icon.svg"}


async def press(page: Page, button: Locator) -> float:
    """Put the pointer down on a button. Return its height on the page."""
    await button.scroll_into_view_if_needed()
    box = await button.bounding_box()
    assert box
    await page.mouse.move(box["x"] + box["width"] / 2, box["y"] + box["height"] / 2)
    await page.mouse.down()
    return box["y"]


async def say(world: World, text: str, level: str = "urgent") -> None:
    operator = await world.operator()
    answer = await operator.post(
        "/api/v1/admin/events/demo/broadcast",
        json={"text": text, "level": level, "audience": "all"},
        headers={"Idempotency-Key": text[:60]},
    )
    assert answer.status_code == 202, answer.text


async def visit_open(started: Browser, world: World) -> Page:
    """Visit the event's page, and wait until its socket is open."""
    page = await visit(started, world)
    await expect(part(page, "connection")).to_have_attribute("data-status", "open")
    return page


async def press_and_move_join(page: Page, world: World) -> None:
    """Press Join, and move it away under the finger by a long message."""
    join = part(page, "join")
    y = await press(page, join)
    await say(world, LONG)
    await until(lambda: is_below(join, y))


async def is_below(button: Locator, y: float) -> bool:
    box = await button.bounding_box()
    return box is not None and box["y"] > y + box["height"]


async def test_a_press_is_kept_when_the_button_moves_away_under_the_finger(world: World) -> None:
    await world.event(state="paused")
    async with browser() as started:
        page = await visit_open(started, world)
        await press_and_move_join(page, world)
        await page.mouse.up()
        await phase(page, "waiting")


async def test_what_slides_under_the_finger_is_not_pressed(world: World) -> None:
    await world.event(state="paused")
    async with browser() as started:
        page = await visit_open(started, world)
        await press(page, part(page, "join"))
        await page.evaluate(BELOW_JOIN)
        await page.mouse.up()
        await phase(page, "waiting")
        assert await page.evaluate("window.pressed") == 0
        await page.locator("#other").click()
        assert await page.evaluate("window.pressed") == 1


async def test_a_press_that_is_taken_back_is_no_press(world: World) -> None:
    await world.event(state="paused")
    async with browser() as started:
        page = await visit_open(started, world)
        await press_and_move_join(page, world)
        await page.mouse.move(5, 5)
        await page.mouse.up()
        await part(page, "look").click()
        await expect(part(page, "seats")).to_be_visible()
        await phase(page, "outside")
        assert await world.services.pool.fetchval("SELECT count(*) FROM places") == 0


async def test_a_button_that_is_drawn_anew_while_it_is_pressed_is_pressed(world: World) -> None:
    await world.event()
    other = await world.visitor()
    token = await other.admitted()
    async with browser() as started:
        page = await admitted(started, world)
        for seat in ("stalls.A-1", "stalls.A-4"):
            await pick(page, seat)
            await seat_is(page, seat, "chosen")
        await press(page, page.locator('[data-drop="stalls.A-1"]'))
        await other.hold("one", token, seats=["stalls.A-4"])
        await expect(part(page, "lost")).to_be_visible()
        await page.mouse.up()
        await seat_is(page, "stalls.A-1", "free")


# Before the scripts come


async def new_page(started: Browser) -> Page:
    context = await started.new_context(
        viewport={"width": PHONE["width"], "height": PHONE["height"]}
    )
    return await context.new_page()


async def hold_scripts(page: Page, files: str = "*.js") -> asyncio.Event:
    """Hold the page's scripts back until the event is set."""
    come = asyncio.Event()

    async def hold(route: Route) -> None:
        await come.wait()
        await route.continue_()

    await page.route(f"**/static/dist/{files}", hold)
    return come


async def press_early(page: Page, world: World, brought: str = "") -> None:
    """Press Join as soon as it is seen; `brought` is what a link has behind its path."""
    await page.goto(f"{world.clients.base}/events/demo{brought}", wait_until="commit")
    await part(page, "join").click(no_wait_after=True)


async def test_who_presses_join_before_the_scripts_come_is_in_line(world: World) -> None:
    """Also with the code that their link brought."""
    await world.event(state="paused", rules={"lanes": {"main": 1, "press": 3}})
    operator = await world.operator()
    made = await operator.post(
        "/api/v1/admin/events/demo/codes", json={"lane": "press", "count": 1}
    )
    [code] = made.json()["codes"]
    async with browser() as started:
        page = await new_page(started)
        come = await hold_scripts(page)
        page.on("request", lambda request: come.set() if "/line" in request.url else None)
        await press_early(page, world, f"?code={code}")
        await phase(page, "waiting")
        await expect(part(page, "lane")).to_contain_text("press")


async def test_a_join_that_was_refused_before_the_scripts_came_is_tried_again(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    await world.event(state="paused")
    room = await world.services.rooms.room("demo")
    join, asked = room.joining.join, list[dict[str, Any]]()

    async def join_later(visitor: str, address: str, wanted: JoinRequest, **options: Any) -> Any:
        asked.append(msgspec.to_builtins(wanted))
        if len(asked) == 1:
            raise TryAgain
        return await join(visitor, address, **options)

    monkeypatch.setattr(room.joining, "join", join_later)
    async with browser() as started:
        page = await new_page(started)
        come = await hold_scripts(page)
        page.on("request", lambda request: come.set() if "/line" in request.url else None)
        await press_early(page, world, "?code=PRESS%26MORE#identity=signed")
        await phase(page, "waiting")
    code = {"code": "PRESS&MORE"}
    assert asked == [code, code | {"identity": "signed"}]


async def test_no_second_visitor_takes_the_place_of_who_pressed_early(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The texts come, and the page connects, while the form's answer is on its way."""
    await world.event(state="paused")
    room = await world.services.rooms.room("demo")
    join, refused, made = room.joining.join, asyncio.Event(), list[str]()

    async def join_slowly(*arguments: Any, **options: Any) -> Any:
        await refused.wait()
        return await join(*arguments, **options)

    monkeypatch.setattr(room.joining, "join", join_slowly)
    async with browser() as started:
        page = await new_page(started)
        come = await hold_scripts(page, "text-*.js")

        def on_request(request: Request) -> None:
            if request.method == "POST" and request.url.endswith("/demo"):
                come.set()
            if request.url.endswith("/visitors"):
                made.append(request.url)

        page.on("request", on_request)
        page.on("websocket", lambda socket: socket.on("close", lambda _: refused.set()))
        await press_early(page, world)
        await phase(page, "waiting")
    assert made == []
    assert await world.services.pool.fetchval("SELECT count(*) FROM places") == 1


# While the connection is slow, or breaks


async def test_join_on_a_slow_phone_whose_socket_opens_late(world: World) -> None:
    await world.event(state="paused")
    async with browser() as started:
        page = await new_page(started)
        session = await page.context.new_cdp_session(page)
        await session.send("Emulation.setCPUThrottlingRate", {"rate": SLOW_CPU})
        opens = asyncio.Event()

        async def open_late(route: WebSocketRoute) -> None:
            await opens.wait()
            route.connect_to_server()

        await page.route_web_socket("**/ws/**", open_late)
        await press_early(page, world)
        await expect(part(page, "join")).to_have_text("Joining…")
        opens.set()
        await phase(page, "waiting")


async def test_join_is_kept_while_the_event_is_not_known_yet(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The page came without the event, which is asked for, and comes when Join is pressed."""
    await world.event(state="paused")
    known = asyncio.Event()
    with monkeypatch.context() as away:

        async def fail(*_: str) -> bytes:
            raise ConnectionError

        away.setattr(type(world.services), "event_body", fail)
        async with browser() as started:
            page = await new_page(started)

            async def answer_late(route: Route) -> None:
                away.undo()
                await known.wait()
                await route.continue_()

            await page.route("**/api/v1/events/demo", answer_late)
            await page.goto(f"{world.clients.base}/events/demo")
            await phase(page, "outside")
            await press(page, part(page, "join"))
            known.set()
            await expect(page.locator("#prices")).not_to_be_empty()
            await page.mouse.up()
            await phase(page, "waiting")


async def test_best_seats_that_are_asked_for_before_it_is_known_which_are_free(
    world: World,
) -> None:
    await world.event(sections=[stalls()])
    known = asyncio.Event()

    def hold_seats(route: WebSocketRoute) -> None:
        server = route.connect_to_server()

        async def pass_on(message: str | bytes) -> None:
            if '"seats.snapshot"' in str(message):
                await known.wait()
            route.send(message)

        server.on_message(pass_on)

    async with browser() as started:
        page = await new_page(started)
        await page.route_web_socket("**/ws/**", hold_seats)
        await page.goto(f"{world.clients.base}/events/demo")
        await part(page, "join").click()
        await phase(page, "admitted")
        await part(page, "suggest").click()
        known.set()
        await expect(part(page, "choice-sum")).to_contain_text("1 seat")


# The first screen stands still


@pytest.mark.parametrize("size", [PHONE, DESKTOP], ids=["phone", "desktop"])
@pytest.mark.parametrize("comes", ["first", "again"])
async def test_the_first_screen_does_not_move_while_the_page_loads(
    world: World, size: dict[str, int], comes: str
) -> None:
    dear = stalls(id="front", name="Front", price={"amount": 9000, "currency": "EUR"})
    venue = {"name": "Playhouse", "address": "12 Long Lane, Copenhagen"}
    await world.event(sections=[dear, stalls()], venue=venue, theme=DARK_BLUE)
    await say(world, LONG, "info")
    async with browser() as started:
        context = await started.new_context(
            viewport={"width": size["width"], "height": size["height"]},
            timezone_id="America/New_York",
        )
        page = await context.new_page()
        for _ in range(2 if comes == "again" else 1):
            await page.goto(f"{world.clients.base}/events/demo")
            await expect(part(page, "connection")).to_have_attribute("data-status", "open")
            await expect(part(page, "message")).to_be_visible()
            await expect(part(page, "price-stock")).to_be_visible()
        await page.evaluate(WATCH_SHIFTS)
        await page.evaluate(PAINTED)  # by then it has told of those before
        moved: list[tuple[float, str]] = await page.evaluate("window.shifts")
    assert sum(value for value, _ in moved) < SHIFT_MAX, moved
