"""Words on the seat map and beside it: names, numbers, prices and states are true and readable."""

from typing import Any

from playwright.async_api import Page, expect

from tests.browser.chromium import DESKTOP, browser
from tests.browser.pages import joined_page, part, seat_is
from tests.map.houses import block
from tests.support.clients import until
from tests.support.world import World

LABEL = """async ([name, width, height, degrees]) => {
  const { drawLabel } = await import("/static/map/section-label.js");
  const context = document.createElement("canvas").getContext("2d");
  const written = [];
  context.fillText = (text) => written.push([text, context.direction]);
  const box = { left: 0, top: 0, width, height };
  const [cos, sin] = [Math.cos, Math.sin].map((of) => of((degrees * Math.PI) / 180));
  const placed = { bounds: box, box, plan: { curve: 0 }, at: [0, 0], cos, sin };
  const camera = { x: 0, y: 0, scale: 1 };
  drawLabel({ context, camera, size: box, ratio: 1, palette: {} }, placed, [name, "109 free"]);
  return written;
}"""
COLOURS = """async (amounts) => {
  const { pricesByNumber } = await import("/static/seats/seat-filters.js");
  const sections = amounts.map((amount) => ({ price: { amount, currency: "EUR" } }));
  return pricesByNumber(sections).map(({ prices }) => prices.map(({ amount }) => amount));
}"""
NOTE_NUMBERS = """() => {
  window.turns = [];
  const { fillText } = CanvasRenderingContext2D.prototype;
  CanvasRenderingContext2D.prototype.fillText = function (text, ...rest) {
    const { a, b } = this.getTransform();
    if (/^[0-9]+$/.test(text)) window.turns.push(Math.round(Math.atan2(b, a)) + 0);
    return fillText.call(this, text, ...rest);
  };
}"""


async def blank_page(started: Any, world: World) -> Page:
    """Open a page that loads modules and draws no map."""
    page: Page = await (await started.new_context()).new_page()
    await page.goto(f"{world.clients.base}/")
    return page


async def test_the_label_of_a_turned_section_keeps_to_it_and_its_number_is_never_cut(
    world: World,
) -> None:
    async with browser() as started:
        page = await blank_page(started, world)

        async def label(*room: Any) -> list[str]:
            return [text for text, _ in await page.evaluate(LABEL, list(room))]

        assert await label("Upper 203", 120, 50, 0) == ["Upper 203", "109 free"]
        assert await label("Upper 203", 120, 50, 90) == ["Upper", "203", "109 free"]
        assert await label("Upper 203", 30, 18, 45) == ["203"]
        assert await label("Upper 203", 24, 40, 90) == ["203"]
        assert await label("Upper 203", 10, 10, 45) == []


async def test_a_name_without_spaces_is_broken_between_words(world: World) -> None:
    name = "ที่นั่งชั้นล่างฝั่งซ้ายใกล้เวที"
    async with browser() as started:
        page = await blank_page(started, world)
        lines = [text for text, _ in await page.evaluate(LABEL, [name, 140, 60, 0])]
    assert lines[-1] == "109 free"
    assert len(lines) == 3
    assert "".join(lines[:2]) == name


async def test_a_name_from_right_to_left_is_written_so(world: World) -> None:
    async with browser() as started:
        page = await blank_page(started, world)
        written = await page.evaluate(LABEL, ["مقعد 7 (يسار)", 200, 60, 0])
    assert [direction for _, direction in written] == ["rtl", "ltr"]


async def test_no_two_prices_apart_have_the_same_colour(world: World) -> None:
    async with browser() as started:
        page = await blank_page(started, world)
        assert await page.evaluate(COLOURS, [1]) == []
        assert await page.evaluate(COLOURS, [2, 3, 1]) == [[3], [2], [1]]
        assert await page.evaluate(COLOURS, list(range(8))) == [[7, 6], [5], [4], [3, 2], [1], [0]]


async def test_the_numbers_of_seats_are_upright_in_every_section(world: World) -> None:
    places: list[dict[str, Any]] = [
        {"at": [0, 0]},
        {"at": [30, 0], "rotation": 90},
        {"at": [0, 30], "rotation": 180},
    ]
    small, *turned = [block(n) | place for n, place in enumerate(places, 1)]
    small["rows"] = [{"name": "A", "seats": 2}]
    await world.event(sections=[small, *turned])
    async with browser() as started:
        page = await joined_page(started, world.clients.base, then="admitted", size=DESKTOP)
        await seat_is(page, "b3.A-1", "free")
        await page.evaluate(NOTE_NUMBERS)
        for section in ("b2", "b3"):
            await page.evaluate("window.turns = []")
            await page.locator(f'[data-section="{section}"]').click()
            await until(lambda: page.evaluate("window.turns.length > 20"))
            assert set(await page.evaluate("window.turns")) == {0}


async def test_legend_and_hint_tell_of_seats_once_seats_are_seen(world: World) -> None:
    sections = [block(n) | {"closed": [f"b{n}.A-1"]} for n in (1, 2, 3)]
    sections[2]["kinds"] = {"wheelchair": ["b3.C-8"]}
    await world.event(sections=sections)
    async with browser() as started:
        page = await joined_page(started, world.clients.base, then="admitted", size=DESKTOP)
        await expect(page.locator("#legend")).to_have_text("freenot for salewheelchair")
        await expect(page.locator("#readout")).to_contain_text("Choose a seat")


async def test_a_hint_leads_closer_while_a_section_is_open_without_its_seats(world: World) -> None:
    await world.event(sections=[block(1, rows=8, seats=90)])
    async with browser() as started:
        page = await joined_page(started, world.clients.base, then="admitted")
        readout = page.locator("#readout")
        await expect(readout).to_have_text("Choose a place in the section to see its seats.")
        for _ in range(4):
            await page.locator("#map-closer").click()
        await expect(readout).to_have_text("Choose a seat to read its row and number.")


async def test_the_list_says_which_seats_are_not_like_the_others(world: World) -> None:
    await world.event(sections=[block(1) | {"kinds": {"wheelchair": ["b1.A-1"]}}])
    async with browser() as started:
        page = await joined_page(started, world.clients.base, then="admitted")
        await seat_is(page, "b1.A-1", "free")
        await part(page, "seat-list").locator("summary").click()
        listed = page.locator("[data-listed]")
        await expect(listed.nth(0)).to_have_accessible_name("Seat 1, wheelchair")
        await expect(listed.nth(0)).to_have_text("1 · wheelchair")
        await expect(listed.nth(1)).to_have_accessible_name("Seat 2")


async def test_prices_are_not_told_by_colours_that_are_forced(world: World) -> None:
    await world.event(sections=[block(1, price=900), block(2, price=300)])
    async with browser() as started:
        page = await joined_page(started, world.clients.base, then="admitted", size=DESKTOP)
        legend = page.locator("#legend")
        await expect(legend).to_have_text("€9.00€3.00free")
        await expect(legend.get_by_text("€9.00")).to_be_visible()
        await expect(legend.get_by_text("free")).to_be_hidden()
        await page.emulate_media(forced_colors="active")
        await expect(legend.get_by_text("€9.00")).to_be_hidden()
        await expect(legend.get_by_text("free")).to_be_visible()


async def test_no_price_is_asked_for_where_there_is_no_map(world: World) -> None:
    shared = {"show": "evening", "kind": "standing", "capacity": 9}
    sections = [
        {"id": name, "name": name, "price": {"amount": price, "currency": "EUR"}, **shared}
        for name, price in (("floor", 900), ("pit", 300))
    ]
    await world.event(sections=sections)
    async with browser() as started:
        page = await joined_page(started, world.clients.base, then="admitted")
        await expect(part(page, "free-pit")).to_have_text("9 free")
        await expect(page.locator("#price-filter")).to_be_hidden()
