"""A real Chromium, Debian's, for browser tests; root installs it when it is missing."""

import shutil
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager

from playwright.async_api import (
    Browser,
    BrowserContext,
    ConsoleMessage,
    Page,
    async_playwright,
    expect,
)

from tests.support.clients import PATIENCE_S
from tests.support.servers.debian import program

expect.set_options(timeout=PATIENCE_S * 1000)

# Without these Chromium calls hosts of its own at every start.
FLAGS = [
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
]
PHONE = {"width": 390, "height": 844}
DESKTOP = {"width": 1280, "height": 800}


def chromium() -> str:
    """Return the path of the browser.

    Raises:
        RuntimeError: there is none, and it cannot be installed; the message says what to do.
    """
    found = shutil.which("chromium") or shutil.which("chromium-browser")
    return found or program("chromium", with_recommended=True)  # its fonts are recommended


@asynccontextmanager
async def browser() -> AsyncGenerator[Browser]:
    """Start a browser of this test alone."""
    async with async_playwright() as playwright:
        started = await playwright.chromium.launch(executable_path=chromium(), args=FLAGS)
        try:
            yield started
        finally:
            await started.close()


async def open_page(started: Browser, url: str, *, size: dict[str, int] = PHONE) -> Page:
    """Open a page in a new profile, as a new visitor; an error in its console fails the test."""
    context: BrowserContext = await started.new_context(
        viewport={"width": size["width"], "height": size["height"]}
    )
    page = await context.new_page()
    page.on("pageerror", _fail)
    page.on("console", _fail_on_error)
    await page.goto(url)
    return page


def _fail(error: object) -> None:
    raise AssertionError(f"the page broke: {error}")


def _fail_on_error(message: ConsoleMessage) -> None:
    if message.type == "error" and "Failed to load resource" not in message.text:
        raise AssertionError(f"the page complains: {message.text}")
