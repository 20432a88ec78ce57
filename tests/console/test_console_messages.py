"""The console's messages in a browser: previewed, sent, and listed with where they were heard."""

from playwright.async_api import expect

from tests.browser.chromium import DESKTOP, browser, open_page
from tests.browser.pages import go, log_in, part
from tests.support.world import World


async def test_a_message_is_previewed_sent_and_listed_with_the_pages_that_heard_it(
    world: World,
) -> None:
    await world.event(state="paused")
    visitor = await world.visitor()
    async with browser() as started, visitor.socket() as waiting:
        await waiting.ask("queue.join")
        admin = await open_page(started, f"{world.clients.base}/admin", size=DESKTOP)
        await log_in(admin)
        await go(admin, "messages")
        await expect(admin.get_by_text("Nothing was said yet.")).to_be_visible()
        await expect(part(admin, "broadcast-preview")).to_be_hidden()
        await part(admin, "broadcast-text").fill("<b>Doors</b> at eight")
        await part(admin, "broadcast-level").select_option("urgent")
        preview = part(admin, "broadcast-preview").locator(".banner")
        await expect(preview).to_have_text("<b>Doors</b> at eight")
        await expect(preview).to_have_attribute("data-level", "urgent")
        await part(admin, "broadcast-audience").select_option("waiting")
        await part(admin, "broadcast-send").click()

        sent = part(admin, "sent-messages").locator("li")
        await expect(sent).to_have_count(1)
        for said in (
            "Urgent: <b>Doors</b> at eight", "To: Who waits", "heard on 1 open page",
            "meant for 1 visitor", "admin",
        ):  # fmt: skip
            await expect(sent).to_contain_text(said)
        await expect(part(admin, "broadcast-preview")).to_be_hidden()
        await go(admin, "journal")
        await expect(part(admin, "audit")).to_contain_text("Level: Urgent · To: Who waits")
        assert (await waiting.until("room.message"))["text"] == "<b>Doors</b> at eight"
