"""A bank's word is kept in the outbox before it is acknowledged; the saga hears it from there."""

import logging
import time
from collections.abc import Mapping

from booking_rush.booking import outbox
from booking_rush.booking.payments import Payments
from booking_rush.lua.refusals import Invalid
from booking_rush.queue.postgres import Pool

log = logging.getLogger(__name__)


async def take(pool: Pool, payments: Payments, headers: Mapping[str, str], body: bytes) -> None:
    """Keep the word of a webhook; one that was kept already is acknowledged again.

    Raises:
        BadSignature: it is not the provider's.
        Invalid: it is, and says nothing that we understand.
    """
    try:
        told = payments.read(headers, body, now=time.time())
    except ValueError as error:
        raise Invalid(("body", str(error))) from error
    if told is None:
        return
    async with pool.acquire() as connection, connection.transaction():
        event = await connection.fetchval(
            """
            SELECT event FROM bookings WHERE id = $1 AND NOT EXISTS (SELECT FROM payments
                WHERE booking = $1 AND attempt = $2 AND provider <> $3)
            """,
            told.booking, told.attempt, payments.provider,
        )  # fmt: skip
        if event is None:  # or it is another provider's: who works at one may not pay at another
            log.warning("webhook of no payment of theirs id=%s booking=%s", told.id, told.booking)
            return
        said = outbox.message(f"bank:{told.id}", told.booking, event, told.word, told.attempt)
        await outbox.put(connection, [said])
