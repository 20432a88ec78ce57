"""How long a visitor will wait: measured admissions, and room that is free already."""

from collections import deque
from math import ceil, sqrt

from booking_rush.lua.client.pubsub import Tick

WINDOW_MS = 30_000
SAMPLE_MS = 1_000
MEASURED_FROM_MS = 3_000  # less is luck


class AdmissionRate:
    """Admissions a second over the last half minute, read off the ticks' running count."""

    def __init__(self) -> None:
        self._samples: deque[tuple[int, int]] = deque()

    def add(self, at_ms: int, admitted: int) -> None:
        """Take the count of a tick; a clock or a count that steps back begins anew."""
        if self._samples and (at_ms < self._samples[-1][0] or admitted < self._samples[-1][1]):
            self._samples.clear()
        if not self._samples or at_ms - self._samples[-1][0] >= SAMPLE_MS:
            self._samples.append((at_ms, admitted))
        while at_ms - self._samples[0][0] > WINDOW_MS:
            self._samples.popleft()

    def per_second(self) -> float | None:
        """The measured pace; None while there is too little to measure."""
        if not self._samples:
            return None
        (first_ms, first), (last_ms, last) = self._samples[0], self._samples[-1]
        if last_ms - first_ms < MEASURED_FROM_MS:
            return None
        return (last - first) * 1000 / (last_ms - first_ms)


def forecast(ahead: int, *, free: float, rate: float, pace: float | None) -> tuple[int, int] | None:
    """The wait in seconds of who has `ahead` others before them: [p50, p90], None if unknown.

    The first `free` of the line come in at `rate` a second; behind them one comes in when one
    goes, which is the measured `pace`. The spread is that of a Poisson stream, and a quarter
    more for what a half minute cannot tell.
    """
    turn = ahead + 1
    quick = max(0.0, min(turn, free))
    slow = turn - quick
    speed = rate if slow == 0 else min(rate, pace or 0.0)
    if rate <= 0 or speed <= 0:
        return None
    seconds = quick / rate + slow / speed
    return ceil(seconds), ceil(1.25 * seconds + 1.28 * sqrt(turn) / speed)


class EventForecast:
    """What the ticks say of an event's near future."""

    def __init__(self) -> None:
        self.pace = AdmissionRate()
        self.rate = 0.0
        self.free = 0.0
        self.admits = False  # whether anybody is being admitted in this state

    def apply(self, tick: Tick) -> None:
        """What a tick says."""
        self.pace.add(tick.at, tick.admitted)
        self.rate, self.free = tick.rate, max(0.0, tick.active_max - tick.active)
        self.admits = tick.state in ("open", "draining")

    def eta(self, ahead: int) -> tuple[int, int] | None:
        """The wait of who has so many before them."""
        if not self.admits:
            return None
        return forecast(ahead, free=self.free, rate=self.rate, pace=self.pace.per_second())

    def admissions_per_second(self) -> float:
        """Measured, or 0 while there is too little to measure."""
        return self.pace.per_second() or 0.0
