"""The outbox table as the saga's log, where there is no Kafka."""

from collections.abc import Collection, Sequence
from uuid import UUID

from booking_rush.booking.messaging import dead_letters, message_log
from booking_rush.booking.messaging.message_log import Failure, Rejection, pause_s
from booking_rush.booking.messaging.outbox import Envelope, mark_done
from booking_rush.lease import Lease
from booking_rush.postgres import Pool


class TableLog:
    """A `MessageLog` on the outbox table, consumed by the worker that holds the lease."""

    def __init__(self, pool: Pool, holder: str) -> None:
        self._pool = pool
        self._lease = Lease(pool, "conduct", holder)

    async def read(self, busy: Collection[UUID] = (), full: Collection[str] = ()) -> list[Envelope]:
        """Return the oldest envelopes of each lane, fair between events.

        Left out are bookings that are busy or wait for a retry, and lanes that are full. Return
        none without the lease.
        """
        if not await self._lease.is_held():
            return []
        rows = await self._pool.fetch(
            READ, message_log.ROWS_MAX, message_log.PROVIDER_ROWS_MAX, list(busy), list(full)
        )
        return [Envelope(*row) for row in rows]

    async def done(self, envelopes: Sequence[Envelope]) -> None:
        """Mark handled envelopes in the outbox."""
        await mark_done(self._pool, [one.id for one in envelopes])

    async def retry(self, failures: Sequence[Failure]) -> None:
        """Save when failed envelopes are due again, and why they failed."""
        if not failures:
            return
        rows = [(f.envelope.id, pause_s(f.envelope.tries), f.why[:500]) for f in failures]
        await self._pool.execute(
            """
            UPDATE outbox SET tries = tries + 1, due_at = now() + make_interval(secs => wait_s),
                error = why
            FROM unnest($1::uuid[], $2::float8[], $3::text[]) AS failed (failed_id, wait_s, why)
            WHERE id = failed_id
            """,
            *zip(*rows, strict=True),
        )

    async def reject(self, rejections: Sequence[Rejection]) -> None:
        """Park rejected envelopes, and save them as dead letters."""
        await dead_letters.reject(self._pool, rejections)

    async def lag(self) -> int:
        """Return the number of rows that are neither handled nor parked."""
        return await self._pool.fetchval(COUNT_UNFINISHED)  # type: ignore[no-any-return]

    async def close(self) -> None:
        """Release the lease."""
        await self._lease.release()


COUNT_PARKED = "SELECT count(*) FROM outbox WHERE parked AND done_at IS NULL"
COUNT_UNFINISHED = "SELECT count(*) FROM outbox WHERE done_at IS NULL AND NOT parked"

# Lanes and events are found by skipping through the index from each to the next one, whatever
# stands in between, so that twenty thousand waiting charges cost no more than the rows returned.
READ = """
    WITH RECURSIVE part AS (
        (SELECT lane, event FROM outbox WHERE done_at IS NULL AND NOT parked
         ORDER BY lane, event LIMIT 1)
        UNION ALL
        SELECT next.lane, next.event FROM part, LATERAL (
            SELECT lane, event FROM outbox WHERE done_at IS NULL AND NOT parked
                AND (lane, event) > (part.lane, part.event)
            ORDER BY lane, event LIMIT 1) AS next),
    portion AS (
        SELECT lane, event, bound, greatest(16, bound / count(*) OVER (PARTITION BY lane)) AS share
        FROM part, LATERAL (SELECT CASE WHEN lane = '' THEN $1::int ELSE $2::int END AS bound) AS b
        WHERE lane <> ALL ($4::text[])),
    waits AS MATERIALIZED (
        SELECT booking FROM outbox
        WHERE due_at > at AND done_at IS NULL AND NOT parked AND due_at > now()
        UNION ALL SELECT unnest($3::uuid[])),
    fair AS (
        SELECT one.*, portion.lane, bound, row_number() OVER (
            PARTITION BY portion.lane ORDER BY nth, seq) AS place
        FROM portion, LATERAL (
            SELECT seq, row_number() OVER (ORDER BY seq) AS nth, id, booking, event, topic, kind,
                attempt, step, tries, trace
            FROM outbox WHERE done_at IS NULL AND NOT parked AND outbox.lane = portion.lane
                AND outbox.event = portion.event AND booking NOT IN (SELECT booking FROM waits)
            ORDER BY seq LIMIT share) AS one)
    SELECT id, booking, event, topic, kind, attempt, step, tries, trace FROM fair
    WHERE place <= bound ORDER BY seq
"""
