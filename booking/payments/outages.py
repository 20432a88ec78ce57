"""Outages of the payment provider, as one process finds them, told to all others by Postgres."""

import time

from booking_rush.booking.payments.router import PaymentRouter
from booking_rush.postgres import Pool

HALF_OPEN_S = 10.0  # for which a breaker that nobody has tried since counts as open


class OutageReports:
    """Reports of one process on the provider of new checkouts: a row while its breaker is open."""

    def __init__(self, pool: Pool, payments: PaymentRouter, holder: str) -> None:
        self._pool = pool
        self._payments = payments
        self._holder = holder
        self._open_at = -HALF_OPEN_S
        self._is_reported = False

    async def run_once(self) -> None:
        """Save that the provider is away, again at every call, or that it is back."""
        name = self._payments.default
        if self._is_away(self._payments.states()[name], time.monotonic()):
            self._is_reported = True
            await self._pool.execute(SAVE, self._holder, name)
        elif self._is_reported:
            await self._pool.execute(DELETE, self._holder)
            self._is_reported = False

    def _is_away(self, state: str, now: float) -> bool:
        if state == "open":
            self._open_at = now
        return state == "open" or (state == "half_open" and now - self._open_at < HALF_OPEN_S)


SAVE = """
    INSERT INTO provider_outages (holder, provider, seen_at) VALUES ($1, $2, now())
    ON CONFLICT (holder) DO UPDATE SET provider = EXCLUDED.provider, seen_at = now()
"""
DELETE = "DELETE FROM provider_outages WHERE holder = $1"
