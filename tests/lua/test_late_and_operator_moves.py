"""Moves of late visitors and of operators: every reply, repeats, and what Redis has afterwards."""

from typing import Any

import pytest
from redis.asyncio import Redis

from booking_rush.booking.recording.batch import ClosedChange, read
from booking_rush.lua.client.program import Program
from booking_rush.lua.events import commands as events_commands
from booking_rush.lua.keys import key
from booking_rush.lua.line import commands as line_commands
from booking_rush.lua.recovery import commands as recovery_commands
from tests.support.event_in_redis import EVENT, LANE, EventInRedis, outbox


@pytest.fixture
async def moves(program: Program) -> EventInRedis:
    return await EventInRedis(program).open(rate_per_second=1, active_max=3, waiting_max=5)


async def test_who_is_heard_of_keeps_the_pass(moves: EventInRedis) -> None:
    await moves.join("ada")
    await moves.tick()
    await moves.ask(line_commands.ClaimPass("ada", connecting=False))

    await moves.tick(after_s=31)

    assert isinstance(await moves.ask(line_commands.FindPlace("ada")), line_commands.Admitted)


async def test_who_is_not_heard_of_is_late_and_makes_room(
    moves: EventInRedis, redis: Redis
) -> None:
    await moves.join("ada")
    await moves.tick()

    await moves.tick(after_s=31)

    assert isinstance(await moves.ask(line_commands.FindPlace("ada")), line_commands.Late)
    assert (await moves.ask(events_commands.ReportSockets("p", 0))).active == 0


async def test_who_is_late_and_heard_of_takes_the_next_slot(moves: EventInRedis) -> None:
    await moves.join("ada")
    await moves.tick()
    await moves.tick(after_s=31)
    await moves.join("bob", "cyd")

    late = await moves.ask(line_commands.ClaimPass("ada", connecting=False))
    await moves.tick(after_s=1)

    assert isinstance(late, line_commands.Late)
    assert isinstance(await moves.ask(line_commands.FindPlace("ada")), line_commands.Admitted)
    assert isinstance(await moves.ask(line_commands.FindPlace("bob")), line_commands.Waiting)


async def test_who_is_back_takes_every_second_slot_by_number(
    program: Program, redis: Redis
) -> None:
    moves = await EventInRedis(program).open(rate_per_second=10, claim_seconds=1, active_max=100)
    await moves.tick()
    await moves.join("l1", "l2", "l3")
    assert await moves.tick(after_s=1) == 3
    await moves.tick(after_s=1)
    await moves.join("n1", "n2", "n3")
    for visitor in ("l3", "l1", "l2"):
        await moves.ask(line_commands.JoinLine(visitor))
    already = len(await outbox(redis))

    await moves.tick(after_s=0.5)
    await moves.tick(after_s=0.1)

    order = [visitor for visitor, _ in (await outbox(redis))[already:]]
    assert order == ["l1", "n1", "l2", "n2", "l3", "n3"]


async def test_who_is_heard_of_again_lapses_no_more(moves: EventInRedis) -> None:
    await moves.join("ada")
    await moves.tick()
    await moves.tick(after_s=31)
    await moves.ask(events_commands.SetRules(2, "paused", {}))
    await moves.ask(line_commands.ClaimPass("ada", connecting=False))

    await moves.tick(after_s=3600)

    assert isinstance(await moves.ask(line_commands.FindPlace("ada")), line_commands.Late)


async def test_who_stays_late_for_too_long_has_no_place(moves: EventInRedis, redis: Redis) -> None:
    await moves.join("ada")
    await moves.tick()
    await moves.tick(after_s=31)

    await moves.tick(after_s=301)

    assert await moves.ask(line_commands.FindPlace("ada")) == line_commands.NotInLine()
    assert [state for _, state in await outbox(redis)] == ["waiting", "admitted", "late", "ended"]


async def test_the_late_list_is_bounded(program: Program) -> None:
    moves = await EventInRedis(program).open(late_max=1, rate_per_second=10)
    await moves.tick()
    await moves.join("ada", "bob")
    assert await moves.tick(after_s=1) == 2

    await moves.tick(after_s=31)

    assert isinstance(await moves.ask(line_commands.FindPlace("ada")), line_commands.Late)
    assert await moves.ask(line_commands.FindPlace("bob")) == line_commands.NotInLine()


async def test_a_pass_ends_at_its_deadline(moves: EventInRedis) -> None:
    await moves.join("ada")
    await moves.tick()
    await moves.ask(line_commands.ClaimPass("ada", connecting=False))

    await moves.tick(after_s=300)

    assert await moves.ask(line_commands.FindPlace("ada")) == line_commands.NotInLine()


async def test_claiming_while_waiting_changes_nothing(moves: EventInRedis, redis: Redis) -> None:
    await moves.join("ada")

    place = await moves.ask(line_commands.ClaimPass("ada", connecting=False))

    assert isinstance(place, line_commands.Waiting)
    assert await outbox(redis) == [("ada", "waiting")]


async def test_claiming_without_a_place_is_said(moves: EventInRedis) -> None:
    assert await moves.ask(
        line_commands.ClaimPass("ada", connecting=False)
    ) == line_commands.NotInLine(connection=0)


async def test_each_new_socket_of_an_event_has_a_greater_order(moves: EventInRedis) -> None:
    await moves.join("ada")

    first = await moves.ask(line_commands.ClaimPass("ada", connecting=True))
    second = await moves.ask(line_commands.ClaimPass("bob", connecting=True))

    assert isinstance(first, line_commands.Waiting)
    assert first.connection == 1
    assert second == line_commands.NotInLine(connection=2)


# admit_visitor


async def test_an_operator_admits_from_the_middle_beyond_active_max(moves: EventInRedis) -> None:
    await moves.join("a", "b", "c", "d")
    for _ in range(3):
        await moves.tick(after_s=1)
    await moves.join("e")

    place = await moves.ask(line_commands.AdmitVisitor("e", "press"))

    assert isinstance(place, line_commands.Admitted)
    assert (await moves.ask(events_commands.ReportSockets("here", 0))).active == 4
    assert (await moves.ask(line_commands.ReadGone(0))).ranges == [(5, 5)]


async def test_admitting_twice_by_hand_changes_nothing(moves: EventInRedis) -> None:
    await moves.join("ada")
    first = await moves.ask(line_commands.AdmitVisitor("ada", "press"))

    assert await moves.ask(line_commands.AdmitVisitor("ada", "press")) == first


async def test_nobody_is_admitted_by_hand_who_has_no_place(moves: EventInRedis) -> None:
    assert await moves.ask(line_commands.AdmitVisitor("ada", "press")) == line_commands.NotInLine()


# set_rules


async def test_an_older_version_of_the_rules_changes_nothing(
    moves: EventInRedis, redis: Redis
) -> None:
    await moves.ask(events_commands.SetRules(3, "paused", {"rate_per_second": 7}))

    assert (
        await moves.ask(events_commands.SetRules(2, "open", {"rate_per_second": 1}))
        == events_commands.RulesStale()
    )
    rules: Any = await redis.hgetall(key(EVENT, 1, "rules"))
    assert (rules[b"state"], rules[b"rate_per_second"]) == (b"paused", b"7")


async def test_closing_ends_every_place_and_pass_at_once(moves: EventInRedis, redis: Redis) -> None:
    await moves.join("ada", "bob", "cyd")
    await moves.tick()

    await moves.ask(events_commands.SetRules(2, "closed", {}))

    for visitor in ("ada", "bob", "cyd"):
        assert await moves.ask(line_commands.FindPlace(visitor)) == line_commands.NotInLine()
    assert await redis.hget(key(EVENT, 1, "lane", LANE), "head") == b"3"
    newest: Any = await redis.xrevrange(key(EVENT, 1, "outbox"), count=1)
    assert [entry.changes for entry in read(newest)] == [[ClosedChange()]]


# report_sockets, read_gone, mark_recorded


async def test_a_process_that_is_silent_counts_no_more(moves: EventInRedis) -> None:
    await moves.ask(events_commands.ReportSockets("one", 5))
    moves.now += 3000
    assert (await moves.ask(events_commands.ReportSockets("two", 7))).sockets == 12
    moves.now += 3000

    assert (await moves.ask(events_commands.ReportSockets("two", 7))).sockets == 7


async def test_gone_numbers_are_read_a_page_at_a_time(program: Program, redis: Redis) -> None:
    """Every second of 1,400 leaves, and the last ten do: a page has the gaps of 500 who wait."""
    moves = await EventInRedis(program).open(waiting_max=2000)
    await moves.join(*(f"v{n}" for n in range(1, 1401)))
    leaving = [*range(2, 1391, 2), *range(1391, 1401)]
    leaves = [line_commands.LeaveLine(f"v{n}", "left") for n in leaving]
    await program.run(EVENT, moves.stamp, leaves, now_ms=moves.now)

    page = await moves.ask(line_commands.ReadGone(0))
    rest = await moves.ask(line_commands.ReadGone(page.after))

    assert page.ranges == [(n, n) for n in range(2, 1000, 2)]
    assert page.more
    assert rest.ranges == [*((n, n) for n in range(1000, 1389, 2)), (1390, 1400)]
    assert not rest.more


async def test_what_is_recorded_is_trimmed_in_the_end(program: Program, redis: Redis) -> None:
    moves = await EventInRedis(program).open(waiting_max=1000)
    for n in range(400):
        await moves.join(f"v{n}")

    assert await redis.xlen(key(EVENT, 1, "outbox")) < 250  # whole nodes of a hundred go


async def test_kept_numbers_never_go_back(moves: EventInRedis, redis: Redis) -> None:
    await moves.join("ada", "bob")

    await moves.ask(recovery_commands.MarkRecorded("1-1", {LANE: 1}))

    assert await redis.hget(key(EVENT, 1, "lane", LANE), "kept") == b"2"


@pytest.mark.parametrize("is_seen", [True, False])
async def test_who_is_put_back_has_each_second_that_was_left(
    moves: EventInRedis, is_seen: bool
) -> None:
    await moves.join("ada")
    await moves.tick()
    if is_seen:
        await moves.ask(line_commands.ClaimPass("ada", connecting=False))
    moves.now += 20_000
    before = await moves.ask(line_commands.FindPlace("ada"))
    left = await moves.ask(line_commands.LeaveLine("ada", "removed", "admin"))
    assert isinstance(left, line_commands.Left)
    assert left.place is not None

    moves.now += 500_000
    put_back = line_commands.PutBack(left.place, "admin")
    assert await moves.ask(put_back) == line_commands.IsPutBack()

    after = await moves.ask(line_commands.FindPlace("ada"))
    assert isinstance(before, line_commands.Admitted)
    assert isinstance(after, line_commands.Admitted)
    assert (after.number, after.wave) == (before.number, before.wave)
    assert after.deadline_ms == before.deadline_ms + 500_000
    assert after.claim_ms == before.claim_ms + 500_000
    await moves.tick(after_s=9)
    assert isinstance(await moves.ask(line_commands.FindPlace("ada")), line_commands.Admitted)
    await moves.tick(after_s=2)
    found = await moves.ask(line_commands.FindPlace("ada"))
    assert isinstance(found, line_commands.Admitted if is_seen else line_commands.Late)


async def test_a_missed_turn_that_is_put_back_lasts_as_long_as_was_left(
    moves: EventInRedis,
) -> None:
    await moves.join("ada")
    await moves.tick()
    await moves.tick(after_s=31)
    moves.now += 100_000
    left = await moves.ask(line_commands.LeaveLine("ada", "removed", "admin"))
    assert isinstance(left, line_commands.Left)
    assert left.place is not None

    moves.now += 500_000
    await moves.ask(line_commands.PutBack(left.place, "admin"))

    await moves.tick(after_s=199)
    assert isinstance(await moves.ask(line_commands.FindPlace("ada")), line_commands.Late)
    await moves.tick(after_s=2)
    assert await moves.ask(line_commands.FindPlace("ada")) == line_commands.NotInLine()
