"""Messages to the saga: each moves one booking by one step, many in one transaction."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, cast
from uuid import UUID

import asyncpg

from booking_rush.booking.messaging import dead_letters, outbox
from booking_rush.booking.messaging.message_log import Rejection
from booking_rush.booking.messaging.outbox import Envelope
from booking_rush.booking.saga.state_machine import (
    MESSAGES,
    BookingState,
    Message,
    PaymentStatus,
    SagaInput,
    Step,
    next_step,
)
from booking_rush.booking.seats import claims
from booking_rush.booking.seats.claims import ClaimRequest
from booking_rush.postgres import Connection, Pool
from booking_rush.queue.rules import Rules
from booking_rush.tracing import spans
from booking_rush.tracing.spans import Work

CONSUMER = "saga"


class UnknownMessageError(Exception):
    """A message whose booking, or whose kind, does not exist."""


@dataclass(frozen=True, slots=True)
class LockedBooking:
    """A booking, its row locked, and the message to apply to it."""

    message: Envelope
    current: BookingState
    attempts_max: int
    claim_request: ClaimRequest
    step: int  # as counted before the message


async def handle(pool: Pool, messages: Sequence[Envelope]) -> None:
    """Apply messages to their bookings and commit; those that the inbox knows are skipped.

    Raises:
        UnknownMessageError: one of them cannot be applied; nothing is committed.
    """
    works = {str(one.booking): Work(f"saga {one.kind}", one.trace) for one in messages if one.trace}
    with spans.batch(works, "consumer"):
        await _handle(pool, messages)


async def _handle(pool: Pool, messages: Sequence[Envelope]) -> None:
    async with pool.acquire() as connection, connection.transaction():
        rows = await connection.fetch(
            """
            INSERT INTO inbox (consumer, message) SELECT $1, unnest($2::uuid[])
            ON CONFLICT DO NOTHING RETURNING message
            """,
            CONSUMER,
            sorted({one.id for one in messages}),
        )
        new = {row["message"] for row in rows}
        await apply_steps(connection, [one for one in messages if one.id in new])


async def apply_steps(connection: Connection, messages: Sequence[Envelope]) -> list[Step]:
    """Move bookings by one message each, in the caller's transaction.

    Return the steps, in the order of the messages.

    Raises:
        UnknownMessageError: a message whose booking, or whose kind, does not exist.
    """
    if not messages:
        return []
    bookings = await _lock(connection, messages)
    steps = [_step(locked) for locked in bookings]
    dropping = [
        locked.message
        for locked, step in zip(bookings, steps, strict=True)
        if step.claims == "drop"
    ]
    for event in sorted({message.event for message in dropping}):
        of_event = [message.booking for message in dropping if message.event == event]
        await claims.release(connection, event, of_event)
    for at, (locked, step) in enumerate(zip(bookings, steps, strict=True)):
        if step.claims == "take" and not await claims.claim(
            connection, locked.message.event, [locked.claim_request]
        ):  # a late payment is rare: one statement each
            steps[at] = next_step(
                locked.current, SagaInput("seats_lost"), attempts_max=locked.attempts_max
            )
    await _save(connection, bookings, steps)
    return steps


async def _lock(connection: Connection, messages: Sequence[Envelope]) -> list[LockedBooking]:
    """Read each message's booking and lock its row until the transaction ends."""
    ids = [one.booking for one in messages]
    rows = await connection.fetch(
        """
        SELECT bookings.*, events.rules ->> 'payment_attempts_max' AS attempts_max
        FROM bookings JOIN events ON events.id = bookings.event
        WHERE bookings.id = ANY($1) ORDER BY bookings.id FOR UPDATE OF bookings
        """,
        ids,
    )
    payments = dict[UUID, dict[int, PaymentStatus]]()
    for row in await connection.fetch(
        "SELECT booking, attempt, state, overdue FROM payments WHERE booking = ANY($1)", ids
    ):
        found = PaymentStatus(row["state"], row["overdue"])
        payments.setdefault(row["booking"], {})[row["attempt"]] = found
    by_id = {row["id"]: row for row in rows}
    return [_locked(one, by_id.get(one.booking), payments.get(one.booking, {})) for one in messages]


def _locked(
    message: Envelope, row: asyncpg.Record | None, payments: Mapping[int, PaymentStatus]
) -> LockedBooking:
    if row is None or message.kind not in MESSAGES:
        raise UnknownMessageError(f"{message.kind!r} of booking {message.booking}")
    current = BookingState(
        row["state"], row["attempt"], row["paid"], row["claimed"], row["reason"], payments
    )
    seats = row["seats"]
    request = ClaimRequest(message.booking, seats, row["section"], row["quantity"] - len(seats))
    attempts_max = int(row["attempts_max"] or Rules().payment_attempts_max)
    return LockedBooking(message, current, attempts_max, request, row["step"])


def _step(locked: LockedBooking) -> Step:
    received = SagaInput(cast("Message", locked.message.kind), locked.message.attempt)
    return next_step(locked.current, received, attempts_max=locked.attempts_max)


async def _save(
    connection: Connection, bookings: Sequence[LockedBooking], steps: Sequence[Step]
) -> None:
    """Save what the steps change, enqueue their orders, and reject the wrong messages."""
    pairs = list(zip(bookings, steps, strict=True))
    await _save_payments(connection, pairs)
    await _save_bookings(connection, pairs)
    orders = [
        outbox.order(
            locked.message.booking, locked.message.event, kind, attempt,
            locked.step + (step.verdict == "moves"),
        )
        for locked, step in pairs
        for kind, attempt in step.orders
    ]  # fmt: skip
    await outbox.enqueue(connection, orders)
    await dead_letters.reject(
        connection,
        [
            Rejection(locked.message, "wrong_state", f"the booking is {locked.current.state}")
            for locked, step in pairs
            if step.verdict == "wrong"
        ],
    )


Pairs = Sequence[tuple[LockedBooking, Step]]


async def _save_payments(connection: Connection, pairs: Pairs) -> None:
    """Save the states of payments, and mark those whose refund is ordered."""
    refunding = {
        (locked.message.booking, attempt)
        for locked, step in pairs
        for kind, attempt in step.orders
        if kind == "refund"
    }
    rows = [
        (locked.message.booking, attempt, payment.state, payment.overdue,
         (locked.message.booking, attempt) in refunding)
        for locked, step in pairs
        for attempt, payment in step.after.payments.items()
        if payment != locked.current.payments.get(attempt)
        or (locked.message.booking, attempt) in refunding
    ]  # fmt: skip
    if rows:
        await connection.execute(
            """
            UPDATE payments SET state = to_state, overdue = is_overdue, changed_at = now(),
                refunding = refunding OR goes_back,
                asked_at = CASE WHEN goes_back THEN now() ELSE asked_at END
            FROM unnest($1::uuid[], $2::int[], $3::text[], $4::bool[], $5::bool[])
                AS given (of_booking, of_attempt, to_state, is_overdue, goes_back)
            WHERE booking = of_booking AND attempt = of_attempt
            """,
            *zip(*rows, strict=True),
        )


async def _save_bookings(connection: Connection, pairs: Pairs) -> None:
    """Save the states of bookings; only a transition counts a step."""
    rows: list[tuple[Any, ...]] = [
        (locked.message.booking, step.after.state, step.after.reason, step.after.paid,
         step.after.claimed, int(step.verdict == "moves"))
        for locked, step in pairs
        if step.verdict == "moves" or _columns(step.after) != _columns(locked.current)
    ]  # fmt: skip
    if rows:
        await connection.execute(
            """
            UPDATE bookings SET state = to_state, reason = to_reason, paid = paid_by,
                claimed = has_claims, step = step + moved,
                changed_at = CASE WHEN moved > 0 THEN now() ELSE changed_at END
            FROM unnest($1::uuid[], $2::text[], $3::text[], $4::int[], $5::bool[], $6::int[])
                AS given (of_booking, to_state, to_reason, paid_by, has_claims, moved)
            WHERE id = of_booking
            """,
            *zip(*rows, strict=True),
        )


def _columns(booking: BookingState) -> tuple[str, str, int]:
    return booking.state, booking.reason, booking.paid
