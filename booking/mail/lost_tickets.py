"""Lost tickets: a buyer names reference and address, and gets the mail about the booking again.

The answer is the same whether there is such a booking or not: only the mailbox tells.
"""

from booking_rush.booking.holds.booking_search import digits_of, reference_letters
from booking_rush.booking.holds.states import MAILED
from booking_rush.errors import Invalid
from booking_rush.postgres import Pool

PAUSE_MINUTES = 10  # between two mails about one booking


def letters_of(reference: str) -> str:
    """Return the ten letters of a reference as a person writes it.

    Raises:
        Invalid: it is no reference.
    """
    letters = reference_letters(reference)
    if letters is None:
        raise Invalid(("reference", "ten letters and digits, as in ABCDE-FGHIJ"))
    return letters


async def mail_again(pool: Pool, letters: str, email: str) -> bool:
    """Make the mail about a booking due once more, unless one was just asked for.

    Return whether there is such a booking with this address, and its mail is on its way.
    """
    done: str = await pool.execute(
        ASK_AGAIN, *digits_of(letters), email, list(MAILED), PAUSE_MINUTES
    )
    return not done.endswith(" 0")


# The index is that of addresses. A mail that waits to be sent stays as it is.
ASK_AGAIN = """
    INSERT INTO mails AS had (booking, kind, asked, asked_at)
    SELECT bookings.id, bookings.state, 1, now()
    FROM contacts JOIN bookings ON bookings.id = contacts.booking
    WHERE lower(contacts.email) = lower($3) AND bookings.state = ANY($4)
        AND substr(bookings.id::text, 22) COLLATE "C" BETWEEN $1 AND $2
    ON CONFLICT (booking, kind) DO UPDATE SET sent_at = NULL, parked = false, tries = 0,
        due_at = now(), error = '', asked = had.asked + 1, asked_at = now()
    WHERE (had.sent_at IS NOT NULL OR had.parked)
        AND (had.asked_at IS NULL OR had.asked_at < now() - make_interval(mins => $5))
"""
