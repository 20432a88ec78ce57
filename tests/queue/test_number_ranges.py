"""Ranges of numbers: a set that counts, and stays small where its numbers are neighbours."""

from hypothesis import given
from hypothesis import strategies as st

from booking_rush.queue.number_ranges import NumberRanges

NUMBERS = st.integers(min_value=1, max_value=40)


@given(st.lists(st.tuples(st.integers(0, 12), NUMBERS), max_size=60))
def test_it_is_the_set_that_it_stands_for(steps: list[tuple[int, int]]) -> None:
    """A step adds so many numbers from one on; with 0 it removes it, and all smaller ones."""
    ours, plain = NumberRanges(), set[int]()
    for count, number in steps:
        if count:
            ours.add(number, number + count - 1)
            plain |= {*range(number, number + count)}
        else:
            ours.discard_up_to(number)
            plain = {one for one in plain if one > number}
        assert len(ours) == len(plain)
        for one in range(54):
            assert (one in ours) == (one in plain)
            assert ours.below(one) == sum(member < one for member in plain)
        assert ours.ranges == sum(one - 1 not in plain for one in plain)


def test_a_crowd_that_comes_and_goes_is_one_range() -> None:
    ours = NumberRanges()
    for number in range(2, 100_000):
        ours.add(number, number)

    assert (len(ours), ours.ranges) == (99_998, 1)
    assert ours.below(50_000) == 49_998
