"""The archive: an event that ended is unloaded, still answered, and comes back when needed."""

from typing import Any

from redis.asyncio import Redis

from booking_rush.booking.catalogue.archive import Archive
from booking_rush.booking.messaging import outbox
from booking_rush.postgres import Pool
from tests.support.clients import code_of, until
from tests.support.store_agreement import is_quiet
from tests.support.world import World

A_DAY_AGO = "now() - interval '25 h'"


async def test_an_event_that_ended_is_archived_and_still_answered(
    world: World, pool: Pool, redis: Redis
) -> None:
    await world.event()
    ada = await world.visitor()
    booking = await ada.buys(seats=["stalls.A-1"])
    await until(lambda: is_quiet(pool))
    archive = Archive(pool, redis, "tests")
    assert await archive.archive(after_s=0.0) == [], "it is open"
    admin = await world.operator()
    assert (await admin.post("/api/v1/admin/events/demo/close")).status_code == 200
    assert await archive.archive() == [], "it was closed just now"

    async def is_archived() -> bool:
        return await archive.archive(after_s=0.0) == ["demo"]

    await until(is_archived)

    async def is_unloaded() -> bool:  # once the recorder has let go of it
        return await archive.unload(after_s=2.0) == 1

    await until(is_unloaded)

    async def is_closed() -> bool:
        late = await (await world.visitor()).http.post("/api/v1/events/demo/queue")
        return (late.status_code, code_of(late)) == (409, "line_closed")

    await until(is_closed)
    left: Any = await redis.keys("{demo}:*")
    assert left == []
    assert (await ada.http.get("/api/v1/events/demo")).status_code == 200
    assert (await ada.http.get("/api/v1/events/demo/chart")).status_code == 200
    found = await ada.http.get(f"/api/v1/bookings/{booking}")
    assert found.json()["booking"]["state"] == "confirmed"


async def test_an_event_comes_back_for_an_order(world: World, pool: Pool, redis: Redis) -> None:
    await world.event()
    ada = await world.visitor()
    await ada.buys(seats=["stalls.A-1"])
    await until(lambda: is_quiet(pool))
    await pool.execute("UPDATE events SET archived_at = now(), state = 'closed'")
    archive = Archive(pool, redis, "tests")
    assert await archive.bring_back() == []
    [row] = await pool.fetch("SELECT id, step FROM bookings")
    async with pool.acquire() as connection:
        order = outbox.order(row["id"], "demo", "mark_sold", 1, row["step"])
        await outbox.enqueue(connection, [order._replace(tries=0)])
        await connection.execute("UPDATE outbox SET due_at = now() + interval '1 h', tries = 1")
    assert await archive.bring_back() == ["demo"]
    assert await pool.fetchval("SELECT archived_at IS NULL FROM events")
