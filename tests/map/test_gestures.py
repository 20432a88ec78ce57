"""Gestures on the seat map in a real browser: pinch, drag, double tap, wheel, and the minimap."""

import asyncio
import math
from typing import Any

import pytest
from playwright.async_api import Browser, Page, expect

from tests.browser.chromium import DESKTOP, PHONE, browser
from tests.browser.pages import joined_page, part, phase, seat_is
from tests.map.houses import block
from tests.support.clients import until
from tests.support.world import World

STILL = """(map, seat) => {
  const detail = { seat, still: true };
  map.dispatchEvent(new CustomEvent("seat-query", { detail }));
  return detail;
}"""
THROW = """(map, seat) => {
  map.setPointerCapture = () => {}; // of a pointer that no finger holds
  const { left, top } = map.getBoundingClientRect();
  const point = (type, n) => map.dispatchEvent(new PointerEvent(type, {
    pointerId: 1, isPrimary: true, bubbles: true,
    clientX: left + 80 + 20 * n, clientY: top + 80 }));
  point("pointerdown", 0);
  for (const n of [1, 2, 3]) point("pointermove", n);
  point("pointerup", 3);
  const detail = { seat, still: true };
  map.dispatchEvent(new CustomEvent("seat-query", { detail }));
  return detail;
}"""
COLOUR = """(map, [x, y]) => {
  const canvas = map.querySelector(".map-drawing");
  const box = canvas.getBoundingClientRect();
  const at = (value, size, pixels) => Math.round((value / size) * pixels);
  const { data } = canvas.getContext("2d").getImageData(
    at(x - box.left, box.width, canvas.width), at(y - box.top, box.height, canvas.height), 1, 1);
  return [...data];
}"""
COUNT_DRAWN = """() => {
  window.drawn = 0;
  const { drawImage } = CanvasRenderingContext2D.prototype;
  CanvasRenderingContext2D.prototype.drawImage = function (...all) {
    window.drawn += 1;
    return drawImage.apply(this, all);
  };
}"""
# Return how many seats were drawn since this was asked last, once 15 frames have drawn none.
DRAWN = """() => new Promise((done) => {
  let [seen, still] = [window.drawn, 0];
  const look = () => {
    still = window.drawn === seen ? still + 1 : 0;
    seen = window.drawn;
    if (still < 15) return requestAnimationFrame(look);
    window.drawn = 0;
    done(seen);
  };
  look();
})"""
SYSTEM = """(name) => {
  const probe = document.body.appendChild(document.createElement("i"));
  probe.style.color = name;
  const found = getComputedStyle(probe).color.match(/\\d+/g).slice(0, 3).map(Number);
  probe.remove();
  return found;
}"""
# A slow phone: it comes late to each tap.
BUSY = """(map, ms) => map.addEventListener("pointerup", () => {
  const until = performance.now() + ms;
  while (performance.now() < until);
}, { capture: true })"""
Point = tuple[float, float]


async def house_page(started: Browser, world: World) -> Page:
    """Open the map of a house of six sections as a phone that is admitted."""
    sections = [block(n, price=3000 * n, rows=6, seats=12) for n in range(1, 7)]
    sections[0]["kinds"] = {"wheelchair": ["b1.A-6"], "restricted": ["b1.F-1"]}
    await world.event(sections=sections)
    context = await started.new_context(
        viewport={"width": PHONE["width"], "height": PHONE["height"]},
        has_touch=True,
        reduced_motion="reduce",
    )
    page = await context.new_page()
    await page.goto(f"{world.clients.base}/events/demo")
    await part(page, "join").click()
    await phase(page, "admitted")
    await expect(part(page, "suggest")).to_be_visible()
    await part(page, "map").scroll_into_view_if_needed()
    return page


async def point_of(page: Page, seat: str) -> Point:
    """Return where the map has a seat, without moving it."""
    found: dict[str, Any] = await part(page, "map").evaluate(STILL, seat)
    return found["x"], found["y"]


async def scale_of(page: Page) -> float:
    """Return how many pixels there are from a seat to the next."""
    return math.dist(await point_of(page, "b1.A-1"), await point_of(page, "b1.A-2"))


async def middle_of(page: Page) -> Point:
    box = await part(page, "map").bounding_box()
    assert box is not None
    return box["x"] + box["width"] / 2, box["y"] + box["height"] / 2


async def touch(page: Page, *steps: list[Point]) -> None:
    """Put fingers down at the points of the first step, move them by the others, lift them."""
    devtools = await page.context.new_cdp_session(page)
    for at, points in enumerate([*steps, []]):
        kind = "touchStart" if at == 0 else "touchMove" if points else "touchEnd"
        fingers = [{"x": x, "y": y, "id": finger} for finger, (x, y) in enumerate(points)]
        await devtools.send("Input.dispatchTouchEvent", {"type": kind, "touchPoints": fingers})
    await devtools.detach()


async def test_two_fingers_zoom_and_one_drags(world: World) -> None:
    async with browser() as started:
        page = await house_page(started, world)
        before = await scale_of(page)
        x, y = await middle_of(page)

        await touch(page, *([(x - 20 * n, y), (x + 20 * n, y)] for n in (1, 2, 3, 4)))

        async def is_twice_as_near() -> bool:
            return await scale_of(page) > 2 * before

        await until(is_twice_as_near)
        seat = await point_of(page, "b2.C-6")
        await touch(page, *([(x - 15 * n, y - 10 * n)] for n in range(5)))

        async def has_moved() -> bool:
            return (await point_of(page, "b2.C-6"))[0] < seat[0] - 20

        await until(has_moved)

        await page.emulate_media(reduced_motion="no-preference")
        released: dict[str, Any] = await part(page, "map").evaluate(THROW, "b2.C-6")

        async def has_gone_on() -> bool:
            return math.dist((released["x"], released["y"]), await point_of(page, "b2.C-6")) > 15

        await until(has_gone_on)


async def test_a_tap_and_a_frame_that_follows_draw_no_seat_but_those_that_change(
    world: World,
) -> None:
    await world.event(sections=[block(n, seats=24) for n in (1, 2)])
    async with browser() as started:
        page = await joined_page(started, world.clients.base, then="admitted", size=DESKTOP)
        await seat_is(page, "b1.B-12", "free")
        await page.evaluate(COUNT_DRAWN)
        await page.locator("#map-whole").click()
        assert await page.evaluate(DRAWN) > 100
        await part(page, "map").evaluate("map => map.scrollIntoView()")
        chips = {"b1.B-12": "Block 1 B 12", "b1.A-5": "Block 1 A 5", "b2.B-9": "Block 2 B 9"}
        for seat, name in chips.items():
            point = await point_of(page, seat)
            await page.mouse.move(*point)
            await page.evaluate(DRAWN)
            await page.mouse.click(*point)
            await expect(part(page, "chosen")).to_contain_text(name)
            assert 1 <= await page.evaluate(DRAWN) <= 4, seat


async def test_the_wheel_zooms_and_the_minimap_leads_elsewhere(world: World) -> None:
    async with browser() as started:
        page = await house_page(started, world)
        before = await scale_of(page)
        await expect(page.locator(".map-mini")).to_be_hidden()
        await page.mouse.move(*(await middle_of(page)))
        for _ in range(6):
            await page.mouse.wheel(0, -150)

        async def is_near() -> bool:
            return await scale_of(page) > 3 * before

        await until(is_near)
        mini = page.locator(".map-mini")
        await mini.scroll_into_view_if_needed()
        box = await mini.bounding_box()
        assert box is not None
        first = await point_of(page, "b1.A-1")
        await page.mouse.click(box["x"] + 6, box["y"] + 6)  # the map hears it, not the picture

        async def is_elsewhere() -> bool:
            return math.dist(first, await point_of(page, "b1.A-1")) > 30

        await until(is_elsewhere)


async def tap_twice(page: Page, x: float, y: float) -> None:
    """Tap twice at once, whether or not the page has come to the first tap by then."""
    devtools = await page.context.new_cdp_session(page)
    at = {"x": x, "y": y, "button": "left", "clickCount": 1}

    async def press(type_: str) -> None:
        await devtools.send("Input.dispatchMouseEvent", {"type": type_, **at})

    await asyncio.gather(*map(press, ("mousePressed", "mouseReleased") * 2))
    await devtools.detach()


@pytest.mark.parametrize("busy_ms", [0, 400], ids=["quick", "slow"])
async def test_two_taps_on_no_seat_look_closer(world: World, busy_ms: int) -> None:
    async with browser() as started:
        page = await house_page(started, world)
        before = await scale_of(page)
        box = await part(page, "map").bounding_box()
        assert box is not None

        await part(page, "map").evaluate(BUSY, busy_ms)
        await tap_twice(page, box["x"] + box["width"] / 2, box["y"] + 8)  # the stage

        async def is_nearer() -> bool:
            return await scale_of(page) > 1.2 * before

        await until(is_nearer)


async def test_the_best_seats_are_shown_and_others_up_to_a_price(world: World) -> None:
    async with browser() as started:
        page = await house_page(started, world)
        await part(page, "quantity-more").click()
        await part(page, "suggest").click()
        for seat in ("b6.A-6", "b6.A-7"):
            await seat_is(page, seat, "chosen")
        await expect(part(page, "suggest")).to_have_text("Show others")
        await part(page, "suggest").click()
        await seat_is(page, "b6.B-6", "chosen")
        await seat_is(page, "b6.A-6", "free")

        await page.locator("#price-most").select_option("6000")
        await part(page, "suggest").click()
        await seat_is(page, "b2.A-6", "chosen")
        await page.locator("#price-most").select_option("3000")
        await part(page, "suggest").click()
        await seat_is(page, "b1.A-7", "chosen")  # seat 6 is for a wheelchair
        await seat_is(page, "b1.A-6", "free")
        await expect(page.locator("#legend")).to_contain_text("wheelchair")
        await part(page, "hold").click()
        await expect(part(page, "held-seats")).to_contain_text("Row A, seat 7")


async def test_forced_colours_draw_the_map_in_those_of_the_system(world: World) -> None:
    async with browser() as started:
        page = await house_page(started, world)
        await page.emulate_media(forced_colors="active")
        await part(page, "suggest").click()
        await seat_is(page, "b6.A-6", "chosen")
        x, y = await point_of(page, "b6.A-6")
        highlight = await page.evaluate(SYSTEM, "Highlight")

        async def is_highlighted() -> bool:
            found = await part(page, "map").evaluate(COLOUR, [x - 6, y - 6])
            return math.dist(found[:3], highlight) < 4 and found[3] > 0  # it is translucent

        await until(is_highlighted)
