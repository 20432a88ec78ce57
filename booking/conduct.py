"""The conduct duty: messages move bookings by the saga's table, and its orders are carried out.

Without Kafka the outbox table itself is the log. Bookings go on side by side, the rows of one
booking in their order; what fails waits, and stops nobody else's.
"""

import asyncio
import logging
import time
from collections import defaultdict
from collections.abc import Callable
from uuid import UUID

import asyncpg

from booking_rush.booking import claims, outbox
from booking_rush.booking.claims import Wanted
from booking_rush.booking.orders import Means, carry_out
from booking_rush.booking.outbox import Envelope
from booking_rush.booking.payments import BankAwayError, PaymentRefusedError, Payments
from booking_rush.booking.saga import Heard, Payment, Standing, Step, next_step
from booking_rush.booking.watch import Watch
from booking_rush.lua.refusals import Refusal
from booking_rush.queue.directory import Directory
from booking_rush.queue.postgres import AWAY, Connection, Pool
from booking_rush.queue.rules import Rules

log = logging.getLogger(__name__)

ROWS_MAX = 1024  # read at once
BOOKINGS_MAX = 256  # at work at once
LEASE_S = 1.5
RENEW_S = 0.3
BACK_OFF_S, BACK_OFF_S_MAX = 0.1, 5.0
CONSUMER = "saga"


class Conductor:
    """Hears and obeys while it holds the lease."""

    def __init__(
        self,
        pool: Pool,
        directory: Directory,
        payments: Payments,
        holder: str,
        clock: Callable[[], float] = time.time,
    ) -> None:
        self._pool = pool
        self._directory = directory
        self._means = Means(pool, directory, payments)
        self._watch = Watch(pool, payments, clock)
        self._holder = holder
        self._renewed_at = -RENEW_S
        self._leads = False

    async def run_once(self) -> int:
        """Hear and obey what is there; how many rows it was.

        Raises:
            asyncpg.PostgresError, OSError: Postgres did not answer; ask again.
        """
        await self._directory.run_once()
        if time.monotonic() - self._renewed_at >= RENEW_S:
            self._leads = await self._renew()
            self._renewed_at = time.monotonic()
        if not self._leads:
            return 0
        by_booking = defaultdict[UUID, list[Envelope]](list)
        for envelope in await self._read():
            by_booking[envelope.booking].append(envelope)
        some = dict(list(by_booking.items())[:BOOKINGS_MAX])
        if not some:
            return 0
        rows = await self._pool.fetch("SELECT * FROM bookings WHERE id = ANY($1)", list(some))
        known = {row["id"]: row for row in rows}
        carried_out: list[UUID] = []
        work = [self._go_on(some[id_], known[id_], carried_out) for id_ in some]
        done = sum(await asyncio.gather(*work))
        await self._pool.execute(MARK, carried_out)
        return done

    async def watch_once(self) -> int:
        """Look for what nobody says by itself, beside the rest; how much was found."""
        return await self._watch.run_once() if self._leads else 0

    async def release(self) -> None:
        """Give up the lease, so that another may begin at once."""
        await self._pool.execute("DELETE FROM leases WHERE holder = $1", self._holder)
        self._leads = False

    async def _renew(self) -> bool:
        done = await self._pool.execute(
            """
            INSERT INTO leases (duty, holder) VALUES ('conduct', $1)
            ON CONFLICT (duty) DO UPDATE SET holder = $1, held_at = now()
            WHERE leases.holder = $1 OR leases.held_at < now() - make_interval(secs => $2)
            """,
            self._holder,
            LEASE_S,
        )
        return done == "INSERT 0 1"

    async def _read(self) -> list[Envelope]:
        rows = await self._pool.fetch(
            """
            SELECT id, booking, event, topic, kind, attempt, step, tries FROM outbox
            WHERE done_at IS NULL AND NOT parked AND booking NOT IN (
                SELECT booking FROM outbox
                WHERE done_at IS NULL AND NOT parked AND due_at > now())
            ORDER BY seq LIMIT $1
            """,
            ROWS_MAX,
        )
        return [Envelope(**dict(row)) for row in rows]

    async def _go_on(
        self, envelopes: list[Envelope], row: asyncpg.Record, carried_out: list[UUID]
    ) -> int:
        """Take the rows of one booking, one after the other, up to one that must wait.

        Orders that need no answer are marked together with those of the other bookings: one that
        is carried out again does no harm.
        """
        known: asyncpg.Record | None = row
        for done, envelope in enumerate(envelopes):
            try:
                if envelope.topic == "messages":
                    await self.hear(envelope)
                    known = None
                elif not await self.obey(envelope, known):
                    carried_out.append(envelope.id)
            except (Refusal, BankAwayError, *AWAY) as why:
                await self._put_off(envelope, why)
                return done
            except PaymentRefusedError as why:
                await self._park(envelope, why)
                return done
            except Exception as why:
                log.exception("cannot be handled id=%s kind=%s", envelope.id, envelope.kind)
                await self._put_off(envelope, why)
                return done
        return len(envelopes)

    async def _put_off(self, envelope: Envelope, why: Exception) -> None:
        wait_s = min(BACK_OFF_S_MAX, BACK_OFF_S * 2 ** min(envelope.tries, 10))
        log.info("later kind=%s booking=%s why=%r", envelope.kind, envelope.booking, why)
        await self._pool.execute(
            """
            UPDATE outbox SET tries = tries + 1, due_at = now() + make_interval(secs => $2),
                error = $3
            WHERE id = $1
            """,
            envelope.id, wait_s, repr(why)[:500],
        )  # fmt: skip

    async def _park(self, envelope: Envelope, why: Exception) -> None:
        """Give up what will never be done, for an operator to look at."""
        log.error("parked kind=%s booking=%s why=%s", envelope.kind, envelope.booking, why)
        await self._pool.execute(
            "UPDATE outbox SET parked = true, error = $2 WHERE id = $1", envelope.id, str(why)[:500]
        )

    async def obey(self, order: Envelope, row: asyncpg.Record | None = None) -> bool:
        """Carry out an order; whether it was answered: then answers and mark are one transaction.

        `row` is its booking as it was known a moment ago.
        """
        answers = await carry_out(self._means, order, row)
        if answers:
            async with self._pool.acquire() as connection, connection.transaction():
                await outbox.put(connection, answers)
                await connection.execute(MARK, [order.id])
        return bool(answers)

    async def hear(self, message: Envelope) -> None:
        """Move a booking by a message; all that follows is one transaction."""
        async with self._pool.acquire() as connection, connection.transaction():
            heard = await connection.execute(
                "INSERT INTO inbox (consumer, message) VALUES ($1, $2) ON CONFLICT DO NOTHING",
                CONSUMER,
                message.id,
            )
            if heard == "INSERT 0 1":
                await move(connection, message)
            await connection.execute(MARK, [message.id])


MARK = "UPDATE outbox SET done_at = now() WHERE id = ANY($1)"


async def move(connection: Connection, message: Envelope) -> Step:
    """Let a booking take the step that a message asks for, in the caller's transaction."""
    had, attempts_max, wanted = await _standing(connection, message)
    step = next_step(had, Heard(message.kind, message.attempt), attempts_max=attempts_max)  # type: ignore[arg-type]
    if step.claims == "take" and not await claims.take(connection, message.event, [wanted]):
        step = next_step(had, Heard("seats_lost"), attempts_max=attempts_max)
    if step.verdict == "wrong":
        log.error("parked kind=%s booking=%s state=%s", message.kind, message.booking, had.state)
        await connection.execute("UPDATE outbox SET parked = true WHERE id = $1", message.id)
    await _apply(connection, message, had, step)
    return step


async def _standing(connection: Connection, message: Envelope) -> tuple[Standing, int, Wanted]:
    """A booking as the saga sees it, locked until the transaction ends."""
    row = await connection.fetchrow(
        """
        SELECT bookings.*, events.rules ->> 'payment_attempts_max' AS attempts_max
        FROM bookings JOIN events ON events.id = bookings.event
        WHERE bookings.id = $1 FOR UPDATE OF bookings
        """,
        message.booking,
    )
    assert row is not None, message
    rows = await connection.fetch(
        "SELECT attempt, state, overdue FROM payments WHERE booking = $1", message.booking
    )
    payments = {found["attempt"]: Payment(found["state"], found["overdue"]) for found in rows}
    standing = Standing(
        row["state"], row["attempt"], row["paid"], row["claimed"], row["reason"], payments
    )
    wanted = Wanted(message.booking, row["seats"], row["section"], row["quantity"])
    return standing, int(row["attempts_max"] or Rules().payment_attempts_max), wanted


async def _apply(connection: Connection, message: Envelope, had: Standing, step: Step) -> None:
    """Write what a step changes: payments, claims, the booking, its orders."""
    booking, then = message.booking, step.then
    for attempt, payment in then.payments.items():
        if payment != had.payments.get(attempt):
            await connection.execute(
                """
                UPDATE payments SET state = $3, overdue = $4, changed_at = now()
                WHERE booking = $1 AND attempt = $2
                """,
                booking, attempt, payment.state, payment.overdue,
            )  # fmt: skip
    if step.claims == "drop":
        await claims.drop(connection, message.event, [booking])
    number = await connection.fetchval(
        """
        UPDATE bookings SET state = $2, reason = $3, paid = $4, step = step + $5::int,
            changed_at = CASE WHEN $5 > 0 THEN now() ELSE changed_at END
        WHERE id = $1 RETURNING step
        """,
        booking, then.state, then.reason, then.paid, int(step.verdict == "moves"),
    )  # fmt: skip
    for kind, attempt in step.orders:
        if kind == "refund":
            await connection.execute(
                """
                UPDATE payments SET refunding = true, asked_at = now()
                WHERE booking = $1 AND attempt = $2
                """,
                booking, attempt,
            )  # fmt: skip
    orders = [outbox.order(booking, message.event, kind, a, number) for kind, a in step.orders]
    await outbox.put(connection, orders)
