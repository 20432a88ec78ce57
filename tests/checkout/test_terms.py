"""Terms of an event: an address that is checked, and a link beside Pay that nothing else opens."""

from typing import Any

import pytest
from playwright.async_api import expect

from booking_rush.server.app import V1
from tests.browser.chromium import DESKTOP, PHONE, browser, open_page
from tests.browser.pages import admitted, go, log_in, part, pick, stalls
from tests.support.clients import code_of
from tests.support.world import World

URL = "https://else.example:8443/terms/sale.html?of=2030&l=en#money"
TERMS = {"url": URL, "name": "Terms of the <b>organiser</b>"}


async def test_terms_are_told_changed_taken_away_and_exported(world: World) -> None:
    await world.event(terms=TERMS)
    visitor, operator = await world.visitor(), await world.operator()
    path = f"{V1}/admin/events/demo"

    event = (await visitor.http.get(f"{V1}/events/demo")).json()["event"]
    definition = (await operator.get(f"{path}/export")).json()
    changed = await operator.patch(path, json={"terms": {"url": "https://a.example"}})
    kept = await operator.patch(path, json={"name": "Another"})
    gone = await operator.patch(path, json={"terms": None})

    assert event["terms"] == definition["terms"] == TERMS
    assert changed.json()["event"]["terms"] == {"url": "https://a.example"}
    assert kept.json()["event"]["terms"] == {"url": "https://a.example"}
    assert "terms" not in gone.json()["event"]


@pytest.mark.parametrize(
    "url",
    [
        "http://a.example/", "javascript:alert(1)", "https:a.example", "//a.example", "/terms", "",
        "https://ada@a.example/", "https://ada:x@a.example/", "https://a.example\\@b.example/",
        "https://", "https:///terms", "https://a.example/a b", "https://a.example/\n", " https://a.b",
        "https://a.example/\u202efdp", "https://\u0430.example/", 'https://a.example/"x', "HTTPS://a.b",
        "https://a.example/<x>", f"https://a.example/{'x' * 483}",
    ],
)  # fmt: skip
async def test_an_address_of_terms_is_plain_and_https(world: World, url: str) -> None:
    await world.event()
    operator = await world.operator()

    answer = await operator.patch(f"{V1}/admin/events/demo", json={"terms": {"url": url}})

    assert code_of(answer) == "invalid_request"
    assert answer.json()["errors"][0]["field"] == "terms.url"


async def test_who_pays_can_read_the_terms_first(world: World) -> None:
    await world.event(sections=[stalls()], terms=TERMS)
    async with browser() as started:
        page = await admitted(started, world, PHONE)
        asked: list[str] = []
        page.context.on("request", lambda request: asked.append(request.url))
        await page.reload()
        await pick(page, "stalls.A-1")
        await part(page, "hold").click()
        link = part(page, "terms-link")
        await expect(part(page, "terms")).to_contain_text("By paying you accept: Terms of the <b>")
        await expect(link).to_have_attribute("href", URL)
        await expect(link).to_have_attribute("rel", "noopener")
        await expect(link).to_have_attribute("target", "_blank")
        await expect(link).to_have_accessible_name(f"{TERMS['name']} (opens in a new tab)")
        assert [url for url in asked if not url.startswith(world.clients.base)] == []


async def test_terms_without_a_name_are_those_of_the_event(world: World) -> None:
    free: dict[str, Any] = stalls(price={"amount": 0, "currency": "EUR"})
    await world.event(sections=[free], terms={"url": URL})
    async with browser() as started:
        page = await admitted(started, world, PHONE)
        await pick(page, "stalls.A-1")
        await part(page, "hold").click()
        said = part(page, "terms")
        await expect(said).to_contain_text("By booking you accept: terms of An Evening")


async def test_no_terms_are_named_where_there_are_none(world: World) -> None:
    await world.event(sections=[stalls()])
    async with browser() as started:
        page = await admitted(started, world, PHONE)
        await pick(page, "stalls.A-1")
        await part(page, "hold").click()
        await expect(part(page, "pay")).to_be_visible()
        await expect(part(page, "terms")).to_be_hidden()


async def test_operators_name_the_terms_and_are_told_of_a_bad_address(world: World) -> None:
    await world.event()
    async with browser() as started:
        admin = await open_page(started, f"{world.clients.base}/admin", size=DESKTOP)
        await log_in(admin)
        await go(admin, "events")
        await part(admin, "edit-event").click()
        await part(admin, "create-terms").fill("https://ada@else.example/")
        await part(admin, "create-terms-name").fill("House rules")
        await part(admin, "create-save").click()
        await expect(part(admin, "create-terms")).to_have_attribute("aria-invalid", "true")
        await part(admin, "create-terms").fill(URL)
        await part(admin, "create-save").click()
        await expect(part(admin, "create-save")).to_be_hidden()
        await go(admin, "events")
        await part(admin, "edit-event").click()
        await expect(part(admin, "create-terms")).to_have_value(URL)
        await part(admin, "create-name").fill("Another Evening")
        await part(admin, "create-save").click()
        await expect(part(admin, "create-save")).to_be_hidden()
    event = await world.catalogue.event("demo")
    assert event.terms is not None
    assert (event.name, event.terms.url, event.terms.name) == (
        "Another Evening", URL, "House rules",
    )  # fmt: skip
