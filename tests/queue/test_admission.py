"""Admission, the tend duty: every event has its ticks, however many there are."""

import asyncio
from collections import Counter
from collections.abc import AsyncGenerator
from contextlib import aclosing, asynccontextmanager
from typing import Any

import pytest
from redis.asyncio import Redis

from booking_rush.booking.catalogue.catalogue import Catalogue
from booking_rush.lua.client import pubsub
from booking_rush.lua.client.program import Program
from booking_rush.lua.line.commands import AdmitNext, JoinLine
from booking_rush.lua.recovery.commands import CloseEpoch, LoadEvent, OpenEpoch
from booking_rush.postgres import Pool
from booking_rush.queue.admission import Admission
from booking_rush.queue.event_registry import EventRegistry
from booking_rush.queue.lottery.lottery_draw import LotteryDraw
from booking_rush.queue.rules import rules_of
from booking_rush.server.runtime.loops import forever
from booking_rush.tasks import cancel_and_wait
from tests.support.clients import until
from tests.support.world import new_event

EVENTS = 250  # several times as many as a process has connections


class BreakingProgram(Program):
    """The program, in which the ticks of some events break."""

    broken: frozenset[str] = frozenset()

    async def run(self, event: str, stamp: str, commands: Any, **options: Any) -> Any:
        if event in self.broken and isinstance(commands[0], AdmitNext):
            raise AssertionError("a test breaks it")
        return await super().run(event, stamp, commands, **options)


async def opened(pool: Pool, redis: Redis, count: int) -> list[str]:
    """Put events on sale with a visitor in each, and load them: many at once, as no duty would."""
    await Catalogue(pool).create(new_event("e0", sections=[]), who="tests")
    await pool.execute(COPY, count)
    events = [f"e{n}" for n in range(count)]
    program = Program(redis)
    [(run_id, _)] = await program.epochs(["demo"])
    load = LoadEvent(1, "open", rules_of({}).numbers(), {"main": 0}, {"main": 0}, {})
    for event in events:
        closing, opening = f"0:{run_id}", f"1:{run_id}"
        await program.ask(event, closing, CloseEpoch(0))
        await program.run(event, opening, [load, OpenEpoch()])
        await program.ask(event, opening, JoinLine("ada"))
    return events


COPY = """
    WITH made AS (
        INSERT INTO events (id, name, rules, state)
        SELECT 'e' || n, name, rules, 'open' FROM events, generate_series(1, $1 - 1) AS n
        RETURNING id
    ), begun AS (
        INSERT INTO recorded (event, epoch) SELECT id, 1 FROM made
    )
    UPDATE recorded SET epoch = 1
"""


async def ticked(redis: Redis, events: set[str]) -> Counter[str]:
    """Wait for a tick of each of these events, after a first round.

    Return how often each had ticked when the last one had.
    """
    ticks, rounds = Counter[str](), 0
    async with asyncio.timeout(60), aclosing(pubsub.subscribe(redis)) as subscription:
        async for event, batch in subscription:
            if any(isinstance(news, pubsub.Tick) for news in batch):
                ticks[event] += 1
            if ticks.keys() >= events:
                rounds += 1
                if rounds == 2:
                    break
                ticks.clear()
    return ticks


@asynccontextmanager
async def tending(pool: Pool, program: Program) -> AsyncGenerator[Admission]:
    """The duty at work, with its loop."""
    duty = Admission(EventRegistry(pool, program), LotteryDraw(pool))
    task = asyncio.create_task(forever("tend", duty.run_once, idle_s=0.025))
    try:
        yield duty
    finally:
        await cancel_and_wait([task])
        await duty.close()


async def test_no_event_of_hundreds_ticks_three_times_before_each_has_ticked(
    pool: Pool, redis: Redis
) -> None:
    events = await opened(pool, redis, EVENTS)
    async with tending(pool, Program(redis)) as duty:
        ticks = await ticked(redis, set(events))

    assert max(ticks.values()) <= 2
    assert duty.failures == 0


async def test_an_event_whose_ticks_break_stops_no_other(
    pool: Pool, redis: Redis, caplog: pytest.LogCaptureFixture
) -> None:
    events = await opened(pool, redis, 5)
    program = BreakingProgram(redis)
    program.broken = frozenset(events[:2])
    async with tending(pool, program) as duty:
        await ticked(redis, set(events[2:]))
        await until(lambda: duty.failures >= 6)
        assert duty.longest_without_tick_s() > 0.2
        program.broken = frozenset()
        await ticked(redis, set(events))

    said = [record.getMessage() for record in caplog.records]
    assert len([line for line in said if line.startswith("tick failed event=e0")]) == 1
    assert not [line for line in said if "loop=tend" in line]
