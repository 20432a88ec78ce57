"""Fees and taxes in prices: told with the event, checked, summed in hold and booking."""

from typing import Any

import pytest
from playwright.async_api import expect

from booking_rush.server.app import V1
from tests.browser.chromium import DESKTOP, PHONE, browser, open_page
from tests.browser.pages import admitted, go, log_in, part, pick, stalls
from tests.support.clients import code_of
from tests.support.servers.processes import called_in_node
from tests.support.world import World

FEES = [{"name": "booking fee", "amount": 300}, {"name": "VAT", "amount": 455}]
FLOOR: dict[str, Any] = {
    "id": "floor",
    "show": "evening",
    "name": "Floor",
    "kind": "standing",
    "capacity": 5,
    "price": {"amount": 4500, "currency": "EUR"},
    "includes": [{"name": "VAT", "amount": 315}],
}


async def test_event_chart_list_and_export_tell_what_a_price_includes(world: World) -> None:
    await world.event(sections=[stalls(includes=FEES), FLOOR, stalls(id="box")])
    visitor, operator = await world.visitor(), await world.operator()

    event = (await visitor.http.get(f"{V1}/events/demo")).json()["event"]
    [listed] = (await visitor.http.get(f"{V1}/events")).json()["events"]
    chart = (await visitor.http.get(f"{V1}/events/demo/chart")).json()
    told = (await operator.get(f"{V1}/admin/events/demo")).json()["event"]

    for one in (event, listed, chart, told):
        assert [section.get("includes") for section in one["sections"]] == [
            FEES, FLOOR["includes"], None,
        ]  # fmt: skip
    definition = (await operator.get(f"{V1}/admin/events/demo/export")).json()
    answer = await operator.post(f"{V1}/admin/events", json={**definition, "id": "copy"})
    assert answer.json()["event"]["sections"] == told["sections"]


@pytest.mark.parametrize(
    ("includes", "field"),
    [
        ([{"name": "fee", "amount": 6500}, {"name": "VAT", "amount": 1}], "sections[0].includes"),
        ([{"name": "fee", "amount": 1}] * 7, "sections[0].includes"),
        ([{"name": "fee", "amount": -1}], "sections[0].includes[0].amount"),
        ([{"name": "", "amount": 1}], "sections[0].includes[0].name"),
        ([{"name": "x" * 61, "amount": 1}], "sections[0].includes[0].name"),
        ([{"name": "a\nb", "amount": 1}], "sections[0].includes[0].name"),
    ],
)
async def test_a_price_cannot_include_what_makes_no_sense(
    world: World, includes: list[dict[str, Any]], field: str
) -> None:
    await world.event(sections=[])
    operator = await world.operator()

    answer = await operator.patch(
        f"{V1}/admin/events/demo", json={"sections": [stalls(includes=includes)]}
    )

    assert code_of(answer) == "invalid_request"
    assert answer.json()["errors"][0]["field"] == field


async def test_a_total_says_what_it_includes_and_stays_what_it_is(world: World) -> None:
    await world.event(sections=[stalls(includes=FEES), stalls(id="box", includes=FEES[1:])])
    async with browser() as started:
        page = await admitted(started, world, PHONE)
        await pick(page, "stalls.A-1")
        await pick(page, "stalls.A-2")
        await page.locator('[data-section="box"]').click()
        await pick(page, "box.A-1")
        await part(page, "hold").click()
        for name in ("held", "booking"):
            includes = part(page, f"{name.replace('booking', 'booked')}-includes")
            await expect(includes).to_have_text("includes booking fee €6.00, VAT €13.65")
            await expect(part(page, f"{name}-total")).to_have_text("€195.00")
            if name == "held":
                await part(page, "pay").click()
                await expect(part(page, "ticket")).to_have_count(3)


async def test_nothing_is_said_where_prices_include_nothing(world: World) -> None:
    await world.event(sections=[stalls()])
    async with browser() as started:
        page = await admitted(started, world, PHONE)
        await pick(page, "stalls.A-1")
        await part(page, "hold").click()
        await expect(part(page, "held-total")).to_have_text("€65.00")
        await expect(part(page, "held-includes")).to_be_hidden()


@pytest.mark.parametrize(
    ("seats", "standing", "said"),
    [
        (["stalls", "stalls"], 0, "includes booking fee €6.00, VAT €9.10"),
        (["stalls"], 2, "includes booking fee €3.00, VAT €10.85"),
        ([], 2, "includes VAT €6.30"),
        (["constructor"], 0, ""),
    ],
)
def test_seats_and_standing_places_include_their_own(
    seats: list[str], standing: int, said: str
) -> None:
    held = {
        "seats": [{"section": name} for name in seats],
        **({"standing": {"section": "floor", "quantity": standing}} if standing else {}),
        "total": {"amount": 1, "currency": "EUR"},
    }
    sections = [stalls(includes=FEES), FLOOR]

    assert _text_of(held, sections) == said


def _text_of(held: dict[str, Any], sections: list[dict[str, Any]]) -> str:
    """Return the line as the page writes it."""
    text: str = called_in_node("checkout/price-includes.js", "includesText", held, sections)
    return text


async def test_operators_type_what_a_price_includes(world: World) -> None:
    await world.event()
    async with browser() as started:
        admin = await open_page(started, f"{world.clients.base}/admin", size=DESKTOP)
        await log_in(admin)
        await go(admin, "events")
        await part(admin, "new-event").click()
        await part(admin, "create-name").fill("Gala")
        await part(admin, "create-id").fill("gala")
        for name, amount in (("booking fee", "3"), ("VAT", "4.55"), ("mistake", "1")):
            await admin.locator('[data-act="include"]').click()
            await admin.locator('[data-field="included-name"]').last.fill(name)
            await admin.locator('[data-field="included-amount"]').last.fill(amount)
        await admin.locator('[data-act="remove-included"]').last.click()
        amounts = admin.locator('[data-field="included-amount"]')
        await amounts.first.fill("65")
        await part(admin, "create-save").click()
        await expect(amounts.first).to_have_attribute("aria-invalid", "true")
        await amounts.first.fill("3")
        await part(admin, "create-save").click()
        await expect(part(admin, "event-state")).to_have_attribute("data-state", "scheduled")
    [section] = (await world.catalogue.event("gala")).sections
    assert [(line.name, line.amount) for line in section.includes] == [
        ("booking fee", 300), ("VAT", 455),
    ]  # fmt: skip
