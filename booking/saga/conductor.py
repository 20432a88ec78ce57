"""The conduct duty: messages move bookings by the saga's table, and its orders are carried out.

What the log hands over is handled many bookings at a time, each in its order; what fails waits,
and stops nobody else's, and nor does a bank that is slow. What follows is committed before the log
hears that it is done.
"""

import logging
import time
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from uuid import UUID

from redis.exceptions import RedisError

from booking_rush.booking.messaging import outbox
from booking_rush.booking.messaging.message_log import Failure, MessageLog, Rejection
from booking_rush.booking.messaging.outbox import Envelope
from booking_rush.booking.messaging.table_log import TableLog
from booking_rush.booking.payments.provider import (
    PaymentRefusedError,
    ProviderUnavailableError,
)
from booking_rush.booking.payments.router import PaymentRouter
from booking_rush.booking.saga.in_flight import InFlight
from booking_rush.booking.saga.messages import handle
from booking_rush.booking.saga.orders import (
    AT_THE_BANK,
    OrderContext,
    OrderData,
    carry_out,
    look_up,
)
from booking_rush.booking.saga.watchdog import Watchdog
from booking_rush.errors import Refusal
from booking_rush.postgres import UNAVAILABLE, Pool
from booking_rush.queue.event_registry import EventRegistry

log = logging.getLogger(__name__)

BOOKINGS_MAX = 512  # taken up at once
FLYING_MAX = 256  # bookings whose orders are at the bank: no more than it has connections
BANK_WAIT_S = 0.1  # how long a run waits for the bank; what comes later is for a later run
RETRYABLE = (Refusal, ProviderUnavailableError, RedisError, *UNAVAILABLE)


@dataclass(slots=True)
class Outcome:
    """What became of what was handed over."""

    done: list[Envelope] = field(default_factory=list[Envelope])
    answers: list[Envelope] = field(default_factory=list[Envelope])
    later: list[Failure] = field(default_factory=list[Failure])
    dead: list[Rejection] = field(default_factory=list[Rejection])

    def add(self, other: "Outcome") -> None:
        """This, and what became of others."""
        self.done += other.done
        self.answers += other.answers
        self.later += other.later
        self.dead += other.dead


class Conductor:
    """Hears and obeys what its log hands over; without another one, that is the outbox table."""

    def __init__(
        self,
        pool: Pool,
        registry: EventRegistry,
        payments: PaymentRouter,
        holder: str,
        clock: Callable[[], float] = time.time,
        message_log: MessageLog | None = None,
        *,
        ask_s: float = 3.0,
        still_s: float = 20.0,
        tries_max: int = 5,
    ) -> None:
        self._pool = pool
        self._registry = registry
        self._means = OrderContext(pool, registry, payments)
        self._watch = Watchdog(pool, payments, holder, clock, ask_s=ask_s, still_s=still_s)
        self._tries_max = tries_max
        self._breaks = Counter[UUID]()
        self._flights = InFlight[Outcome]()
        self.log: MessageLog = message_log or TableLog(pool, holder)

    async def run_once(self) -> int:
        """Hear and obey what is there; how much was settled.

        Raises:
            asyncpg.PostgresError, OSError: Postgres did not answer; ask again.
        """
        await self._registry.run_once()
        orders, messages = heads(await self.log.read(self._flights.busy))
        outcome = Outcome()
        if messages:
            await self._hear(messages, outcome)
        if orders:
            await self._obey(orders)
        for landed in self._flights.landed():
            outcome.add(landed)
        await self._settle(outcome)
        return len(outcome.done) + len(outcome.dead)

    async def watch_once(self) -> int:
        """Look for what nobody says by itself, beside the rest; how much was found."""
        return await self._watch.run_once()

    async def release(self) -> None:
        """Give up what we hold, so that another may begin at once."""
        await self._flights.cancel()
        await self._watch.release()
        await self.log.close()

    async def _hear(self, messages: Sequence[Envelope], outcome: Outcome) -> None:
        """Hear all in one transaction; if one of them breaks it, each in its own."""
        try:
            await handle(self._pool, messages)
        except UNAVAILABLE:
            raise
        except Exception as why:
            if len(messages) > 1:
                for one in messages:
                    await self._hear([one], outcome)
            else:
                self._fail(messages[0], why, outcome)
        else:
            outcome.done += messages

    async def _settle(self, outcome: Outcome) -> None:
        """Commit what the orders were answered, then tell the log how everything ended."""
        if outcome.answers:
            async with self._pool.acquire() as connection, connection.transaction():
                await outbox.enqueue(connection, outcome.answers)
        await self.log.done(outcome.done)
        if outcome.later:
            one, why = outcome.later[0]
            count = len(outcome.later)
            log.info("later count=%d kind=%s booking=%s why=%s", count, one.kind, one.booking, why)
        await self.log.retry(outcome.later)
        await self.log.reject(outcome.dead)
        for one in (*outcome.done, *(burial.envelope for burial in outcome.dead)):
            self._breaks.pop(one.id, None)

    async def _obey(self, orders: Sequence[Sequence[Envelope]]) -> None:
        """Set out with the orders of many bookings; wait for Redis, and not long for the bank."""
        quick = [some for some in orders if not _asks_the_bank(some)]
        room = FLYING_MAX - len(self._flights.busy)
        banking = [some for some in orders if _asks_the_bank(some)][:room]
        papers = await look_up(self._pool, [one for some in quick + banking for one in some])
        for some in quick + banking:
            self._flights.set_out(some[0].booking, self._obey_one(some, papers))
        await self._flights.wait([some[0].booking for some in quick], seconds=None)
        await self._flights.wait([some[0].booking for some in banking], seconds=BANK_WAIT_S)

    async def _obey_one(self, orders: Sequence[Envelope], papers: OrderData) -> Outcome:
        """Carry out the orders of one booking, up to one that must wait."""
        done = Outcome()
        for order in orders:
            try:
                done.answers += await carry_out(self._means, order, papers)
            except Exception as why:
                self._fail(order, why, done)
                break
            done.done.append(order)
        return done

    def _fail(self, envelope: Envelope, why: Exception, outcome: Outcome) -> None:
        """Wait for what is away; give up what is refused for good, or breaks again and again."""
        if isinstance(why, RETRYABLE):
            outcome.later.append(Failure(envelope, repr(why)))
        elif isinstance(why, PaymentRefusedError):
            outcome.dead.append(Rejection(envelope, "refused", str(why)))
        elif self._give_up(envelope):
            outcome.dead.append(Rejection(envelope, "broken", repr(why)))
        else:
            id_, kind = envelope.id, envelope.kind
            log.exception("cannot be handled id=%s kind=%s", id_, kind, exc_info=why)
            outcome.later.append(Failure(envelope, repr(why)))

    def _give_up(self, envelope: Envelope) -> bool:
        """Count a break, and say whether it was one too many.

        An envelope's own tries are no measure: they count how often it waited for a bank, too.
        """
        self._breaks[envelope.id] += 1
        return self._breaks[envelope.id] >= self._tries_max


def heads(
    envelopes: Sequence[Envelope], most: int = BOOKINGS_MAX
) -> tuple[list[list[Envelope]], list[Envelope]]:
    """Of each booking what may be handled now: its first orders, or its first message.

    One message at a time, so that every state that a booking comes to is written down.
    """
    first, closed = dict[UUID, list[Envelope]](), set[UUID]()
    for one in envelopes:
        had = first.get(one.booking)
        if had is None:
            if len(first) < most:
                first[one.booking] = [one]
        elif one.booking not in closed and one.topic == had[0].topic == "orders":
            had.append(one)
        else:
            closed.add(one.booking)
    orders, messages = list[list[Envelope]](), list[Envelope]()
    for had in first.values():
        if had[0].topic == "orders":
            orders.append(had)
        else:
            messages.append(had[0])
    return orders, messages


def _asks_the_bank(orders: Sequence[Envelope]) -> bool:
    return any(one.kind in AT_THE_BANK for one in orders)
