"""Moves of the line: every reply, repeats, and what Redis has afterwards."""

import pytest
from redis.asyncio import Redis

from booking_rush.lua import commands as lua
from booking_rush.lua.client.program import Program
from booking_rush.lua.events import commands as events_commands
from booking_rush.lua.keys import key
from booking_rush.lua.line import commands as line_commands
from tests.support.event_in_redis import EVENT, LANE, NOON, EventInRedis, outbox, waiting_numbers


@pytest.fixture
async def moves(program: Program) -> EventInRedis:
    return await EventInRedis(program).open(rate_per_second=1, active_max=3, waiting_max=5)


# join_line


async def test_the_first_to_join_is_next(moves: EventInRedis) -> None:
    place = await moves.ask(line_commands.JoinLine("ada"))

    assert isinstance(place, line_commands.Waiting)
    assert (place.number, place.ahead, place.waiting, place.again) == (1, 0, 1, False)
    assert place.joined_ms == NOON
    assert place.entry


async def test_joining_twice_gives_the_same_place_and_writes_once(
    moves: EventInRedis, redis: Redis
) -> None:
    first = await moves.ask(line_commands.JoinLine("ada"))
    moves.now += 5000

    second = await moves.ask(line_commands.JoinLine("ada"))

    assert isinstance(first, line_commands.Waiting)
    assert isinstance(second, line_commands.Waiting)
    assert (second.number, second.joined_ms, second.again) == (1, NOON, True)
    assert second.entry == first.entry  # not recorded yet: still to be waited for
    assert await outbox(redis) == [("ada", "waiting")]


async def test_a_recorded_place_may_be_told_at_once(moves: EventInRedis) -> None:
    await moves.join("ada", "bob")
    await moves.join("cyd", recorded=False)

    again = await moves.ask(line_commands.JoinLine("bob"))
    fresh = await moves.ask(line_commands.FindPlace("cyd"))

    assert isinstance(again, line_commands.Waiting)
    assert isinstance(fresh, line_commands.Waiting)
    assert again.entry == ""
    assert fresh.entry != ""


async def test_numbers_follow_the_order_of_joining_whatever_the_clock_says(
    moves: EventInRedis,
) -> None:
    assert await moves.join("ada") == [1]
    moves.now -= 3_600_000

    assert await moves.join("bob") == [2]


async def test_a_full_line_refuses_and_gives_no_number(moves: EventInRedis, redis: Redis) -> None:
    await moves.join("a", "b", "c", "d", "e")

    assert await moves.ask(line_commands.JoinLine("f")) == line_commands.LineFull()
    assert await redis.hget(key(EVENT, 1, "lane", LANE), "given") == b"5"
    assert isinstance(await moves.ask(line_commands.JoinLine("a")), line_commands.Waiting)


@pytest.mark.parametrize("state", ["draining", "closed"])
async def test_a_line_that_takes_nobody_refuses(program: Program, state: lua.EventState) -> None:
    moves = await EventInRedis(program).open(state=state)

    assert await moves.ask(line_commands.JoinLine("ada")) == line_commands.LineClosed()


@pytest.mark.parametrize("state", ["scheduled", "drawing", "open", "paused"])
async def test_a_line_takes_visitors_before_it_moves(
    program: Program, state: lua.EventState
) -> None:
    moves = await EventInRedis(program).open(state=state)

    place = await moves.ask(line_commands.JoinLine("ada"))

    assert isinstance(place, line_commands.Waiting)
    assert place.room == state


async def test_joining_again_while_draining_shows_the_place(moves: EventInRedis) -> None:
    await moves.join("ada")
    await moves.ask(events_commands.SetRules(2, "draining", {}))

    assert isinstance(await moves.ask(line_commands.JoinLine("ada")), line_commands.Waiting)
    assert await moves.ask(line_commands.JoinLine("bob")) == line_commands.LineClosed()


async def test_who_is_admitted_is_told_so_when_joining(moves: EventInRedis) -> None:
    await moves.join("ada")
    await moves.tick()

    place = await moves.ask(line_commands.JoinLine("ada"))

    assert isinstance(place, line_commands.Admitted)
    assert (place.number, place.wave, place.admitted_ms) == (1, 1, moves.now)
    assert place.claim_ms == moves.now + 30_000
    assert place.deadline_ms == moves.now + 300_000


# leave_line


async def test_leaving_from_the_middle_moves_those_behind_up(moves: EventInRedis) -> None:
    await moves.join("ada", "bob", "cyd")

    left = await moves.ask(line_commands.LeaveLine("bob", "left"))

    assert isinstance(left, line_commands.Left)
    cyd = await moves.ask(line_commands.FindPlace("cyd"))
    assert isinstance(cyd, line_commands.Waiting)
    assert (cyd.number, cyd.ahead, cyd.waiting) == (3, 1, 2)
    assert (await moves.ask(line_commands.ReadGone(0))).ranges == [(2, 2)]


async def test_head_passes_who_left_from_the_middle(moves: EventInRedis, redis: Redis) -> None:
    await moves.join("ada", "bob", "cyd")
    await moves.ask(line_commands.LeaveLine("bob", "left"))
    await moves.ask(line_commands.LeaveLine("ada", "left"))

    assert await redis.hget(key(EVENT, 1, "lane", LANE), "head") == b"2"
    assert (await moves.ask(line_commands.ReadGone(0))).ranges == []


async def test_leaving_twice_is_said(moves: EventInRedis) -> None:
    await moves.join("ada")
    await moves.ask(line_commands.LeaveLine("ada", "left"))

    assert await moves.ask(line_commands.LeaveLine("ada", "left")) == line_commands.NotInLine()


async def test_who_comes_back_after_leaving_stands_at_the_end(moves: EventInRedis) -> None:
    await moves.join("ada", "bob")
    await moves.ask(line_commands.LeaveLine("ada", "left"))

    assert await moves.join("ada") == [3]


async def test_leaving_gives_a_pass_back(moves: EventInRedis, redis: Redis) -> None:
    await moves.join("ada")
    await moves.tick()

    await moves.ask(line_commands.LeaveLine("ada", "removed"))

    assert await moves.ask(line_commands.FindPlace("ada")) == line_commands.NotInLine()
    assert await redis.exists(key(EVENT, 1, "deadlines"), key(EVENT, 1, "places")) == 0
    assert (await outbox(redis))[-1] == ("ada", "ended")


# admit_next


async def test_nobody_is_admitted_before_a_smaller_number(
    moves: EventInRedis, redis: Redis
) -> None:
    await moves.join("ada", "bob", "cyd")

    await moves.tick()

    assert await waiting_numbers(redis) == {"bob": 2, "cyd": 3}


async def test_nobody_is_admitted_before_their_place_is_recorded(
    moves: EventInRedis, redis: Redis
) -> None:
    await moves.join("ada")
    await moves.join("bob", recorded=False)

    for _ in range(5):
        await moves.tick(after_s=1)

    assert await waiting_numbers(redis) == {"bob": 2}


async def test_the_rate_is_kept(moves: EventInRedis) -> None:
    await moves.join("ada", "bob", "cyd")

    assert [await moves.tick(after_s=0.5) for _ in range(5)] == [1, 0, 1, 0, 1]


async def test_unused_rate_is_saved_up_for_half_a_second_at_most(program: Program) -> None:
    moves = await EventInRedis(program).open(rate_per_second=10)
    await moves.tick()
    moves.now += 60_000
    await moves.join(*(f"v{n}" for n in range(20)))

    assert await moves.tick() == 5


async def test_at_rate_0_nobody_is_let_in_whatever_was_saved_up(program: Program) -> None:
    new = await EventInRedis(program).open(rate_per_second=0)
    await new.join("ada")
    assert [await new.tick(after_s=1) for _ in range(3)] == [0, 0, 0]

    await new.ask(events_commands.SetRules(2, "open", {"rate_per_second": 10}))
    assert await new.tick(after_s=1) == 1
    await new.join("bob", "cyd")
    await new.ask(events_commands.SetRules(3, "open", {"rate_per_second": 0}))
    assert await new.tick(after_s=1) == 0


async def test_never_more_than_active_max_are_active(moves: EventInRedis) -> None:
    await moves.join("a", "b", "c", "d", "e")

    assert sum([await moves.tick(after_s=1) for _ in range(10)]) == 3


async def test_a_pass_that_ends_makes_room(moves: EventInRedis) -> None:
    await moves.join("a", "b", "c", "d")
    for _ in range(4):
        await moves.tick(after_s=1)
    await moves.ask(line_commands.LeaveLine("a", "left"))

    assert await moves.tick(after_s=1) == 1


async def test_a_clock_that_steps_back_refills_nothing(moves: EventInRedis) -> None:
    await moves.join("ada", "bob", "cyd")
    await moves.tick(after_s=1)

    steps = [await moves.tick(after_s=step) for step in (-3, 2.5, 0.4)]

    assert steps == [0, 0, 0]  # 0.1 s before the old hour is reached again
    assert await moves.tick(after_s=1.1) == 1


async def test_a_great_step_back_begins_anew_and_does_not_stop_the_night(
    moves: EventInRedis,
) -> None:
    await moves.join("ada", "bob", "cyd")
    await moves.tick(after_s=1)

    assert await moves.tick(after_s=-3600) == 0
    assert await moves.tick(after_s=1) == 1


@pytest.mark.parametrize("state", ["scheduled", "drawing", "paused", "closed"])
async def test_a_room_that_does_not_move_admits_nobody(
    moves: EventInRedis, state: lua.EventState
) -> None:
    await moves.join("ada")
    await moves.ask(events_commands.SetRules(2, state, {}))

    assert await moves.tick(after_s=10) == 0


async def test_a_draining_room_admits_who_waits(moves: EventInRedis) -> None:
    await moves.join("ada")
    await moves.ask(events_commands.SetRules(2, "draining", {}))

    assert await moves.tick() == 1


async def test_there_is_no_line_while_few_are_active(program: Program) -> None:
    moves = await EventInRedis(program).open(rate_per_second=0, active_max=10, queue_from=4)
    await moves.join(*"abcdef")

    assert await moves.tick() == 4
    assert await moves.tick(after_s=10) == 0


async def test_a_member_without_a_place_stops_nobody(moves: EventInRedis, redis: Redis) -> None:
    await moves.join("ada", "bob")
    await redis.hdel(key(EVENT, 1, "places"), "ada")

    admitted = [await moves.tick(after_s=1) for _ in range(3)]

    assert sum(admitted) >= 1
    assert isinstance(await moves.ask(line_commands.FindPlace("bob")), line_commands.Admitted)
    assert await waiting_numbers(redis) == {}


async def test_waits_are_counted_by_length(moves: EventInRedis) -> None:
    await moves.join("ada", "bob")
    await moves.tick()
    await moves.tick(after_s=12.8)

    stats = await moves.ask(events_commands.ReportSockets("here", 2))

    assert dict(stats.waits) == {0: 1, 28: 1}  # 100 ms and 12.8 s: 28 quarter octaves
    assert (stats.joined, stats.admitted, stats.active, stats.sockets) == (2, 2, 2, 2)
