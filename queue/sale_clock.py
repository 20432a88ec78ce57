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
    """Sale clock as PostgreSQL has it; `stopped_ms` is how long the sale has stood still, ever."""

    stopped_at: datetime | None = None
    reason: str | None = None
    stopped_ms: int = 0

    def numbers(self) -> dict[str, float]:
        """Return what the moves read of it, in ms; `stopped_at` is 0 while the sale goes on."""
        at = int(self.stopped_at.timestamp() * 1000) if self.stopped_at else 0
        return {"stopped_at": at, "stopped_ms": self.stopped_ms}

    def now_s(self) -> float:
        """Return the sale's time, in seconds since 1970."""
        wall_s = self.stopped_at.timestamp() if self.stopped_at else time.time()
        return wall_s - self.stopped_ms / 1000

    def members(self) -> dict[str, Any]:
        """Return `{"stopped": {since, reason?}}`; empty while the sale goes on."""
        if self.stopped_at is None:
            return {}
        reason = {"reason": self.reason} if self.reason else {}
        return {"stopped": {"since": instant(self.stopped_at), **reason}}


RUNNING = SaleClock()
