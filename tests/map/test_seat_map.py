"""The seat map in a real browser: into the house and out, by finger, key and list."""

import pytest
from playwright.async_api import expect

from tests.browser.chromium import DESKTOP, PHONE, browser
from tests.browser.pages import ask_map, joined_page, part, pick, seat_is
from tests.map.houses import block
from tests.support.world import World

TOGETHER = """async ([free, picked, count]) => {
  const { seatsTogether } = await import("/static/seats/seats-together.js");
  const row = [...free].map((mark, at) => ({ id: String(at + 1), along: at + (mark === "|") }));
  return seatsTogether(row, picked, count, ({ id }) => free[id - 1] === ".");
}"""
BEST = """async ([free, count]) => {
  const { bestBlocks } = await import("/static/seats/seats-together.js");
  const seats = [...free].map((mark, at) => ({ id: String(at + 1), along: at, mark }));
  const isFree = ({ mark }) => mark === ".";
  return bestBlocks([{ amount: 1, rows: [{ seats }] }], count, isFree)[0] ?? [];
}"""
HOUSE = """async (sections) => {
  const { housePlan, sectionAt, toHouse, toSection } = await import("/static/plan/house-plan.js");
  const { seatAt } = await import("/static/plan/geometry.js");
  const { placed, byId } = housePlan(sections, 1.5);
  const found = [];
  for (const one of placed)
    for (const seat of one.plan.list) {
      const { x, y } = toHouse(one, seat.x, seat.y);
      const section = sectionAt({ placed, byId }, x, y);
      const inPlane = toSection(section, x, y);
      found.push([seat.id, seatAt(section.plan, inPlane.x, inPlane.y)?.id]);
    }
  return found;
}"""
STAGES = """async (sections) => {
  const { housePlan } = await import("/static/plan/house-plan.js");
  const seat = (n, count, y) => ({ number: n + 1, x: n - (count - 1) / 2, y });
  const listed = ({ seats }, y) => Array.from({ length: seats }, (_, n) => seat(n, seats, y));
  for (const one of sections)
    one.rows = one.rows.map((row, y) => ({ ...row, seats: listed(row, y) }));
  return housePlan(sections, 1.5).stages.map(({ left, top, width, height }) =>
    [left + width / 2, top + height / 2, width]);
}"""
LABEL = """async ([name, width, height]) => {
  const { drawLabel } = await import("/static/map/section-label.js");
  const context = document.createElement("canvas").getContext("2d");
  const written = [];
  context.fillText = (text) => written.push(text);
  const box = { left: 0, top: 0, width, height };
  const placed = { bounds: box, box, plan: { curve: 0 }, at: [0, 0], cos: 1, sin: 0 };
  const camera = { x: 0, y: 0, scale: 1 };
  drawLabel({ context, camera, size: box, ratio: 1, palette: {} }, placed, [name, "109 free"]);
  return written;
}"""


async def test_a_section_is_entered_by_tap_and_left_by_key(world: World) -> None:
    await world.event(sections=[block(n, price=3000 * n) for n in range(1, 6)])
    async with browser() as started:
        page = await joined_page(started, world.clients.base, then="admitted", size=DESKTOP)
        cursor = page.locator(".map-cursor")
        await expect(cursor).to_have_attribute("data-block", "b1")
        await cursor.focus()
        await page.keyboard.press("End")
        await expect(cursor).to_have_attribute("data-block", "b5")
        await expect(cursor).to_have_attribute(
            "aria-label", "Block 5, 24 free · €150.00. Enter goes in."
        )
        await page.keyboard.press("Enter")
        await expect(page.locator('[data-seat^="b5."]')).to_be_focused()
        await expect(page.locator('[data-section="b5"]')).to_have_attribute("aria-pressed", "true")
        await page.keyboard.press("Space")
        await expect(part(page, "chosen")).to_contain_text("Block 5")
        await page.keyboard.press("Escape")
        await expect(page.locator('[data-block="b5"]')).to_be_focused()


async def test_a_key_goes_to_the_next_free_seat(world: World) -> None:
    more = {"closed": ["b1.A-2", "b1.A-3"], "kinds": {"wheelchair": ["b1.A-4"]}}
    await world.event(sections=[block(1, rows=1, seats=4) | more])
    async with browser() as started:
        page = await joined_page(started, world.clients.base, then="admitted")
        await page.locator('[data-seat][tabindex="0"]').focus()
        await page.keyboard.press("n")
        last = page.locator('[data-seat="b1.A-4"]')
        await expect(last).to_be_focused()
        await expect(last).to_have_attribute(
            "aria-label", "Row A, seat 4, free, €65.00, wheelchair"
        )
        await expect(page.locator("#polite")).to_have_text("Row A: 2 of 4 free.")
        await expect(page.locator("#legend")).to_contain_text("wheelchair")


async def test_a_seat_is_chosen_from_the_list_alone(world: World) -> None:
    await world.event(sections=[block(1) | {"closed": ["b1.B-1"]}, block(2)])
    async with browser() as started:
        page = await joined_page(started, world.clients.base, then="admitted")
        await seat_is(page, "b1.A-1", "free")
        await part(page, "seat-list").locator("summary").press("Enter")
        await page.locator("#list-row").select_option("B")
        listed = page.locator("[data-listed]")
        await expect(listed).to_have_count(7)
        await listed.first.press("Enter")
        await expect(page.locator('[data-listed="b1.B-2"]')).to_have_attribute(
            "aria-pressed", "true"
        )
        await expect(page.locator('[data-listed="b1.B-2"]')).to_be_focused()
        await seat_is(page, "b1.B-2", "chosen")
        await part(page, "hold").click()
        await expect(part(page, "held-seats")).to_contain_text("Row B, seat 2")


async def test_one_tap_chooses_as_many_as_come_together(world: World) -> None:
    await world.event(sections=[block(1)])
    async with browser() as started:
        page = await joined_page(started, world.clients.base, then="admitted", size=DESKTOP)
        await part(page, "quantity-more").click()
        await part(page, "quantity-more").click()
        await pick(page, "b1.B-4")
        for number in (3, 4, 5):
            await seat_is(page, f"b1.B-{number}", "chosen")
        await expect(part(page, "choice-sum")).to_contain_text("3 seats")


async def test_seats_with_too_few_beside_them_are_left_out_on_demand(world: World) -> None:
    sections = [block(1, rows=2, seats=4) | {"closed": ["b1.A-2"]}, block(2, rows=1, seats=2)]
    await world.event(sections=sections)
    async with browser() as started:
        page = await joined_page(started, world.clients.base, then="admitted", size=DESKTOP)
        await expect(part(page, "together-only")).to_be_hidden()
        await part(page, "quantity-more").click()
        await part(page, "together-only").check()
        await seat_is(page, "b1.A-1", "apart")
        await seat_is(page, "b1.A-3", "free")
        await expect(page.locator("#legend")).to_contain_text("too few side by side")

        await part(page, "quantity-more").click()
        await seat_is(page, "b1.A-3", "apart")
        await pick(page, "b1.B-2")
        await seat_is(page, "b1.B-3", "chosen")
        await seat_is(page, "b2.A-1", "apart")  # in the whole section
        await part(page, "seat-list").locator("summary").press("Enter")
        await page.locator("#list-section").select_option("b1")
        await expect(page.locator("#list-row option")).to_have_text(["B · 4 free"])
        await part(page, "together-only").uncheck()
        await seat_is(page, "b1.A-1", "free")


async def test_the_list_has_the_cheapest_section_first_on_demand(world: World) -> None:
    await world.event(sections=[block(n, price=price) for n, price in ((1, 900), (2, 300))])
    async with browser() as started:
        page = await joined_page(started, world.clients.base, then="admitted")
        await seat_is(page, "b1.A-1", "free")
        await part(page, "seat-list").locator("summary").press("Enter")
        sections = page.locator("#list-section option")
        await expect(sections).to_have_text(["Block 1 · €9.00", "Block 2 · €3.00"])
        await page.locator("#list-sort").select_option("cheapest")
        await expect(sections).to_have_text(["Block 2 · €3.00", "Block 1 · €9.00"])
        await expect(page.locator("#list-section")).to_have_value("b1")


async def test_a_tap_on_the_name_of_a_row_chooses_no_seat_below_it(world: World) -> None:
    await world.event(sections=[block(1, seats=40)])
    async with browser() as started:
        page = await joined_page(started, world.clients.base, then="admitted", size=PHONE)
        await pick(page, "b1.B-20")
        await expect(part(page, "choice-sum")).to_contain_text("1 seat")
        await expect(page.locator(".map-names")).to_be_visible()
        y = (await ask_map(page, "b1.C-20"))["y"]
        box = await part(page, "map").bounding_box()
        assert box is not None
        await page.mouse.click(box["x"] + 12, y)
        await pick(page, "b1.C-20")
        await expect(part(page, "choice-sum")).to_contain_text("2 seats")


async def test_seats_together_leave_no_single_one(world: World) -> None:
    around = {
        ("......", "3", 2): "34",
        ("......", "2", 2): "12",  # seat 1 would be left alone
        (".....", "2", 3): "123",
        ("..s...", "2", 3): "",
        ("..s...", "5", 3): "456",
        ("s.s", "2", 1): "2",
        ("s.s", "1", 1): "",
    }
    best = {("......", 2): "34", ("...ss..", 2): "67", ("..s.", 3): ""}
    async with browser() as started:
        page = await (await started.new_context()).new_page()
        await page.goto(f"{world.clients.base}/")
        for case, block in around.items():
            assert "".join(await page.evaluate(TOGETHER, list(case))) == block, case
        for row, block in best.items():
            assert "".join(await page.evaluate(BEST, list(row))) == block, row


async def test_the_name_of_a_narrow_section_takes_two_lines_before_it_is_cut(world: World) -> None:
    async with browser() as started:
        page = await (await started.new_context()).new_page()
        await page.goto(f"{world.clients.base}/")
        name = "Balcony centre 12"
        assert await page.evaluate(LABEL, [name, 200, 60]) == [name, "109 free"]
        assert await page.evaluate(LABEL, [name, 80, 60]) == ["Balcony", "centre 12", "109 free"]
        assert await page.evaluate(LABEL, [name, 80, 32]) == ["Balcony", "centre 12"]
        [cut] = await page.evaluate(LABEL, [name, 60, 16])
        assert "…" in cut


async def test_the_best_seats_are_those_nearest_to_the_focal_point(world: World) -> None:
    around = {"at": [0, 4], "focus": [-3.5, 0]}
    sections = [
        block(1) | around,
        block(2) | {"at": [0, -4.5], "rotation": 180, "focus": [-3.5, 0]},
    ]
    await world.event(sections=sections)
    async with browser() as started:
        page = await joined_page(started, world.clients.base, then="admitted", size=DESKTOP)
        [stage] = await page.evaluate(STAGES, sections)
        assert stage == pytest.approx([-3.5, 0, 5.2])
        await seat_is(page, "b1.A-1", "free")
        await part(page, "suggest").click()
        await seat_is(page, "b1.A-1", "chosen")
        await part(page, "suggest").click()
        await seat_is(page, "b2.A-8", "chosen")


async def test_a_point_of_a_turned_and_bent_house_is_the_seat_drawn_there(world: World) -> None:
    rows = [
        {"name": name, "seats": [{"number": n + 1, "x": n - 4.5, "y": y} for n in range(10)]}
        for y, name in enumerate("ABC")
    ]
    base = {"show": "evening", "kind": "seated", "price": {"amount": 1, "currency": "EUR"}}
    places = [
        {"at": [0, 0], "curve": 12, "aisles": [3, 7]},
        {"at": [-20, 5], "rotation": 325},
        {},
        {},
    ]
    sections = [
        {"id": f"s{n}", "name": "S", "rows": rows, **base, **more} for n, more in enumerate(places)
    ]
    async with browser() as started:
        page = await (await started.new_context()).new_page()
        await page.goto(f"{world.clients.base}/")
        found = await page.evaluate(HOUSE, sections)
    assert len(found) == 120
    assert [drawn for drawn, hit in found if drawn != hit] == []
