"""The reconcile duty: a difference made by hand is reported, and mended by the saga's orders."""

from collections.abc import Awaitable, Callable
from typing import Any, cast
from uuid import UUID

import pytest
from msgspec.structs import replace
from redis.asyncio import Redis

from booking_rush.booking.messaging import outbox
from booking_rush.booking.payments.provider import PAYMENT, payment_of
from booking_rush.booking.saga.difference import Difference
from booking_rush.booking.saga.reconciliation import Reconciler
from booking_rush.booking.seats import inventory
from booking_rush.lua.client.program import MoveFailedError
from booking_rush.lua.events.commands import SectionInventory
from booking_rush.lua.holds.commands import Hold
from booking_rush.lua.keys import key
from booking_rush.postgres import Pool
from tests.support.clients import Visitor, code_of, until
from tests.support.event_in_redis import read_carts, read_holds, write_cart
from tests.support.store_agreement import disagreements, is_quiet
from tests.support.world import World

Break = Callable[[Redis], Awaitable[Any]]


async def row_of(redis: Redis, row: str) -> str:
    found: Any = await cast("Any", redis.hget(key("demo", 1, "rows"), f"stalls/{row}"))
    return str(found.decode())


async def hold_in(redis: Redis, id_: str) -> Hold:
    [found] = await read_holds(redis, 1, [id_])
    return found


async def free_of(redis: Redis, section: str) -> int:
    return int(await cast("Any", redis.hget(key("demo", 1, "free"), section)))


async def write_row(redis: Redis, row: str, text: str) -> None:
    await cast("Any", redis.hset(key("demo", 1, "rows"), f"stalls/{row}", text))


@pytest.fixture
async def night(world: World) -> dict[str, Visitor]:
    """A sale at rest: Ada has bought A-1, and Bob has had B-1 refunded."""
    await world.event()
    ada, bob = await world.visitor(), await world.visitor()
    await ada.buys(seats=["stalls.A-1"])
    given_back = await bob.buys(seats=["stalls.B-1"])
    await bob.http.post(f"/api/v1/bookings/{given_back}/cancel")
    await bob.booked(given_back, "refunded")
    return {"ada": ada, "bob": bob}


def reconciler(world: World, pool: Pool) -> Reconciler:
    return Reconciler(pool, world.services.rooms.events, world.services.payments, every_s=0.0)


async def looks(duty: Reconciler) -> list[Difference]:
    """Run two rounds. Return the differences that both saw."""
    await duty.run_once()
    await duty.run_once()
    return duty.found


async def test_what_agrees_is_left_alone(
    world: World, night: dict[str, Visitor], pool: Pool, redis: Redis
) -> None:
    await until(lambda: is_quiet(pool))
    assert await looks(reconciler(world, pool)) == []
    assert await disagreements(pool, redis) == []


async def test_a_sold_seat_that_is_free_in_redis_is_sold_again(
    world: World, night: dict[str, Visitor], pool: Pool, redis: Redis
) -> None:
    await until(lambda: is_quiet(pool))
    text = await row_of(redis, "A")
    await write_row(redis, "A", "." + text[1:])
    await cast("Any", redis.hincrby(key("demo", 1, "free"), "stalls", 1))

    [difference] = await looks(reconciler(world, pool))
    assert (difference.kind, difference.what) == ("seat", "stalls.A-1")
    assert difference.order == "mark_sold"

    async def agree() -> bool:
        return await disagreements(pool, redis) == []

    await until(agree)


async def test_money_that_the_bank_took_unheard_is_heard(
    world: World, pool: Pool, redis: Redis
) -> None:
    """Postgres has the payment as cancelled, the bank as captured: as after a restored backup."""
    await world.event()
    ada = await world.visitor()
    token = await ada.admitted()
    hold = (await ada.hold("one", token, seats=["stalls.A-1"])).json()["hold"]
    await ada.check_out(hold["id"])
    await ada.booked(hold["id"], "confirmed")
    await until(lambda: is_quiet(pool))
    await pool.execute("DELETE FROM outbox")
    await pool.execute("DELETE FROM inbox")
    await pool.execute("UPDATE payments SET state = 'cancelled'")
    await pool.execute("UPDATE bookings SET state = 'expired', claimed = false, paid = 0")
    await pool.execute("DELETE FROM claims")

    found = await reconciler(world, pool).comparison.bank("demo")
    assert [(one.kind, one.order) for one in found] == [("money", "ask")]
    await looks(reconciler(world, pool))
    await ada.booked(hold["id"], "confirmed")


async def test_an_operator_is_shown_what_differs(
    world: World, night: dict[str, Visitor], pool: Pool, redis: Redis
) -> None:
    await until(lambda: is_quiet(pool))
    admin = await world.operator()
    answer = await admin.post("/api/v1/admin/events/demo/reconcile")
    assert (answer.status_code, answer.json()) == (200, {"differences": []})
    await write_row(redis, "B", "h" + (await row_of(redis, "B"))[1:])
    answer = await admin.post("/api/v1/admin/events/demo/reconcile")
    [difference] = answer.json()["differences"]
    assert (difference["what"], difference["order"]) == ("stalls.B-1", "free")
    refused = await admin.post("/api/v1/admin/events/nothing/reconcile")
    assert (refused.status_code, code_of(refused)) == (404, "unknown_event")


async def test_sections_and_holds_are_loaded_as_of_one_moment(
    world: World, pool: Pool, redis: Redis, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A booking that ends between two pages of a rebuild would leave its places taken for ever."""
    await world.event()
    visitor = await world.visitor()
    token = await visitor.admitted()
    hold = (await visitor.hold("one", token, section="floor", quantity=2)).json()["hold"]

    async def is_kept() -> bool:
        return bool(await pool.fetchval("SELECT count(*) FROM bookings WHERE state = 'held'"))

    await until(is_kept)
    sections_as_they_are = inventory.sections

    async def sections_and_then_it_ends(connection: Any, event: str) -> list[SectionInventory]:
        read = await sections_as_they_are(connection, event)
        id_ = UUID(hold["id"])
        async with pool.acquire() as other, other.transaction():
            await other.execute("UPDATE bookings SET state = 'released', step = 2")
            await outbox.enqueue(other, [outbox.order(id_, event, "free", 0, 2)])
        return read

    monkeypatch.setattr(inventory, "sections", sections_and_then_it_ends)
    await world.recorder.rebuild("demo")
    await until(lambda: is_quiet(pool))
    assert await disagreements(pool, redis) == []


async def test_a_mark_that_no_booking_explains_is_freed(
    world: World, night: dict[str, Visitor], pool: Pool, redis: Redis
) -> None:
    """B-3 was never held; Bob's B-1 was refunded, and his hold has ended in Redis, too."""
    await until(lambda: is_quiet(pool))
    duty = reconciler(world, pool)
    text = await row_of(redis, "B")
    await write_row(redis, "B", "h" + text[1] + "h" + text[3:])
    await cast("Any", redis.hincrby(key("demo", 1, "free"), "stalls", -2))

    async def agree() -> bool:
        await duty.run_once()
        return not duty.found and await row_of(redis, "B") == text

    await until(agree)
    assert await disagreements(pool, redis) == []


async def test_a_count_that_no_booking_explains_is_set(
    world: World, night: dict[str, Visitor], pool: Pool, redis: Redis
) -> None:
    await until(lambda: is_quiet(pool))
    duty = reconciler(world, pool)
    free = await free_of(redis, "floor")
    await cast("Any", redis.hincrby(key("demo", 1, "free"), "floor", -3))

    [difference] = await looks(duty)
    assert (difference.kind, difference.order) == ("free_places", "set_free")

    async def is_set() -> bool:
        await duty.run_once()
        found: Any = await cast("Any", redis.hget(key("demo", 1, "free"), "floor"))
        return int(found) == free

    await until(is_set)


async def test_a_hold_that_is_being_paid_in_redis_alone_is_reopened(
    world: World, pool: Pool, redis: Redis
) -> None:
    """The order that reopens a declined hold was lost: its places were gone for ever."""
    await world.event()
    ada = await world.visitor()
    token = await ada.admitted()
    hold = (await ada.hold("one", token, section="floor", quantity=2)).json()["hold"]

    async def is_kept() -> bool:
        return bool(await pool.fetchval("SELECT count(*) FROM bookings WHERE state = 'held'"))

    await until(is_kept)
    paying = replace(await hold_in(redis, hold["id"]), state="paying", attempt=1)
    cart = (await read_carts(redis, 1))[ada.id]
    await write_cart(redis, 1, ada.id, replace(cart, hold=paying, warn=0, due=False))
    await redis.delete(key("demo", 1, "hold_deadlines"))
    duty = reconciler(world, pool)

    async def is_held() -> bool:
        await duty.run_once()
        return (await hold_in(redis, hold["id"])).state == "held"

    await until(is_held)
    members: list[Any] = await redis.zrange(key("demo", 1, "hold_deadlines"), 0, -1)
    assert [ada.id.encode() in member for member in members] == [True]


@pytest.mark.parametrize("is_lost", [False, True])
async def test_a_booking_that_nobody_retakes_is_retaken(
    world: World, pool: Pool, redis: Redis, is_lost: bool
) -> None:
    """Its money came late, and the order that takes its seats again is gone."""
    await world.event()
    ada = await world.visitor()
    id_ = await ada.buys(seats=["stalls.A-1"])
    await until(lambda: is_quiet(pool))
    await pool.execute("DELETE FROM claims")
    await pool.execute("UPDATE bookings SET state = 'retaking', claimed = false, step = step + 1")
    if is_lost:
        await redis.delete(key("demo", 1, "hold", id_), key("demo", 1, "carts"))
        await write_row(redis, "A", "." * 10)
        await cast("Any", redis.hincrby(key("demo", 1, "free"), "stalls", 1))
    duty = reconciler(world, pool)

    [difference] = [one for one in await looks(duty) if one.kind == "hold"]
    assert (difference.what, difference.order) == (id_, "retake")

    await ada.booked(id_, "confirmed")
    await until(lambda: is_quiet(pool))
    assert await disagreements(pool, redis) == []


async def test_a_booking_whose_hold_ended_unrecorded_expires(
    world: World, pool: Pool, redis: Redis
) -> None:
    await world.event()
    ada = await world.visitor()
    token = await ada.admitted()
    assert (await ada.hold("one", token, section="floor", quantity=2)).is_success

    async def is_kept() -> bool:
        return bool(await pool.fetchval("SELECT count(*) FROM bookings WHERE state = 'held'"))

    await until(is_kept)
    await write_cart(redis, 1, ada.id, None)
    await pool.execute("UPDATE bookings SET until_ms = until_ms - 3600000")
    duty = reconciler(world, pool)

    async def has_expired() -> bool:
        await duty.run_once()
        return bool(await pool.fetchval("SELECT state = 'expired' FROM bookings"))

    await until(has_expired)


async def test_a_refund_made_at_the_bank_refunds_the_booking(
    world: World, pool: Pool, redis: Redis
) -> None:
    await world.event()
    ada = await world.visitor()
    id_ = await ada.buys(seats=["stalls.A-1"])
    await until(lambda: is_quiet(pool))
    duty = reconciler(world, pool)
    [payment] = [payment_of(row) for row in await pool.fetch(f"SELECT {PAYMENT} FROM payments")]
    with world.services.payments.provider_of(payment) as provider:
        await provider.refund(payment)

    async def is_refunded() -> bool:
        await duty.run_once()
        return bool(await pool.fetchval("SELECT state = 'refunded' FROM bookings"))

    await until(is_refunded)
    await ada.booked(id_, "refunded")
    await until(lambda: is_quiet(pool))
    assert await disagreements(pool, redis) == []


async def test_an_event_that_cannot_be_compared_hides_no_other(
    world: World, night: dict[str, Visitor], pool: Pool, redis: Redis
) -> None:
    """`attic` has data in Redis that no move can read."""
    await world.event("attic")
    await until(lambda: is_quiet(pool))
    text = await row_of(redis, "A")
    await write_row(redis, "A", "." + text[1:])
    for name in ("rows", "free"):
        await redis.delete(key("attic", 1, name))
        await redis.set(key("attic", 1, name), "no hash")
    duty = reconciler(world, pool)
    for _ in range(2):
        with pytest.raises(MoveFailedError):
            await duty.run_once()

    assert [one.what for one in duty.found if one.kind == "seat"] == ["stalls.A-1"]
