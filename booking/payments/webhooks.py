"""Webhooks of payment providers: each notification is enqueued before it is acknowledged.

The saga handles it as a message of the outbox, like any other.
"""

import logging
import time
from collections.abc import Mapping, Sequence
from typing import NamedTuple

from booking_rush.booking.messaging import outbox
from booking_rush.booking.payments.provider import PaymentNotification, PaymentProvider
from booking_rush.coalescing import coalesced
from booking_rush.errors import Invalid
from booking_rush.postgres import Pool

log = logging.getLogger(__name__)


class ReceivedNotification(NamedTuple):
    """A notification, and the name of the provider that signed it."""

    provider: str
    notification: PaymentNotification


class Webhooks:
    """Receiver of webhooks; notifications that arrive together are enqueued in one statement."""

    def __init__(self, pool: Pool) -> None:
        self._pool = pool
        self._enqueuing = coalesced(self._enqueue)

    async def receive(
        self, provider: PaymentProvider, headers: Mapping[str, str], body: bytes
    ) -> None:
        """Verify a webhook, and enqueue its notification unless it was enqueued before.

        Raises:
            BadSignature: the provider did not sign it.
            Invalid: the provider signed it, and its body is malformed.
        """
        try:
            notification = provider.read_webhook(headers, body, now=time.time())
        except ValueError as error:
            raise Invalid(("body", str(error))) from error
        if notification is not None:
            await self._enqueuing.do(ReceivedNotification(provider.name, notification))

    async def _enqueue(self, received: Sequence[ReceivedNotification]) -> list[None]:
        """Enqueue notifications about payments of the provider that signed them.

        Others are dropped: access to one provider must not pay what is charged at another.
        """
        async with self._pool.acquire() as connection:
            rows = await connection.fetch(
                EVENTS,
                [one.notification.booking for one in received],
                [one.notification.attempt for one in received],
                [one.provider for one in received],
            )
            events: dict[int, str] = {row["n"]: row["event"] for row in rows}
            messages = [
                outbox.message(f"bank:{one.id}", one.booking, events[n], one.kind, one.attempt)
                for n, (_, one) in enumerate(received, 1)
                if n in events and one.kind != "changed"
            ]
            await outbox.enqueue(connection, messages)
            changed = [
                (one.booking, one.attempt)
                for n, (_, one) in enumerate(received, 1)
                if n in events and one.kind == "changed"
            ]
            if changed:
                await connection.execute(CHANGED, *zip(*changed, strict=True))
        for n, (provider, one) in enumerate(received, 1):
            if n not in events:
                log.warning(
                    "webhook of no payment of theirs provider=%s id=%s booking=%s",
                    provider, one.id, one.booking,
                )  # fmt: skip
        return [None] * len(received)


# What has changed a moment ago is compared with its provider by the reconcile duty.
CHANGED = """
    UPDATE payments SET changed_at = now()
    FROM unnest($1::uuid[], $2::int[]) AS given (of_booking, of_attempt)
    WHERE booking = of_booking AND attempt = of_attempt
"""

EVENTS = """
    SELECT n, event
    FROM unnest($1::uuid[], $2::int[], $3::text[]) WITH ORDINALITY
        AS received (of_booking, of_attempt, signed_by, n)
    JOIN bookings ON bookings.id = of_booking
    WHERE NOT EXISTS (SELECT FROM payments
        WHERE booking = of_booking AND attempt = of_attempt AND provider <> signed_by)
"""
