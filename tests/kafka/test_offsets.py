"""The shelf: what is told as read is settled, with all before it; bookings keep their order."""

import random
from uuid import UUID

from hypothesis import given
from hypothesis import strategies as st

from booking_rush.booking.kafka.offsets import OffsetTracker
from booking_rush.booking.messaging.outbox import Envelope

PART = ("rush.orders", 0)


def letter(number: int, booking: int = 0) -> Envelope:
    return Envelope(UUID(int=number + 1), UUID(int=booking), "demo", "orders", "tell", 0, number)


def steps(found: list[Envelope]) -> list[int]:
    return [one.step for one in found]


def test_an_offset_is_told_when_all_before_it_is_settled() -> None:
    shelf = OffsetTracker()
    for at in range(3):
        shelf.add(PART, at, letter(at, booking=at))
    shelf.settle([letter(1, 1), letter(2, 2)])
    assert shelf.read_up_to() == {}
    shelf.settle([letter(0, 0)])
    assert shelf.read_up_to() == {PART: 3}
    assert shelf.read_up_to() == {}


def test_what_comes_again_while_it_is_here_is_handed_over_once_and_told_twice() -> None:
    shelf = OffsetTracker()
    shelf.add(PART, 0, letter(0))
    shelf.add(PART, 1, letter(0))
    assert steps(shelf.ready(0.0, 9)) == [0]
    shelf.settle([letter(0)])
    assert shelf.read_up_to() == {PART: 2}


def test_a_failure_holds_back_its_booking_alone_and_counts() -> None:
    shelf = OffsetTracker()
    for at, booking in enumerate((7, 7, 8)):
        shelf.add(PART, at, letter(at, booking))
    shelf.wait(letter(0, 7), until=5.0)
    assert steps(shelf.ready(4.9, 9)) == [2]
    assert [(one.step, one.tries) for one in shelf.ready(5.0, 9)] == [(0, 1), (1, 0), (2, 0)]


def test_parts_that_are_somebody_elses_are_forgotten() -> None:
    shelf = OffsetTracker()
    shelf.add(PART, 0, letter(0, 1))
    shelf.add(("rush.messages", 1), 0, letter(1, 2))
    shelf.drop([PART])
    assert (steps(shelf.ready(0.0, 9)), len(shelf)) == ([1], 1)
    shelf.settle([letter(0, 1)])  # it was in hand
    assert shelf.read_up_to() == {}


@given(st.lists(st.tuples(st.integers(0, 3), st.booleans()), max_size=40), st.randoms())
def test_whatever_the_order_what_is_told_is_a_settled_beginning(
    arrivals: list[tuple[int, bool]], chance: random.Random
) -> None:
    """Arrivals are (booking, readable); they are settled in any order that bookings allow."""
    shelf, settled, told = OffsetTracker(), set[int](), 0
    for at, (booking, readable) in enumerate(arrivals):
        shelf.add(PART, at, letter(at, booking) if readable else None)
        settled |= set() if readable else {at}
    while len(shelf):
        ready = shelf.ready(0.0, 99)
        firsts = {one.booking: one for one in reversed(ready)}
        one = chance.choice(sorted(firsts.values()))
        shelf.settle([one])
        settled.add(one.step)
        told = shelf.read_up_to().get(PART, told)
        assert set(range(told)) <= settled
    told = shelf.read_up_to().get(PART, told)
    assert told == len(arrivals)
