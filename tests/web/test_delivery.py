"""The delivery of pages in a real browser: few requests and bytes, and Join without scripts."""

import re
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from typing import Any
from urllib.parse import urlsplit

import msgspec
from playwright.async_api import Browser, Page, Route, expect

from tests.browser.chromium import PHONE, browser, open_page
from tests.browser.pages import joined_page, part, phase
from tests.support.clients import until
from tests.support.world import World

REQUESTS_MAX, BYTES_MAX = 6, 60_000
RELOADED_BYTES_MAX = 6_000
PAINTS = "performance.getEntriesByName('first-contentful-paint').length"


class Traffic:
    """The HTTP requests of a page, and the bytes of their answers as they came over the wire."""

    def __init__(self) -> None:
        self.paths: list[str] = []
        self.bytes = 0

    def on_request(self, event: dict[str, Any]) -> None:
        url = event["request"]["url"]
        if not url.startswith("data:"):
            self.paths.append(url.split("/", 3)[-1])

    def on_end(self, event: dict[str, Any]) -> None:
        self.bytes += int(event["encodedDataLength"])


@asynccontextmanager
async def watched_page(started: Browser) -> AsyncGenerator[tuple[Page, Traffic]]:
    """Open an empty page whose traffic is counted."""
    context = await started.new_context(viewport={"width": PHONE["width"], "height": 844})
    page, traffic = await context.new_page(), Traffic()
    session = await context.new_cdp_session(page)
    await session.send("Network.enable")
    session.on("Network.requestWillBeSent", traffic.on_request)
    session.on("Network.loadingFinished", traffic.on_end)
    yield page, traffic
    await context.close()


async def test_few_requests_and_bytes_until_join_and_no_map_before_it(world: World) -> None:
    await world.event()
    async with browser() as started, watched_page(started) as (page, traffic):
        await page.goto(f"{world.clients.base}/events/demo")
        await expect(part(page, "join")).to_be_enabled()
        await expect(part(page, "connection")).to_have_attribute("data-status", "open")

        assert len(traffic.paths) <= REQUESTS_MAX, traffic.paths
        assert traffic.bytes <= BYTES_MAX
        assert not [path for path in traffic.paths if "chart" in path or "api/v1/events" in path]

        await part(page, "join").click()
        await phase(page, "admitted")
        await expect(part(page, "seats")).to_be_visible()
        assert [path for path in traffic.paths if path.endswith("chart?form=compact")]


async def test_a_reload_asks_for_no_file_again(world: World) -> None:
    await world.event()
    async with browser() as started, watched_page(started) as (page, traffic):
        await page.goto(f"{world.clients.base}/events/demo")
        for _ in range(2):  # then the map is in the cache, too
            await part(page, "look").click()
            await expect(part(page, "seats")).to_be_visible()
            await page.wait_for_load_state("networkidle")
            traffic.bytes = 0
            await page.reload()
        await part(page, "look").click()
        await expect(part(page, "seats")).to_be_visible()

        assert traffic.bytes <= RELOADED_BYTES_MAX


async def test_join_is_there_with_the_document_and_the_files_that_it_names(world: World) -> None:
    """A slow network has two round trips until then: no file is waited for that another names."""
    await world.event()
    path = "/events/demo"
    document = (await (await world.clients.http()).get(path)).text
    named = {path, *re.findall(r'(?:src|href)="(/[^"]+)"', document)}

    async def answer(route: Route) -> None:
        if urlsplit(route.request.url).path in named:
            await route.continue_()

    async with browser() as started:
        page = await (await started.new_context()).new_page()
        await page.route("**", answer)
        await page.goto(f"{world.clients.base}{path}", wait_until="commit")
        await until(lambda: page.evaluate(PAINTS))
        await expect(part(page, "join")).to_be_visible()


async def test_without_scripts_a_visitor_joins_waits_and_is_let_in(world: World) -> None:
    await world.event(state="paused")
    async with browser() as started:
        context = await started.new_context(java_script_enabled=False)
        page = await context.new_page()
        await page.goto(f"{world.clients.base}/events/demo")
        await expect(page.locator("h1")).to_have_text("An Evening")
        await part(page, "join").click()
        await expect(page.get_by_test_id("place-number")).to_have_text("1")

        operator = await world.operator()
        await operator.post("/api/v1/admin/events/demo/resume")

        # It loads itself again.
        await expect(page.locator("#place-title")).to_have_text("It is your turn", timeout=30_000)
        await context.close()


async def test_with_scripts_the_page_of_a_form_is_the_events(world: World) -> None:
    await world.event(state="paused")
    async with browser() as started:
        page = await joined_page(started, world.clients.base)
        await page.goto(f"{world.clients.base}/events/demo/line")

        await page.wait_for_url("**/events/demo")
        await phase(page, "waiting")


async def test_plain_modules_serve_the_same_page(world: World) -> None:
    await world.event()
    settings = world.services.settings
    world.services.settings = msgspec.structs.replace(settings, static="source")
    async with browser() as started:
        page = await open_page(started, f"{world.clients.base}/events/demo")
        await part(page, "join").click()
        await phase(page, "admitted")

        assert await page.locator('script[src*="/dist/"]').count() == 0
