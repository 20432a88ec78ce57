"""Circuit breaker: after failures in a row no call is made for a while, then one as a probe.

Pure: `now` is the caller's, any count of seconds that only grows.
"""

from typing import Literal

BreakerState = Literal["closed", "open", "half_open"]


class CircuitBreaker:
    """Breaker of one service: ask `allows` before a call, report `worked` or `failed` after it."""

    def __init__(self, failures_max: int = 5, open_s: float = 5.0) -> None:
        assert failures_max >= 1, "without a failure nothing opens"
        assert open_s > 0, "an open breaker stays open for a while"
        self._failures_max = failures_max
        self._open_s = open_s
        self._failures = 0  # in a row
        self._open_until: float | None = None

    def allows(self, now: float) -> bool:
        """Return whether to call: always while closed, and once as a probe after `open_s`.

        A probe without a report is followed by another after `open_s`.
        """
        if self._open_until is None:
            return True
        if now < self._open_until:
            return False
        self._open_until = now + self._open_s
        return True

    def worked(self) -> None:
        """Report a call that was answered, which closes the breaker."""
        self._failures = 0
        self._open_until = None

    def failed(self, now: float) -> None:
        """Report a failed call; `failures_max` in a row, or a failed probe, open the breaker."""
        self._failures += 1
        if self._failures >= self._failures_max:
            self._open_until = now + self._open_s

    def state(self, now: float) -> BreakerState:
        """Return the breaker's state; `half_open`: the next call is the probe."""
        if self._open_until is None:
            return "closed"
        return "open" if now < self._open_until else "half_open"
