"""The conduct duty: applies messages to bookings by the saga's table, and carries out its orders.

Envelopes of many bookings are handled at a time, those of one booking in their order. One that
fails waits, and delays no other booking; neither does a slow payment provider. The results are
committed before an envelope is reported to the log as done.
"""

import logging
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from uuid import UUID

from redis.exceptions import RedisError

from booking_rush.booking.messaging import outbox
from booking_rush.booking.messaging.message_log import Failure, MessageLog, Rejection
from booking_rush.booking.messaging.outbox import PAYMENT_ORDERS, Envelope
from booking_rush.booking.messaging.table_log import TableLog
from booking_rush.booking.payments.outages import OutageReports
from booking_rush.booking.payments.provider import (
    PaymentRefusedError,
    ProviderUnavailableError,
)
from booking_rush.booking.payments.router import PaymentRouter
from booking_rush.booking.saga.in_flight import InFlight
from booking_rush.booking.saga.messages import handle
from booking_rush.booking.saga.orders import (
    ORDERS,
    OrderContext,
    OrderData,
    carry_out,
    look_up,
)
from booking_rush.booking.saga.state_machine import MESSAGES
from booking_rush.booking.saga.watchdog import Watchdog
from booking_rush.errors import Refusal
from booking_rush.postgres import UNAVAILABLE, Pool
from booking_rush.queue.event_registry import EventRegistry
from booking_rush.tracing import spans

log = logging.getLogger(__name__)

BOOKINGS_MAX = 512  # of one run
IN_FLIGHT_MAX = 256  # bookings whose orders are at one provider: no more than it has connections
PROVIDER_WAIT_S = 0.1  # of one run; a later answer is collected by a later run
RETRYABLE = (Refusal, ProviderUnavailableError, RedisError, *UNAVAILABLE)
# What breaks of these is parked, and tried again for ever: a seat or money would be lost with it.
NEVER_GIVEN_UP = {*ORDERS, *MESSAGES} - {"tell"}


@dataclass(slots=True)
class Outcome:
    """The results of a run: envelopes that are done, messages that answer them, and failures."""

    done: list[Envelope] = field(default_factory=list[Envelope])
    answers: list[Envelope] = field(default_factory=list[Envelope])
    failed: list[Failure] = field(default_factory=list[Failure])
    rejected: list[Rejection] = field(default_factory=list[Rejection])

    def add(self, other: "Outcome") -> None:
        """Add the results of another part of the run."""
        self.done += other.done
        self.answers += other.answers
        self.failed += other.failed
        self.rejected += other.rejected


class Conductor:
    """Handles the messages and orders of its log: of the outbox table where none is given.

    `ask_s` and `still_s` are those of the watchdog. An envelope that raises an unexpected error
    for the `tries_max`-th time is parked as a dead letter, so that its booking goes on. The
    watchdog tries it again, unless nothing of worth is lost with it.
    """

    def __init__(
        self,
        pool: Pool,
        registry: EventRegistry,
        payments: PaymentRouter,
        holder: str,
        clock: Callable[[], float] | None = None,
        message_log: MessageLog | None = None,
        *,
        ask_s: float = 3.0,
        still_s: float = 20.0,
        tries_max: int = 5,
    ) -> None:
        self._pool = pool
        self._registry = registry
        self._context = OrderContext(pool, registry, payments)
        self._watchdog = Watchdog(pool, payments, holder, clock, ask_s=ask_s, still_s=still_s)
        self._outages = OutageReports(pool, payments, holder)
        self._tries_max = tries_max
        self._crashes = Counter[UUID]()
        self._in_flight = InFlight[Outcome]()
        self._lanes = dict[UUID, str]()  # of bookings in flight: the provider that is asked
        self.log: MessageLog = message_log or TableLog(pool, holder)

    async def run_once(self) -> int:
        """Handle what the log has. Return how many envelopes are done or rejected.

        Raises:
            asyncpg.PostgresError, OSError: Postgres did not answer; run again.
        """
        await self._registry.run_once()
        busy = self._in_flight.busy
        self._lanes = {one: lane for one, lane in self._lanes.items() if one in busy}
        orders, messages = heads(await self.log.read(busy, self._full_lanes()))
        outcome = Outcome()
        if messages:
            await self._handle(messages, outcome)
        if orders:
            await self._carry_out(orders)
        for finished in self._in_flight.collect():
            outcome.add(finished)
        await self._settle(outcome)
        return len(outcome.done) + len(outcome.rejected)

    async def watch_once(self) -> int:
        """Report whether the bank is away, and run the watchdog.

        Return how many messages and orders it enqueued or republished.
        """
        await self._outages.run_once()
        return await self._watchdog.run_once()

    async def release(self) -> None:
        """Cancel work in flight and release the leases, so that another process begins at once."""
        await self._in_flight.cancel()
        await self._watchdog.release()
        await self.log.close()

    async def _handle(self, messages: Sequence[Envelope], outcome: Outcome) -> None:
        """Apply messages in one transaction; if one of them breaks it, each in its own."""
        try:
            await handle(self._pool, messages)
        except UNAVAILABLE:
            raise
        except Exception as why:
            if len(messages) > 1:
                for message in messages:
                    await self._handle([message], outcome)
            else:
                self._fail(messages[0], why, outcome)
        else:
            outcome.done += messages

    async def _settle(self, outcome: Outcome) -> None:
        """Commit the answers to orders, then report every envelope's result to the log."""
        if outcome.answers:
            async with self._pool.acquire() as connection, connection.transaction():
                await outbox.enqueue(connection, outcome.answers)
        await self.log.done(outcome.done)
        if outcome.failed:
            one, why = outcome.failed[0]
            count = len(outcome.failed)
            log.info("later count=%d kind=%s booking=%s why=%s", count, one.kind, one.booking, why)
        await self.log.retry(outcome.failed)
        await self.log.reject(outcome.rejected)
        for envelope in (*outcome.done, *(rejection.envelope for rejection in outcome.rejected)):
            self._crashes.pop(envelope.id, None)

    async def _carry_out(self, orders: Sequence[Sequence[Envelope]]) -> None:
        """Start the orders of many bookings; wait for those in Redis, briefly for the others."""
        data = await look_up(self._pool, [order for some in orders for order in some])
        in_redis, at_the_provider = list[UUID](), list[UUID]()
        for some in orders:
            booking, lane = some[0].booking, _lane_of(some, data)
            if lane and lane in self._full_lanes():
                continue
            if lane:
                self._lanes[booking] = lane
            (at_the_provider if lane else in_redis).append(booking)
            self._in_flight.start(booking, self._carry_out_in_order(some, data))
        await self._in_flight.wait(in_redis, seconds=None)
        await self._in_flight.wait(at_the_provider, seconds=PROVIDER_WAIT_S)

    def _full_lanes(self) -> set[str]:
        """Return the providers at which no further booking's orders may be in flight."""
        counts = Counter(self._lanes.values())
        return {lane for lane, count in counts.items() if count >= IN_FLIGHT_MAX}

    async def _carry_out_in_order(self, orders: Sequence[Envelope], data: OrderData) -> Outcome:
        """Carry out the orders of one booking, up to the first that fails."""
        outcome = Outcome()
        for order in orders:
            try:
                with spans.span(f"order {order.kind}", order.trace, "consumer"):
                    outcome.answers += await carry_out(self._context, order, data)
            except Exception as why:
                self._fail(order, why, outcome)
                break
            outcome.done.append(order)
        return outcome

    def _fail(self, envelope: Envelope, why: Exception, outcome: Outcome) -> None:
        """Record a failure: to be retried while a store or a provider is away, else rejected.

        An unexpected error is retried, too, unless it is the envelope's last one.
        """
        if isinstance(why, RETRYABLE):
            outcome.failed.append(Failure(envelope, repr(why)))
        elif isinstance(why, PaymentRefusedError):
            outcome.rejected.append(Rejection(envelope, "refused", str(why)))
        elif self._crashed_too_often(envelope):
            is_retried = envelope.kind in NEVER_GIVEN_UP
            outcome.rejected.append(Rejection(envelope, "broken", repr(why), is_retried))
        else:
            id_, kind = envelope.id, envelope.kind
            log.exception("cannot be handled id=%s kind=%s", id_, kind, exc_info=why)
            outcome.failed.append(Failure(envelope, repr(why)))

    def _crashed_too_often(self, envelope: Envelope) -> bool:
        """Count an unexpected error of this envelope. Return whether it has had too many.

        The envelope's own `tries` do not serve: they also count how often a provider was away.
        """
        self._crashes[envelope.id] += 1
        return self._crashes[envelope.id] >= self._tries_max


def heads(
    envelopes: Sequence[Envelope], most: int = BOOKINGS_MAX
) -> tuple[list[list[Envelope]], list[Envelope]]:
    """Select what may be handled now: of each booking its leading orders, or its first message.

    One message at a time, so that a row is saved for every state that a booking reaches. Return
    (orders, a list for each booking; messages).
    """
    leading, closed = dict[UUID, list[Envelope]](), set[UUID]()
    for envelope in envelopes:
        earlier = leading.get(envelope.booking)
        if earlier is None:
            if len(leading) < most:
                leading[envelope.booking] = [envelope]
        elif envelope.booking not in closed and envelope.topic == earlier[0].topic == "orders":
            earlier.append(envelope)
        else:
            closed.add(envelope.booking)
    orders, messages = list[list[Envelope]](), list[Envelope]()
    for some in leading.values():
        if some[0].topic == "orders":
            orders.append(some)
        else:
            messages.append(some[0])
    return orders, messages


def _lane_of(orders: Sequence[Envelope], data: OrderData) -> str:
    """Return the provider that one of these orders asks; empty if none, as for a total of 0."""
    for order in orders:
        payment = data.payments.get((order.booking, order.attempt))
        if order.kind in PAYMENT_ORDERS and payment is not None and payment.amount > 0:
            return payment.provider
    return ""
