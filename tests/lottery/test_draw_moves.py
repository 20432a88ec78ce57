"""Moves of a draw in Redis: the lobby, the pages of its draw, and what visitors see of them."""

from typing import Any

import pytest
from redis.asyncio import Redis

from booking_rush.lua.client.program import Program
from booking_rush.lua.events.commands import SetRules
from booking_rush.lua.keys import key
from booking_rush.lua.line.commands import (
    AdmitNext,
    Admitted,
    AdmitVisitor,
    DrawPlaces,
    DueDraw,
    FindPlace,
    JoinLine,
    LeaveLine,
    Lobby,
    PlacesDrawn,
    ReadGone,
    Waiting,
)
from booking_rush.lua.recovery.commands import MarkRecorded
from booking_rush.queue.lottery.draw import Draw, window_at
from booking_rush.queue.rules import rules_of
from tests.support.event_in_redis import LANE, NOON, EventInRedis, outbox

SEED = b"s" * 32
LOTTERY: dict[str, Any] = {"fairness": "lottery"}
WINDOWS: dict[str, Any] = {"fairness": "windows", "window_seconds": 2}
NOON_WINDOW = NOON // 2000


@pytest.fixture
def event(program: Program) -> EventInRedis:
    return EventInRedis(program)


async def join(event: EventInRedis, *visitors: str) -> list[int]:
    """Join the lobby in this order. Return the indexes."""
    indexes = list[int]()
    for visitor in visitors:
        place = await event.ask(JoinLine(visitor))
        assert isinstance(place, Lobby)
        assert place.number == 0
        if place.entry:
            await record(event, place.entry, place.index)
        indexes.append(place.index)
    return indexes


async def record(event: EventInRedis, entry: str, turn: int = 0) -> None:
    await event.ask(MarkRecorded(entry.rpartition(":")[2], {LANE: turn} if turn else {}))


async def record_all(event: EventInRedis, redis: Redis) -> None:
    newest: Any = await redis.xrevrange(key("demo", 1, "outbox"), count=1)
    await record(event, newest[0][0].decode())


async def begin_drawing(event: EventInRedis, rules: dict[str, Any] = LOTTERY) -> None:
    await event.ask(SetRules(2, "drawing", rules_of(rules).numbers()))


async def due(event: EventInRedis) -> DueDraw | None:
    return (await event.ask(AdmitNext())).draw


async def draw_page(event: EventInRedis, found: DueDraw, size: int = 250) -> int:
    """Draw a page. Return how far the draw is."""
    draw = Draw(found.lane, found.window, found.first, found.last)
    last = min(found.last, found.drawn + size)
    numbers = [draw.number(SEED, index) for index in range(found.drawn + 1, last + 1)]
    return (await event.ask(DrawPlaces(found.lane, found.window, found.drawn, numbers))).drawn


async def fix_and_record(event: EventInRedis, redis: Redis) -> DueDraw:
    assert await due(event) is None
    await record_all(event, redis)
    found = await due(event)
    assert found is not None
    return found


async def numbers_of(event: EventInRedis, *visitors: str) -> list[int]:
    places = [await event.ask(FindPlace(visitor)) for visitor in visitors]
    return [place.number for place in places if isinstance(place, Waiting)]


VISITORS = [f"v_{index}" for index in range(1, 8)]


async def drawing_lobby(event: EventInRedis) -> None:
    """Let the visitors join the lobby, and begin the draw."""
    await event.open(state="scheduled", **LOTTERY)
    await join(event, *VISITORS)
    await begin_drawing(event)


async def test_a_join_before_a_lottery_gets_an_index_and_no_number(event: EventInRedis) -> None:
    await event.open(state="scheduled", **LOTTERY)

    assert await join(event, "anna", "bela", "anna") == [1, 2, 1]


async def test_a_lottery_gives_the_lobby_the_numbers_of_the_permutation(
    event: EventInRedis, redis: Redis
) -> None:
    await drawing_lobby(event)

    found = await fix_and_record(event, redis)

    assert found == DueDraw(LANE, 0, 1, 7, 0)
    assert await draw_page(event, found) == 7
    expected = [Draw(LANE, 0, 1, 7).number(SEED, index) for index in range(1, 8)]
    assert await numbers_of(event, *VISITORS) == expected
    assert await due(event) is None


async def test_who_comes_while_it_is_drawn_is_behind_everybody_of_the_lobby(
    event: EventInRedis, redis: Redis
) -> None:
    await drawing_lobby(event)

    assert await event.join("late") == [8]

    found = await fix_and_record(event, redis)
    assert found.last == 7
    place = await event.ask(FindPlace("late"))
    assert isinstance(place, Waiting)
    assert place.ahead == 7


async def test_no_page_is_drawn_before_postgres_has_the_draw(
    event: EventInRedis, redis: Redis
) -> None:
    await drawing_lobby(event)

    assert await due(event) is None
    assert await due(event) is None
    assert await event.ask(DrawPlaces(LANE, 0, 0, [3])) == PlacesDrawn(0)
    assert await numbers_of(event, *VISITORS) == []

    await record_all(event, redis)
    assert await due(event) is not None


async def test_a_page_that_comes_twice_or_too_early_changes_nothing(
    event: EventInRedis, redis: Redis
) -> None:
    await drawing_lobby(event)
    found = await fix_and_record(event, redis)

    assert await draw_page(event, found, 3) == 3
    changes = await outbox(redis)
    assert await draw_page(event, found, 3) == 3
    assert await event.ask(DrawPlaces(LANE, 0, 6, [1])) == PlacesDrawn(3)
    assert await event.ask(DrawPlaces(LANE, 1, 3, [1])) == PlacesDrawn(0)
    assert await outbox(redis) == changes

    assert await due(event) == DueDraw(LANE, 0, 1, 7, 3)


async def test_who_left_the_lobby_leaves_a_gap(event: EventInRedis, redis: Redis) -> None:
    await event.open(state="scheduled", **LOTTERY)
    await join(event, *VISITORS)
    await event.ask(LeaveLine("v_3", "left"))
    await begin_drawing(event)
    await draw_page(event, await fix_and_record(event, redis))

    others = [visitor for visitor in VISITORS if visitor != "v_3"]
    gap = Draw(LANE, 0, 1, 7).number(SEED, 3)
    assert sorted(await numbers_of(event, *others)) == [n for n in range(1, 8) if n != gap]
    ranges = (await event.ask(ReadGone(0))).ranges
    assert ranges == ([(gap, gap)] if gap > 1 else [])


async def test_positions_during_the_draw_count_the_numbers_that_are_not_drawn_yet(
    event: EventInRedis, redis: Redis
) -> None:
    await drawing_lobby(event)
    found = await fix_and_record(event, redis)
    await draw_page(event, found, 3)

    for visitor in VISITORS[:3]:
        place = await event.ask(FindPlace(visitor))
        assert isinstance(place, Waiting)
        assert place.ahead == place.number - 1
        assert place.waiting == 7
        assert place.entry == ""


async def test_nobody_is_admitted_before_the_draw_is_over_and_then_by_number(
    event: EventInRedis, redis: Redis
) -> None:
    await event.open(state="scheduled", **WINDOWS, rate_per_second=1000)
    await event.ask(SetRules(2, "open", rules_of(WINDOWS | {"rate_per_second": 1000}).numbers()))
    await join(event, *VISITORS)
    event.now += 2000
    found = await fix_and_record(event, redis)
    await draw_page(event, found, 6)

    assert await event.tick(after_s=1) == 0

    rest = await due(event)
    assert rest is not None
    await draw_page(event, rest)
    assert await event.tick(after_s=1) == 7
    admitted = [visitor for visitor, state in await outbox(redis) if state == "admitted"]
    draw = Draw(LANE, NOON_WINDOW, 1, 7)
    by_number = sorted(VISITORS, key=lambda one: draw.number(SEED, VISITORS.index(one) + 1))
    assert admitted == by_number


async def test_windows_follow_each_other_however_late_they_are_drawn(
    event: EventInRedis, redis: Redis
) -> None:
    await event.open(state="open", **WINDOWS, active_max=0)
    for window, visitors in enumerate((VISITORS[:3], VISITORS[3:5], VISITORS[5:])):
        event.now = NOON + window * 2000 + 1999
        await join(event, *visitors)
    event.now += 60_000

    for first, last in ((1, 3), (4, 5), (6, 7)):
        found = await fix_and_record(event, redis)
        assert (found.first, found.last) == (first, last)
        await draw_page(event, found)
        assert sorted(await numbers_of(event, *VISITORS)) == list(range(1, last + 1))


async def test_a_deferred_join_that_comes_into_the_next_window_is_not_drawn_with_this_one(
    event: EventInRedis, redis: Redis
) -> None:
    """The tick that fixes a window gives the join its index, too."""
    rules: dict[str, Any] = WINDOWS | {"active_max": 0, "join_share_max": 0.001}
    await event.open(state="open", **rules)
    for visitor, block in (("anna", "house"), ("bela", "home"), ("cleo", "house")):
        await event.ask(JoinLine(visitor, block=block))
    event.now += 2000

    found = await fix_and_record(event, redis)

    place = await event.ask(FindPlace("cleo"))
    assert isinstance(place, Lobby)
    assert (place.index, place.window) == (3, NOON_WINDOW + 1)
    assert (found.window, found.first, found.last) == (NOON_WINDOW, 1, 2)
    assert await draw_page(event, found) == 2
    assert sorted(await numbers_of(event, "anna", "bela", "cleo")) == [1, 2]


async def test_a_window_is_not_drawn_while_it_lasts(event: EventInRedis, redis: Redis) -> None:
    await event.open(state="open", **WINDOWS)
    await join(event, "anna")
    place = await event.ask(FindPlace("anna"))
    assert isinstance(place, Lobby)
    assert place.window == NOON_WINDOW

    event.now += 1999
    await record_all(event, redis)
    assert await due(event) is None
    assert await due(event) is None
    event.now += 1
    assert (await fix_and_record(event, redis)).window == NOON_WINDOW


@pytest.mark.parametrize("seconds", [1, 2, 60])
async def test_a_join_comes_into_the_window_that_the_clock_says(
    event: EventInRedis, seconds: int
) -> None:
    rules: dict[str, Any] = WINDOWS | {"window_seconds": seconds, "active_max": 0}
    await event.open(state="open", **rules)
    steps = (0, 1, 998, 1, 999, 1, 1998, 2, 58_000, 2_000_000)
    for step in steps:
        event.now += step
        place = await event.ask(JoinLine(f"at {event.now}"))
        assert isinstance(place, Lobby)
        assert place.window == window_at(event.now, seconds)


async def test_a_clock_that_steps_back_brings_nobody_into_a_window_that_is_drawn(
    event: EventInRedis, redis: Redis
) -> None:
    await event.open(state="open", **WINDOWS)
    await join(event, "anna")
    event.now += 2000
    await draw_page(event, await fix_and_record(event, redis))

    event.now -= 5000
    await join(event, "bela")

    place = await event.ask(FindPlace("bela"))
    assert isinstance(place, Lobby)
    assert place.window == NOON_WINDOW + 1


async def test_an_operator_admits_out_of_the_lobby_and_the_draw_passes_over(
    event: EventInRedis, redis: Redis
) -> None:
    await event.open(state="scheduled", **LOTTERY)
    await join(event, *VISITORS)
    admitted = await event.ask(AdmitVisitor("v_2", "a friend of the house"))
    assert isinstance(admitted, Admitted)
    assert admitted.number == 0
    await begin_drawing(event)
    await draw_page(event, await fix_and_record(event, redis))

    assert len(await numbers_of(event, *VISITORS)) == 6
    found = await event.ask(FindPlace("v_2"))
    assert isinstance(found, Admitted)
    assert (found.number, found.wave) == (0, admitted.wave)


async def test_closing_ends_the_lobby_and_its_draw(event: EventInRedis, redis: Redis) -> None:
    await drawing_lobby(event)
    found = await fix_and_record(event, redis)

    await event.ask(SetRules(3, "closed", rules_of(LOTTERY).numbers()))

    assert await event.ask(DrawPlaces(LANE, 0, found.drawn, [1])) == PlacesDrawn(0)
    assert await due(event) is None
    assert not await redis.exists("{demo}:1:lobby:main", "{demo}:1:windows:main")
