"""Receipts that count next time: who got nothing in one event joins the lane `again`, once."""

import pytest

from booking_rush.server.app import V1
from tests.support.clients import Visitor, code_of, until
from tests.support.world import World, held

AGAIN = f"{V1}/events/again/queue"
QUEUE = f"{V1}/events/demo/queue"


@pytest.fixture
async def next_event(world: World) -> World:
    """An event whose lane `again` is for those who got nothing in `demo`."""
    await world.event()
    await world.event("again", state="paused", rules={"again_from": "demo"})
    return world


async def receipt_of(visitor: Visitor) -> str:
    receipt: str = (await visitor.http.get(QUEUE)).json()["place"]["receipt"]
    return receipt


async def test_who_got_nothing_joins_the_lane_again_once(next_event: World) -> None:
    visitor, other = await next_event.visitor(), await next_event.visitor()
    await visitor.http.post(QUEUE)
    receipt = await receipt_of(visitor)

    early = await visitor.http.post(AGAIN, json={"code": receipt})
    await visitor.http.delete(QUEUE)
    joined = await visitor.http.post(AGAIN, json={"code": receipt})
    second = await other.http.post(AGAIN, json={"code": receipt})

    assert (early.status_code, code_of(early)) == (404, "unknown_code")
    assert (joined.status_code, joined.json()["place"]["lane"]) == (201, "again")
    assert (second.status_code, code_of(second)) == (409, "code_used_up")
    place = await next_event.services.pool.fetchrow(
        "SELECT lane, code FROM places WHERE event = 'again'"
    )
    assert place is not None
    assert (place["lane"], place["code"]) == ("again", "again:demo/main/1")


async def test_a_receipt_of_the_lobby_counts_once_with_that_of_its_number(world: World) -> None:
    await world.event(state="scheduled", rules={"fairness": "lottery", "active_max": 0})
    await world.event("again", state="paused", rules={"again_from": "demo"})
    drawn, undrawn, other = [await world.visitor() for _ in range(3)]
    of_lobby = (await drawn.http.post(QUEUE)).json()["place"]["receipt"]
    of_undrawn = (await undrawn.http.post(QUEUE)).json()["place"]["receipt"]
    await undrawn.http.delete(QUEUE)
    operator = await world.operator()
    assert (await operator.post("/api/v1/admin/events/demo/open")).status_code == 200
    await until(lambda: has_number(drawn))
    of_number = await receipt_of(drawn)
    await drawn.http.delete(QUEUE)

    answers = [
        await drawn.http.post(AGAIN, json={"code": of_lobby}),
        await undrawn.http.post(AGAIN, json={"code": of_undrawn}),
    ]
    second = await other.http.post(AGAIN, json={"code": of_number})

    assert [one.json()["place"]["lane"] for one in answers] == ["again", "again"]
    assert code_of(second) == "code_used_up"


async def has_number(visitor: Visitor) -> bool:
    place = (await visitor.http.get(QUEUE)).json()["place"]
    return place["number"] is not None


async def test_who_bought_is_not_among_them(next_event: World) -> None:
    visitor, hold = await held(next_event, seats=["stalls.A-1"])
    receipt = await receipt_of(visitor)
    await visitor.check_out(hold)
    await visitor.booked(hold, "confirmed")
    await visitor.http.delete(QUEUE)

    refused = await visitor.http.post(AGAIN, json={"code": receipt})

    assert (refused.status_code, code_of(refused)) == (404, "unknown_code")


async def test_a_receipt_is_no_code_where_no_event_names_it(world: World) -> None:
    await world.event()
    await world.event("again", state="paused")
    visitor = await world.visitor()
    await visitor.http.post(QUEUE)
    receipt = await receipt_of(visitor)
    await visitor.http.delete(QUEUE)

    refused = await visitor.http.post(AGAIN, json={"code": receipt})

    assert code_of(refused) == "unknown_code"


async def test_a_forged_receipt_and_a_pass_are_no_codes(next_event: World) -> None:
    visitor = await next_event.visitor()
    await visitor.http.post(QUEUE)
    receipt = await receipt_of(visitor)
    await visitor.http.delete(QUEUE)
    head, claims, signature = receipt.split(".")

    for forged in (f"{head}.{claims}.{signature[::-1]}", f"{head}.{claims[::-1]}.{signature}"):
        assert code_of(await visitor.http.post(AGAIN, json={"code": forged})) == "unknown_code"
