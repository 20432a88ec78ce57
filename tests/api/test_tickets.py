"""Tickets at a door: a code says until when it is good, and is void once its booking is."""

import time
from datetime import UTC, datetime
from typing import Any

import jwt
import pytest

from booking_rush.queue.keys.keyring import KeyRing
from booking_rush.queue.passes import (
    DAY_S,
    TICKET,
    UNDATED_S,
    TicketExpiredError,
    TicketInvalidError,
    TicketVoidError,
    ticket_claims,
    verify,
    verify_ticket,
)
from booking_rush.server.api import tickets
from tests.support.clients import code_of
from tests.support.world import World, held

SHOW = datetime(2030, 5, 1, 19, tzinfo=UTC)  # that of the tests' event
OVER_S = datetime(2030, 5, 3, tzinfo=UTC).timestamp()


async def published(world: World, event: str = "demo") -> tuple[dict[str, Any], str]:
    """Return the published keys, and the list of void tickets."""
    door = await world.clients.http()
    listed = await door.get(f"/.well-known/void-tickets/{event}.json")
    assert listed.status_code == 200, listed.text
    return (await door.get("/.well-known/jwks.json")).json(), listed.json()["void_tickets"]


async def test_a_code_says_what_it_is_for_and_until_when(world: World) -> None:
    await world.event()
    buyer, hold = await held(world)
    await buyer.check_out(hold)
    booking = await buyer.booked(hold, "confirmed")
    jwks, void = await published(world)

    for ticket in booking["tickets"]:
        claims = verify_ticket(ticket["code"], jwks, void, event="demo")
        assert (claims["jti"], claims["use"], claims["seat"]) == (
            ticket["id"],
            "ticket",
            ticket["seat"],
        )
        assert claims["exp"] == OVER_S
        assert claims["reference"] == booking["reference"]
        assert claims["step"] > 0
        assert verify_ticket(
            ticket["code"], jwks, void, event="demo", now=void_age(void, DAY_S - 1)
        )
        with pytest.raises(ValueError, match="too old"):
            verify_ticket(ticket["code"], jwks, void, event="demo", now=void_age(void, DAY_S))
        with pytest.raises(TicketInvalidError):
            verify_ticket(ticket["code"], jwks, code_for(world, "other"), event="other")
        with pytest.raises(ValueError, match="no pass"):
            verify(ticket["code"], jwks, event="demo")
    with pytest.raises(ValueError, match="void"):
        verify_ticket(booking["tickets"][0]["code"], jwks, void, event="other")


def void_age(void: str, seconds: float) -> float:
    """Return the time at which a list is so old."""
    iat: int = jwt.decode(void, options={"verify_signature": False})["iat"]
    return iat + seconds


def code_for(world: World, event: str) -> str:
    """Return an empty list of void tickets of another event."""
    return world.services.signer.void_tickets(event, [], now_s=int(time.time()))


async def test_a_ticket_that_was_given_back_is_on_the_list_and_others_are_not(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(tickets, "VOID_LIST_S", 0)
    await world.event()
    keeper, kept = await held(world)
    await keeper.check_out(kept)
    [living, _] = (await keeper.booked(kept, "confirmed"))["tickets"]
    returner, returned = await held(world, section="floor", quantity=3)
    await returner.check_out(returned)
    given_back = (await returner.booked(returned, "confirmed"))["tickets"]

    await returner.http.post(f"/api/v1/bookings/{returned}/cancel")
    jwks, at_once = await published(world)
    await returner.booked(returned, "refunded")
    jwks, later = await published(world)

    for void in (at_once, later):
        assert verify_ticket(living["code"], jwks, void, event="demo")
        for ticket in given_back:
            with pytest.raises(TicketVoidError):
                verify_ticket(ticket["code"], jwks, void, event="demo")
    pool = world.services.pool
    await pool.execute("UPDATE shows SET starts_at = now() - interval '4 days'")
    _, empty = await published(world)
    assert jwt.decode(empty, options={"verify_signature": False})["void"] == []


async def test_there_is_no_list_of_an_event_that_is_not_there(world: World) -> None:
    door = await world.clients.http()

    assert code_of(await door.get("/.well-known/void-tickets/nothing.json")) == "unknown_event"


@pytest.mark.parametrize(
    ("show_at", "exp"),
    [
        (SHOW, OVER_S),
        (datetime(2030, 5, 1, tzinfo=UTC), OVER_S),
        (datetime(2030, 5, 1, 23, 59, 59, tzinfo=UTC), OVER_S),
        (None, 1000 + UNDATED_S),
    ],
)
async def test_a_ticket_is_good_until_a_day_after_the_day_of_its_show(
    show_at: datetime | None, exp: float, world: World
) -> None:
    claims = ticket_claims(
        event="demo", ticket="a-1", reference="R", seat="s", step=3, booked_ms=1_000_000,
        show_at=show_at,
    )  # fmt: skip
    ring: KeyRing = world.services.signer.ring
    code = ring.sign(TICKET, claims)
    void = world.services.signer.void_tickets("demo", [], now_s=int(exp) - 10)

    assert claims["exp"] == exp
    assert verify_ticket(code, ring.jwks(), void, event="demo", now=exp - 1)
    with pytest.raises(TicketExpiredError):
        verify_ticket(code, ring.jwks(), void, event="demo", now=exp)
