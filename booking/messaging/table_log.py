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

    async def read(self, busy: Collection[UUID] = ()) -> list[Envelope]:
        """Return the oldest envelopes, except of bookings that are busy or wait for a retry.

        Return none without the lease.
        """
        if not await self._lease.is_held():
            return []
        rows = await self._pool.fetch(
            """
            SELECT id, booking, event, topic, kind, attempt, step, tries FROM outbox
            WHERE done_at IS NULL AND NOT parked AND booking NOT IN (
                SELECT booking FROM outbox
                WHERE done_at IS NULL AND NOT parked AND due_at > now()
                UNION ALL SELECT unnest($2::uuid[]))
            ORDER BY seq LIMIT $1
            """,
            message_log.ROWS_MAX,
            list(busy),
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


COUNT_UNFINISHED = "SELECT count(*) FROM outbox WHERE done_at IS NULL AND NOT parked"
