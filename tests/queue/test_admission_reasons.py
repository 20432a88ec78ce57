"""Admission: corrected for turns that are missed, never beyond the room, and never to nothing."""

import asyncio
from typing import Any

import pytest
from redis.asyncio import Redis

from booking_rush.booking.recording.batch import read
from booking_rush.lua.client import pubsub
from booking_rush.lua.client.program import Program, assemble
from booking_rush.lua.commands import EventState
from booking_rush.lua.events.commands import SetRules
from booking_rush.lua.holds.commands import CheckoutHold
from booking_rush.lua.keys import key
from booking_rush.lua.line.changes import ReasonChange
from booking_rush.lua.line.commands import ClaimPass
from booking_rush.lua.saga.commands import FreeHold, MarkSold
from booking_rush.queue.rules import rules_of
from tests.support.event_in_redis import EVENT, EventInRedis, read_holds, standing

RATE = 20
ROUNDS = 12


async def with_no_shows(program: Program, *, active_max: int) -> EventInRedis:
    """An event in which every second visitor misses the turn; those who came have left again."""
    event = EventInRedis(program)
    await event.open(rate_per_second=RATE, claim_seconds=1, active_max=active_max, late_seconds=0)
    await event.tick()
    for turn in range(ROUNDS):
        visitors = [f"v{turn}-{n}" for n in range(10)]
        await event.join(*visitors)
        assert await event.tick(after_s=0.5) == 10
        for visitor in visitors[::2]:
            await event.ask(ClaimPass(visitor, connecting=False))
        await event.tick(after_s=2)
    return event


async def test_more_are_admitted_where_some_never_come(program: Program) -> None:
    event = await with_no_shows(program, active_max=1000)
    await event.join(*(f"w{n}" for n in range(60)))

    admitted = sum([await event.tick(after_s=0.1) for _ in range(10)])

    assert admitted > 1.5 * RATE


ABOVE_THE_MAXIMUM = ("return min(LIMIT, free, wanted),", "return min(LIMIT, wanted),")


async def most_inside(program: Program) -> int:
    event = await with_no_shows(program, active_max=70)
    await event.join(*(f"w{n}" for n in range(60)))
    inside = 5 * ROUNDS
    for _ in range(10):
        inside += await event.tick(after_s=0.1)
    return inside


async def test_the_correction_never_admits_beyond_the_maximum(program: Program) -> None:
    assert await most_inside(program) == 70


async def test_a_correction_above_the_maximum_is_caught(redis: Redis) -> None:
    text = assemble()
    assert text.count(ABOVE_THE_MAXIMUM[0]) == 1

    assert await most_inside(Program(redis, text.replace(*ABOVE_THE_MAXIMUM))) > 70


async def test_nobody_is_admitted_to_nothing(program: Program, redis: Redis) -> None:
    event = EventInRedis(program)
    await event.open(sections=[standing("floor", 2)], rate_per_second=10)
    await event.tick()
    await event.admit("ada")
    hold = await event.hold("ada", section="floor", quantity=2)
    await event.join("bob")

    assert await event.tick(after_s=0.1) == 1  # what is held may come back
    await event.ask(CheckoutHold("ada", hold.id, "ok"))
    [sold] = await read_holds(redis, 1, [hold.id])
    await event.ask(MarkSold(sold, 1))
    await event.join("cyd")
    assert await event.tick(after_s=1) == 0
    await event.ask(FreeHold("ada", hold.id, 2, "released", "cancelled", {}))
    assert await event.tick(after_s=1) == 1


@pytest.mark.parametrize(
    ("state", "rules", "because"),
    [
        ("open", {"active_max": 0}, "full"),
        ("open", {"rate_per_second": 10}, "rate"),
        ("paused", {}, "paused"),
        ("open", {"stopped_at": 1}, "stopped"),
        ("open", {"rate_per_second": 100, "bank_away_at": 1}, "bank_away"),
    ],
)
async def test_a_tick_says_why(
    program: Program, redis: Redis, state: EventState, rules: dict[str, float], because: str
) -> None:
    event = await EventInRedis(program).open()
    await event.join("ada")
    await event.ask(SetRules(2, state, rules_of({}).numbers() | rules))

    tick = await heard_tick(event, redis, after_s=0.2)

    assert isinstance(tick, pubsub.Tick)
    assert tick.because == because


async def test_few_are_admitted_while_payments_are_not_answered(program: Program) -> None:
    event = await EventInRedis(program).open()
    await event.join(*(f"v{n}" for n in range(50)))
    await event.tick()
    await event.ask(
        SetRules(2, "open", rules_of({"rate_per_second": 100}).numbers() | {"bank_away_at": 1})
    )

    admitted = sum([await event.tick(after_s=0.1) for _ in range(20)])

    assert 18 <= admitted <= 22


async def test_an_outbox_that_nobody_records_is_the_reason_told(
    program: Program, redis: Redis
) -> None:
    event = await EventInRedis(program).open()
    await event.join("ada", recorded=False)
    began: Any = await redis.xrange(key(EVENT, 1, "outbox"), count=1)
    event.now = int(began[0][0].partition(b"-")[0])

    tick = await heard_tick(event, redis, after_s=2.1)

    assert isinstance(tick, pubsub.Tick)
    assert tick.because == "not_recorded"


async def reasons_told(event: EventInRedis, redis: Redis, ticks: int) -> list[str]:
    """Tick once a second. Return the reasons that were enqueued for the journal, ever."""
    for _ in range(ticks):
        await event.tick(after_s=1)
    entries: Any = await redis.xrange(key(EVENT, 1, "outbox"))
    changes = [change for entry in read(entries) for change in entry.changes]
    return [one.because for one in changes if isinstance(one, ReasonChange)]


async def test_the_journal_is_told_of_a_reason_that_lasts(program: Program, redis: Redis) -> None:
    event = await EventInRedis(program).open(active_max=1, claim_seconds=1, late_seconds=0)
    await event.join("ada", "bob")
    await event.tick()
    await event.ask(ClaimPass("ada", connecting=False))

    assert await reasons_told(event, redis, 9) == []
    assert await reasons_told(event, redis, 3) == ["full"]
    assert await reasons_told(event, redis, 30) == ["full"]
    await event.join(*(f"v{n}" for n in range(30)))
    await event.ask(SetRules(2, "open", rules_of({"active_max": 500}).numbers()))
    assert await reasons_told(event, redis, 2) == ["full"]
    await event.ask(SetRules(3, "paused", rules_of({}).numbers()))
    assert await reasons_told(event, redis, 30) == ["full"]


async def test_a_door_at_which_one_comes_when_one_leaves_tells_the_journal_once(
    program: Program, redis: Redis
) -> None:
    event = await EventInRedis(program).open(active_max=1, claim_seconds=3, late_seconds=0)
    await event.join(*(f"v{n}" for n in range(40)))

    assert await reasons_told(event, redis, 60) == ["full"]


async def heard_tick(event: EventInRedis, redis: Redis, *, after_s: float) -> Any:
    """Let an event tick. Return the first news that a subscriber heard of it."""
    news = pubsub.subscribe(redis)
    heard = asyncio.create_task(anext(news))
    while await redis.pubsub_numpat() == 0:
        await asyncio.sleep(0)
    await event.tick(after_s=after_s)
    _, [tick] = await heard
    await news.aclose()
    return tick
