"""Orders and messages of the saga on their way: rows of the transaction that causes them."""

import uuid
from collections.abc import Sequence
from typing import Literal, NamedTuple
from uuid import UUID

from booking_rush.postgres import Connection, Pool

Topic = Literal["orders", "messages"]

NAMES = UUID("7d0c0b1e-6e4b-5f0a-9d6a-3b1c9c6a2f10")  # of ids that are made from what they say


class Envelope(NamedTuple):
    """One order or message; `id` is what an inbox remembers, `tries` how often it failed."""

    id: UUID
    booking: UUID
    event: str
    topic: Topic
    kind: str
    attempt: int
    step: int
    tries: int = 0


def order(booking: UUID, event: str, kind: str, attempt: int, step: int) -> Envelope:
    """An order, given in the step of its booking."""
    return Envelope(uuid.uuid4(), booking, event, "orders", kind, attempt, step)


def message(said: str, booking: UUID, event: str, kind: str, attempt: int) -> Envelope:
    """A message; whoever says the same again makes the same id."""
    return Envelope(uuid.uuid5(NAMES, said), booking, event, "messages", kind, attempt, 0)


async def put(connection: Connection, envelopes: Sequence[Envelope]) -> int:
    """Send these in their order when the transaction commits; how many were not sent before."""
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
    """These are carried out, or heard."""
    if ids:
        await pool.execute(
            "UPDATE outbox SET done_at = now() WHERE id = ANY($1) AND done_at IS NULL", ids
        )
