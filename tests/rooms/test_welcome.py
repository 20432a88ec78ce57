"""Welcomes: the first frame, and after it the news that came while it was made."""

import asyncio
from contextlib import AsyncExitStack
from uuid import UUID

import pytest
from redis.asyncio import Redis
from websockets.exceptions import ConnectionClosed

from booking_rush.lua.client import pubsub
from booking_rush.postgres import Pool
from booking_rush.server.protocol import frames
from booking_rush.server.rooms.subscriber import BookingSent, Subscriber
from tests.support.clients import Socket, Visitor, until
from tests.support.outages import recovering, slow_welcomes
from tests.support.world import World

DEMO = "/api/v1/admin/events/demo"
WAITING = """
    SELECT count(*) FROM pg_stat_activity WHERE datname = current_database()
    AND wait_event_type = 'Lock' AND query LIKE '%coalesce(client_secret%'
"""


async def being_welcomed(pool: Pool, ada: Visitor, opened: AsyncExitStack) -> asyncio.Task[Socket]:
    """Open a socket. Return when its welcome is being made."""
    before: int = await pool.fetchval(WAITING)
    opening = asyncio.create_task(opened.enter_async_context(ada.socket()))

    async def waits() -> bool:
        return bool(await pool.fetchval(WAITING) > before)

    await until(waits)
    return opening


@pytest.fixture
async def ada(world: World) -> Visitor:
    """A visitor that holds a seat."""
    await world.event()
    ada = await world.visitor()
    await ada.hold("one", await ada.admitted(), seats=["stalls.A-1"])
    return ada


async def test_what_happens_while_a_visitor_is_welcomed_is_told_after(
    world: World, pool: Pool, ada: Visitor
) -> None:
    bob, operator = await world.visitor(), await world.operator()
    async with bob.socket() as watching, AsyncExitStack() as opened:
        await watching.ask("seats.watch")
        async with slow_welcomes(pool):
            opening = await being_welcomed(pool, ada, opened)
            removing = asyncio.create_task(operator.delete(f"{DEMO}/visitors/{ada.id}"))
            await watching.until("seats.delta", changes=[["stalls.A-1", "free"]])
            said = await operator.post(
                f"{DEMO}/broadcast",
                json={"text": "Doors at seven.", "level": "info", "audience": "all"},
                headers={"Idempotency-Key": "1"},
            )
            assert said.status_code == 202, said.text
            await watching.until("room.message")
        socket = await opening
        assert (await removing).status_code == 204

        welcome = socket.frames[0]
        assert (welcome["type"], welcome["message"]["text"]) == ("welcome", "Doors at seven.")
        ended = await socket.until("hold.expired")
        assert (ended["hold"], ended["reason"]) == (str(await held_by(pool, ada)), "removed")


async def held_by(pool: Pool, ada: Visitor) -> UUID:
    found: UUID = await pool.fetchval("SELECT id FROM bookings WHERE visitor = $1", ada.id)
    return found


async def test_who_is_welcomed_during_a_recovery_is_told_hold_and_booking_after_it(
    world: World, pool: Pool, redis: Redis, ada: Visitor
) -> None:
    hold = str(await until(lambda: held_by(pool, ada)))
    for end in ("hold.created", "booking.updated"):
        async with AsyncExitStack() as opened:
            async with recovering(world, pool, redis):
                socket = await opened.enter_async_context(ada.socket())
                welcome = socket.frames[0]
                assert welcome["room"]["state"] == "recovering"
                assert not {"hold", "booking"} & welcome.keys()
            frame = await socket.until(end)
        assert (frame.get("hold") or frame["booking"])["id"] == hold
        await ada.check_out(hold)
        await ada.booked(hold, "confirmed")


async def test_who_is_replaced_while_being_welcomed_is_closed_at_once(
    world: World, pool: Pool, ada: Visitor
) -> None:
    async with AsyncExitStack() as opened:
        async with slow_welcomes(pool):
            older = await being_welcomed(pool, ada, opened)
            newer = await being_welcomed(pool, ada, opened)
            with pytest.raises(ConnectionClosed) as closed:
                await older
        assert closed.value.rcvd
        assert closed.value.rcvd.code == frames.REPLACED
        assert (await (await newer).ask("ping"))["type"] == "pong"


async def test_a_socket_that_does_not_know_yet_which_it_is_learns_later_that_it_is_replaced(
    world: World, ada: Visitor
) -> None:
    """Redis has answered, but news of the newer socket come before that answer."""
    room = await world.services.rooms.room("demo")
    ends: list[int] = []
    sent: list[bytes] = []
    subscriber = Subscriber(ada.id, "socket", sent.append, lambda code, _: ends.append(code), bool)
    connecting = asyncio.create_task(room.connect(subscriber))
    await asyncio.sleep(0)
    epoch = world.services.rooms.batcher("demo").gate.epoch
    room.apply(pubsub.Connected(epoch=epoch, visitor=ada.id, connection=10**6))
    assert ends == []
    await connecting
    room.disconnect(subscriber)
    assert (frames.kind_of(sent[0]), ends) == ("welcome", [frames.REPLACED])


async def test_a_hold_that_ends_while_it_is_looked_up_is_told_once(
    world: World, pool: Pool, ada: Visitor
) -> None:
    """A recovery looks it up, and news of its end come before the answer."""
    hold = str(await until(lambda: held_by(pool, ada)))
    updates, sent = (await world.services.rooms.room("demo")).bookings, list[bytes]()
    subscriber = Subscriber(
        ada.id, "socket", sent.append, lambda code, reason: None, bool,
        welcomed=True, booking=BookingSent(hold=hold, had_hold=True),
    )  # fmt: skip
    await (await world.operator()).delete(f"{DEMO}/visitors/{ada.id}")
    looking = asyncio.create_task(updates.look_up([subscriber]))
    await asyncio.sleep(0)
    updates.apply([subscriber], pubsub.Ended(epoch=1, visitor=ada.id, hold=hold, reason="removed"))
    await looking
    assert [frames.kind_of(frame) for frame in sent] == ["hold.expired"]
