"""Marks in Redis of how far Postgres is: state that is brought again, never lost."""

from contextlib import suppress
from typing import Any

import pytest
from redis.asyncio import Redis
from redis.exceptions import RedisError

from booking_rush.booking.recording.recorder import Recorder
from booking_rush.lua.client.connection import connect
from booking_rush.lua.client.program import Program, RedisRefusedError
from booking_rush.lua.line.commands import FindPlace, JoinLine
from booking_rush.lua.recovery.commands import MarkRecorded
from booking_rush.postgres import Pool
from tests.support.clients import until
from tests.support.recorded_event import EVENT, RecordedEvent
from tests.support.servers.stores import Store


class LosingProgram(Program):
    """The program, which loses the next marks: before they arrive, or their answers."""

    lost = 0
    arrives = False

    async def ask(self, event: str, stamp: str, command: Any, *, now_ms: int | None = None) -> Any:
        if isinstance(command, MarkRecorded) and self.lost:
            self.lost -= 1
            if self.arrives:
                await super().ask(event, stamp, command, now_ms=now_ms)
            raise RedisError("a test lost it")
        return await super().ask(event, stamp, command, now_ms=now_ms)


async def _round(recorder: Recorder) -> None:
    """Do a round, whatever fails in it."""
    with suppress(RedisError):
        await recorder.run_once()


@pytest.mark.parametrize("arrives", [False, True])
@pytest.mark.parametrize("lost", [1, 3])
async def test_a_lost_mark_is_repeated_though_nothing_else_happens(
    recorded_event: RecordedEvent, pool: Pool, redis: Redis, lost: int, arrives: bool
) -> None:
    await pool.execute("UPDATE recorded SET holder = ''")
    program = LosingProgram(redis)
    recorder = Recorder(pool, redis, program, "losing")
    await recorder.run_once()
    program.lost, program.arrives = lost, arrives
    await recorded_event.ask(JoinLine("ada"))

    async def is_marked() -> bool:
        await _round(recorder)
        return await recorded_event.is_recorded()

    await until(is_marked)
    assert (await recorded_event.ask(FindPlace("ada"))).entry == ""
    assert program.lost == 0 or arrives
    await until(lambda: _is_well(recorder))


async def _is_well(recorder: Recorder) -> bool:
    await _round(recorder)
    return recorder.failing() == []


async def test_a_new_holder_marks_what_the_last_one_could_not(
    recorded_event: RecordedEvent, pool: Pool, redis: Redis
) -> None:
    await pool.execute("UPDATE recorded SET holder = ''")
    program = LosingProgram(redis)
    first = Recorder(pool, redis, program, "first")
    await first.run_once()
    program.lost = 1000
    await recorded_event.ask(JoinLine("ada"))
    await _round(first)
    assert not await recorded_event.is_recorded()

    await recorded_event.record("heir")

    assert await recorded_event.is_recorded()


async def test_a_redis_that_is_full_is_trimmed_and_marked(own_redis: Store, pool: Pool) -> None:
    """At maxmemory every write is refused but that which makes room; then all goes on."""
    async with connect(own_redis.url) as redis:
        event = await RecordedEvent(pool, redis).begin()
        for n in range(300):
            await event.ask(JoinLine(f"v{n}"))
        await redis.config_set("maxmemory", 1)
        with pytest.raises(RedisRefusedError, match="OOM"):
            await event.ask(JoinLine("refused"))

        await event.record()

        assert await event.is_recorded()
        assert await redis.xlen(f"{{{EVENT}}}:1:outbox") < 150  # whole nodes of it go
        await redis.config_set("maxmemory", 0)
        await event.ask(JoinLine("later"))
        await event.record("later")
        assert len(await event.places()) == 301
