"""An outage of the bank: admission is slow, and nobody's time runs out meanwhile."""

from collections import Counter
from functools import partial
from uuid import UUID

from booking_rush.booking.payments.provider import Payment, ProviderUnavailableError
from booking_rush.booking.payments.router import PaymentRouter
from booking_rush.booking.recording.event_scheduler import EventScheduler
from booking_rush.postgres import Pool
from booking_rush.server.rooms.room import Room
from tests.support.clients import Socket, until
from tests.support.world import World, held

FAILURES = 5  # that open a breaker


def ask(payments: PaymentRouter, *, answered: bool) -> None:
    """Ask the bank once."""
    payment = Payment(UUID(int=1), 1, 100, "EUR", "ok", 0, payments.default)
    try:
        with payments.provider_of(payment):
            if not answered:
                raise ProviderUnavailableError
    except ProviderUnavailableError:
        pass


async def look_up_again_and_again(room: Room) -> None:
    """Look everything up some times, as lost news do: each time finds later ends."""
    for _ in range(3):
        room.invalidate()
        await room.bookings.look_up(room.subscribers())


def told_again(socket: Socket) -> list[str]:
    kinds = [frame["type"] for frame in socket.frames]
    return [kind for kind in kinds if kind in ("queue.admitted", "hold.extended")]


async def has_heard_both(socket: Socket) -> bool:
    await socket.ask("ping")
    return len(set(told_again(socket))) == 2


async def test_while_the_bank_is_away_admission_is_slow_and_the_sale_clock_stands_still(
    world: World, pool: Pool
) -> None:
    await world.event()
    services, operator = world.services, await world.operator()
    ada, hold = await held(world)
    mine = f"/api/v1/events/demo/holds/{hold}"
    before = (await ada.http.get(mine)).json()["hold"]["expires_at"]
    scheduler = EventScheduler(services.pool, services.redis, services.rooms.events)

    async def reason() -> str:
        await scheduler.run_once()
        answer = await operator.get("/api/v1/admin/events/demo/stats")
        because: str = answer.json()["stats"]["admission"]["because"]
        return because

    async def is_slow() -> bool:
        await (await world.visitor()).join()
        return "payments are not answered" in await reason()

    async def is_back() -> bool:
        ask(services.payments, answered=True)  # as a checkout does, once the breaker allows one
        await scheduler.run_once()
        return await pool.fetchval("SELECT bank_away_at FROM events") is None

    async def is_later() -> bool:
        await scheduler.run_once()
        found = (await ada.http.get(mine)).json()["hold"]["expires_at"]
        return bool(found > before)

    async with ada.socket() as socket:
        for _ in range(FAILURES):
            ask(services.payments, answered=False)
        await until(is_slow)
        since = await pool.fetchval("SELECT bank_away_at FROM events")
        bob = await world.visitor()
        token = await bob.admitted()
        assert (await bob.hold("one", token, section="floor", quantity=1)).status_code == 201
        await look_up_again_and_again(await services.rooms.room("demo"))
        await socket.ask("ping")
        assert not told_again(socket)

        await until(is_back)
        await until(is_later)
        await until(partial(has_heard_both, socket))
        assert max(Counter(told_again(socket)).values()) == 1
    assert since is not None
    assert await pool.fetchval("SELECT stopped_ms > 0 FROM events")
    told = await pool.fetch("SELECT why FROM journal WHERE why LIKE 'bank%' ORDER BY n")
    assert [row["why"] for row in told] == ["bank_away", "bank_back"]
