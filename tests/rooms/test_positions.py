"""Positions: listed subscribers are sent them, also when they come back to the list."""

import time
from functools import partial
from itertools import pairwise

import orjson
import pytest

from booking_rush.lua.line.commands import Waiting
from booking_rush.queue.forecast import EventForecast
from booking_rush.queue.lane_view import LaneViews
from booking_rush.server.rooms.positions import FAR_S, NEAR, POSITION_S, Positions
from booking_rush.server.rooms.subscriber import PlaceSent, Subscriber

LONG_AGO = -1e9


def waits(number: int) -> Waiting:
    return Waiting(
        lane="main", number=number, joined_ms=0, waiting=9, room="open", entry="", ahead=number - 1
    )


async def test_a_sweep_reaches_everybody_far_away_and_the_front_has_its_turn_each_time(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    clock = [1_000.0]
    monkeypatch.setattr(time, "monotonic", lambda: clock[0])
    views, sent_to = LaneViews(), list[int]()
    positions = Positions(views, EventForecast())
    for number in range(1, 2 * NEAR + 1):
        place = PlaceSent(answering=False)
        place.record(waits(number), clock[0])
        push = partial(_note, sent_to, number)
        subscriber = Subscriber(
            f"v{number}", "socket", push, lambda code, reason: None, bool, place=place
        )
        positions.add(subscriber, waits(number))
    assert await positions.send() == 0

    times: dict[int, list[float]] = {number: [clock[0]] for number in range(NEAR + 2, 2 * NEAR + 1)}
    for turn in range(1, 49):
        clock[0] += 0.25
        if turn == 8:
            views.of("main").apply_gone(0, 1)
        sent_to.clear()
        await positions.send()
        assert turn != 8 or {*range(2, NEAR + 1)} <= {*sent_to}
        for number in times.keys() & sent_to:
            times[number].append(clock[0])

    first, *later = zip(*(pairwise(of_one) for of_one in times.values()), strict=False)
    gaps = {b - a for gap in later for a, b in gap}
    assert max(b - a for a, b in first) <= FAR_S + POSITION_S
    assert POSITION_S <= min(gaps) <= max(gaps) <= FAR_S


def _note(sent_to: list[int], number: int, frame: bytes) -> None:
    sent_to.append(number)


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
