"""Lease of a duty for one process at a time; it saves work, and correctness does not need it."""

import time

from booking_rush.postgres import Pool

LEASE_S = 1.5  # without a renewal; then another process may take the lease
RENEW_S = 0.3


class Lease:
    """Lease of one duty for one process, which is `holder`."""

    def __init__(self, pool: Pool, duty: str, holder: str) -> None:
        self._pool = pool
        self._duty = duty
        self._holder = holder
        self._renewed_at = -LEASE_S
        self._held = False

    async def is_held(self) -> bool:
        """Take or renew the lease in Postgres, if RENEW_S have passed. Return whether we have it.

        Raises:
            asyncpg.PostgresError, OSError: Postgres did not answer; call again.
        """
        if time.monotonic() - self._renewed_at >= RENEW_S:
            self._held = False
            status = await self._pool.execute(
                """
                INSERT INTO leases (duty, holder) VALUES ($1, $2)
                ON CONFLICT (duty) DO UPDATE SET holder = $2, held_at = now()
                WHERE leases.holder = $2 OR leases.held_at < now() - make_interval(secs => $3)
                """,
                self._duty, self._holder, LEASE_S,
            )  # fmt: skip
            self._held = status == "INSERT 0 1"
            self._renewed_at = time.monotonic()
        return self._held

    async def release(self) -> None:
        """Delete the lease, so that another process may take it at once."""
        await self._pool.execute(
            "DELETE FROM leases WHERE duty = $1 AND holder = $2", self._duty, self._holder
        )
        self._held, self._renewed_at = False, -LEASE_S
