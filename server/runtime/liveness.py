"""Liveness of a process: the loops that have not turned for too long."""

import time
from collections.abc import Callable, Sequence
from typing import Final

from booking_rush.postgres import Pool

SAYS_EVERY_S = 10.0  # between two words of a process that its duties work
STUCK_S = 10.0  # for one run of a loop, besides its pause; stores answer or fail within it


class Liveness:
    """The time at which each loop last began a run; threads may read it while loops write."""

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self._loops: dict[object, tuple[str, float, float]] = {}

    def turn(self, loop: object, name: str, within_s: float) -> None:
        """Note that a loop begins a run, and begins the next one `within_s` from now."""
        self._loops[loop] = (name, self._clock(), within_s)

    def end(self, loop: object) -> None:
        """Forget a loop that was ended."""
        self._loops.pop(loop, None)

    def stuck(self) -> list[str]:
        """Return the names of the loops that should have begun a run since, in order."""
        now = self._clock()
        loops = list(self._loops.values())
        return sorted({name for name, began, within_s in loops if now - began > within_s})

    def status(self) -> tuple[bool, dict[str, str]]:
        """Return whether no loop is stuck, and the body that health endpoints answer."""
        stuck = self.stuck()
        return not stuck, {"status": f"stuck: {', '.join(stuck)}" if stuck else "ok"}


LIVENESS: Final = Liveness()


async def say_alive(pool: Pool, duties: Sequence[str]) -> None:
    """Save that this process does its duties, unless one of its loops is stuck."""
    if not LIVENESS.stuck():
        await pool.execute(SAY_ALIVE, list(duties))


SAY_ALIVE = """
    INSERT INTO duties SELECT unnest($1::text[]), now() ORDER BY 1
    ON CONFLICT (duty) DO UPDATE SET seen_at = now()
"""
