"""Mails sent again: an operator asks for the mail about a booking as it is now."""

from uuid import UUID

from booking_rush.booking import audit
from booking_rush.booking.holds import bookings
from booking_rush.booking.holds.states import MAILED
from booking_rush.errors import Refusal
from booking_rush.postgres import Pool


class NoMail(Refusal):
    """There is no mail about that booking: its buyer left no address, or its state has none."""

    code, status = "no_mail", 409


async def send_again(pool: Pool, booking: UUID, *, who: str) -> None:
    """Make the mail about a booking due once more; one that is on its way stays as it is.

    Raises:
        UnknownBooking: there is none.
        NoMail: its buyer left no address, or nothing is mailed about its state.
    """
    async with pool.acquire() as connection, connection.transaction():
        found = await bookings.get(connection, booking)
        has_contact = await connection.fetchval(HAS_CONTACT, booking)
        if found.state not in MAILED or not has_contact:
            raise NoMail
        await connection.execute(ASK_AGAIN, booking, found.state)
        await audit.record(connection, who, "mail", found.event, booking=str(booking))


HAS_CONTACT = "SELECT EXISTS (SELECT FROM contacts WHERE booking = $1 AND email IS NOT NULL)"

# Its retention may have deleted the row of the first one.
ASK_AGAIN = """
    INSERT INTO mails AS had (booking, kind, asked, asked_at) VALUES ($1, $2, 1, now())
    ON CONFLICT (booking, kind) DO UPDATE SET sent_at = NULL, parked = false, tries = 0,
        due_at = now(), error = '', asked = had.asked + 1, asked_at = now()
    WHERE had.sent_at IS NOT NULL OR had.parked
"""
