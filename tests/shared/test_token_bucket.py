"""A token bucket: so many at once, so many a second, and nothing taken by a refusal."""

from booking_rush.token_bucket import TokenBucket


def test_a_burst_and_then_a_rate() -> None:
    bucket = TokenBucket(2, 10, 100.0)
    assert [bucket.take(100.0) for _ in range(12)] == [True] * 10 + [False] * 2
    assert [bucket.take(101.0) for _ in range(3)] == [True, True, False]
    assert [bucket.take(1000.0) for _ in range(11)] == [True] * 10 + [False]
    assert not bucket.take(1001.0, 3)
    assert bucket.take(1001.0, 2)
