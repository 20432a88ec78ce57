"""Purchases from hold to tickets over HTTP and the socket, paid at a real practice bank."""

from collections.abc import AsyncGenerator
from typing import Any

import pytest
from redis.asyncio import Redis

from booking_rush.postgres import Pool
from tests.support.clients import Frame, Visitor, code_of, until
from tests.support.world import World, held, open_world, settings_for


async def free_of(world: World) -> dict[str, int]:
    visitor = await world.visitor()
    answer = await visitor.http.get("/api/v1/events/demo/availability")
    return {id_: section["free"] for id_, section in answer.json()["sections"].items()}


async def is_gone(visitor: Visitor) -> bool:
    return (await visitor.place()).status_code == 404


async def is_free(world: World, stalls: int) -> bool:
    return (await free_of(world))["stalls"] == stalls


async def test_the_whole_walk_over_http(world: World) -> None:
    await world.event()
    ada = await world.visitor()
    token = await ada.admitted()

    held = await ada.hold("one", token, seats=["stalls.A-1", "stalls.A-2"])
    assert held.status_code == 201
    hold: Frame = held.json()["hold"]
    assert hold["total"] == {"amount": 13000, "currency": "EUR"}
    assert hold["adjacent"] is True
    assert hold["state"] == "held"
    assert hold["seats"][0] == {
        "id": "stalls.A-1",
        "section": "stalls",
        "row": "A",
        "number": 1,
        "price": {"amount": 6500, "currency": "EUR"},
    }

    paying = await ada.check_out(hold["id"])
    assert paying.status_code == 202, paying.text
    assert paying.json()["booking"]["id"] == hold["id"]
    booking = await ada.booked(hold["id"], "confirmed")
    assert [ticket["seat"] for ticket in booking["tickets"]] == ["stalls.A-1", "stalls.A-2"]
    assert await until(lambda: is_gone(ada))
    assert (await free_of(world))["stalls"] == 20

    cancelled = await ada.http.post(f"/api/v1/bookings/{hold['id']}/cancel")
    assert cancelled.status_code == 202
    assert (await ada.booked(hold["id"], "refunded"))["tickets"] == []
    await until(lambda: is_free(world, 22))


async def test_the_whole_walk_over_the_socket_with_somebody_watching(world: World) -> None:
    await world.event()
    ada, bob = await world.visitor(), await world.visitor()
    async with ada.socket() as a, bob.socket() as b:
        snapshot = await b.ask("seats.watch")
        assert snapshot["sections"]["stalls"]["rows"]["A"] == "." * 10
        await a.ask("queue.join")
        await a.until("queue.admitted")

        created = await a.ask("hold.create", key="k", section="stalls", quantity=2)
        assert created["type"] == "hold.created"
        hold = created["hold"]
        delta = await b.until("seats.delta", section="stalls")
        assert delta["changes"] == [[seat["id"], "held"] for seat in hold["seats"]]
        assert delta["from"] == snapshot["sections"]["stalls"]["version"]
        assert delta["free"] == 20

        extended = await a.ask("hold.extend", hold=hold["id"])
        assert extended["hold"]["extensions_left"] == hold["extensions_left"] - 1
        paying = await a.ask("hold.checkout", hold=hold["id"], payment_method="ok")
        assert (paying["type"], paying["booking"]["state"]) == ("booking.updated", "paying")
        await a.until("queue.expired", reason="purchase")
        sold = await b.until("seats.delta", section="stalls")
        assert {word for _, word in sold["changes"]} == {"sold"}
        assert (await ada.booked(hold["id"], "confirmed"))["tickets"]
        states = [f["booking"]["state"] for f in a.frames if f["type"] == "booking.updated"]
        while states[-1] != "confirmed":
            states.append((await a.until("booking.updated"))["booking"]["state"])
        assert states == ["paying", "confirmed"]


@pytest.mark.parametrize(
    ("method", "states"),
    [
        ("ok", ["confirmed"]),
        ("slow", ["confirmed"]),
        ("lost", ["confirmed"]),
        ("declined", ["held"]),
    ],
)
async def test_every_method_of_the_practice_bank_ends_as_it_says(
    world: World, method: str, states: list[str]
) -> None:
    await world.event()
    ada = await world.visitor()
    token = await ada.admitted()
    hold = (await ada.hold("one", token, section="floor", quantity=3)).json()["hold"]
    assert (await ada.check_out(hold["id"], method)).status_code == 202
    booking = await ada.booked(hold["id"], *states)
    assert len(booking["tickets"]) == (3 if booking["state"] == "confirmed" else 0)


@pytest.fixture
async def at_a_slow_bank(
    redis: Redis, pool: Pool, redis_url: str, postgres_url: str
) -> AsyncGenerator[World]:
    """A server whose bank captures late payments when it is told to."""
    settings = settings_for(redis_url, postgres_url)
    async with open_world(redis, pool, settings, bank_delay_s=3600.0) as world:
        yield world


async def capture_late(pool: Pool) -> None:
    await pool.execute("UPDATE bank.charges SET due_at = now() WHERE method = 'late'")


async def test_a_late_capture_takes_the_seats_again(at_a_slow_bank: World, pool: Pool) -> None:
    world = at_a_slow_bank
    await world.event(rules={"payment_seconds": 1})
    ada = await world.visitor()
    token = await ada.admitted()
    hold = (await ada.hold("one", token, seats=["stalls.A-1"])).json()["hold"]
    await ada.check_out(hold["id"], "late")
    await ada.booked(hold["id"], "expired")
    await capture_late(pool)
    booking = await ada.booked(hold["id"], "confirmed")
    assert booking["tickets"]


async def test_a_late_capture_of_seats_that_are_gone_is_refunded(
    at_a_slow_bank: World, pool: Pool
) -> None:
    world = at_a_slow_bank
    await world.event(rules={"payment_seconds": 1})
    ada, bob = await world.visitor(), await world.visitor()
    token, other = await ada.admitted(), await bob.admitted()
    hold = (await ada.hold("one", token, seats=["stalls.A-1"])).json()["hold"]
    await ada.check_out(hold["id"], "late")
    await ada.booked(hold["id"], "expired")

    async def is_held() -> bool:
        return (await bob.hold("mine", other, seats=["stalls.A-1"])).status_code == 201

    await until(is_held)
    await capture_late(pool)
    booking = await ada.booked(hold["id"], "refunded")
    assert booking["reason"] == "seats_lost"
    rows = await pool.fetch("SELECT kind, amount FROM bank.ledger ORDER BY at")
    assert [(row["kind"], row["amount"]) for row in rows] == [("capture", 6500), ("refund", 6500)]


async def test_a_declined_card_leaves_the_hold_for_another_try(world: World) -> None:
    await world.event()
    ada = await world.visitor()
    token = await ada.admitted()
    hold = (await ada.hold("one", token, seats=["stalls.A-1"])).json()["hold"]
    await ada.check_out(hold["id"], "declined")
    booking = await ada.booked(hold["id"], "held")
    assert booking["reason"] == "declined"

    async def paid() -> bool:
        return (await ada.check_out(hold["id"], "ok")).status_code == 202

    await until(paid)
    await ada.booked(hold["id"], "confirmed")


async def test_the_last_declined_try_lets_the_seats_go(world: World) -> None:
    await world.event(rules={"payment_attempts_max": 1})
    ada = await world.visitor()
    token = await ada.admitted()
    hold = (await ada.hold("one", token, seats=["stalls.A-1"])).json()["hold"]
    await ada.check_out(hold["id"], "declined")
    booking = await ada.booked(hold["id"], "released")
    assert booking["reason"] == "declined"
    await until(lambda: is_free(world, 22))


async def test_what_is_free_of_charge_needs_no_bank(world: World, pool: Pool) -> None:
    section: dict[str, Any] = {
        "id": "lawn",
        "show": "evening",
        "name": "Lawn",
        "kind": "standing",
        "capacity": 5,
        "price": {"amount": 0, "currency": "EUR"},
    }
    await world.event(sections=[section])
    ada = await world.visitor()
    token = await ada.admitted()
    hold = (await ada.hold("one", token, section="lawn", quantity=2)).json()["hold"]
    await ada.check_out(hold["id"], "ok")
    await ada.booked(hold["id"], "confirmed")
    assert await pool.fetchval("SELECT count(*) FROM bank.charges") == 0
    await ada.http.post(f"/api/v1/bookings/{hold['id']}/cancel")
    await ada.booked(hold["id"], "refunded")


async def test_the_pass_is_spent_when_the_booking_is_confirmed(world: World) -> None:
    await world.event()
    ada = await world.visitor()
    token = await ada.admitted()
    hold = (await ada.hold("one", token, seats=["stalls.A-1"])).json()["hold"]
    await ada.check_out(hold["id"])
    await until(lambda: is_gone(ada))
    again = await ada.hold("two", token, seats=["stalls.A-2"])
    assert (again.status_code, code_of(again)) == (403, "pass_expired")
    repeat = await ada.hold("one", "", seats=["stalls.A-1"])
    assert (repeat.status_code, repeat.json()["hold"]) == (201, hold)


async def test_what_is_held_when_a_sale_closes_may_still_be_bought(world: World) -> None:
    """The sale closes so soon that the saga's process has not read the event before."""
    await world.event()
    ada, hold = await held(world)
    operator = await world.operator()
    await operator.post("/api/v1/admin/events/demo/close")

    paid = await ada.check_out(hold)

    assert paid.status_code == 202
    await ada.booked(hold, "confirmed")
