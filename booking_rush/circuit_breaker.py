"""A circuit breaker: a service that fails again and again is left alone for a while, then probed.

It neither waits nor reads a clock: `now` is any count of seconds that only grows.
"""

from typing import Literal

BreakerState = Literal["closed", "open", "half_open"]


class CircuitBreaker:
    """Ask `allows` before a call, and say after it `worked` or `failed`."""

    def __init__(self, failures_max: int = 5, open_s: float = 5.0) -> None:
        assert failures_max >= 1, "without a failure nothing opens"
        assert open_s > 0, "an open breaker stays open for a while"
        self._failures_max = failures_max
        self._open_s = open_s
        self._failures = 0  # in a row
        self._open_until: float | None = None

    def allows(self, now: float) -> bool:
        """Whether to call: always while closed; one probe when `open_s` have passed.

        A probe that nobody reports on is waited for no longer than another `open_s`.
        """
        if self._open_until is None:
            return True
        if now < self._open_until:
            return False
        self._open_until = now + self._open_s
        return True

    def worked(self) -> None:
        """A call was answered: it is closed."""
        self._failures = 0
        self._open_until = None

    def failed(self, now: float) -> None:
        """A call was not answered: so many in a row, or a probe, open it from now on."""
        self._failures += 1
        if self._failures >= self._failures_max:
            self._open_until = now + self._open_s

    def state(self, now: float) -> BreakerState:
        """How it stands; `half_open`: the next call is the probe."""
        if self._open_until is None:
            return "closed"
        return "open" if now < self._open_until else "half_open"
