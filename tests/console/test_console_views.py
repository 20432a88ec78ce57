"""Views from sections in the console: given with a section, changed, refused, and cloned."""

import re
from typing import Any

from playwright.async_api import expect

from tests.browser.chromium import DESKTOP, browser, open_page
from tests.browser.pages import go, log_in, part, stalls
from tests.support.world import World


async def views_of(world: World, event: str) -> dict[str, Any]:
    """Return the views from an event's sections, by the sections' ids."""
    return {section.id: section.view for section in (await world.catalogue.event(event)).sections}


async def test_a_view_is_given_changed_and_cloned_in_the_console(world: World) -> None:
    await world.event(sections=[stalls(view="/pictures/old.jpg")])
    async with browser() as started:
        admin = await open_page(started, f"{world.clients.base}/admin", size=DESKTOP)
        await log_in(admin)
        await go(admin, "events")
        await part(admin, "edit-event").click()
        await part(admin, "create-views").locator("..").locator("summary").click()
        there = part(admin, "create-views").get_by_label("Stalls")
        await expect(there).to_have_value("/pictures/old.jpg")
        await there.fill("/pictures/stalls.jpg")
        await part(admin, "add-section").click()
        await admin.locator('#create-sections [data-field="view"]').fill("/pictures/floor.jpg")
        await part(admin, "create-save").click()
        await expect(admin.locator("#event-name")).to_be_visible()
        await go(admin, "events")
        await part(admin, "clone-event").click()
        await expect(part(admin, "event-choice")).to_have_value("demo-2")
        given = {"stalls": "/pictures/stalls.jpg", "floor": "/pictures/floor.jpg"}
        assert await views_of(world, "demo") == given
        assert await views_of(world, "demo-2") == given

        await go(admin, "events")
        await part(admin, "edit-event").click()
        await part(admin, "create-views").locator("..").locator("summary").click()
        await there.fill("")
        await part(admin, "create-save").click()
        await expect(admin.locator("#event-name")).to_be_visible()
    assert await views_of(world, "demo-2") == given | {"stalls": None}


async def test_a_view_from_elsewhere_is_refused_at_its_field(world: World) -> None:
    await world.event(sections=[stalls()])
    async with browser() as started:
        admin = await open_page(started, f"{world.clients.base}/admin", size=DESKTOP)
        await log_in(admin)
        await go(admin, "events")
        await part(admin, "edit-event").click()
        await part(admin, "add-section").click()
        added = admin.locator('#create-sections [data-field="view"]')
        await added.fill("https://elsewhere.example/floor.jpg")
        await part(admin, "create-save").click()
        await expect(added).to_be_focused()
        await expect(added).to_have_accessible_description(
            re.compile("no path of a picture on this site")
        )
        await added.fill("")

        await part(admin, "create-views").locator("..").locator("summary").click()
        there = part(admin, "create-views").get_by_label("Stalls")
        await there.fill("//elsewhere.example/stalls.jpg")
        await part(admin, "create-views").locator("..").locator("summary").click()
        await part(admin, "create-save").click()
        await expect(there).to_be_focused()
    assert await views_of(world, "demo") == {"stalls": None}
