"""Positions: listed subscribers are sent them, also when they come back to the list."""

import orjson
import pytest

from booking_rush.lua.line.commands import Waiting
from booking_rush.queue.forecast import EventForecast
from booking_rush.queue.lane_view import LaneViews
from booking_rush.server.rooms.positions import Positions
from booking_rush.server.rooms.subscriber import PlaceSent, Subscriber

LONG_AGO = -1e9


def waits(number: int) -> Waiting:
    return Waiting(
        lane="main", number=number, joined_ms=0, waiting=9, room="open", entry="", ahead=number - 1
    )


@pytest.mark.parametrize("left", ["by head", "by itself"])
async def test_a_number_that_waits_again_is_told_its_place_again(left: str) -> None:
    """After a loss of Redis an admitted visitor may stand at the head of the line again."""
    views, frames = LaneViews(), list[bytes]()
    view, positions = views.of("main"), Positions(views, EventForecast())
    sent = PlaceSent(answering=False)
    subscriber = Subscriber(
        "ada", "socket", frames.append, lambda code, reason: None, bool, place=sent
    )
    sent.record(waits(5), LONG_AGO)
    positions.add(subscriber, waits(5))
    if left == "by head":
        view.apply_gone(0, 5)
        assert positions.passed() == [subscriber]
        view.reset()
    else:
        sent.record(None, LONG_AGO)
        assert await positions.send() == 0

    sent.record(waits(5), LONG_AGO)
    positions.add(subscriber, waits(5))
    view.apply_gone(3, 0)
    assert await positions.send() == 1
    assert orjson.loads(frames[-1])["ahead"] == 3
