"""Forecast of a visitor's wait and odds, by measured rates, the room inside and the stock."""

from collections import deque
from collections.abc import Mapping
from math import ceil, sqrt
from typing import Literal

from booking_rush.lua.client.pubsub import LaneTick, Tick
from booking_rush.queue.lanes import MAIN, turns_before

Odds = Literal["likely", "uncertain", "unlikely"]

PARTY_GUESS = 2.0  # places that an admitted visitor takes, while too few were admitted to measure
PARTY_FROM = 20  # admitted visitors
LIKELY, UNCERTAIN = 1.5, 0.75  # free places for one that is wanted before and by this visitor


FORECAST_S_MAX = 86_400
WINDOW_MS = 30_000
SAMPLE_MS = 1_000
NORMAL_P90 = 1.28  # standard deviations
MEASURED_FROM_MS = 3_000  # over a shorter time the rate varies too much to be shown


class MeasuredRate:
    """Rate of something over the last half minute, from its running count in ticks."""

    def __init__(self) -> None:
        self._samples: deque[tuple[int, int]] = deque()

    def add(self, at_ms: int, count: int) -> None:
        """Add the count of a tick; a time or a count that steps back begins a new measurement."""
        if self._samples and (at_ms < self._samples[-1][0] or count < self._samples[-1][1]):
            self._samples.clear()
        if not self._samples or at_ms - self._samples[-1][0] >= SAMPLE_MS:
            self._samples.append((at_ms, count))
        while at_ms - self._samples[0][0] > WINDOW_MS:
            self._samples.popleft()

    def per_second(self) -> float | None:
        """Return the measured rate; None before MEASURED_FROM_MS of ticks."""
        if not self._samples:
            return None
        seconds = (self._samples[-1][0] - self._samples[0][0]) / 1000
        return self.counted() / seconds if seconds * 1000 >= MEASURED_FROM_MS else None

    def counted(self) -> int:
        """Return how much was counted, by which the rate was measured."""
        return self._samples[-1][1] - self._samples[0][1] if self._samples else 0


def forecast(
    ahead: int, *, free: float, rate: float, measured: float | None, counted: int = 0
) -> tuple[int, int] | None:
    """Return the wait in seconds behind `ahead` others as (p50, p90); None if it is unknown.

    It is unknown beyond a day, too: no rate stays the same for so long.

    The first `free` of the line are admitted at `rate` a second. Behind them one is admitted when
    somebody leaves, at the `measured` rate, None while it is unknown. p90 is by a Poisson process:
    its relative variance is 1/n of those still to come, and as much of the `counted` ones by which
    the rate was measured.
    """
    turn = ahead + 1
    quick = max(0.0, min(turn, free))
    slow = turn - quick
    speed = rate if slow == 0 else min(rate, measured or 0.0)
    if rate <= 0 or speed <= 0:
        return None
    seconds = quick / rate + slow / speed
    spread = slow / speed * sqrt(1 / max(1.0, slow) + 1 / max(1, counted))
    late = seconds + NORMAL_P90 * spread
    return (ceil(seconds), ceil(late)) if late <= FORECAST_S_MAX else None


def odds_of(ahead: int, *, free: int, taken: int, admitted: int) -> Odds:
    """Return the odds of a place with `ahead` others before it.

    The mean party of those admitted so far, who have `taken` places, is what each of those ahead
    is expected to take, and what the visitor wants, one place at least.
    """
    party = taken / admitted if admitted >= PARTY_FROM else PARTY_GUESS
    wanted = ahead * party + max(1.0, party)
    share = free / wanted
    if share >= LIKELY:
        return "likely"
    return "uncertain" if share >= UNCERTAIN else "unlikely"


# Why visitors are admitted as they are, by the word of a tick.
REASONS = {
    "rate": "{rate:g} a second, as the rules say",
    "no_shows": "{rate:.1f} a second: more than the rules say, since some do not come",
    "bank_away": "{rate:.1f} a second: payments are not answered, so that few leave",
    "not_recorded": "nobody: PostgreSQL does not record, and who is not recorded is not admitted",
    "full": "as many are inside as may be: one comes in when one leaves",
    "nobody_waits": "nobody waits",
    "sold_out": "nobody: everything is sold, and nothing is held that could come back",
    "stopped": "nobody: the sale is stopped",
    "scheduled": "nobody: the event is not open yet",
    "drawing": "nobody: places are being drawn",
    "paused": "nobody: the event is paused",
    "closed": "nobody: the event is closed",
    "unknown": "not known: no tick has come yet",
}
ADMITS = frozenset({"rate", "no_shows", "bank_away", "full", "nobody_waits"})


class Calibration:
    """Calibration of forecasts: the shares of waits that ended within p50, and within p90."""

    def __init__(self) -> None:
        self.count = 0
        self._within = [0, 0]

    def add(self, told: tuple[int, int], waited_s: float) -> None:
        """Add a wait that ended, and the forecast that was told when it began."""
        self.count += 1
        for at, bound_s in enumerate(told):
            self._within[at] += waited_s <= bound_s

    def members(self) -> dict[str, float | int | None]:
        """Return `{p50, p90, count}`; the shares are None before the first wait has ended."""
        p50, p90 = (
            round(within / self.count, 3) if self.count else None for within in self._within
        )
        return {"p50": p50, "p90": p90, "count": self.count}


class EventForecast:
    """Forecast of one event, by its ticks."""

    def __init__(self) -> None:
        self.admissions, self.departures = MeasuredRate(), MeasuredRate()
        self.calibration = Calibration()
        self.rate = 0.0
        self.free = 0.0
        self.because = "unknown"  # a word of REASONS
        self.admits = False  # visitors are admitted, or will be as soon as there is room
        self.lanes: Mapping[str, LaneTick] = {}
        self._departing: tuple[float | None, int] = (None, 0)  # measured a second, and counted

    def apply(self, tick: Tick) -> None:
        """Apply a tick."""
        self.admissions.add(tick.at, tick.admitted)
        self.departures.add(tick.at, max(0, tick.admitted - tick.active))
        self.rate, self.free = tick.pace, max(0.0, tick.active_max - tick.active)
        self.because = tick.because
        self.admits = tick.because in ADMITS
        self.lanes = tick.lanes
        self._departing = self.departures.per_second(), self.departures.counted()

    def eta(self, ahead: int, lane: str = MAIN) -> tuple[int, int] | None:
        """Return the wait in seconds as (p50, p90), behind `ahead` others of a lane.

        None: it is unknown.
        """
        if not self.admits:
            return None
        ahead = turns_before(ahead, lane, self.lanes)
        measured, counted = self._departing
        return forecast(ahead, free=self.free, rate=self.rate, measured=measured, counted=counted)

    def reason(self) -> tuple[float, str]:
        """Return the rate at which visitors are admitted just now, and why, in one line."""
        rate = self.rate if self.because in ADMITS else 0.0
        return rate, REASONS[self.because].format(rate=rate)

    def admissions_per_second(self) -> float:
        """Return the measured rate; 0 while it is unknown."""
        return self.admissions.per_second() or 0.0
