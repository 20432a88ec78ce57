"""The console's house in a real browser: seats taken off sale on its map, by line and by list."""

from typing import Any

from playwright.async_api import Page, expect

from tests.browser.chromium import DESKTOP, browser, open_page
from tests.browser.pages import go, log_in, part, stalls
from tests.support.clients import until
from tests.support.world import World, held

ASK = """(canvas, seat) => {
  const detail = { seat };
  canvas.dispatchEvent(new CustomEvent("seat-query", { detail }));
  const { left, top } = canvas.getBoundingClientRect();
  return { mark: detail.mark, x: left + detail.x, y: top + detail.y };
}"""


async def ask(page: Page, seat: str) -> dict[str, Any]:
    """Return the mark of a seat on the operators' map, and its point on the page."""
    answer: dict[str, Any] = await part(page, "house-canvas").evaluate(ASK, seat)
    return answer


async def drag(page: Page, seats: list[str], margin: float) -> None:
    """Draw a line from seat to seat with the pointer, the first and last beyond by a margin."""
    points = [await ask(page, seat) for seat in seats]
    first, last = points[0], points[-1]
    await page.mouse.move(first["x"] - margin, first["y"] - margin)
    await page.mouse.down()
    for point in points[1:-1]:
        await page.mouse.move(point["x"], point["y"], steps=4)
    await page.mouse.move(last["x"] + margin, last["y"] + margin, steps=4)
    await page.mouse.up()


async def test_seats_are_taken_off_sale_by_rectangle_and_put_back_by_list(world: World) -> None:
    await world.event()
    await held(world, seats=["stalls.A-2"])
    async with browser() as started:
        admin = await open_page(started, f"{world.clients.base}/admin", size=DESKTOP)
        await log_in(admin)
        await go(admin, "house")
        await expect(part(admin, "house-chosen")).to_have_text("No seat is chosen.")
        await part(admin, "house-canvas").scroll_into_view_if_needed()
        await drag(admin, ["stalls.A-1", "stalls.B-4"], 8)
        await expect(part(admin, "house-chosen")).to_contain_text("1 held or sold")
        await part(admin, "house-close").click()
        await expect(admin.locator("#confirm")).to_contain_text("free seats off sale?")
        await part(admin, "confirm").click()
        await expect(part(admin, "done")).to_contain_text("off sale.")

        async def is_off_sale() -> bool:
            return [(await ask(admin, f"stalls.A-{n}"))["mark"] for n in (1, 2)] == ["x", "h"]

        await until(is_off_sale)
        await expect(part(admin, "house-stalls")).to_contain_text("not for sale")
        await part(admin, "range-row").select_option("A")
        await part(admin, "range-add").focus()
        await admin.keyboard.press("Enter")
        await expect(part(admin, "house-chosen")).to_contain_text("10 seats chosen")
        await part(admin, "house-open").focus()
        await admin.keyboard.press("Enter")
        await expect(part(admin, "done")).to_contain_text("on sale again.")

        async def is_on_sale() -> bool:
            return bool((await ask(admin, "stalls.A-1"))["mark"] == ".")

        await until(is_on_sale)
    [section, _] = (await world.catalogue.event("demo")).sections
    assert not [seat for seat in getattr(section, "closed", []) if ".A-" in seat]


async def test_a_line_around_seats_chooses_what_is_inside_of_it(world: World) -> None:
    await world.event()
    async with browser() as started:
        admin = await open_page(started, f"{world.clients.base}/admin", size=DESKTOP)
        await log_in(admin)
        await go(admin, "house")
        await part(admin, "house-tool").select_option("lasso")
        await expect(part(admin, "house-heat")).to_be_hidden()
        await part(admin, "house-colours").select_option("heat")
        await expect(part(admin, "house-heat")).to_contain_text("of the row is taken")
        await part(admin, "house-canvas").scroll_into_view_if_needed()
        await drag(admin, ["stalls.A-1", "stalls.A-4", "stalls.B-6"], 12)
        await expect(part(admin, "house-chosen")).to_contain_text("seats chosen")
        await part(admin, "house-clear").click()
        await expect(part(admin, "house-close")).to_be_disabled()


FITS = """canvas => canvas.offsetHeight > 300
  && canvas.offsetHeight <= canvas.parentElement.clientHeight"""


async def test_the_map_shows_the_whole_of_a_deep_house_until_it_is_made_larger(
    world: World,
) -> None:
    rows = [{"name": f"{letter}{n}", "seats": 12} for letter in "ABCD" for n in range(20)]
    await world.event(sections=[stalls(rows=rows)])
    async with browser() as started:
        admin = await open_page(started, f"{world.clients.base}/admin", size=DESKTOP)
        await log_in(admin)
        await go(admin, "house")

        async def fits() -> bool:
            return bool(await part(admin, "house-canvas").evaluate(FITS))

        await until(fits)
        await admin.locator("#house-closer").click()
        assert not await fits()
