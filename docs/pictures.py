"""The pictures of README, taken by Chromium of a demo with a crowd: `make pictures`.

The demo runs on a port of its own with its data in a temporary folder, for about two minutes.
"""

import asyncio
import sys
import tempfile
from pathlib import Path

from playwright.async_api import Browser, Locator, Page, expect

from tests.browser.chromium import browser
from tests.browser.pages import part, phase
from tests.support.servers.demo_run import Demo

FOLDER = Path(__file__).parent
CROWD = "500"
PHONE, DESKTOP = (390, 844, 2), (1440, 900, 1)  # width, height, pixels of the device by pixel
TURN_S = 400.0  # for the line to be long, and then for the turn to come
SOLD = 150  # seats, before the map is worth a picture
WAITING = 200


async def main() -> None:
    """Start the demo, take every picture, and end it."""
    with tempfile.TemporaryDirectory(prefix="rush-") as folder:
        argv = (sys.executable, "-m", "booking_rush.server", "demo", "--crowd", CROWD)
        demo = Demo(Path(folder), *argv)
        try:
            demo.wait_ready()
            async with browser() as started:
                await take(started, demo)
        finally:
            demo.stop()


async def take(started: Browser, demo: Demo) -> None:
    """Take the pictures in the order of a walk: home, line, seats, hold, tickets; console."""
    console = await log_in(started, demo)
    await grows(console, "stat-sold", SOLD)
    await grows(console, "stat-waiting", WAITING)
    phone, wide = [await join(started, demo, screen) for screen in (PHONE, DESKTOP)]
    await expect(part(phone, "eta")).to_contain_text("about", timeout=TURN_S * 1000)
    await save(phone, "waiting")
    await save(wide, "waiting-wide")
    await save(console, "operators")
    for page, name in ((phone, "seats"), (wide, "seats-wide")):
        await expect(page.locator("body")).to_have_attribute(
            "data-phase", "admitted", timeout=TURN_S * 1000
        )
        await expect(part(page, "hold-quantity")).to_be_visible()
        await part(page, "seats").scroll_into_view_if_needed()
        await save(page, name, top=part(page, "seats"))
    for page in (phone, wide):
        await part(page, "hold-quantity").click()
        await expect(part(page, "hold-panel")).to_be_visible()
    await save(wide, "hold-wide", top=part(wide, "hold-panel"))
    await save_home(phone, demo, "home")
    await save_home(wide, demo, "home-wide")
    await phone.bring_to_front()
    await part(phone, "pay").click()
    await expect(part(phone, "ticket").first).to_be_visible()
    await save(phone, "tickets", top=part(phone, "booking"))


async def save_home(page: Page, demo: Demo, name: str) -> None:
    """Take the home page of one who holds seats."""
    home = await page.context.new_page()
    await home.goto(demo.base)
    await expect(part(home, "own")).to_be_visible()
    await save(home, name)
    await home.close()


async def open_page(started: Browser, url: str, screen: tuple[int, int, int]) -> Page:
    """Open a page in a profile of its own."""
    width, height, scale = screen
    context = await started.new_context(
        viewport={"width": width, "height": height},
        device_scale_factor=scale,
        locale="en-GB",
        timezone_id="Europe/Berlin",
    )
    page = await context.new_page()
    await page.goto(url)
    return page


async def join(started: Browser, demo: Demo, screen: tuple[int, int, int]) -> Page:
    """Join the line as a new visitor."""
    page = await open_page(started, f"{demo.base}/events/demo", screen)
    await part(page, "join").click()
    await phase(page, "waiting")
    return page


async def log_in(started: Browser, demo: Demo) -> Page:
    """Log the operator in, and choose the demo's event."""
    page = await open_page(started, f"{demo.base}/admin", DESKTOP)
    await part(page, "username").fill("admin")
    await part(page, "password").fill(demo.password)
    await part(page, "log-in").click()
    await part(page, "event-choice").select_option("demo")
    return page


async def grows(page: Page, name: str, least: int) -> None:
    """Wait until a figure of the console is so large."""
    await page.wait_for_function(
        "([name, least]) => Number(document.querySelector(`[data-testid=${name}]`)"
        "?.textContent.replace(/\\D/g, '')) >= least",
        arg=[name, least],
        timeout=TURN_S * 1000,
    )


async def save(page: Page, name: str, *, top: Locator | None = None) -> None:
    """Write what the window shows, from the top of the page, or of a part of it."""
    await page.wait_for_timeout(500)  # what moves has come to rest
    if top is not None:
        await top.evaluate("part => scrollTo(0, part.getBoundingClientRect().top + scrollY - 16)")
    else:
        await page.evaluate("scrollTo(0, 0)")
    await page.wait_for_timeout(200)
    await page.screenshot(path=FOLDER / f"{name}.png")
    print(f"docs/{name}.png")


if __name__ == "__main__":
    asyncio.run(main())
