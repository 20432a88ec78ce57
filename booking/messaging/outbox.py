"""The saga's outbox: orders and messages, inserted in the transaction that causes them."""

import uuid
from collections.abc import Sequence
from typing import Literal, NamedTuple
from uuid import UUID

from booking_rush.postgres import Connection, Pool

Topic = Literal["orders", "messages"]

NAMESPACE = UUID("7d0c0b1e-6e4b-5f0a-9d6a-3b1c9c6a2f10")  # of ids that are derived by uuid5


class Envelope(NamedTuple):
    """One order or message; consumers deduplicate by `id`, `tries` counts its failures."""

    id: UUID
    booking: UUID
    event: str
    topic: Topic
    kind: str
    attempt: int
    step: int
    tries: int = 0


def order(booking: UUID, event: str, kind: str, attempt: int, step: int) -> Envelope:
    """Return a new order of this step of its booking."""
    return Envelope(uuid.uuid4(), booking, event, "orders", kind, attempt, step)


def message(cause: str, booking: UUID, event: str, kind: str, attempt: int) -> Envelope:
    """Return a message whose id is derived from its cause: the same cause, the same message."""
    return Envelope(uuid.uuid5(NAMESPACE, cause), booking, event, "messages", kind, attempt, 0)


async def enqueue(connection: Connection, envelopes: Sequence[Envelope]) -> int:
    """Insert envelopes in this order. Return how many were not in the outbox before."""
    if not envelopes:
        return 0
    columns = list(zip(*envelopes, strict=True))[:7]
    done = await connection.execute(
        """
        INSERT INTO outbox (id, booking, event, topic, kind, attempt, step)
        SELECT id, booking, event, topic, kind, attempt, step
        FROM unnest($1::uuid[], $2::uuid[], $3::text[], $4::text[], $5::text[], $6::int[],
            $7::int[]) WITH ORDINALITY AS sent (id, booking, event, topic, kind, attempt, step, n)
        ORDER BY n
        ON CONFLICT (id) DO NOTHING
        """,
        *columns,
    )
    return int(done.rpartition(" ")[2])


async def mark_done(pool: Pool, ids: Sequence[UUID]) -> None:
    """Mark envelopes as handled."""
    if ids:
        await pool.execute(
            "UPDATE outbox SET done_at = now() WHERE id = ANY($1) AND done_at IS NULL", ids
        )
