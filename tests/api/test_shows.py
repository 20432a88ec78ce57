"""Shows and venues: dates with their time zones on events, holds, bookings, tickets and CSV."""

import csv
import io
from typing import Any

import pytest

from booking_rush.server.app import V1
from tests.support.clients import code_of
from tests.support.world import World

SHOWS = [
    {"id": "first", "starts_at": "2030-12-27T19:00:00Z", "time_zone": "Europe/Berlin"},
    {"id": "second", "starts_at": "2030-12-28T19:00:00Z", "time_zone": "Asia/Bangkok"},
]
PRICE = {"amount": 6500, "currency": "EUR"}
SECTIONS: list[dict[str, Any]] = [
    {
        "id": "stalls",
        "show": "first",
        "name": "Stalls",
        "kind": "seated",
        "rows": [{"name": "A", "seats": 4}],
        "price": PRICE,
        "at": [3, 4.5],
        "focus": [3, 0],
        "curve": 20,
        "aisles": [2],
        "kinds": {"wheelchair": ["stalls.A-1"]},
        "view": "/static/icon.svg",
    },
    {
        "id": "floor",
        "show": "second",
        "name": "Floor",
        "kind": "standing",
        "capacity": 5,
        "price": PRICE,
    },
]
VENUE = {"name": "Old Hall", "address": "Quay 1"}
THEME = {"accent": "#aa3300", "logo": "/static/icon.svg"}


async def test_an_event_tells_where_when_and_by_which_clock(world: World) -> None:
    await world.event(shows=SHOWS, sections=SECTIONS, venue=VENUE, theme=THEME)
    visitor = await world.visitor()

    event = (await visitor.http.get(f"{V1}/events/demo")).json()["event"]
    chart = (await visitor.http.get(f"{V1}/events/demo/chart")).json()["sections"]

    assert (event["venue"], event["theme"]) == (VENUE, THEME)
    assert [show["time_zone"] for show in event["shows"]] == ["Europe/Berlin", "Asia/Bangkok"]
    assert (chart[0]["at"], chart[0]["curve"], chart[0]["aisles"]) == ([3, 4.5], 20, [2])
    assert chart[0]["focus"] == [3, 0]
    assert [section.get("view") for section in event["sections"]] == ["/static/icon.svg", None]
    assert [section.get("view") for section in chart] == ["/static/icon.svg", None]
    assert [seat["kind"] for seat in chart[0]["rows"][0]["seats"]][:2] == ["wheelchair", "standard"]


async def test_hold_booking_ticket_and_csv_tell_their_own_show(world: World) -> None:
    await world.event(shows=SHOWS, sections=SECTIONS)
    visitor = await world.visitor()
    token = await visitor.admitted()
    expected = {
        "id": "second",
        "starts_at": "2030-12-28T19:00:00.000Z",
        "time_zone": "Asia/Bangkok",
    }

    hold = (await visitor.hold("k", token, section="floor", quantity=1)).json()["hold"]
    await visitor.check_out(hold["id"])
    booking = await visitor.booked(hold["id"], "confirmed")

    assert hold["show"] == booking["show"] == booking["tickets"][0]["show"] == expected
    operator = await world.operator()
    answer = await operator.get(f"{V1}/admin/events/demo/bookings", headers={"Accept": "text/csv"})
    [row] = csv.DictReader(io.StringIO(answer.text))
    assert row["show_time"] == "2030-12-29 02:00 Asia/Bangkok"


async def test_seats_of_two_dates_name_the_date_on_each_ticket_only(world: World) -> None:
    box: dict[str, Any] = {**SECTIONS[0], "id": "box", "show": "second", "kinds": {}}
    await world.event(shows=SHOWS, sections=[SECTIONS[0], box])
    visitor = await world.visitor()
    token = await visitor.admitted()

    hold = (await visitor.hold("k", token, seats=["stalls.A-1", "box.A-1"])).json()["hold"]
    await visitor.check_out(hold["id"])
    booking = await visitor.booked(hold["id"], "confirmed")

    assert "show" not in hold
    assert {ticket["show"]["id"] for ticket in booking["tickets"]} == {"first", "second"}


async def test_venue_and_zone_are_changed_and_known_at_once(world: World) -> None:
    await world.event(shows=SHOWS, sections=SECTIONS)
    operator = await world.operator()

    answer = await operator.patch(
        f"{V1}/admin/events/demo", json={"venue": VENUE, "time_zones": {"first": "Europe/Lisbon"}}
    )

    event = answer.json()["event"]
    assert event["venue"] == VENUE
    assert [show["time_zone"] for show in event["shows"]] == ["Europe/Lisbon", "Asia/Bangkok"]


async def test_a_view_is_changed_and_taken_away_and_known_at_once(world: World) -> None:
    await world.event(shows=SHOWS, sections=SECTIONS)
    operator = await world.operator()
    views = {"stalls": None, "floor": "/static/site.webmanifest"}

    answer = await operator.patch(f"{V1}/admin/events/demo", json={"views": views})

    sections = answer.json()["event"]["sections"]
    assert [section.get("view") for section in sections] == [None, "/static/site.webmanifest"]
    visitor = await world.visitor()
    compact = (await visitor.http.get(f"{V1}/events/demo/chart?form=compact")).json()["sections"]
    assert [section.get("view") for section in compact] == [None, "/static/site.webmanifest"]
    assert compact[0]["aisles"] == [2]


async def test_a_definition_has_the_views_that_create_them_again(world: World) -> None:
    await world.event(shows=SHOWS, sections=SECTIONS)
    operator = await world.operator()

    definition = (await operator.get(f"{V1}/admin/events/demo/export")).json()
    again = await operator.post(f"{V1}/admin/events", json={**definition, "id": "again"})

    assert again.json()["event"]["sections"][0]["view"] == "/static/icon.svg"


@pytest.mark.parametrize(
    "view",
    [
        "https://elsewhere.example/stalls.jpg",
        "//elsewhere.example/stalls.jpg",
        "/\\elsewhere.example/stalls.jpg",
        "javascript:alert(1)",
        "stalls.jpg",
        "",
        "/a b.jpg",
    ],
)
async def test_a_view_is_a_path_of_this_site(world: World, view: str) -> None:
    await world.event(shows=SHOWS, sections=SECTIONS)
    operator = await world.operator()
    section = {**SECTIONS[1], "id": "pit", "view": view}

    added = await operator.patch(f"{V1}/admin/events/demo", json={"sections": [section]})
    changed = await operator.patch(f"{V1}/admin/events/demo", json={"views": {"floor": view}})

    [of_section] = added.json()["errors"]
    [of_change] = changed.json()["errors"]
    assert (of_section["field"], of_change["field"]) == ("sections[0].view", "views.floor")
    assert of_section["why"] == of_change["why"]
    assert of_section["why"].startswith("no path of a picture on this site, such as /")


@pytest.mark.parametrize(
    ("change", "field"),
    [
        ({"views": {"balcony": "/a.jpg"}}, "views.balcony"),
        ({"time_zones": {"first": "Europe/Atlantis"}}, "time_zones.first"),
        ({"time_zones": {"third": "Europe/Berlin"}}, "time_zones.third"),
        ({"venue": {"name": ""}}, "venue.name"),
        ({"theme": {"accent": "red"}}, "theme.accent"),
        ({"theme": {"accent": "#000000", "logo": "javascript:alert(1)"}}, "theme.logo"),
        ({"theme": {"accent": "#000000", "logo": "https://a.example/\0"}}, "theme.logo"),
        ({"theme": {"accent": "#000000", "picture": "/\x7f"}}, "theme.picture"),
    ],
)
async def test_a_mistake_is_named_by_its_field(
    world: World, change: dict[str, Any], field: str
) -> None:
    await world.event(shows=SHOWS, sections=SECTIONS)
    operator = await world.operator()

    answer = await operator.patch(f"{V1}/admin/events/demo", json=change)

    assert code_of(answer) == "invalid_request"
    assert answer.json()["errors"][0]["field"] == field


async def test_a_show_without_a_zone_has_the_sites(world: World) -> None:
    await world.event()
    visitor = await world.visitor()
    event = (await visitor.http.get(f"{V1}/events/demo")).json()["event"]
    assert event["shows"][0]["time_zone"] == "UTC"
