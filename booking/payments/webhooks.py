"""A bank's word is kept in the outbox before it is acknowledged; the saga hears it from there."""

import logging
import time
from collections.abc import Mapping, Sequence
from typing import NamedTuple

from booking_rush.booking.messaging import outbox
from booking_rush.booking.payments.provider import PaymentNotification, Payments
from booking_rush.coalescing import coalesced
from booking_rush.errors import Invalid
from booking_rush.postgres import Pool

log = logging.getLogger(__name__)


class PaymentEvent(NamedTuple):
    """What a provider has told."""

    provider: str
    told: PaymentNotification


class Webhooks:
    """Words of banks as they come; those that come together are kept together."""

    def __init__(self, pool: Pool) -> None:
        self._pool = pool
        self._words = coalesced(self._keep)

    async def receive(self, payments: Payments, headers: Mapping[str, str], body: bytes) -> None:
        """Keep the word of a webhook; one that was kept already is acknowledged again.

        Raises:
            BadSignature: it is not the provider's.
            Invalid: it is, and says nothing that we understand.
        """
        try:
            told = payments.read(headers, body, now=time.time())
        except ValueError as error:
            raise Invalid(("body", str(error))) from error
        if told is not None:
            await self._words.do(PaymentEvent(payments.provider, told))

    async def _keep(self, words: Sequence[PaymentEvent]) -> list[None]:
        """Keep words about payments of their own providers.

        Who works at one provider may not pay what is paid at another.
        """
        async with self._pool.acquire() as connection:
            rows = await connection.fetch(
                EVENTS,
                [word.told.booking for word in words],
                [word.told.attempt for word in words],
                [word.provider for word in words],
            )
            events: dict[int, str] = {row["n"]: row["event"] for row in rows}
            said = [
                outbox.message(f"bank:{t.id}", t.booking, events[n], t.word, t.attempt)
                for n, (_, t) in enumerate(words, 1)
                if n in events
            ]
            await outbox.put(connection, said)
        for n, (provider, told) in enumerate(words, 1):
            if n not in events:
                log.warning(
                    "webhook of no payment of theirs provider=%s id=%s booking=%s",
                    provider, told.id, told.booking,
                )  # fmt: skip
        return [None] * len(words)


EVENTS = """
    SELECT n, event
    FROM unnest($1::uuid[], $2::int[], $3::text[]) WITH ORDINALITY
        AS said (of_booking, of_attempt, by, n)
    JOIN bookings ON bookings.id = of_booking
    WHERE NOT EXISTS (SELECT FROM payments
        WHERE booking = of_booking AND attempt = of_attempt AND provider <> by)
"""
