"""Crashes of record and conduct at every call, by payment method: cents and seats end up once."""

import asyncio
import gc
import itertools
import time
from collections.abc import AsyncGenerator
from typing import Any

import pytest
from redis.asyncio import Redis

from booking_rush.booking.holds.holds import uuid7
from booking_rush.booking.payments.router import PaymentRouter
from booking_rush.booking.recording import recorder
from booking_rush.booking.recording.recorder import Recorder
from booking_rush.booking.saga import watchdog
from booking_rush.booking.saga.conductor import Conductor
from booking_rush.lua.client.program import Program
from booking_rush.lua.holds.commands import CheckoutHold, Held, HoldSeats, ReleaseHold
from booking_rush.lua.line.commands import AdmitVisitor, JoinLine
from booking_rush.postgres import Pool
from booking_rush.queue.event_registry import EventRegistry
from booking_rush.server.practice_bank import bank as server_bank
from booking_rush.tasks import cancel_and_wait
from tests.support.clients import until
from tests.support.crash_injection import (
    CrashedError,
    CrashingPayments,
    CrashingPool,
    CrashingRedis,
    CrashPoint,
)
from tests.support.store_agreement import disagreements, is_quiet
from tests.support.world import World, bank_of, new_event, open_world, practice_bank, settings_for

AN_HOUR_S = 3600.0
CALLS_MAX = 500  # of one booking, to stores and the bank: some 50 to 150


class Workers:
    """A recorder and a conductor, in a process that may die."""

    def __init__(
        self, paid_event: "PaidEvent", fate: CrashPoint | None, *, late: bool, ask_s: float
    ) -> None:
        pool: Any = CrashingPool(paid_event.pool, fate) if fate else paid_event.pool
        redis: Any = CrashingRedis(paid_event.redis, fate) if fate else paid_event.redis
        bank: Any = CrashingPayments(paid_event.payments, fate) if fate else paid_event.payments
        payments = PaymentRouter([bank], "bank")
        clock = (lambda: time.time() + AN_HOUR_S) if late else time.time
        program = Program(redis)
        self._fate = fate
        self._recorder = Recorder(pool, redis, program, f"w{id(self)}")
        registry = EventRegistry(pool, program)
        self._conductor = Conductor(pool, registry, payments, f"w{id(self)}", clock, ask_s=ask_s)
        self._night = paid_event

    async def work(self) -> bool:
        """Work until the sale is quiet. Return whether the process lived that long."""
        await self._night.bury()
        task = asyncio.create_task(self._work())
        waits: list[asyncio.Task[Any]] = [task]
        if self._fate is not None:
            waits.append(asyncio.create_task(self._fate.crashed.wait()))
        await asyncio.wait(waits, return_when=asyncio.FIRST_COMPLETED)
        crashed = self._fate is not None and self._fate.crashed.is_set()
        await cancel_and_wait(waits)
        found = await asyncio.gather(*waits, return_exceptions=True)
        error = found[0]
        if isinstance(error, BaseException) and not crashed:
            raise error
        assert not isinstance(error, Exception) or isinstance(error, CrashedError) or crashed
        return not crashed

    async def _work(self) -> None:
        while not await self._night.is_quiet():
            done = await self._recorder.run_once() + await self._conductor.run_once()
            done += await self._conductor.watch_once()
            await asyncio.sleep(0 if done else 0.003)


class PaidEvent:
    """An event with many seats, and bookings that are paid one after the other."""

    def __init__(self, pool: Pool, redis: Redis, world: World, bank: str) -> None:
        self.pool = pool
        self.redis = redis
        self.payments = bank_of(world.services)
        self.payments.base_url = bank
        self._program = Program(redis)
        self._order = itertools.count()

    async def ask(self, command: Any) -> Any:
        [(run_id, stamp)] = await self._program.epochs(["demo"])
        assert stamp.endswith(run_id)
        return await self._program.ask("demo", stamp, command)

    async def bury(self) -> None:
        """Let the leases of dead processes expire."""
        await self.pool.execute("UPDATE recorded SET held_at = now() - interval '1 min'")
        await self.pool.execute("UPDATE leases SET held_at = now() - interval '1 min'")

    async def check_out(self, method: str) -> str:
        """Hold a seat for a new visitor, and check it out. Return the hold."""
        n = next(self._order)
        visitor, hold = f"v{n}", str(uuid7(n, bytes(10)))
        await self.ask(JoinLine(visitor))
        await self.ask(AdmitVisitor(visitor, "a test"))
        seats = [f"stalls.R{n // 500}-{n % 500 + 1}"]
        wish = HoldSeats(hold, visitor, "k", "p", seats, "", 0, "place")
        assert isinstance(await self.ask(wish), Held)
        await self.ask(CheckoutHold(visitor, hold, method))
        self._holder = visitor
        return hold

    async def give_back(self, hold: str) -> None:
        """Release a hold that is left after a decline."""
        await self.ask(ReleaseHold(self._holder, hold))

    async def is_quiet(self) -> bool:
        """Return whether every entry is recorded, and no order or message is left."""
        last: Any = await self.redis.xrevrange("{demo}:1:outbox", count=1)
        recorded = await self.pool.fetchval("SELECT last FROM recorded")
        behind = bool(last) and last[0][0].decode() != recorded
        held = await self.pool.fetchval("SELECT count(*) FROM bookings WHERE reason = 'declined'")
        return not behind and (await is_quiet(self.pool) or (held > 0 and await self._rests()))

    async def _rests(self) -> bool:
        """Return whether holds whose payment was declined are all that has not ended."""
        on_its_way: int = await self.pool.fetchval(
            """
            SELECT (SELECT count(*) FROM bookings
                    WHERE state IN ('paying', 'retaking', 'refunding'))
                + (SELECT count(*) FROM outbox WHERE done_at IS NULL)
                + (SELECT count(*) FROM bank.charges WHERE due_at IS NOT NULL)
            """
        )
        return on_its_way == 0

    async def state(self, hold: str) -> str:
        return str(await self.pool.fetchval("SELECT state FROM bookings WHERE id = $1", hold))


@pytest.fixture
async def paid_event(
    pool: Pool, redis: Redis, redis_url: str, postgres_url: str, monkeypatch: pytest.MonkeyPatch
) -> AsyncGenerator[PaidEvent]:
    asyncio.get_running_loop().set_exception_handler(bury_quietly)
    monkeypatch.setattr(recorder, "BLOCK_MS", 0)
    monkeypatch.setattr(watchdog, "EVERY_S", 0.02)
    monkeypatch.setattr(server_bank, "POLL_S", 0.01)
    settings = settings_for(redis_url, postgres_url)
    rows = [{"name": f"R{n}", "seats": 500} for n in range(4)]
    section = {
        "id": "stalls", "show": "evening", "name": "Stalls", "kind": "seated", "rows": rows,
        "price": {"amount": 6500, "currency": "EUR"},
    }  # fmt: skip
    async with open_world(redis, pool, settings, duties=False) as world:
        await world.catalogue.create(new_event(sections=[section]), who="tests")
        await world.catalogue.act("demo", "open", who="tests")
        await world.recorder.run_once()
        await until(lambda: world.services.rooms.batcher("demo").gate.is_open)
        base = world.clients.base
        async with practice_bank(pool, base, settings, delay_s=0.01) as bank:
            yield PaidEvent(pool, redis, world, bank)
    gc.collect()


def bury_quietly(loop: asyncio.AbstractEventLoop, context: dict[str, Any]) -> None:
    """Ignore errors that a crash left behind; report all others."""
    if not isinstance(context.get("exception"), CrashedError):
        loop.default_exception_handler(context)


ENDS = {
    "ok": "confirmed",
    "slow": "confirmed",
    "lost": "confirmed",
    "late": "confirmed",
    "declined": "held",
}


EVERY_CALL = ("ok", "declined")  # the others: one call lost before, the next one after


@pytest.mark.parametrize("answered", [False, True], ids=["before", "after"])
@pytest.mark.parametrize("method", ENDS)
async def test_every_death_leaves_one_end(
    paid_event: PaidEvent, method: str, answered: bool
) -> None:
    """The n-th call to a store or to the bank never arrives, or arrives and is never answered."""
    ask_s = 0.05 if method == "lost" else 60.0
    late = method == "late"
    every = 1 if method in EVERY_CALL else 2
    lived, call = False, 1 + answered * (every - 1)
    while not lived:
        hold = await paid_event.check_out(method)
        lived = await Workers(
            paid_event, CrashPoint(call, answered=answered), late=late, ask_s=ask_s
        ).work()
        await Workers(paid_event, None, late=late, ask_s=ask_s).work()
        assert await paid_event.state(hold) == ENDS[method], f"died at call {call}"
        if method == "declined":
            await paid_event.give_back(hold)
            await Workers(paid_event, None, late=False, ask_s=ask_s).work()
        call += every
        assert call < CALLS_MAX, "it dies for ever: is the crash what the test meant?"
    assert call > 20
    assert await disagreements(paid_event.pool, paid_event.redis) == []
