"""The console's rules page and journal in a real browser: order, lanes, codes, stop and undo."""

import msgspec
from playwright.async_api import Page, expect

from tests.browser.chromium import DESKTOP, browser, open_page
from tests.browser.pages import go, log_in, part, phase
from tests.support.world import World


async def choose(page: Page, name: str, value: str) -> None:
    await part(page, f"rule-{name}").select_option(value)


async def test_the_order_of_the_line_is_chosen_until_the_event_opens(world: World) -> None:
    await world.event("last-year", name="Last Year", state="paused")
    await world.event(state="scheduled")
    async with browser() as started:
        admin = await open_page(started, f"{world.clients.base}/admin", size=DESKTOP)
        await log_in(admin)
        await go(admin, "rules")
        await choose(admin, "fairness", "windows")
        await part(admin, "rule-window_seconds").fill("5")
        await choose(admin, "identity", "subject")
        await part(admin, "rule-join_share_max").fill("0.1")
        await part(admin, "rule-again_from").fill("next-year")
        await expect(part(admin, "rules-unsaved")).to_contain_text("5 changes are not saved")
        await expect(admin.get_by_text("By arrival → Windows, each drawn")).to_be_visible()
        await part(admin, "save-rules").click()
        await expect(part(admin, "rule-again_from")).to_have_attribute("aria-invalid", "true")
        await expect(admin.get_by_text("there is no event 'next-year'").last).to_be_visible()
        await part(admin, "rule-again_from").fill("last-year")
        await part(admin, "save-rules").click()
        await expect(part(admin, "done")).to_have_text("The rules are saved.")
        await part(admin, "rule-again_from").fill("")
        await part(admin, "save-rules").click()
        await expect(part(admin, "rules-unsaved")).to_be_empty()

        await part(admin, "action-open").click()
        await expect(part(admin, "rule-fairness")).to_be_disabled()
        await expect(part(admin, "rule-window_seconds")).to_be_disabled()
        await expect(part(admin, "rule-identity")).to_be_enabled()

    rules = (await world.catalogue.event("demo")).rules
    assert (rules.fairness, rules.window_seconds, rules.identity) == ("windows", 5, "subject")
    assert (rules.join_share_max, rules.again_from) == (0.1, None)


async def test_rules_that_hardly_do_what_is_meant_are_warned_of(world: World) -> None:
    await world.event(state="paused")
    async with browser() as started:
        admin = await open_page(started, f"{world.clients.base}/admin", size=DESKTOP)
        await log_in(admin)
        await go(admin, "rules")
        warned = part(admin, "rules-warnings")
        await expect(part(admin, "rule-hold_seconds")).to_have_value("600")
        await expect(warned).to_be_hidden()
        await part(admin, "rule-hold_total_seconds").fill("90")
        await expect(warned).to_have_text(
            "No hold lives longer than 90 s in all: the 600 s of a hold are not reached."
        )
        await part(admin, "rule-waiting_max").fill("0")
        await expect(warned).to_contain_text("Nobody can join")
        await part(admin, "rules-undo").click()
        await expect(warned).to_be_hidden()

        for kind, setting in (("token", "RUSH_IDENTITY_URL"), ("subject", "RUSH_IDENTITY_JWKS")):
            await choose(admin, "identity", kind)
            await expect(warned).to_contain_text(setting)
        settings = world.services.settings
        world.services.settings = msgspec.structs.replace(settings, identity_jwks="keys.json")
        await admin.reload()
        await choose(admin, "identity", "subject")
        await expect(part(admin, "rules-unsaved")).to_contain_text("1 change")
        await expect(warned).to_be_hidden()


async def test_a_lane_is_made_and_its_code_joins_it_on_the_page(world: World) -> None:
    await world.event(state="paused")
    await (await world.visitor()).join()
    async with browser() as started:
        admin = await open_page(started, f"{world.clients.base}/admin", size=DESKTOP)
        await log_in(admin)
        await expect(part(admin, "stat-waiting")).to_have_text("1")
        await expect(admin.locator("[data-unsaved]")).to_have_count(0)
        await go(admin, "rules")
        await part(admin, "lane-name").fill("press")
        await part(admin, "lane-weight").fill("3")
        await part(admin, "save-lane").click()
        await part(admin, "codes-lane").select_option("press")
        await part(admin, "codes-count").fill("1")
        await part(admin, "make-codes").click()
        await expect(part(admin, "codes-list")).not_to_have_value("")
        code = await part(admin, "codes-list").input_value()

        page = await open_page(started, f"{world.clients.base}/events/demo")
        await phase(page, "outside")
        await part(page, "code").fill(code.lower())
        await part(page, "join").click()
        await phase(page, "waiting")

        await expect(part(admin, "lanes").locator("tr", has_text="press")).to_contain_text("3")
        await expect(
            part(admin, "lanes").locator("tr", has_text="press").locator("td").nth(2)
        ).to_have_text("1")
        async with admin.expect_download() as saved:
            await part(admin, "codes-csv").click()
        file = await (await saved.value).path()
        assert file.read_text().splitlines() == ["code,lane,uses,used", f"{code},press,1,1"]


async def test_a_sale_is_stopped_and_continued_in_view_of_its_visitors(world: World) -> None:
    await world.event()
    async with browser() as started:
        admin = await open_page(started, f"{world.clients.base}/admin", size=DESKTOP)
        await log_in(admin)
        await go(admin, "night")
        page = await open_page(started, f"{world.clients.base}/events/demo")
        await phase(page, "outside")

        await part(admin, "reason").fill("a fire drill")
        await part(admin, "action-stop").click()
        await expect(part(admin, "event-state")).to_have_attribute("data-state", "stopped")
        await expect(part(admin, "action-stop")).to_be_hidden()
        await expect(page.locator("body")).to_contain_text("a fire drill")

        await part(admin, "action-continue").click()
        await expect(part(admin, "event-state")).to_have_attribute("data-state", "open")
        await expect(part(admin, "action-continue")).to_be_hidden()
        await expect(page.locator("body")).not_to_contain_text("a fire drill")


async def test_a_close_is_undone_from_the_journal(world: World) -> None:
    await world.event(rules={"rate_per_second": 0})
    visitor = await world.visitor()
    number = (await visitor.join())["number"]
    async with browser() as started:
        admin = await open_page(started, f"{world.clients.base}/admin", size=DESKTOP)
        await log_in(admin)
        await go(admin, "night")
        await part(admin, "action-close").click()
        await part(admin, "confirm").click()
        await expect(part(admin, "event-state")).to_have_attribute("data-state", "closed")

        await go(admin, "journal")
        await part(admin, "undo").first.click()
        await expect(part(admin, "event-state")).to_have_attribute("data-state", "open")
        await expect(part(admin, "undo")).to_have_count(0)
    assert (await visitor.place()).json()["place"]["number"] == number


async def test_rules_for_some_minutes_say_when_they_go_back_and_are_kept(world: World) -> None:
    await world.event()
    async with browser() as started:
        admin = await open_page(started, f"{world.clients.base}/admin", size=DESKTOP)
        await log_in(admin)
        await go(admin, "rules")
        await part(admin, "rule-active_max").fill("7")
        await part(admin, "rules-minutes").fill("5")
        await part(admin, "save-rules").click()
        await expect(part(admin, "rules-timed")).to_contain_text("Goes back")
        await part(admin, "rules-keep").click()
        await expect(part(admin, "done")).to_have_text("The rules stay as they are.")
        await expect(part(admin, "rules-timed")).to_be_hidden()
    assert (await world.catalogue.event("demo")).rules.active_max == 7
