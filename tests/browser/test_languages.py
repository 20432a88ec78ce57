"""Languages in a real browser: its own is loaded alone, and one chosen by hand is remembered."""

from datetime import datetime

import pytest
from playwright.async_api import Browser, Page, expect

from booking_rush.booking.mail.locales import forms_of, local_time, money
from booking_rush.server.web.static_files import site
from tests.browser.chromium import PHONE, browser, open_page
from tests.browser.pages import joined_page, part, phase
from tests.support.world import World

THAI_JOIN = "เข้าคิว"


async def thai_page(started: Browser, url: str) -> tuple[Page, list[str]]:
    """Open a page with a browser in Thai. Return it, and the addresses that it asks for."""
    context = await started.new_context(
        viewport={"width": PHONE["width"], "height": PHONE["height"]}, locale="th-TH"
    )
    page, asked = await context.new_page(), list[str]()
    page.on("request", lambda request: asked.append(request.url))
    await page.goto(url)
    return page, asked


async def test_a_page_speaks_the_browsers_language_and_loads_no_other(world: World) -> None:
    await world.event(venue={"name": "Hall"})
    async with browser() as started:
        page, asked = await thai_page(started, f"{world.clients.base}/events/demo")
        await expect(part(page, "join")).to_have_text(THAI_JOIN)
        await expect(page.locator("html")).to_have_attribute("lang", "th")
        await expect(page.locator("html")).to_have_attribute("dir", "ltr")
        await expect(page.locator("#dates")).to_contain_text("2573")  # the year 2030

        assert len([url for url in asked if "/text-th-" in url]) == 1
        assert not [url for url in asked if "/text-en-" in url]
        await part(page, "join").click()
        await phase(page, "admitted")
        await expect(part(page, "hold-quantity")).to_contain_text("ที่ดีที่สุด")


async def test_a_language_chosen_by_hand_is_remembered_on_every_page(world: World) -> None:
    await world.event()
    async with browser() as started:
        page, _ = await thai_page(started, f"{world.clients.base}/events/demo")
        await expect(part(page, "join")).to_have_text(THAI_JOIN)
        await part(page, "language").select_option("en")
        await expect(part(page, "join")).to_have_text("Join the line")
        await expect(page.locator("html")).to_have_attribute("lang", "en")

        await page.goto(world.clients.base)
        await expect(page.locator("h1")).to_have_text("On sale")
        await expect(part(page, "language")).to_have_value("en")
        await page.reload()
        await expect(page.locator("h1")).to_have_text("On sale")


INSTANTS = (
    "2026-12-27T19:00:00Z",
    "2027-02-28T23:59:59Z",
    "2028-02-29T00:00:00.000Z",
    "2026-03-29T00:59:59Z",
    "2026-03-29T01:00:00Z",
    "2030-07-01T05:06:07Z",
)
ZONES = ("UTC", "Europe/Berlin", "Asia/Bangkok", "Asia/Kolkata", "America/St_Johns", "Asia/Tokyo")
CURRENCIES = (
    "EUR", "USD", "THB", "GBP", "JPY", "CHF", "KWD", "SEK", "INR", "AUD", "KRW", "BRL", "VND",
)  # fmt: skip
AMOUNTS = (0, 5, 4500, 6550, 123450, 123456789)
BY_SCRIPTS = """async ([folder, times, prices]) => {
  const [dates, money] = await Promise.all(
    ["dates", "money"].map((name) => import(`${folder}/lib/${name}.js`)));
  return [
    ...times.map(([starts_at, time_zone]) => dates.showDateAndTime({ starts_at, time_zone })),
    ...prices.map(([amount, currency]) => money.formatPrice({ amount, currency })),
  ];
}"""


@pytest.mark.parametrize("language", ["en", "th"])
async def test_pages_and_mails_write_dates_and_money_as_scripts_do(
    world: World, language: str
) -> None:
    times = [(instant, zone) for instant in INSTANTS for zone in ZONES]
    prices = [(amount, currency) for amount in AMOUNTS for currency in CURRENCIES]
    forms = forms_of(language)
    async with browser() as started:
        context = await started.new_context(locale=language)
        page = await context.new_page()
        await page.goto(f"{world.clients.base}/")
        folder = f"/static/{site().digest}"
        written: list[str] = await page.evaluate(BY_SCRIPTS, [folder, times, prices])

    assert written == [
        *(local_time(datetime.fromisoformat(instant), zone, forms) for instant, zone in times),
        *(money(amount, currency, forms) for amount, currency in prices),
    ]


TITLES = """async (folder) => {
  const [{ titleOf }, { INITIAL }, { texts }, { ServerClock }] = await Promise.all(
    ["queue/page-title", "queue/queue-state", "texts/texts", "lib/server-clock"].map(
      (name) => import(`${folder}/${name}.js`)));
  const room = { state: "open" }, place = { number: 3, ahead: 2 };
  const states = [
    ["waiting", { place }], ["lobby", { place }], ["late", { place }],
    ["late", { place, presenceConfirmed: true }], ["admitted", { place }], ["expired", {}],
    ["closed", { room: { state: "closed" } }], ["elsewhere", { closeCode: 4409 }],
    ["unknown", { closeCode: 4404 }], ["unknown", { closeCode: 4999 }],
    ["outside", { room: { state: "draining" } }],
  ];
  const standing = { heldUntil: "", booking: "", hasBought: false };
  const titles = states.map(([phase, state]) => titleOf({ ...INITIAL, room, ...state },
    { phase, name: "An Evening", standing, stock: "", clock: new ServerClock() }));
  return [titles, texts.event.late.back, texts.event.closed.title];
}"""


@pytest.mark.parametrize("language", ["en", "th"])
async def test_every_phase_has_a_title_of_its_own(world: World, language: str) -> None:
    await world.event()
    async with browser() as started:
        context = await started.new_context(locale=language)
        page = await context.new_page()
        await page.goto(f"{world.clients.base}/events/demo")
        titles, back, over = await page.evaluate(TITLES, f"/static/{site().digest}")

    assert all(title.endswith(" · An Evening · Booking Rush") for title in titles)
    assert len(set(titles)) == len(titles)
    assert f"{back} · An Evening · Booking Rush" in titles
    assert f"{over} · An Evening · Booking Rush" in titles


async def test_nobody_is_asked_why_they_waited_who_was_never_in_line(world: World) -> None:
    await world.event()
    async with browser() as started:
        page = await joined_page(started, world.clients.base, then="admitted")
        await (await world.operator()).post("/api/v1/admin/events/demo/close")
        await phase(page, "closed")
        await page.reload()
        await expect(part(page, "history")).to_be_visible()
        await expect(page).to_have_title("The sale is over · An Evening · Booking Rush")
        stranger = await open_page(started, f"{world.clients.base}/events/demo")
        await expect(part(stranger, "connection")).to_have_attribute("data-status", "open")
        await expect(part(stranger, "history")).to_be_hidden()


@pytest.mark.parametrize("language", ["en", "th"])
@pytest.mark.parametrize("state", ["scheduled", "open"])
async def test_scripts_leave_the_words_of_the_servers_page_as_they_are(
    world: World, language: str, state: str
) -> None:
    await world.event(
        state=state,
        opens_at="2029-12-31T20:30:00Z",
        venue={"name": "Hall"},
        shows=[{"id": "evening", "starts_at": "2030-05-01T19:00:00Z", "time_zone": "Asia/Tokyo"}],
    )
    async with browser() as started:
        told: dict[bool, list[str]] = {}
        for runs in (False, True):
            context = await started.new_context(
                locale=language, java_script_enabled=runs, timezone_id="Asia/Tokyo"
            )
            page = await context.new_page()
            await page.goto(f"{world.clients.base}/events/demo")
            if runs:
                await expect(part(page, "connection")).to_have_attribute("data-status", "open")
            parts = page.locator("header.about p:not([hidden]), [data-phases=outside] :is(h2, p)")
            told[runs] = await parts.all_inner_texts()
    assert told[True] == told[False]
