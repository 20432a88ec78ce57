"""Back-off of one piece of work that fails: when to try again, and how often to say so.

It neither waits nor reads a clock: `now` is any count of seconds that only grows.
"""

FIRST_S, MOST_S = 0.05, 5.0
LOG_S = 30.0  # between two lines about the same failure that goes on


class BackOff:
    """Failures in a row of one piece of work; it may be tried while `allows` says so."""

    def __init__(self) -> None:
        self.failures = 0
        self._next_at = 0.0
        self._logged_at: float | None = None

    def allows(self, now: float) -> bool:
        """Return whether the pause after the last failure is over."""
        return not self.failures or now >= self._next_at

    def failed(self, now: float, most_s: float = MOST_S) -> bool:
        """Count a failure, and pause twice as long as before, `most_s` at most.

        Return whether to log it: the first one, and one every 30 s.
        """
        self._next_at = now + min(most_s, FIRST_S * 2.0 ** min(self.failures, 16))
        self.failures += 1
        if self._logged_at is not None and now - self._logged_at < LOG_S:
            return False
        self._logged_at = now
        return True

    def worked(self) -> int:
        """End the pause. Return how many failures came before, 0 when none was logged."""
        failures, logged = self.failures, self._logged_at is not None
        self.failures, self._logged_at = 0, None
        return failures if logged else 0
