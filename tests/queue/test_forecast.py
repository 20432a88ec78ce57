"""Forecasts: the admission rate that ticks show, and the wait that follows from it."""

import pytest

from booking_rush.queue.forecast import AdmissionRate, forecast


def test_pace_is_what_ticks_count_over_half_a_minute() -> None:
    rate = AdmissionRate()
    for second in range(60):
        rate.add(second * 1000, 10 * second if second < 40 else 400)

    assert rate.per_second() == pytest.approx(110 / 30)


def test_pace_is_unknown_at_first_and_after_a_step_back() -> None:
    rate = AdmissionRate()
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
