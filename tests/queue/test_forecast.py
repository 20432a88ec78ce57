"""Forecasts: the rates that ticks show, the wait and odds that follow, and how true they are."""

import random
from collections.abc import Callable

import pytest

from booking_rush.lua.client.pubsub import LaneTick, Tick
from booking_rush.queue.forecast import (
    Calibration,
    EventForecast,
    MeasuredRate,
    forecast,
    odds_of,
)


def test_pace_is_what_ticks_count_over_half_a_minute() -> None:
    rate = MeasuredRate()
    for second in range(60):
        rate.add(second * 1000, 10 * second if second < 40 else 400)

    assert rate.per_second() == pytest.approx(110 / 30)


def test_pace_is_unknown_at_first_and_after_a_step_back() -> None:
    rate = MeasuredRate()
    rate.add(10_000, 5)
    assert rate.per_second() is None
    rate.add(20_000, 50)
    assert rate.per_second() == 4.5
    rate.add(15_000, 50)
    assert rate.per_second() is None


@pytest.mark.parametrize(
    ("ahead", "free", "rate", "measured", "seconds"),
    [
        (0, 100, 10, None, 1),
        (99, 100, 10, None, 10),
        (199, 100, 10, 5, 30),
        (199, 100, 10, None, None),
        (0, 0, 10, 0.0, None),
        (5, 0, 0, 2, None),
        (9, 0, 1, 50, 10),
    ],
)
def test_a_forecast_is_free_room_at_the_rate_and_the_rest_at_the_pace(
    ahead: int, free: float, rate: float, measured: float | None, seconds: int | None
) -> None:
    found = forecast(ahead, free=free, rate=rate, measured=measured)

    assert (found[0] if found else None) == seconds
    if found:
        assert found[1] >= found[0]


@pytest.mark.parametrize("rate", [1e-320, 1e-9, 0.01])
def test_beyond_a_day_nothing_is_known(rate: float) -> None:
    assert forecast(1_000_000, free=2_000_000.0, rate=rate, measured=None) is None
    assert forecast(1_000_000, free=0.0, rate=500.0, measured=rate) is None


@pytest.mark.parametrize(
    ("ahead", "free", "taken", "admitted", "odds"),
    [
        (0, 100, 0, 0, "likely"),
        (99, 400, 0, 0, "likely"),
        (99, 200, 0, 0, "uncertain"),
        (99, 100, 0, 0, "unlikely"),
        (99, 200, 40, 40, "likely"),
        (99, 200, 160, 40, "unlikely"),
        (0, 0, 100, 40, "unlikely"),
        (0, 1, 0, 40, "uncertain"),
    ],
)
def test_odds_are_by_stock_line_and_party(
    ahead: int, free: int, taken: int, admitted: int, odds: str
) -> None:
    found = odds_of(ahead, free=free, taken=taken, admitted=admitted)

    assert found == odds


# Calibration on simulated arrivals

ROOM, STAY_S, RATE, STEP_S = 200, 20.0, 50.0, 0.25
Arrivals = Callable[[float], int]


def rush(at_s: float) -> int:
    """All at once."""
    return 3000 if at_s == 0 else 0


def steady(at_s: float) -> int:
    """More in each second than leave."""
    return 4 if at_s < 300 else 0


def waves(at_s: float) -> int:
    """A crowd each minute."""
    return 700 if at_s % 60 == 0 and at_s < 600 else 0


def simulate(arrivals: Arrivals, chance: random.Random) -> Calibration:
    """Let visitors arrive, be admitted and leave; forecast some of their waits at each step."""
    told: list[tuple[int, float, tuple[int, int]]] = []  # number, when, forecast
    view, entered_at = EventForecast(), list[float]()
    joined, active, tokens, step = 0, 0, 1.0, 0
    while step == 0 or len(entered_at) < joined or step * STEP_S < 240:
        at_s = step * STEP_S
        joined += arrivals(at_s)
        active -= sum(chance.random() < STEP_S / STAY_S for _ in range(active))
        tokens = min(RATE / 2, tokens + RATE * STEP_S)
        entering = min(int(tokens), ROOM - active, joined - len(entered_at))
        entered_at += [at_s] * entering
        active, tokens, step = active + entering, tokens - entering, step + 1
        view.apply(tick_at(at_s, active, len(entered_at)))
        ahead = chance.randrange(max(1, joined - len(entered_at)))
        eta = view.eta(ahead) if joined > len(entered_at) else None
        if eta is not None:
            told.append((len(entered_at) + ahead, at_s, eta))
    calibration = Calibration()
    for number, at_s, eta in told:
        calibration.add(eta, entered_at[number] - at_s)
    return calibration


def tick_at(at_s: float, active: int, admitted: int) -> Tick:
    return Tick(
        epoch=1, at=int(at_s * 1000), state="open", version=1, because="rate", pace=RATE,
        stopped_ms=0, rate=RATE, active_max=ROOM, active=active, admitted=admitted,
        recorded="0-0", lanes={"main": LaneTick(head=0, gone=0, waiting=0, weight=1)},
    )  # fmt: skip


@pytest.mark.parametrize("arrivals", [rush, steady, waves])
def test_nine_of_ten_waits_end_within_p90(arrivals: Arrivals) -> None:
    runs = [simulate(arrivals, random.Random(seed)).members() for seed in range(8)]
    shares = [run["p90"] for run in runs]

    assert 0.85 <= sum(share or 0 for share in shares) / len(shares) <= 0.95, shares


def test_a_calibration_without_waits_says_nothing() -> None:
    assert Calibration().members() == {"p50": None, "p90": None, "count": 0}
