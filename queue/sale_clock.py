"""Sale clock of an event: the wall's time less the time for which its sale was stopped."""

import time
from datetime import datetime
from typing import Any, NamedTuple

from booking_rush.errors import Refusal
from booking_rush.timestamps import instant


class SaleStopped(Refusal):
    """The sale is stopped for the moment; everybody keeps place, seats and time."""

    code, status = "sale_stopped", 409


class SaleClock(NamedTuple):
    """Sale clock as PostgreSQL has it; `stopped_ms` is how long it has stood still, ever.

    It stands still while the sale is stopped and while the bank is away.
    """

    stopped_at: datetime | None = None
    reason: str | None = None
    stopped_ms: int = 0
    bank_away_at: datetime | None = None

    def numbers(self) -> dict[str, float]:
        """Return what the moves read of it, in ms; the moments are 0 while it runs."""
        return {
            "stopped_at": _ms_of(self.stopped_at),
            "stopped_ms": self.stopped_ms,
            "bank_away_at": _ms_of(self.bank_away_at),
        }

    def now_s(self) -> float:
        """Return the sale's time, in seconds since 1970."""
        since = [at.timestamp() for at in (self.stopped_at, self.bank_away_at) if at]
        return min(since, default=time.time()) - self.stopped_ms / 1000

    def is_news(self, told_ms: int, found_ms: int) -> bool:
        """Return whether the end of a pass or a hold is to be told again, in ms of the wall.

        While the bank is away each look-up finds a later one, which is told once it is back.
        """
        is_moving = self.bank_away_at is not None and found_ms > told_ms
        return found_ms != told_ms and not is_moving

    def members(self) -> dict[str, Any]:
        """Return `{"stopped": {since, reason?}}`; empty while the sale goes on."""
        if self.stopped_at is None:
            return {}
        reason = {"reason": self.reason} if self.reason else {}
        return {"stopped": {"since": instant(self.stopped_at), **reason}}


def _ms_of(at: datetime | None) -> int:
    return int(at.timestamp() * 1000) if at else 0


RUNNING = SaleClock()
