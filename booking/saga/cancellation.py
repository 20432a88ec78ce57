"""Cancellation of a confirmed booking: the money is refunded first, then the seats are freed."""

from uuid import UUID

from booking_rush.booking import audit
from booking_rush.booking.holds import bookings
from booking_rush.booking.holds.bookings import Booking
from booking_rush.booking.holds.serializers import sections_of
from booking_rush.booking.messaging import outbox
from booking_rush.booking.saga.messages import apply_steps
from booking_rush.errors import Refusal
from booking_rush.postgres import Connection, Pool


class NotRefundable(Refusal):
    """That booking cannot be given back."""

    code, status = "not_refundable", 409


async def cancel(
    pool: Pool, booking: UUID, who: str, *, after_begin: bool = False, reason: str | None = None
) -> Booking:
    """Cancel a confirmed booking, for `who`. Return it as it is after that.

    The reason is recorded in the journal, and shown to nobody else.
    A booking that is being refunded already is returned unchanged; `after_begin` also allows one
    whose show has begun.

    Raises:
        NotRefundable: it is not confirmed, or its show has begun.
        UnknownBooking: there is none.
    """
    async with pool.acquire() as connection, connection.transaction():
        found = await bookings.get(connection, booking)
        if not after_begin and await _has_begun(connection, found):
            raise NotRefundable("its show has begun")
        request = outbox.message(
            f"cancel:{booking}:{found.step}", booking, found.event, "cancel_asked", 0
        )
        [step] = await apply_steps(connection, [request])
        if step.verdict == "refused":
            raise NotRefundable(f"a booking that is {step.after.state} cannot be given back")
        if step.verdict == "moves":
            why = {"reason": reason} if reason else {}
            await audit.record(connection, who, "refund", found.event, booking=str(booking), **why)
        return await bookings.get(connection, booking)


async def _has_begun(connection: Connection, booking: Booking) -> bool:
    """Return whether any show of this booking has begun."""
    sections = sections_of(booking.seats, booking.section)
    begun: bool = await connection.fetchval(
        """
        SELECT coalesce(bool_or(starts_at <= now()), false)
        FROM sections JOIN shows ON shows.event = sections.event AND shows.id = sections.show
        WHERE sections.event = $1 AND sections.id = ANY($2)
        """,
        booking.event,
        list(sections),
    )
    return begun
