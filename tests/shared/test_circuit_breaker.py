"""Circuit breaker, on a clock of the tests."""

from booking_rush.circuit_breaker import CircuitBreaker


def opened(at: float = 0.0) -> CircuitBreaker:
    breaker = CircuitBreaker(failures_max=3, open_s=5.0)
    for _ in range(3):
        assert breaker.allows(at)
        breaker.failed(at)
    return breaker


def test_it_opens_at_so_many_failures_in_a_row() -> None:
    breaker = CircuitBreaker(failures_max=3)
    for _ in range(2):
        breaker.failed(0)
    assert breaker.state(0) == "closed"
    breaker.worked()
    for _ in range(2):
        breaker.failed(0)
    assert breaker.allows(0)
    breaker.failed(0)
    assert breaker.state(0) == "open"
    assert not breaker.allows(0)


def test_after_a_while_one_probe_is_let_through() -> None:
    breaker = opened()
    assert not breaker.allows(4.9)
    assert breaker.state(5) == "half_open"

    assert breaker.allows(5)

    assert not breaker.allows(5)
    assert breaker.state(5) == "open"


def test_a_probe_that_works_closes_it_for_good() -> None:
    breaker = opened()
    assert breaker.allows(5)
    breaker.worked()
    assert breaker.state(5) == "closed"
    breaker.failed(6)
    assert all(breaker.allows(6) for _ in range(10))


def test_a_probe_that_fails_opens_it_anew() -> None:
    breaker = opened()
    assert breaker.allows(7)
    breaker.failed(8)
    assert not breaker.allows(12.9)
    assert breaker.allows(13)


def test_a_probe_that_nobody_reports_on_is_followed_by_another() -> None:
    breaker = opened()
    assert breaker.allows(5)
    assert not breaker.allows(9.9)
    assert breaker.allows(10)


def test_a_late_failure_of_an_earlier_call_keeps_it_open() -> None:
    breaker = opened()
    breaker.failed(3)
    assert not breaker.allows(7)
    assert breaker.allows(8)
