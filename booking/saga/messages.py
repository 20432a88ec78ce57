"""Messages move bookings by the saga's table: many bookings in one transaction, each by one."""

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

CONSUMER = "saga"


class UnknownMessageError(Exception):
    """A message of no booking, or of a kind that there is not."""


@dataclass(frozen=True, slots=True)
class LockedBooking:
    """A booking, locked, and the message that it hears."""

    message: Envelope
    had: BookingState
    attempts_max: int
    wanted: ClaimRequest
    number: int  # the step at which it is


async def handle(pool: Pool, messages: Sequence[Envelope]) -> None:
    """Let bookings take the steps that messages ask for, one each; what was heard is passed over.

    Raises:
        StrangeMessageError: nothing was heard, because one of them cannot be.
    """
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
    """The steps that bookings take, one message each, in the caller's transaction.

    Raises:
        StrangeMessageError: a message of no booking, or of a kind that there is not.
    """
    if not messages:
        return []
    cases = await _lock(connection, messages)
    steps = [_step(case) for case in cases]
    drops = [case.message for case, step in zip(cases, steps, strict=True) if step.claims == "drop"]
    for event in sorted({one.event for one in drops}):
        of_event = [one.booking for one in drops if one.event == event]
        await claims.release(connection, event, of_event)
    for at, (case, step) in enumerate(zip(cases, steps, strict=True)):
        if step.claims == "take" and not await claims.claim(
            connection, case.message.event, [case.wanted]
        ):  # money that comes late is rare: one by one
            steps[at] = next_step(case.had, SagaInput("seats_lost"), attempts_max=case.attempts_max)
    await _write(connection, cases, steps)
    return steps


async def _lock(connection: Connection, messages: Sequence[Envelope]) -> list[LockedBooking]:
    """Every booking as the saga sees it, locked until the transaction ends."""
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
    standing = BookingState(
        row["state"], row["attempt"], row["paid"], row["claimed"], row["reason"], payments
    )
    wanted = ClaimRequest(message.booking, row["seats"], row["section"], row["quantity"])
    attempts_max = int(row["attempts_max"] or Rules().payment_attempts_max)
    return LockedBooking(message, standing, attempts_max, wanted, row["step"])


def _step(case: LockedBooking) -> Step:
    heard = SagaInput(cast("Message", case.message.kind), case.message.attempt)
    return next_step(case.had, heard, attempts_max=case.attempts_max)


async def _write(
    connection: Connection, cases: Sequence[LockedBooking], steps: Sequence[Step]
) -> None:
    """Everything that the steps change: payments, bookings, what is ordered, who is dead."""
    pairs = list(zip(cases, steps, strict=True))
    await _write_payments(connection, pairs)
    await _write_bookings(connection, pairs)
    orders = [
        outbox.order(
            case.message.booking, case.message.event, kind, attempt,
            case.number + (step.verdict == "moves"),
        )
        for case, step in pairs
        for kind, attempt in step.orders
    ]  # fmt: skip
    await outbox.enqueue(connection, orders)
    await dead_letters.reject(
        connection,
        [
            Rejection(case.message, "wrong_state", f"the booking is {case.had.state}")
            for case, step in pairs
            if step.verdict == "wrong"
        ],
    )


Pairs = Sequence[tuple[LockedBooking, Step]]


async def _write_payments(connection: Connection, pairs: Pairs) -> None:
    """How far tries came, and of which the money goes back."""
    refunding = {
        (case.message.booking, attempt)
        for case, step in pairs
        for kind, attempt in step.orders
        if kind == "refund"
    }
    rows = [
        (case.message.booking, attempt, payment.state, payment.overdue,
         (case.message.booking, attempt) in refunding)
        for case, step in pairs
        for attempt, payment in step.then.payments.items()
        if payment != case.had.payments.get(attempt)
        or (case.message.booking, attempt) in refunding
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


async def _write_bookings(connection: Connection, pairs: Pairs) -> None:
    """How bookings stand now; only one that moved counts a step."""
    rows: list[tuple[Any, ...]] = [
        (case.message.booking, step.then.state, step.then.reason, step.then.paid,
         step.then.claimed, int(step.verdict == "moves"))
        for case, step in pairs
        if step.verdict == "moves" or _shown(step.then) != _shown(case.had)
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


def _shown(standing: BookingState) -> tuple[str, str, int]:
    return standing.state, standing.reason, standing.paid
