"""A stopped sale over the wire: what is refused, what is told, and what everybody keeps."""

import time
from datetime import datetime

import jwt
from redis.asyncio import Redis

from booking_rush.postgres import Pool
from tests.support.clients import code_of, until
from tests.support.world import World, held

A = "/api/v1/admin/events/demo"


def seconds_between(earlier: str, later: str) -> float:
    return (datetime.fromisoformat(later) - datetime.fromisoformat(earlier)).total_seconds()


async def test_a_stop_refuses_what_would_sell_and_lets_join(world: World) -> None:
    await world.event()
    operator = await world.operator()
    ada, hold = await held(world)
    bob = await world.visitor()
    token = await bob.admitted()

    answer = await operator.post(f"{A}/stop", json={"reason": "a fire drill"})
    refused = await bob.hold("one", token, section="floor", quantity=1)
    unpaid = await ada.http.post(
        f"/api/v1/events/demo/holds/{hold}/checkout", json={"payment_method": "ok"}
    )
    unextended = await ada.http.post(f"/api/v1/events/demo/holds/{hold}/extend")
    place = await (await world.visitor()).join()

    assert answer.status_code == 200
    assert answer.json()["event"]["stopped"]["reason"] == "a fire drill"
    assert (refused.status_code, code_of(refused)) == (409, "sale_stopped")
    assert (unpaid.status_code, code_of(unpaid)) == (409, "sale_stopped")
    assert (unextended.status_code, code_of(unextended)) == (409, "sale_stopped")
    assert place["state"] == "waiting"
    assert (await operator.post(f"{A}/stop")).status_code == 409
    assert (await operator.post(f"{A}/continue")).json()["event"].get("stopped") is None
    assert code_of(await operator.post(f"{A}/continue")) == "wrong_state"


async def begin_earlier(pool: Pool) -> None:
    """Have the stop begun an hour earlier than it did."""
    await pool.execute("UPDATE events SET stopped_at = stopped_at - interval '1 hour'")


async def test_everybody_is_told_of_a_stop_and_of_the_later_ends(world: World, pool: Pool) -> None:
    await world.event()
    operator = await world.operator()
    ada = await world.visitor()
    await ada.admitted()
    async with ada.socket() as socket:
        welcome = socket.frames[0]
        made = (await socket.ask("hold.create", key="one", seats=["stalls.A-1"]))["hold"]

        await operator.post(f"{A}/stop", json={"reason": "a fire drill"})
        told = await socket.until("room.state")
        await begin_earlier(pool)
        await operator.post(f"{A}/continue")
        frames = [await socket.receive() for _ in range(3)]

        by_type = {frame["type"]: frame for frame in frames}
        passed, extended = by_type["queue.admitted"], by_type["hold.extended"]["hold"]
        assert told["stopped"]["reason"] == "a fire drill"
        assert "stopped" not in by_type["room.state"]
        assert seconds_between(welcome["expires_at"], passed["expires_at"]) >= 3600
        assert passed["pass"] != welcome["pass"]
        assert seconds_between(made["expires_at"], extended["expires_at"]) >= 3600


async def test_a_pass_from_before_a_stop_opens_what_it_would_have(world: World) -> None:
    await world.event(rules={"pass_seconds": 6, "claim_seconds": 6})
    operator, ada = await world.operator(), await world.visitor()
    token = await ada.admitted()

    await operator.post(f"{A}/stop")
    lasts_until = jwt.decode(token, options={"verify_signature": False})["exp"]
    await until(lambda: time.time() > lasts_until)
    await operator.post(f"{A}/continue")
    answer = await ada.hold("one", token, section="floor", quantity=1)

    assert answer.status_code == 201, answer.text


async def test_a_stop_outlives_the_loss_of_redis(world: World, redis: Redis) -> None:
    await world.event()
    operator = await world.operator()
    ada = await world.visitor()
    token = await ada.admitted()
    await operator.post(f"{A}/stop")

    await redis.flushall()
    gate = world.services.rooms.batcher("demo").gate
    await until(lambda: gate.is_open and gate.epoch == 2)
    refused = await ada.hold("one", token, section="floor", quantity=1)
    await operator.post(f"{A}/continue")
    answer = await ada.hold("two", token, section="floor", quantity=1)

    assert code_of(refused) == "sale_stopped"
    assert answer.status_code == 201, answer.text


async def test_a_close_ends_a_stop_so_that_what_is_held_can_be_paid(world: World) -> None:
    await world.event()
    operator = await world.operator()
    ada, hold = await held(world)
    await operator.post(f"{A}/stop")

    closed = await operator.post(f"{A}/close")
    refused = await operator.post(f"{A}/continue")
    paid = await ada.check_out(hold)

    assert paid.status_code == 202, paid.text
    assert "stopped" not in closed.json()["event"]
    assert (refused.status_code, code_of(refused)) == (409, "wrong_state")
    await ada.booked(hold, "confirmed")
