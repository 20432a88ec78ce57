"""The offset tracker: commits settled beginnings only, and keeps each booking in order."""

import random
from uuid import UUID

from hypothesis import given
from hypothesis import strategies as st

from booking_rush.booking.kafka.offsets import OffsetTracker
from booking_rush.booking.messaging.outbox import Envelope

PARTITION = ("rush.orders", 0)


def envelope(number: int, booking: int = 0) -> Envelope:
    return Envelope(UUID(int=number + 1), UUID(int=booking), "demo", "orders", "tell", 0, number)


def steps(found: list[Envelope]) -> list[int]:
    return [one.step for one in found]


def test_an_offset_is_told_when_all_before_it_is_settled() -> None:
    tracker = OffsetTracker()
    for at in range(3):
        tracker.add(PARTITION, at, envelope(at, booking=at))
    tracker.settle([envelope(1, 1), envelope(2, 2)])
    assert tracker.committable() == {}
    tracker.settle([envelope(0, 0)])
    assert tracker.committable() == {PARTITION: 3}
    assert tracker.committable() == {}


def test_what_comes_again_while_it_is_here_is_handed_over_once_and_told_twice() -> None:
    tracker = OffsetTracker()
    tracker.add(PARTITION, 0, envelope(0))
    tracker.add(PARTITION, 1, envelope(0))
    assert steps(tracker.ready(0.0, 9)) == [0]
    tracker.settle([envelope(0)])
    assert tracker.committable() == {PARTITION: 2}


def test_a_failure_holds_back_its_booking_alone_and_counts() -> None:
    tracker = OffsetTracker()
    for at, booking in enumerate((7, 7, 8)):
        tracker.add(PARTITION, at, envelope(at, booking))
    tracker.retry_at(envelope(0, 7), due_at=5.0)
    assert steps(tracker.ready(4.9, 9)) == [2]
    assert [(one.step, one.tries) for one in tracker.ready(5.0, 9)] == [(0, 1), (1, 0), (2, 0)]


def test_parts_that_are_somebody_elses_are_forgotten() -> None:
    tracker = OffsetTracker()
    tracker.add(PARTITION, 0, envelope(0, 1))
    tracker.add(("rush.messages", 1), 0, envelope(1, 2))
    tracker.revoke([PARTITION])
    assert (steps(tracker.ready(0.0, 9)), len(tracker)) == ([1], 1)
    tracker.settle([envelope(0, 1)])  # it was in hand
    assert tracker.committable() == {}


@given(st.lists(st.tuples(st.integers(0, 3), st.booleans()), max_size=40), st.randoms())
def test_whatever_the_order_what_is_told_is_a_settled_beginning(
    arrivals: list[tuple[int, bool]], chance: random.Random
) -> None:
    """Settle arrivals (booking, readable) in any order that keeps each booking's own."""
    tracker, settled, committed = OffsetTracker(), set[int](), 0
    for at, (booking, readable) in enumerate(arrivals):
        tracker.add(PARTITION, at, envelope(at, booking) if readable else None)
        settled |= set() if readable else {at}
    while len(tracker):
        ready = tracker.ready(0.0, 99)
        firsts = {one.booking: one for one in reversed(ready)}
        one = chance.choice(sorted(firsts.values()))
        tracker.settle([one])
        settled.add(one.step)
        committed = tracker.committable().get(PARTITION, committed)
        assert set(range(committed)) <= settled
    committed = tracker.committable().get(PARTITION, committed)
    assert committed == len(arrivals)
