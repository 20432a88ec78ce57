"""Heads of journals, signed each minute while they grow: an old one proves what was then."""

import asyncio
import time
from collections.abc import Callable

from booking_rush.postgres import Pool

EVERY_S = 60.0

SignHead = Callable[[str, int, str, int], str]  # the event; n, hash and at_ms of its head


class HeadSigner:
    """Signs the heads of every event's journal; any number of processes may, the first counts."""

    def __init__(self, pool: Pool, sign: SignHead) -> None:
        self._pool = pool
        self._sign = sign
        self._next_at = time.monotonic() + EVERY_S

    async def run_once(self) -> int:
        """Sign, if a minute has passed. Return how many heads were signed."""
        if time.monotonic() < self._next_at:
            return 0
        self._next_at = time.monotonic() + EVERY_S
        return await self.sign_all()

    async def sign_all(self) -> int:
        """Sign every head that has grown since it was signed last. Return how many they were."""
        rows = await self._pool.fetch(GROWN)
        for row in rows:
            signature = self._sign(row["event"], row["n"], row["hash"].hex(), row["at_ms"])
            await self._pool.execute(SAVE, row["event"], row["n"], signature)
            await asyncio.sleep(0)
        return len(rows)


async def signatures(pool: Pool, event: str) -> list[str]:
    """Return the signed heads of an event's journal, the oldest first."""
    rows = await pool.fetch(READ, event)
    return [row["signature"] for row in rows]


GROWN = """
    SELECT event, n, hash, at_ms FROM journal_heads AS head
    WHERE n > 0 AND NOT EXISTS (
        SELECT FROM signed_heads WHERE signed_heads.event = head.event AND signed_heads.n = head.n)
    ORDER BY event
"""

SAVE = "INSERT INTO signed_heads (event, n, signature) VALUES ($1, $2, $3) ON CONFLICT DO NOTHING"

READ = "SELECT signature FROM signed_heads WHERE event = $1 ORDER BY n"
