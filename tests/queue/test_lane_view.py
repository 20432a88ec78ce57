"""View of a lane: positions, missed news, and a head that only grows."""

import random

from booking_rush.lua.client.pubsub import LaneTick
from booking_rush.queue.lane_view import LaneView


def test_ahead_counts_who_still_waits_whatever_happened() -> None:
    """Compare a view that was given every departure with a count of the line itself."""
    chance = random.Random(7)
    for _ in range(200):
        waiting, view = set(range(1, 60)), LaneView()
        for number in chance.sample(range(1, 60), 50):
            waiting.discard(number)
            view.apply_gone(number, min(waiting) - 1)
            for other in waiting:
                assert view.ahead(other) == sum(before < other for before in waiting)
                assert view.waits(other)
            assert not view.waits(number)


def test_a_view_that_missed_news_says_so_at_the_next_tick() -> None:
    view = LaneView()
    view.apply_gone(5, 1)

    assert not view.apply_tick(LaneTick(head=1, gone=2, waiting=7))
    view.add_gone([(4, 5)])
    assert view.apply_tick(LaneTick(head=1, gone=2, waiting=7))
    assert view.ahead(6) == 2


def test_an_older_head_does_not_move_a_view_back() -> None:
    view = LaneView()
    view.apply_tick(LaneTick(head=9, gone=0, waiting=3))
    view.apply_gone(0, 4)

    assert view.head == 9
