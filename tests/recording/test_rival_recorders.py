"""Recorders beside each other: a long recovery keeps its lease, and few epochs are used."""

import asyncio
import time
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from datetime import datetime
from typing import Any

import pytest
from redis.asyncio import Redis

from booking_rush.booking.recording import leases, loading
from booking_rush.booking.recording.recorder import Recorder
from booking_rush.lease import LEASE_S
from booking_rush.lua.client.program import Program
from booking_rush.lua.line.commands import FindPlace, JoinLine
from booking_rush.lua.recovery.commands import LoadPlaces
from booking_rush.postgres import Pool
from booking_rush.server.runtime.loops import forever
from booking_rush.tasks import cancel_and_wait
from tests.support.clients import PATIENCE_S, until
from tests.support.recorded_event import EVENT, RecordedEvent

VISITORS = 60
LOAD_S = 3 * LEASE_S


class SlowProgram(Program):
    """The program, which takes its time to load a page of places; it may be stopped at one."""

    page_s = 0.0

    def __init__(self, redis: Redis) -> None:
        super().__init__(redis)
        self.redis = redis
        self.may_load = asyncio.Event()
        self.may_load.set()
        self.is_loading = asyncio.Event()

    async def ask(self, event: str, stamp: str, command: Any, *, now_ms: int | None = None) -> Any:
        if isinstance(command, LoadPlaces):
            self.is_loading.set()
            await asyncio.sleep(self.page_s)
            await self.may_load.wait()
        return await super().ask(event, stamp, command, now_ms=now_ms)


@asynccontextmanager
async def recorders(pool: Pool, *programs: SlowProgram) -> AsyncGenerator[list[Recorder]]:
    """Recorders at work, each with its loops."""
    found = [Recorder(pool, program.redis, program, f"r{n}") for n, program in enumerate(programs)]
    tasks = [
        asyncio.create_task(forever(name, run_once, idle_s=idle_s))
        for recorder in found
        for name, run_once, idle_s in recorder.loops()
    ]
    yield found
    await cancel_and_wait(tasks)
    for recorder in found:
        await recorder.stop()


async def epoch(pool: Pool) -> int:
    return int(await pool.fetchval("SELECT epoch FROM recorded WHERE event = $1", EVENT))


async def is_open(event: RecordedEvent) -> bool:
    [(run_id, found)] = await event.program.epochs([EVENT])
    return found == f"{await epoch(event.pool)}:{run_id}"


@pytest.fixture
async def waiting(recorded_event: RecordedEvent, monkeypatch: pytest.MonkeyPatch) -> RecordedEvent:
    """An event with visitors who wait, which takes three leases' time to load."""
    for n in range(VISITORS):
        await recorded_event.ask(JoinLine(f"v{n}"))
    await recorded_event.record()
    await recorded_event.pool.execute("UPDATE recorded SET holder = ''")
    monkeypatch.setattr(loading, "PAGE", 10)
    return recorded_event


async def all_are_there(event: RecordedEvent) -> bool:
    places = [await event.ask(FindPlace(f"v{n}")) for n in range(VISITORS)]
    return [place.number for place in places] == list(range(1, VISITORS + 1))


@pytest.mark.parametrize("count", [2, 3])
async def test_a_recovery_that_takes_longer_than_a_lease_is_done_once(
    waiting: RecordedEvent,
    pool: Pool,
    redis: Redis,
    count: int,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """It renews its lease all the while, which here outlives a machine that stands still."""
    monkeypatch.setattr(leases, "LEASE_S", PATIENCE_S)
    renewals = set[datetime]()

    async def is_back() -> bool:
        renewals.add(await pool.fetchval("SELECT held_at FROM recorded"))
        return await is_open(waiting)

    programs = [SlowProgram(redis) for _ in range(count)]
    for program in programs:
        program.page_s = LOAD_S / (VISITORS / 10)
    async with recorders(pool, *programs):
        await until(lambda: is_open(waiting))
        await redis.flushall()
        began = time.monotonic()
        await until(is_back, within_s=LOAD_S * 10)

        assert time.monotonic() - began >= LOAD_S  # it was slow, or this shows nothing
        assert len(renewals) > 3
        assert await all_are_there(waiting)
        await waiting.ask(JoinLine("later"))
        await until(waiting.is_recorded)
    assert await epoch(pool) == 2


async def test_one_that_is_stopped_in_the_middle_is_followed_and_undoes_nothing(
    waiting: RecordedEvent, pool: Pool, redis: Redis
) -> None:
    """The first stops while it loads; it wakes when the second has everything back."""
    first, second = SlowProgram(redis), SlowProgram(redis)
    stopped = Recorder(pool, redis, first, "stopped")
    await stopped.run_once()
    first.may_load.clear()
    await redis.flushall()
    await stopped.look_once()  # from here on nobody renews its lease
    await asyncio.wait_for(first.is_loading.wait(), PATIENCE_S)

    async with recorders(pool, second):
        await until(lambda: is_open(waiting), within_s=LOAD_S * 10)
        reached = await epoch(pool)
        first.may_load.set()
        await stopped.renew_once()
        await stopped.stop()
        await asyncio.sleep(2 * LEASE_S)
        assert await is_open(waiting)
        assert await all_are_there(waiting)
    assert reached == await epoch(pool) == 3


async def test_many_events_use_one_epoch_each(pool: Pool, redis: Redis) -> None:
    """A rival's rows are stale: what it believes lost, another has loaded meanwhile."""
    from booking_rush.booking.catalogue.catalogue import Catalogue
    from tests.support.world import new_event

    events = [f"e{n}" for n in range(30)]
    for event in events:
        await Catalogue(pool).create(new_event(event), who="tests")
    async with recorders(pool, SlowProgram(redis), SlowProgram(redis), SlowProgram(redis)):
        await until(lambda: _all_open(pool, redis, events), within_s=60)
        before = await pool.fetchval("SELECT sum(epoch) FROM recorded")
        await redis.flushall()
        await until(lambda: _all_open(pool, redis, events), within_s=60)
        after = await pool.fetchval("SELECT sum(epoch) FROM recorded")
    assert before == len(events)
    assert after <= 2 * len(events) + 2


async def _all_open(pool: Pool, redis: Redis, events: list[str]) -> bool:
    rows = await pool.fetch("SELECT event, epoch FROM recorded")
    found = await Program(redis).epochs([row["event"] for row in rows])
    return all(one.is_open(row["epoch"]) for one, row in zip(found, rows, strict=True))


async def test_an_operator_rebuilds_beside_a_recorder_at_work(
    waiting: RecordedEvent, pool: Pool, redis: Redis
) -> None:
    async with recorders(pool, SlowProgram(redis)):
        await until(lambda: is_open(waiting))
        operator = Recorder(pool, redis, Program(redis), "operator")

        assert await operator.rebuild(EVENT) == 2
        await until(lambda: is_open(waiting))
        await waiting.ask(JoinLine("later"))
        await until(waiting.is_recorded)
    assert await epoch(pool) == 2
