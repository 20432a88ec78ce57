"""The saga's outbox: orders and messages, inserted in the transaction that causes them."""

import uuid
from collections.abc import Sequence
from typing import Literal, NamedTuple
from uuid import UUID

from booking_rush.postgres import Connection, Pool
from booking_rush.tracing import spans

Topic = Literal["orders", "messages"]

PAYMENT_ORDERS = frozenset({"charge", "cancel_charge", "refund"})  # of a payment provider
NAMESPACE = UUID("7d0c0b1e-6e4b-5f0a-9d6a-3b1c9c6a2f10")  # of ids that are derived by uuid5


class Envelope(NamedTuple):
    """One order or message; consumers deduplicate by `id`, `tries` counts its failures.

    `trace` is the context of the span in which it was made, empty where that is not traced.
    """

    id: UUID
    booking: UUID
    event: str
    topic: Topic
    kind: str
    attempt: int
    step: int
    tries: int = 0
    trace: str = ""


def order(booking: UUID, event: str, kind: str, attempt: int, step: int) -> Envelope:
    """Return a new order of this step of its booking."""
    trace = spans.context_of(str(booking))
    return Envelope(uuid.uuid4(), booking, event, "orders", kind, attempt, step, trace=trace)


def message(cause: str, booking: UUID, event: str, kind: str, attempt: int) -> Envelope:
    """Return a message whose id is derived from its cause: the same cause, the same message."""
    id_, trace = uuid.uuid5(NAMESPACE, cause), spans.context_of(str(booking))
    return Envelope(id_, booking, event, "messages", kind, attempt, 0, trace=trace)


async def enqueue(connection: Connection, envelopes: Sequence[Envelope]) -> int:
    """Insert envelopes in this order. Return how many were not in the outbox before.

    An order that a payment provider is to be asked, and the orders of its booking after it, are in
    that provider's lane. A total of 0 is charged and refunded without one.
    """
    if not envelopes:
        return 0
    *columns, _, traces = zip(*envelopes, strict=True)
    done = await connection.execute(
        """
        WITH sent AS (
            SELECT sent.*, CASE WHEN topic = 'orders' AND kind = ANY($8) THEN (
                SELECT provider FROM payments WHERE payments.booking = sent.booking
                    AND payments.attempt = sent.attempt AND amount > 0) END AS provider
            FROM unnest($1::uuid[], $2::uuid[], $3::text[], $4::text[], $5::text[], $6::int[],
                $7::int[], $9::text[]) WITH ORDINALITY
                AS sent (id, booking, event, topic, kind, attempt, step, trace, n))
        INSERT INTO outbox (id, booking, event, topic, kind, attempt, step, trace, lane)
        SELECT id, booking, event, topic, kind, attempt, step, trace,
            coalesce(max(provider) OVER (PARTITION BY booking, topic ORDER BY n), '')
        FROM sent ORDER BY n
        ON CONFLICT (id) DO NOTHING
        """,
        *columns,
        sorted(PAYMENT_ORDERS),
        traces,
    )
    return int(done.rpartition(" ")[2])


async def mark_done(pool: Pool, ids: Sequence[UUID]) -> None:
    """Mark envelopes as handled; a dead letter that was tried again until it worked is replayed."""
    if ids:
        await pool.execute(
            """
            WITH settled AS (
                UPDATE outbox SET done_at = now() WHERE id = ANY($1) AND done_at IS NULL
                RETURNING id, rounds)
            UPDATE dead SET replayed_at = now()
            WHERE id IN (SELECT id FROM settled WHERE rounds > 0) AND replayed_at IS NULL
            """,
            ids,
        )
