"""What nobody says by itself: a payment past its deadline, a silent bank, a saga that stands.

Each finding is a message or an order in the outbox like any other.
"""

import asyncio
import logging
import time
from collections.abc import Callable

import asyncpg

from booking_rush.booking.messaging import outbox
from booking_rush.booking.messaging.outbox import message
from booking_rush.booking.payments.provider import (
    PAYMENT,
    Payment,
    ProviderUnavailableError,
    payment_of,
)
from booking_rush.booking.payments.router import PaymentRouter
from booking_rush.lease import Lease
from booking_rush.postgres import Pool

log = logging.getLogger(__name__)

EVERY_S = 1.0
PAGE = 256
ASKING_MAX = 4  # questions at a time: they are not to crowd out charges
KEPT_H = 24  # what was carried out is kept for so long, then forgotten
FORGET_EVERY_S = 60.0


class Watchdog:
    """Looks once a second, however often it is asked.

    After `ask_s` without a webhook the bank is asked, and again after as long; what stands for
    `still_s` is ordered, or sent, again.
    """

    def __init__(
        self,
        pool: Pool,
        payments: PaymentRouter,
        holder: str,
        clock: Callable[[], float] = time.time,
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
        self._forget_at = time.monotonic() + FORGET_EVERY_S

    async def run_once(self) -> int:
        """Look when it is time to; how much was found."""
        if time.monotonic() < self._next_at or not await self._lease.is_held():
            return 0
        self._next_at = time.monotonic() + EVERY_S
        if time.monotonic() > self._forget_at:
            self._forget_at = time.monotonic() + FORGET_EVERY_S
            await self.purge()
        found = await self.report_overdue() + await self.ask_providers()
        return found + await self.republish() + await self.resend_stalled()

    async def release(self) -> None:
        """Let another look."""
        await self._lease.release()

    async def report_overdue(self) -> int:
        """Say of each payment past its deadline that it is."""
        rows = await self._pool.fetch(
            """
            SELECT booking, payments.attempt, event
            FROM payments JOIN bookings ON bookings.id = payments.booking
            WHERE payments.state = 'asked' AND NOT overdue AND pay_until_ms <= $1
              AND bookings.state = 'paying' AND bookings.attempt = payments.attempt
            LIMIT $2
            """,
            int(self._clock() * 1000),
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
        """Ask the bank about payments, and refunds, of which we wait for nothing but its word."""
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
                    return await ask_bank(self._pool, self._payments, payment_of(row), row["event"])
                except ProviderUnavailableError as why:
                    away.append(why)
                    return 0

        found = sum(await asyncio.gather(*map(ask, rows)))
        if away:
            log.info("not asked count=%d why=%s", len(away), away[0])
        return found

    async def resend_stalled(self) -> int:
        """Order again what a booking that stands still waits for; inboxes absorb repeats."""
        rows = await self._pool.fetch(
            """
            UPDATE bookings SET changed_at = now()
            WHERE state IN ('paying', 'retaking', 'refunding')
              AND changed_at < now() - make_interval(secs => $1)
              AND NOT EXISTS (SELECT FROM outbox WHERE outbox.booking = bookings.id
                              AND done_at IS NULL AND NOT parked)
            RETURNING id, event, state, step, attempt, paid, (SELECT overdue FROM payments
                WHERE booking = id AND payments.attempt = bookings.attempt) AS overdue
            """,
            self._still_s,
        )
        orders = [
            outbox.order(
                row["id"], row["event"],
                "cancel_charge" if row["overdue"] and row["state"] == "paying"
                else ORDERS[row["state"]],
                row["paid"] or row["attempt"], row["step"],
            )
            for row in rows
        ]  # fmt: skip
        return await enqueue(self._pool, orders)

    async def republish(self) -> int:
        """Send again what was sent, and came to nobody for so long: its topic was lost."""
        done = await self._pool.execute(
            """
            UPDATE outbox SET published_at = NULL WHERE seq IN (
                SELECT seq FROM outbox
                WHERE published_at < now() - make_interval(secs => $1)
                  AND done_at IS NULL AND NOT parked
                ORDER BY published_at LIMIT $2)
            """,
            self._still_s,
            PAGE,
        )
        return int(done.rpartition(" ")[2])

    async def purge(self) -> None:
        """Drop what was carried out long ago."""
        await self._pool.execute(
            """
            DELETE FROM outbox WHERE done_at < now() - make_interval(hours => $1)
                AND seq IN (SELECT seq FROM outbox ORDER BY seq LIMIT 10000)
            """,
            KEPT_H,
        )
        await self._pool.execute(
            "DELETE FROM inbox WHERE at < now() - make_interval(hours => $1)", 2 * KEPT_H
        )


async def ask_bank(pool: Pool, payments: PaymentRouter, payment: Payment, event: str) -> int:
    """Hear of a payment what the bank has said, or should have; how much was news.

    Raises:
        ProviderUnavailableError: it does not answer.
    """
    with payments.provider_of(payment) as provider:
        told = await provider.list_notifications(payment)
    return await enqueue(
        pool, [message(f"bank:{w.id}", w.booking, event, w.kind, w.attempt) for w in told]
    )


async def enqueue(pool: Pool, envelopes: list[outbox.Envelope]) -> int:
    """Send messages or orders; how many had not been sent before."""
    if not envelopes:
        return 0
    async with pool.acquire() as connection, connection.transaction():
        return await outbox.enqueue(connection, envelopes)


ORDERS = {"paying": "charge", "retaking": "retake", "refunding": "refund"}
