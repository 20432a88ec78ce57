"""Holds, checkouts and bookings over HTTP and the socket: each refusal by its code, and repeats."""

import asyncio
import csv
import io
from typing import Any

import orjson

from booking_rush.postgres import Pool
from tests.support.clients import Frame, Visitor, code_of, until
from tests.support.world import World

HOLDS = "/api/v1/events/demo/holds"
ELSEWHERE = "00000000-0000-7000-8000-000000000000"


async def admitted(world: World) -> tuple[Visitor, str]:
    visitor = await world.visitor()
    return visitor, await visitor.admitted()


HOLD_BODIES: list[tuple[Frame, int, str]] = [
    ({}, 400, "invalid_request"),
    ({"seats": []}, 400, "invalid_request"),
    ({"seats": ["stalls.A-1", "stalls.A-1"]}, 400, "invalid_request"),
    ({"seats": ["stalls.A-1"], "section": "floor"}, 400, "invalid_request"),
    ({"seats": "stalls.A-1"}, 400, "invalid_request"),
    ({"seats": [7]}, 400, "invalid_request"),
    ({"section": "floor"}, 400, "invalid_request"),
    ({"quantity": 2}, 400, "invalid_request"),
    ({"section": "floor", "quantity": 0}, 400, "invalid_request"),
    ({"section": "floor", "quantity": -1}, 400, "invalid_request"),
    ({"section": "floor", "quantity": 1.5}, 400, "invalid_request"),
    ({"section": "floor", "quantity": 10**9}, 400, "invalid_request"),
    ({"seats": ["stalls.A-1"], "colour": "red"}, 400, "invalid_request"),
    ({"seats": ["stalls.Z-1"]}, 404, "unknown_seat"),
    ({"seats": ["stalls.A-11"]}, 404, "unknown_seat"),
    ({"seats": ["stalls.A-01"]}, 404, "unknown_seat"),
    ({"seats": ["floor.A-1"]}, 404, "unknown_seat"),
    ({"seats": ["\x00"]}, 400, "invalid_request"),
    ({"section": "attic", "quantity": 1}, 404, "unknown_section"),
    ({"section": "floor", "quantity": 11}, 422, "limit_exceeded"),
]


async def test_a_wish_that_cannot_be_is_refused_on_both_ways(world: World) -> None:
    await world.event()
    ada, token = await admitted(world)
    async with ada.socket() as socket:
        for body, status, code in HOLD_BODIES:
            answer = await ada.hold("k", token, **body)
            assert (answer.status_code, code_of(answer)) == (status, code), body
            reply = await socket.ask("hold.create", key="k", **body)
            assert (reply["type"], reply["problem"]["code"]) == ("error", code), body


async def test_a_hold_wants_a_key(world: World) -> None:
    await world.event()
    ada, token = await admitted(world)
    seats = {"seats": ["stalls.A-1"]}
    async with ada.socket() as socket:
        for key, code in (
            (None, "idempotency_key_missing"),
            ("", "invalid_request"),
            ("k" * 65, "invalid_request"),
        ):
            headers = {"Booking-Pass": token} | ({} if key is None else {"Idempotency-Key": key})
            answer = await ada.http.post(HOLDS, json=seats, headers=headers)
            assert (answer.status_code, code_of(answer)) == (400, code)
            members: Any = {} if key is None else {"key": key}
            reply = await socket.ask("hold.create", **seats, **members)
            assert reply["problem"]["code"] == code


async def test_a_pass_must_be_ones_own_and_of_this_event(world: World) -> None:
    await world.event()
    await world.event("other")
    ada, token = await admitted(world)
    bob, others = await admitted(world)
    elsewhere = await ada.admitted("other")
    seats = ["stalls.A-1"]

    for sent, code in (
        ("", "pass_required"),
        ("nonsense", "pass_invalid"),
        (token[:-4] + "AAAA", "pass_invalid"),
        (others, "pass_invalid"),
        (elsewhere, "pass_invalid"),
    ):
        answer = await ada.hold("k", sent, seats=seats)
        assert (answer.status_code, code_of(answer)) == (403, code)
    await ada.http.delete("/api/v1/events/demo/queue")
    answer = await ada.hold("k", token, seats=seats)
    assert (answer.status_code, code_of(answer)) == (403, "pass_expired")
    assert (await bob.hold("k", others, seats=seats)).status_code == 201


async def test_who_waits_may_not_hold_over_the_socket(world: World) -> None:
    await world.event(rules={"rate_per_second": 0, "active_max": 0})
    ada = await world.visitor()
    async with ada.socket() as socket:
        await socket.ask("queue.join")
        reply = await socket.ask("hold.create", key="k", seats=["stalls.A-1"])
        assert reply["problem"]["code"] == "pass_required"


async def test_taken_seats_are_named_and_the_living_hold_is_shown(world: World) -> None:
    await world.event()
    ada, token = await admitted(world)
    bob, others = await admitted(world)
    hold = (await ada.hold("k", token, seats=["stalls.A-1", "stalls.A-2"])).json()["hold"]

    taken = await bob.hold("k", others, seats=["stalls.A-2", "stalls.A-3"])
    assert (taken.status_code, code_of(taken)) == (409, "seats_taken")
    assert taken.json()["conflicts"] == ["stalls.A-2"]
    again = await ada.hold("l", token, seats=["stalls.A-5"])
    assert (again.status_code, code_of(again)) == (409, "hold_exists")
    assert again.json()["hold"] == hold


async def test_closed_seats_are_taken_and_count_in_no_figure(world: World) -> None:
    section: Frame = {
        "id": "box", "show": "evening", "name": "Box", "kind": "seated",
        "rows": [{"name": "A", "seats": 3}], "closed": ["box.A-1"],
        "price": {"amount": 1, "currency": "EUR"},
    }  # fmt: skip
    await world.event(sections=[section])
    ada, token = await admitted(world)
    answer = await ada.hold("k", token, seats=["box.A-1"])
    assert answer.json()["conflicts"] == ["box.A-1"]
    sold_out = await ada.hold("k", token, section="box", quantity=3)
    assert code_of(sold_out) == "sold_out"
    shown = (await ada.http.get("/api/v1/events/demo/availability")).json()["sections"]["box"]
    assert (shown["free"], shown["rows"]) == (2, {"A": "x.."})


async def test_twenty_repeats_at_once_are_one_hold_and_one_answer(world: World, pool: Pool) -> None:
    await world.event()
    ada, token = await admitted(world)
    answers = await asyncio.gather(
        *(ada.hold("k", token, section="floor", quantity=2) for _ in range(20))
    )
    assert {answer.status_code for answer in answers} == {201}
    assert len({answer.content for answer in answers}) == 1
    async with ada.socket() as socket:
        reply = await socket.ask("hold.create", key="k", section="floor", quantity=2)
        assert reply["hold"] == answers[0].json()["hold"]
        other = await socket.ask("hold.create", key="k", section="floor", quantity=3)
        assert other["problem"]["code"] == "idempotency_key_reused"
    await until(lambda: pool.fetchval("SELECT count(*) = 1 FROM bookings"))


async def test_who_hangs_up_in_the_middle_costs_no_seat(world: World) -> None:
    """The answer is lost, but not the hold: a repeat finds it, and only one seat is held."""
    await world.event()
    ada, token = await admitted(world)
    body = orjson.dumps({"seats": ["stalls.A-1"]})
    host, port = world.clients.base.removeprefix("http://").split(":")
    _, writer = await asyncio.open_connection(host, int(port))
    writer.write(
        f"POST {HOLDS} HTTP/1.1\r\nHost: localhost\r\nAuthorization: Bearer {ada.token}\r\n"
        f"Booking-Pass: {token}\r\nIdempotency-Key: k\r\nContent-Type: application/json\r\n"
        f"Content-Length: {len(body)}\r\n\r\n".encode()
        + body
    )
    await writer.drain()
    writer.transport.abort()

    held = await ada.hold("k", token, seats=["stalls.A-1"])
    assert held.status_code == 201
    assert (await ada.http.delete(f"{HOLDS}/{held.json()['hold']['id']}")).status_code == 204
    shown = (await ada.http.get("/api/v1/events/demo/availability")).json()
    assert shown["sections"]["stalls"]["free"] == 22


async def test_a_hold_is_shown_extended_and_given_back(world: World) -> None:
    await world.event(rules={"extensions_max": 1})
    ada, token = await admitted(world)
    bob = await world.visitor()
    hold = (await ada.hold("k", token, seats=["stalls.A-1"])).json()["hold"]
    path = f"{HOLDS}/{hold['id']}"

    assert (await ada.http.get(path)).json()["hold"] == hold
    for stranger in (await bob.http.get(path), await bob.http.delete(path)):
        assert (stranger.status_code, code_of(stranger)) == (404, "unknown_hold")
    extended = (await ada.http.post(f"{path}/extend")).json()["hold"]
    assert extended["extensions_left"] == 0
    assert extended["expires_at"] > hold["expires_at"]
    assert (await ada.http.post(f"{path}/extend")).json()["hold"] == extended
    assert (await ada.http.delete(path)).status_code == 204
    for gone in (
        await ada.http.get(path),
        await ada.http.delete(path),
        await ada.http.post(f"{path}/extend"),
        await ada.check_out(hold["id"]),
        await ada.check_out("nonsense"),
        await ada.check_out(ELSEWHERE),
    ):
        assert (gone.status_code, code_of(gone)) == (404, "unknown_hold")


async def test_a_hold_whose_time_is_over_is_said_so(world: World) -> None:
    await world.event(rules={"hold_seconds": 1})
    ada, token = await admitted(world)
    async with ada.socket() as socket:
        hold = (await ada.hold("k", token, seats=["stalls.A-1"])).json()["hold"]
        ended = await socket.until("hold.expired")
        assert (ended["hold"], ended["reason"]) == (hold["id"], "expired")
        reply = await socket.ask("hold.extend", hold=hold["id"])
        assert reply["problem"]["code"] == "hold_expired"
    for gone in (await ada.http.get(f"{HOLDS}/{hold['id']}"), await ada.check_out(hold["id"])):
        assert (gone.status_code, code_of(gone)) == (410, "hold_expired")
    assert (await ada.booked(hold["id"], "expired"))["reason"] == "expired"


async def test_the_end_of_a_hold_is_announced_halfway(world: World) -> None:
    await world.event(rules={"hold_seconds": 100})
    ada, token = await admitted(world)
    async with ada.socket() as socket:
        hold = (await ada.hold("k", token, seats=["stalls.A-1"])).json()["hold"]
        await world.set_on(51)
        soon = await socket.until("hold.expiring")
        assert soon["hold"] == hold["id"]
        assert 0 < soon["seconds"] <= 49


async def test_while_it_is_paid_a_hold_is_neither_extended_nor_given_back(world: World) -> None:
    await world.event()
    ada, token = await admitted(world)
    hold = (await ada.hold("k", token, seats=["stalls.A-1"])).json()["hold"]
    first = await ada.check_out(hold["id"], "late")
    again = await ada.check_out(hold["id"], "ok")
    assert (again.status_code, again.json()) == (202, first.json())
    for refused in (
        await ada.http.delete(f"{HOLDS}/{hold['id']}"),
        await ada.http.post(f"{HOLDS}/{hold['id']}/extend"),
    ):
        assert (refused.status_code, code_of(refused)) == (409, "payment_in_progress")
    unknown = await ada.check_out(hold["id"], "gold")
    assert (unknown.status_code, code_of(unknown)) == (400, "invalid_request")
    cancel = await ada.http.post(f"/api/v1/bookings/{hold['id']}/cancel")
    assert (cancel.status_code, code_of(cancel)) == (409, "not_refundable")


async def test_a_booking_is_its_visitors_and_an_operators(world: World) -> None:
    await world.event()
    ada, token = await admitted(world)
    bob = await world.visitor()
    hold = (await ada.hold("k", token, section="floor", quantity=2)).json()["hold"]
    await ada.check_out(hold["id"])
    booking = await ada.booked(hold["id"], "confirmed")

    assert (await ada.http.get("/api/v1/bookings")).json() == {"bookings": [booking], "next": None}
    assert (await bob.http.get("/api/v1/bookings")).json() == {"bookings": [], "next": None}
    for path in (f"/api/v1/bookings/{hold['id']}", "/api/v1/bookings/nonsense"):
        answer = await bob.http.get(path)
        assert (answer.status_code, code_of(answer)) == (404, "unknown_booking")
    admin = await world.operator()
    listed = await admin.get("/api/v1/admin/events/demo/bookings?state=confirmed")
    tickets = [
        {name: value for name, value in one.items() if name != "code"} for one in booking["tickets"]
    ]
    assert listed.json()["bookings"] == [{**booking, "tickets": tickets, "visitor": ada.id}]
    text = await admin.get("/api/v1/admin/events/demo/bookings", headers={"Accept": "text/csv"})
    [row] = csv.DictReader(io.StringIO(text.text))
    assert (row["reference"], row["visitor"]) == (booking["reference"], ada.id)
    wrong = await admin.get("/api/v1/admin/events/demo/bookings?state=lost")
    assert (wrong.status_code, code_of(wrong)) == (400, "invalid_request")
    stats = (await admin.get("/api/v1/admin/events/demo/stats")).json()["stats"]
    assert stats["money"]["confirmed"] == [{"amount": 9000, "currency": "EUR"}]
    assert stats["sold"] == 2
    refund = await admin.post(f"/api/v1/admin/bookings/{hold['id']}/refund")
    assert refund.status_code == 202
    refunded = await ada.booked(hold["id"], "refunded")
    assert refunded["reason"] == "cancelled"


async def test_a_removed_visitor_loses_the_hold_and_is_told(world: World) -> None:
    await world.event()
    ada, token = await admitted(world)
    admin = await world.operator()
    async with ada.socket() as socket:
        hold = (await ada.hold("k", token, seats=["stalls.A-1"])).json()["hold"]
        await admin.delete(f"/api/v1/admin/events/demo/visitors/{ada.id}")
        assert (await socket.until("hold.expired"))["reason"] == "removed"
    assert (await ada.booked(hold["id"], "released"))["reason"] == "removed"


async def test_a_reconnecting_page_finds_hold_and_booking(world: World) -> None:
    await world.event()
    ada, token = await admitted(world)
    hold = (await ada.hold("k", token, seats=["stalls.A-1"])).json()["hold"]
    async with ada.socket() as socket:
        assert socket.frames[0]["hold"] == hold
        assert "booking" not in socket.frames[0]
    await ada.check_out(hold["id"])
    await ada.booked(hold["id"], "confirmed")
    async with ada.socket() as socket:
        assert "hold" not in socket.frames[0]
        assert socket.frames[0]["booking"]["tickets"]


async def test_a_webhook_that_the_bank_did_not_sign_is_refused(world: World) -> None:
    await world.event()
    client = await world.clients.http()
    answer = await client.post("/api/v1/payments/bank/webhook", content=b"{}")
    assert (answer.status_code, code_of(answer)) == (401, "bad_signature")
    other = await client.post("/api/v1/payments/piggy/webhook", content=b"{}")
    assert (other.status_code, code_of(other)) == (404, "not_found")


async def test_a_ticket_is_good_at_a_door_that_knows_the_published_keys_alone(
    world: World,
) -> None:
    import jwt

    await world.event()
    ada, token = await admitted(world)
    hold = (await ada.hold("k", token, seats=["stalls.A-1"])).json()["hold"]
    await ada.check_out(hold["id"])
    [ticket] = (await ada.booked(hold["id"], "confirmed"))["tickets"]
    [jwk] = (await ada.http.get("/.well-known/jwks.json")).json()["keys"]
    claims = jwt.decode(ticket["code"], jwt.PyJWK(jwk), algorithms=["EdDSA"], audience="demo")
    assert (claims["seat"], claims["jti"]) == ("stalls.A-1", ticket["id"])
    image = await ada.http.get(f"/api/v1/bookings/{hold['id']}/tickets/{ticket['id']}/qr.svg")
    assert image.headers["content-type"].startswith("image/svg")
