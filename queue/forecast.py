"""Forecast of a visitor's wait, by the measured admission rate and the room that is free."""

from collections import deque
from collections.abc import Mapping
from math import ceil, sqrt

from booking_rush.lua.client.pubsub import LaneTick, Tick
from booking_rush.queue.lanes import MAIN, turns_before

FORECAST_S_MAX = 86_400
WINDOW_MS = 30_000
SAMPLE_MS = 1_000
MEASURED_FROM_MS = 3_000  # over a shorter time the rate varies too much to be shown


class AdmissionRate:
    """Admissions a second over the last half minute, from the running count in ticks."""

    def __init__(self) -> None:
        self._samples: deque[tuple[int, int]] = deque()

    def add(self, at_ms: int, admitted: int) -> None:
        """Add the count of a tick; a time or a count that steps back begins a new measurement."""
        if self._samples and (at_ms < self._samples[-1][0] or admitted < self._samples[-1][1]):
            self._samples.clear()
        if not self._samples or at_ms - self._samples[-1][0] >= SAMPLE_MS:
            self._samples.append((at_ms, admitted))
        while at_ms - self._samples[0][0] > WINDOW_MS:
            self._samples.popleft()

    def per_second(self) -> float | None:
        """Return the measured rate; None before MEASURED_FROM_MS of ticks."""
        if not self._samples:
            return None
        (first_ms, first), (last_ms, last) = self._samples[0], self._samples[-1]
        if last_ms - first_ms < MEASURED_FROM_MS:
            return None
        return (last - first) * 1000 / (last_ms - first_ms)


def forecast(
    ahead: int, *, free: float, rate: float, measured: float | None
) -> tuple[int, int] | None:
    """Return the wait in seconds behind `ahead` others as (p50, p90); None if it is unknown.

    It is unknown beyond a day, too: no rate stays the same for so long.

    The first `free` of the line are admitted at `rate` a second. Behind them one is admitted when
    a pass ends, which is the `measured` rate, None while it is unknown. p90 adds the spread of a
    Poisson process, and a quarter because half a minute measures the rate only roughly.
    """
    turn = ahead + 1
    quick = max(0.0, min(turn, free))
    slow = turn - quick
    speed = rate if slow == 0 else min(rate, measured or 0.0)
    if rate <= 0 or speed <= 0:
        return None
    seconds = quick / rate + slow / speed
    late = 1.25 * seconds + 1.28 * sqrt(turn) / speed
    return (ceil(seconds), ceil(late)) if late <= FORECAST_S_MAX else None


class EventForecast:
    """Forecast of one event, by its ticks."""

    def __init__(self) -> None:
        self.measured = AdmissionRate()
        self.rate = 0.0
        self.free = 0.0
        self.admits = False  # the event's state admits visitors
        self.lanes: Mapping[str, LaneTick] = {}

    def apply(self, tick: Tick) -> None:
        """Apply a tick."""
        self.measured.add(tick.at, tick.admitted)
        self.rate, self.free = tick.rate, max(0.0, tick.active_max - tick.active)
        self.admits = tick.state in ("open", "draining")
        self.lanes = tick.lanes

    def eta(self, ahead: int, lane: str = MAIN) -> tuple[int, int] | None:
        """Return the wait in seconds as (p50, p90), behind `ahead` others of a lane.

        None: it is unknown.
        """
        if not self.admits:
            return None
        measured = self.measured.per_second()
        ahead = turns_before(ahead, lane, self.lanes)
        return forecast(ahead, free=self.free, rate=self.rate, measured=measured)

    def admissions_per_second(self) -> float:
        """Return the measured rate; 0 while it is unknown."""
        return self.measured.per_second() or 0.0
