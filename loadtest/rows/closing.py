"""Benchmark of a closed event of a million places: its end, its recovery, its end of life."""

import asyncio
import time
from contextlib import suppress

from redis.asyncio import Redis
from redis.exceptions import RedisError

from booking_rush.booking.catalogue.archive import Archive
from booking_rush.booking.recording.recorder import Recorder
from booking_rush.booking.seats import archived_event
from booking_rush.lua.client.program import Program
from booking_rush.lua.events.commands import SetRules
from booking_rush.postgres import Pool, open_pool
from loadtest.environment import Stores
from loadtest.reporting import report
from loadtest.rows.line import insert_places

PLACES = 1_000_000
EVENT = "demo"


async def closing() -> None:
    """Measure each step against one pass over the same places in Postgres."""
    async with Stores() as (redis, url), open_pool(url, size=4) as pool:
        recorder = Recorder(pool, redis, Program(redis), "bench")
        await recorder.run_once()
        await insert_places(url, PLACES)
        await pool.execute("VACUUM ANALYZE places", timeout=600)
        began = time.perf_counter()
        await pool.fetchval("SELECT count(*) FROM places WHERE visitor <> ''", timeout=600)
        baseline = time.perf_counter() - began

        steps = {"loaded": await _recovered(redis, recorder)}
        steps["closed"], steps["ended"] = await _closed(pool, redis, recorder)
        steps["recovered"] = await _recovered(redis, recorder)
        steps["archived"], steps["final figures"] = await _archived(pool, redis)
        for what, seconds in steps.items():
            report(
                f"{PLACES:,} places {what}", seconds=seconds, baseline_seconds=baseline,
                ratio=seconds / baseline,
            )  # fmt: skip


async def _recovered(redis: Redis, recorder: Recorder) -> float:
    """Return the seconds from an empty Redis until the event is open in it."""
    began = time.perf_counter()
    await redis.flushall()
    await recorder.rebuild(EVENT)
    return time.perf_counter() - began


async def _closed(pool: Pool, redis: Redis, recorder: Recorder) -> tuple[float, float]:
    """Close the event. Return the seconds of the move, and those until every place has ended."""
    program = Program(redis)
    await pool.execute("UPDATE events SET state = 'closed', version = version + 1")
    version = await pool.fetchval("SELECT version FROM events")
    began = time.perf_counter()
    await program.ask(EVENT, await _stamp(pool, program), SetRules(version, "closed", {}))
    moved = time.perf_counter() - began
    living = "SELECT EXISTS (SELECT FROM places WHERE state <> 'ended')"
    has_ended = asyncio.Event()
    pinging = asyncio.create_task(_longest_ping(redis, has_ended))
    while await pool.fetchval(living) or await pool.fetchval("SELECT closing FROM recorded"):
        with suppress(RedisError):
            await recorder.run_once()
        await asyncio.sleep(0.1)
    ended = time.perf_counter() - began
    has_ended.set()
    report("Redis silent meanwhile", longest_ms=await pinging * 1000)
    return moved, ended


async def _longest_ping(redis: Redis, has_ended: asyncio.Event) -> float:
    """Ping Redis until the places have ended. Return the seconds of the slowest answer."""
    longest = 0.0
    while not has_ended.is_set():
        began = time.perf_counter()
        with suppress(RedisError):
            await redis.ping()
        longest = max(longest, time.perf_counter() - began)
        await asyncio.sleep(0.005)
    return longest


async def _archived(pool: Pool, redis: Redis) -> tuple[float, float]:
    """Return the seconds to archive and unload the event, and to read its final figures."""
    archive = Archive(pool, redis, "bench")
    await pool.execute("UPDATE events SET changed_at = now() - interval '2 days'")
    await pool.execute("UPDATE recorded SET last = '1-0'")
    began = time.perf_counter()
    assert await archive.archive(after_s=3600) == [EVENT]
    assert await archive.unload(after_s=-1) == 1
    unloaded = time.perf_counter() - began
    began = time.perf_counter()
    stats = await archived_event.statistics(pool, EVENT)
    assert stats.joined == PLACES, stats.joined
    return unloaded, time.perf_counter() - began


async def _stamp(pool: Pool, program: Program) -> str:
    [(run_id, _)] = await program.epochs([EVENT])
    return f"{await pool.fetchval('SELECT epoch FROM recorded')}:{run_id}"
