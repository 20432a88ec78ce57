"""A lease: who does a duty of which one is enough; it saves work, and no promise rests on it."""

import time

from booking_rush.postgres import Pool

LEASE_S = 1.5  # a holder that was stopped is followed this soon
RENEW_S = 0.3


class Lease:
    """One duty's lease, as one process tries to hold it."""

    def __init__(self, pool: Pool, duty: str, holder: str) -> None:
        self._pool = pool
        self._duty = duty
        self._holder = holder
        self._renewed_at = -LEASE_S
        self._held = False

    async def is_held(self) -> bool:
        """Take or keep it; whether we have it. Asks Postgres only where that is due.

        Raises:
            asyncpg.PostgresError, OSError: Postgres did not answer; ask again.
        """
        if time.monotonic() - self._renewed_at >= RENEW_S:
            self._held = False
            done = await self._pool.execute(
                """
                INSERT INTO leases (duty, holder) VALUES ($1, $2)
                ON CONFLICT (duty) DO UPDATE SET holder = $2, held_at = now()
                WHERE leases.holder = $2 OR leases.held_at < now() - make_interval(secs => $3)
                """,
                self._duty, self._holder, LEASE_S,
            )  # fmt: skip
            self._held = done == "INSERT 0 1"
            self._renewed_at = time.monotonic()
        return self._held

    async def release(self) -> None:
        """Give it up, so that another may begin at once."""
        await self._pool.execute(
            "DELETE FROM leases WHERE duty = $1 AND holder = $2", self._duty, self._holder
        )
        self._held, self._renewed_at = False, -LEASE_S
