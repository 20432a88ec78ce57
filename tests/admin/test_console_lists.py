"""Lists for the console: bookings and visitors searched by what a caller says, events as files."""

from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

import msgspec
import pytest

from booking_rush.booking.holds.booking_search import criteria_of, digits_of
from booking_rush.booking.holds.serializers import reference_of
from booking_rush.server.app import V1
from tests.support.clients import code_of, until
from tests.support.world import World, held, new_event

SECTIONS = [("stalls", "Stalls"), ("section-2", "ชั้นบน")]
DEMO = f"{V1}/admin/events/demo"
HOUR = timedelta(hours=1)
DEFER = """
    INSERT INTO deferred_joins (event, visitor, lane, code, block, turn, joined_ms)
    SELECT 'demo', visitor, 'main', '', 'house', turn, 1
    FROM unnest($1::text[]) WITH ORDINALITY AS one (visitor, turn)
"""
FULL: dict[str, Any] = {
    "opens_at": "2030-04-01T08:00:00Z",
    "venue": {"name": "โรงละคร", "address": "1 Old Street"},
    "theme": {"accent": "#0a6b57"},
    "rules": {"rate_per_second": 7},
}


@pytest.mark.parametrize(
    ("text", "seats"),
    [
        ("stalls.B-16", ["stalls.B-16"]),
        ("B 16", ["stalls.B-16", "section-2.B-16"]),
        ("row b, seat 16", ["stalls.B-16", "section-2.B-16"]),
        ("Stalls, Row B, seat 16", ["stalls.B-16"]),
        ("ชั้นบน B-16", ["section-2.B-16"]),
        ("Balcony B 16", []),
    ],
)
def test_a_seat_is_found_as_it_is_said(text: str, seats: list[str]) -> None:
    found = [one.texts for one in criteria_of(text, SECTIONS) if one.kind == "seat"]

    assert found == ([seats] if seats else [])


def test_a_reference_gives_the_ends_of_the_ids_that_have_it() -> None:
    for booking in (
        UUID(int=0),
        UUID(int=2**128 - 1),
        UUID("019a0000-0000-7000-8123-456789abcdef"),
    ):
        low, high = digits_of(reference_of(booking).replace("-", ""))
        assert low <= str(booking)[21:] <= high


async def test_a_booking_is_found_by_reference_visitor_seat_and_address(world: World) -> None:
    await world.event()
    ada, hold = await held(world, seats=["stalls.A-1"])
    await ada.check_out(hold)
    booking = await ada.booked(hold, "confirmed")
    other, other_hold = await held(world, seats=["stalls.A-2"])
    await other.check_out(other_hold)
    await other.booked(other_hold, "confirmed")
    await world.services.pool.execute(
        """
        INSERT INTO contacts (booking, email, language, name)
        VALUES ($1, 'Ada@example.org', 'en', 'Ada King Lovelace')
        """,
        UUID(hold),
    )
    operator = await world.operator()
    visitor = (await operator.get(f"{DEMO}/bookings")).json()["bookings"][-1]["visitor"]
    reference = booking["reference"]

    for text in (
        hold,
        reference,
        reference.lower().replace("-", ""),
        f"  {reference.replace('-', ' ')}",
        visitor,
        "Row A, seat 1",
        "stalls.A-1",
        " ada@EXAMPLE.org",
        "Lovelace",
        "lovelace  ADA",
    ):
        answer = await operator.get(f"{DEMO}/bookings", params={"q": text})
        assert [one["id"] for one in answer.json()["bookings"]] == [hold], text
    for text in (
        "nobody@example.org",
        "v_nobody",
        "AAAAA-AAAAA",
        "Row Z, seat 1",
        "hello",
        "%",
        "Ada Bob",
    ):
        answer = await operator.get(f"{DEMO}/bookings", params={"q": text})
        assert answer.json()["bookings"] == [], text
    long = await operator.get(f"{DEMO}/bookings", params={"q": "x" * 201})
    assert (long.status_code, code_of(long)) == (400, "invalid_request")


async def test_a_refund_says_why_in_the_journal(world: World) -> None:
    await world.event()
    ada, hold = await held(world, seats=["stalls.A-1"])
    await ada.check_out(hold)
    await ada.booked(hold, "confirmed")
    operator = await world.operator()

    wrong = await operator.post(f"{V1}/admin/bookings/{hold}/refund", json={"why": "x"})
    answer = await operator.post(f"{V1}/admin/bookings/{hold}/refund", json={"reason": "fell ill"})

    assert (wrong.status_code, answer.status_code) == (400, 202)
    entries = (await operator.get(f"{V1}/admin/audit?limit=5")).json()["entries"]
    [entry] = [entry for entry in entries if entry["what"] == "refund"]
    assert entry["detail"]["reason"] == "fell ill"


async def test_visitors_are_listed_by_condition_page_by_page(world: World) -> None:
    await world.event(state="paused")
    operator = await world.operator()
    for _ in range(5):
        await (await world.visitor()).join()

    async def waiting() -> list[str]:
        found: list[str] = []
        after: str | None = ""
        while after is not None:
            params: dict[str, str | int] = {
                "state": "waiting",
                "limit": 2,
                **({"after": after} if after else {}),
            }
            page = (await operator.get(f"{DEMO}/visitors", params=params)).json()
            found += [visitor["visitor"] for visitor in page["visitors"]]
            after = page["next"]
        return found

    async def all_recorded() -> bool:
        return len(set(await waiting())) == 5

    await until(all_recorded)
    await world.services.pool.execute(DEFER, ["v_first", "v_second", "v_third"])
    assert (await waiting())[5:] == ["v_first", "v_second", "v_third"]
    params = {"state": "waiting", "after": "main:5"}
    page = (await operator.get(f"{DEMO}/visitors", params=params)).json()
    told = [(one["state"], one["number"], one["deferred"]) for one in page["visitors"]]
    assert told == [("lobby", None, True)] * 3
    inside = (await operator.get(f"{DEMO}/visitors", params={"state": "inside"})).json()
    assert inside == {"visitors": [], "next": None}


async def test_who_holds_is_listed(world: World) -> None:
    await world.event()
    _, hold = await held(world, seats=["stalls.A-1"])
    operator = await world.operator()

    async def listed() -> bool:
        page = (await operator.get(f"{DEMO}/visitors", params={"state": "holding"})).json()
        return [visitor["hold"] for visitor in page["visitors"]] == [hold]

    await until(listed)


async def test_ends_are_listed_as_a_stop_that_goes_on_moves_them(world: World) -> None:
    await world.event()
    ada, _ = await held(world)
    operator = await world.operator()

    async def ends() -> list[datetime]:
        pages = [
            (await operator.get(f"{DEMO}/visitors", params=params)).json()["visitors"]
            for params in ({"state": "inside"}, {"state": "holding"}, {"q": ada.id})
        ]
        return [datetime.fromisoformat(one["until"]) for page in pages for one in page]

    async def are_all_there() -> bool:
        return len(await ends()) == 3

    await until(are_all_there)
    before = await ends()
    for stop in ("stopped_at", "bank_away_at"):
        await world.services.pool.execute(f"UPDATE events SET {stop} = now() - interval '1 hour'")
        after = await ends()
        assert all(late - early >= HOUR for early, late in zip(before, after, strict=True))
        await world.services.pool.execute(f"UPDATE events SET {stop} = NULL")


@pytest.mark.parametrize(
    "params",
    [
        {"state": "asleep"},
        {"state": "waiting", "after": "main"},
        {"state": "waiting", "after": "main:x"},
        {"state": "holding", "after": "x"},
        {"limit": "0"},
    ],
)
async def test_other_lists_are_refused(world: World, params: dict[str, str]) -> None:
    await world.event()
    operator = await world.operator()

    answer = await operator.get(f"{DEMO}/visitors", params=params)

    assert (answer.status_code, code_of(answer)) == (400, "invalid_request")


async def test_a_visitor_is_found_by_id_number_reference_and_address(world: World) -> None:
    await world.event()
    ada, hold = await held(world, seats=["stalls.A-1"])
    await ada.check_out(hold)
    booking = await ada.booked(hold, "confirmed")
    await world.services.pool.execute(
        """
        INSERT INTO contacts (booking, email, language) VALUES ($1, 'Ada@example.org', 'en')
        ON CONFLICT (booking) DO UPDATE SET email = excluded.email
        """,
        UUID(hold),
    )
    bob = await world.visitor()
    number = (await bob.join())["number"]
    operator = await world.operator()

    async def found(text: str) -> list[dict[str, Any]]:
        answer = await operator.get(f"{DEMO}/visitors", params={"q": text})
        visitors: list[dict[str, Any]] = answer.json()["visitors"]
        return visitors

    for text in (ada.id, f" {ada.id}", booking["reference"], "ada@example.org", "Row A, seat 1"):
        [one] = await found(text)
        assert (one["visitor"], one["hold"], one["quantity"]) == (ada.id, hold, 1), text
    [one] = await until(lambda: found(str(number)))
    assert (one["visitor"], one["number"]) == (bob.id, number)
    assert [one["visitor"] for one in await found(bob.id)] == [bob.id]
    for text in ("v_nobody", "999999", "nobody@example.org", "hello", "%"):
        assert await found(text) == [], text
    long = await operator.get(f"{DEMO}/visitors", params={"q": "x" * 201})
    assert (long.status_code, code_of(long)) == (400, "invalid_request")


async def test_a_visitor_whose_join_is_deferred_is_found(world: World) -> None:
    await world.event(state="paused")
    operator = await world.operator()
    await world.services.pool.execute(DEFER, ["v_first", "v_second"])

    answer = await operator.get(f"{DEMO}/visitors", params={"q": "v_second"})

    [one] = answer.json()["visitors"]
    assert (one["visitor"], one["state"], one["number"]) == ("v_second", "lobby", None)
    assert one["deferred"]


@pytest.mark.parametrize("fields", [{}, FULL, {"sections": []}], ids=["plain", "full", "empty"])
async def test_an_exported_event_is_created_again(world: World, fields: dict[str, Any]) -> None:
    operator = await world.operator()
    body: dict[str, Any] = {**msgspec.to_builtins(new_event("demo")), **fields}
    created = await operator.post(f"{V1}/admin/events", json=body)
    assert created.status_code == 201, created.text

    answer = await operator.get(f"{V1}/admin/events/demo/export")
    exported = answer.json()
    again = await operator.post(f"{V1}/admin/events", json={**exported, "id": "again"})

    assert 'filename="demo.json"' in answer.headers["content-disposition"]
    assert again.status_code == 201, again.text
    second = (await operator.get(f"{V1}/admin/events/again/export")).json()
    assert second == {**exported, "id": "again"}
