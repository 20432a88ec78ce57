"""Names on tickets: asked for before paying, shown as text, found and exported, never in a code."""

import csv
import io

import pytest
from playwright.async_api import Page, expect

from booking_rush.server.app import V1
from tests.browser.chromium import DESKTOP, browser, open_page
from tests.browser.pages import admitted, go, log_in, part, pick, stalls
from tests.support.world import World, held

NARROW = {"width": 320, "height": 640}
HOSTILE = (
    "<img src=x onerror=document.title='broken'>",
    "W" * 80,
    "\U0001f9d1\u200d\U0001f3a4" * 16,  # 80 of the units by which browsers count
    "\u05d0\u05d1\u05d2 (1) \u05d3",
)
IS_TOO_WIDE = "document.documentElement.scrollWidth > document.documentElement.clientWidth"


async def hold(page: Page) -> None:
    await pick(page, "stalls.A-1")
    await part(page, "hold").click()
    await expect(part(page, "hold-panel")).to_be_visible()


async def test_names_are_told_with_the_event_where_they_are_asked_for(world: World) -> None:
    await world.event(names="buyer")
    visitor, operator = await world.visitor(), await world.operator()
    path = f"{V1}/admin/events/demo"

    event = (await visitor.http.get(f"{V1}/events/demo")).json()["event"]
    definition = (await operator.get(f"{path}/export")).json()
    wrong = await operator.patch(path, json={"names": "each"})
    changed = await operator.patch(path, json={"names": "none"})

    assert event["names"] == definition["names"] == "buyer"
    assert wrong.json()["errors"][0]["field"] == "names"
    assert "names" not in changed.json()["event"]


async def test_operators_read_the_name_and_export_it_last(world: World) -> None:
    await world.event(names="buyer")
    named, without = await held(world), await held(world, section="floor", quantity=1)
    assert (await named[0].check_out(named[1], name="=Ada")).status_code == 202
    assert (await without[0].check_out(without[1])).status_code == 202
    operator = await world.operator()
    path = f"{V1}/admin/events/demo/bookings"

    listed = (await operator.get(path)).json()["bookings"]
    text = (await operator.get(path, headers={"Accept": "text/csv"})).text

    rows = list(csv.DictReader(io.StringIO(text)))
    assert [booking.get("name") for booking in listed] == [None, "=Ada"]
    assert [row["name"] for row in rows] == ["", "'=Ada"]
    assert text.splitlines()[0].endswith(",standing,name")


async def test_the_page_asks_for_a_name_before_it_pays(world: World) -> None:
    await world.event(sections=[stalls()], names="buyer")
    async with browser() as started:
        page = await admitted(started, world)
        await hold(page)
        name = part(page, "buyer-name")
        for nothing in ("", "   "):
            await name.fill(nothing)
            await part(page, "pay").click()
            await expect(name).to_be_focused()
            await expect(part(page, "hold-panel")).to_be_visible()
        await name.fill(" Ada\u202e King ")
        await name.blur()
        await page.reload()
        await expect(part(page, "hold-panel")).to_be_visible()
        await part(page, "pay").click()
        await expect(part(page, "ticket-name")).to_have_text("Name Ada King")


async def test_no_name_is_asked_for_where_tickets_have_none(world: World) -> None:
    await world.event(sections=[stalls()])
    async with browser() as started:
        page = await admitted(started, world)
        await hold(page)
        await expect(part(page, "buyer-name")).to_be_hidden()
        await part(page, "pay").click()
        await expect(part(page, "ticket")).to_be_visible()
        await expect(part(page, "ticket-name")).to_have_count(0)


@pytest.mark.parametrize("name", HOSTILE)
async def test_any_name_is_text_that_fits_a_small_phone(world: World, name: str) -> None:
    await world.event(sections=[stalls()], names="buyer")
    async with browser() as started:
        page = await admitted(started, world)
        await hold(page)
        await page.set_viewport_size({"width": 320, "height": 640})
        await part(page, "buyer-name").fill(name)
        await part(page, "pay").click()
        await expect(part(page, "ticket-name")).to_have_text(f"Name {name}")
        assert not await page.evaluate(IS_TOO_WIDE)
        link = await part(page, "ticket-link").get_attribute("href")
        await page.goto(f"{world.clients.base}{link}")
        await expect(part(page, "ticket-name")).to_have_text(f"Name {name}")
        assert not await page.evaluate(IS_TOO_WIDE)
        assert "broken" not in await page.title()
        admin = await open_page(started, f"{world.clients.base}/admin", size=NARROW)
        await log_in(admin)
        await go(admin, "bookings")
        await expect(part(admin, "booking-name")).to_have_text(name)
        assert not await admin.evaluate(IS_TOO_WIDE)


async def test_operators_choose_whose_names_are_asked_for_and_search_by_them(world: World) -> None:
    await world.event()
    visitor, id_ = await held(world)
    await visitor.check_out(id_, name="Ada King")
    async with browser() as started:
        admin = await open_page(started, f"{world.clients.base}/admin", size=DESKTOP)
        await log_in(admin)
        await go(admin, "events")
        await part(admin, "edit-event").click()
        await expect(part(admin, "create-names")).to_have_value("none")
        await part(admin, "create-names").select_option("buyer")
        await part(admin, "create-save").click()
        await expect(part(admin, "create-save")).to_be_hidden()
        await go(admin, "bookings")
        await part(admin, "bookings-query").fill("nobody")
        await part(admin, "bookings-find").click()
        await expect(part(admin, "booking-name")).to_have_count(0)
        await part(admin, "bookings-query").fill("king")
        await part(admin, "bookings-find").click()
        await expect(part(admin, "booking-name")).to_have_text("Ada King")
    assert (await world.catalogue.event("demo")).names == "buyer"
