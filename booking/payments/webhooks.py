"""Webhooks of payment providers: each is committed before it is acknowledged.

The saga handles a notification as a message of the outbox, like any other. An alert is an entry of
the journal: it moves no booking.
"""

import logging
import time
import uuid
from collections.abc import Mapping, Sequence
from typing import NamedTuple

from booking_rush.booking import audit
from booking_rush.booking.messaging import outbox
from booking_rush.booking.payments.provider import (
    PaymentAlert,
    PaymentNotification,
    PaymentProvider,
)
from booking_rush.coalescing import coalesced
from booking_rush.errors import Invalid
from booking_rush.postgres import Pool
from booking_rush.tracing import spans
from booking_rush.tracing.spans import Work

log = logging.getLogger(__name__)


class ReceivedNotification(NamedTuple):
    """A notification, the name of the provider that signed it, and the context of its trace."""

    provider: str
    notification: PaymentNotification
    trace: str = ""


class Webhooks:
    """Receiver of webhooks; notifications that arrive together are enqueued in one statement."""

    def __init__(self, pool: Pool) -> None:
        self._pool = pool
        self._enqueuing = coalesced(self._enqueue)

    async def receive(
        self, provider: PaymentProvider, headers: Mapping[str, str], body: bytes
    ) -> PaymentAlert | None:
        """Verify a webhook. Enqueue its notification, or record its alert, unless it is a repeat.

        Return the alert that was recorded.

        Raises:
            BadSignature: the provider did not sign it.
            Invalid: the provider signed it, and its body is malformed.
        """
        try:
            received = provider.read_webhook(headers, body, now=time.time())
        except ValueError as error:
            raise Invalid(("body", str(error))) from error
        if isinstance(received, PaymentAlert):
            return received if await self._record_alert(provider.name, received) else None
        if received is not None:
            trace = spans.current()
            await self._enqueuing.do(ReceivedNotification(provider.name, received, trace))
        return None

    async def _record_alert(self, provider: str, alert: PaymentAlert) -> bool:
        """Record an alert in the journal, once. Return whether it is new, and of a payment of ours.

        Its payment is compared with the provider: parts may have become the whole.
        """
        async with self._pool.acquire() as connection, connection.transaction():
            found = await connection.fetchrow(
                ALERTED, provider, alert.booking, alert.attempt, alert.payment
            )
            if found is None:
                log.warning("alert of no payment of theirs provider=%s id=%s", provider, alert.id)
                return False
            id_ = uuid.uuid5(outbox.NAMESPACE, f"{provider}:{alert.id}")
            booking, attempt = found["booking"], found["attempt"]
            if not await connection.fetchval(ALERT_ONCE, booking, attempt, id_):
                return False
            await audit.record(
                connection, provider, f"payment_{alert.kind}", found["event"],
                booking=str(booking), attempt=attempt, amount=alert.amount,
                currency=alert.currency, status=alert.status, payment=alert.payment,
            )  # fmt: skip
        log.warning(
            "payment %s provider=%s booking=%s amount=%d %s status=%s",
            alert.kind, provider, booking, alert.amount, alert.currency, alert.status,
        )  # fmt: skip
        return True

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
            with spans.batch(
                {str(one.booking): Work("enqueue", trace) for _, one, trace in received if trace}
            ):
                messages = [
                    outbox.message(f"bank:{one.id}", one.booking, events[n], one.kind, one.attempt)
                    for n, (_, one, _) in enumerate(received, 1)
                    if n in events and one.kind != "changed"
                ]
            await outbox.enqueue(connection, messages)
            changed = [
                (one.booking, one.attempt)
                for n, (_, one, _) in enumerate(received, 1)
                if n in events and one.kind == "changed"
            ]
            if changed:
                await connection.execute(CHANGED, *zip(*changed, strict=True))
        for n, (provider, one, _) in enumerate(received, 1):
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

# The payment by our metadata, or by the intent that its client secret begins with.
ALERTED = """
    SELECT booking, found.attempt, event FROM (
        SELECT booking, attempt, provider FROM payments WHERE booking = $2 AND attempt = $3
        UNION ALL
        SELECT booking, attempt, provider FROM payments
        WHERE $4 <> '' AND client_secret <> '' AND split_part(client_secret, '_secret_', 1) = $4
    ) AS found JOIN bookings ON bookings.id = booking
    WHERE found.provider = $1 LIMIT 1
"""

# The payment has it, as nothing else lives as long: Stripe repeats when it likes.
ALERT_ONCE = """
    UPDATE payments SET alerts = alerts || $3::uuid, changed_at = now()
    WHERE booking = $1 AND attempt = $2 AND NOT $3::uuid = ANY(alerts)
    RETURNING true
"""

EVENTS = """
    SELECT n, event
    FROM unnest($1::uuid[], $2::int[], $3::text[]) WITH ORDINALITY
        AS received (of_booking, of_attempt, signed_by, n)
    JOIN bookings ON bookings.id = of_booking
    WHERE NOT EXISTS (SELECT FROM payments
        WHERE booking = of_booking AND attempt = of_attempt AND provider <> signed_by)
"""
