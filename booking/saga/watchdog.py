"""The saga's watchdog: finds overdue payments, unanswered charges and stalled bookings.

For each it enqueues what is missing, a message or an order, in the outbox like any other.
"""

import asyncio
import logging
import time
from collections.abc import Callable

import asyncpg

from booking_rush.booking.holds.states import State
from booking_rush.booking.messaging import outbox
from booking_rush.booking.messaging.outbox import message
from booking_rush.booking.payments.provider import (
    PAYMENT,
    Payment,
    ProviderUnavailableError,
    payment_of,
)
from booking_rush.booking.payments.router import PaymentRouter
from booking_rush.booking.saga.state_machine import Order
from booking_rush.lease import Lease
from booking_rush.postgres import Pool

log = logging.getLogger(__name__)

EVERY_S = 1.0
PAGE = 256
ASKING_MAX = 4  # requests at a time: they are not to crowd out charges


class Watchdog:
    """Looks for them once a second, however often it is run.

    A provider that sends no webhook is asked after `ask_s`, and again after each further `ask_s`.
    An order or a message of which nothing has come is enqueued or published again after `still_s`.
    The time is that of Postgres, unless a test passes a clock.
    """

    def __init__(
        self,
        pool: Pool,
        payments: PaymentRouter,
        holder: str,
        clock: Callable[[], float] | None = None,
        *,
        ask_s: float = 3.0,
        still_s: float = 20.0,
    ) -> None:
        self._pool = pool
        self._lease = Lease(pool, "watch", holder)
        self._payments = payments
        self._clock = clock
        self._ask_s = ask_s
        self._still_s = still_s
        self._next_at = 0.0

    async def run_once(self) -> int:
        """Look, if a second has passed and the lease is ours. Return how many things it found."""
        if time.monotonic() < self._next_at or not await self._lease.is_held():
            return 0
        self._next_at = time.monotonic() + EVERY_S
        found = await self.report_overdue() + await self.ask_providers()
        found += await self.unpark() + await self.republish()
        return found + await self.resend_stalled()

    async def release(self) -> None:
        """Release the lease, so that another process may look."""
        await self._lease.release()

    async def report_overdue(self) -> int:
        """Enqueue the message `overdue` for each payment past its deadline. Return how many."""
        rows = await self._pool.fetch(
            """
            SELECT booking, payments.attempt, event
            FROM payments JOIN bookings ON bookings.id = payments.booking
            WHERE payments.state = 'asked' AND NOT overdue
              AND pay_until_ms <= coalesce($1, extract(epoch FROM now()) * 1000)
              AND bookings.state = 'paying' AND bookings.attempt = payments.attempt
              AND NOT EXISTS (SELECT FROM outbox WHERE outbox.booking = payments.booking
                  AND kind = 'overdue' AND outbox.attempt = payments.attempt)
            ORDER BY pay_until_ms LIMIT $2
            """,
            self._clock and self._clock() * 1000,
            PAGE,
        )
        return await enqueue(
            self._pool,
            [
                message(
                    f"overdue:{row['booking']}:{row['attempt']}",
                    row["booking"], row["event"], "overdue", row["attempt"],
                )
                for row in rows
            ],
        )  # fmt: skip

    async def ask_providers(self) -> int:
        """Ask providers about charges and refunds for which only their webhook is awaited.

        Return how many messages were enqueued that were not known. A provider that is away is
        asked again after `ask_s`.
        """
        rows = await self._pool.fetch(
            f"""
            UPDATE payments SET asked_at = now() WHERE (booking, attempt) IN (
                SELECT booking, attempt FROM payments
                WHERE (state = 'asked' OR (state = 'captured' AND refunding))
                  AND asked_at < now() - make_interval(secs => $1) AND amount > 0
                  AND NOT EXISTS (SELECT FROM outbox WHERE outbox.booking = payments.booking
                      AND (done_at IS NULL
                           OR done_at > now() - make_interval(secs => $1)))
                ORDER BY asked_at LIMIT $2)
            RETURNING {PAYMENT}, (SELECT event FROM bookings WHERE id = booking) AS event
            """,  # noqa: S608  names of our own
            self._ask_s,
            PAGE,
        )
        asking = asyncio.Semaphore(ASKING_MAX)
        away: list[ProviderUnavailableError] = []

        async def ask(row: asyncpg.Record) -> int:
            async with asking:
                try:
                    return await ask_provider(
                        self._pool, self._payments, payment_of(row), row["event"]
                    )
                except ProviderUnavailableError as why:
                    away.append(why)
                    return 0

        found = sum(await asyncio.gather(*map(ask, rows)))
        if away:
            log.info("not asked count=%d why=%s", len(away), away[0])
        return found

    async def resend_stalled(self) -> int:
        """Enqueue again the order that a stalled booking awaits. Return how many.

        None where that order was refused for good, or is parked and tried again by itself.
        Receivers ignore a repeat: orders carry their step, and messages an id for the inbox.
        """
        rows = await self._pool.fetch(
            """
            UPDATE bookings SET changed_at = now()
            WHERE state IN ('paying', 'retaking', 'refunding')
              AND changed_at < now() - make_interval(secs => $1)
              AND NOT EXISTS (SELECT FROM outbox WHERE outbox.booking = bookings.id
                  AND done_at IS NULL AND (NOT parked OR retry_at IS NOT NULL
                      OR (topic = 'orders' AND outbox.step = bookings.step AND kind = ANY($2))))
            RETURNING id, event, state, step, attempt, paid, (SELECT overdue FROM payments
                WHERE booking = id AND payments.attempt = bookings.attempt) AS overdue
            """,
            self._still_s,
            sorted(AWAITED_ORDERS.values()),
        )
        orders = [
            outbox.order(
                row["id"], row["event"],
                "cancel_charge" if row["overdue"] and row["state"] == "paying"
                else AWAITED_ORDERS[row["state"]],
                row["paid"] or row["attempt"], row["step"],
            )
            for row in rows
        ]  # fmt: skip
        return await enqueue(self._pool, orders)

    async def unpark(self) -> int:
        """Let what broke, and is never given up, be tried again. Return how many rows it is."""
        done = await self._pool.execute(
            """
            UPDATE outbox SET parked = false, retry_at = NULL, published_at = NULL, due_at = now()
            WHERE id IN (SELECT id FROM outbox WHERE parked AND retry_at <= now()
                         ORDER BY retry_at LIMIT $1)
            """,
            PAGE,
        )
        return int(done.rpartition(" ")[2])

    async def republish(self) -> int:
        """Let the relay publish again what it published and nobody has handled: a topic was lost.

        Return how many rows it is.
        """
        done = await self._pool.execute(
            """
            UPDATE outbox SET published_at = NULL WHERE id IN (
                SELECT id FROM outbox
                WHERE published_at < now() - make_interval(secs => $1)
                  AND done_at IS NULL AND NOT parked
                ORDER BY published_at LIMIT $2)
            """,
            self._still_s,
            PAGE,
        )
        return int(done.rpartition(" ")[2])


async def ask_provider(pool: Pool, payments: PaymentRouter, payment: Payment, event: str) -> int:
    """Ask a payment's provider for its notifications, and enqueue them as messages.

    Return how many were not known.

    Raises:
        ProviderUnavailableError: the provider does not answer.
    """
    with payments.provider_of(payment) as provider:
        notifications = await provider.list_notifications(payment)
    return await enqueue(
        pool,
        [
            message(f"bank:{one.id}", one.booking, event, one.kind, one.attempt)
            for one in notifications
        ],
    )


async def enqueue(pool: Pool, envelopes: list[outbox.Envelope]) -> int:
    """Enqueue messages or orders, and commit. Return how many were not enqueued before."""
    if not envelopes:
        return 0
    async with pool.acquire() as connection, connection.transaction():
        return await outbox.enqueue(connection, envelopes)


AWAITED_ORDERS: dict[State, Order] = {
    "paying": "charge", "retaking": "retake", "refunding": "refund",
}  # fmt: skip
