"""Events of one cluster are apart: a primary that hangs is trouble of its own events alone."""

import asyncio
from collections import Counter
from collections.abc import AsyncGenerator
from contextlib import aclosing
from pathlib import Path

import pytest
from redis.asyncio import Redis
from redis.crc import key_slot
from redis.exceptions import RedisError

from booking_rush.booking.catalogue.catalogue import Catalogue
from booking_rush.booking.recording.recorder import Recorder
from booking_rush.errors import Refusal
from booking_rush.lua.client import pubsub
from booking_rush.lua.client.connection import connect
from booking_rush.lua.client.program import Program
from booking_rush.lua.events.commands import PublishBroadcast
from booking_rush.lua.keys import tag_of
from booking_rush.lua.line.commands import FindPlace, JoinLine, Waiting
from booking_rush.postgres import Pool
from booking_rush.queue.event_registry import EventRegistry
from booking_rush.server.runtime.loops import Loop
from booking_rush.tasks import cancel_and_wait
from tests.engines.cluster.cluster_nodes import RunningCluster, ask, port_of, running_cluster
from tests.support.clients import until
from tests.support.servers.processes import run
from tests.support.world import new_event, settings_for

EVENTS = ("apart-0", "apart-3", "apart-2")  # one a primary


@pytest.fixture
async def cluster(folder: Path) -> AsyncGenerator[RunningCluster]:
    async with running_cluster(folder) as cluster:
        yield cluster


@pytest.fixture
async def redis(cluster: RunningCluster) -> AsyncGenerator[Redis]:
    async with connect(cluster.url) as redis:
        yield redis


@pytest.fixture
async def registry(redis: Redis, pool: Pool) -> AsyncGenerator[EventRegistry]:
    """Three events on sale, a record duty, and a registry that keeps their gates."""
    registry, recorder = (
        EventRegistry(pool, Program(redis)),
        Recorder(pool, redis, Program(redis), "r"),
    )
    catalogue = Catalogue(pool)
    for event in EVENTS:
        await catalogue.create(new_event(event), who="tests")
        await catalogue.act(event, "open", who="tests")
    loops = [Loop(*loop) for loop in recorder.loops()]
    tasks = [asyncio.create_task(one.forever()) for one in loops]
    tasks.append(asyncio.create_task(Loop("gates", registry.run_once, 0.05).forever()))
    await until(lambda: all(registry.batcher(event).gate.is_open for event in EVENTS))
    yield registry
    await cancel_and_wait(tasks)
    await recorder.release()


async def is_recorded(registry: EventRegistry, pool: Pool, event: str, visitor: str) -> bool:
    """Join an event. Return whether PostgreSQL has the place soon after."""
    joined = await registry.batcher(event).do(JoinLine(visitor))
    assert isinstance(joined, Waiting)
    sql = "SELECT count(*) FROM places WHERE event = $1 AND visitor = $2"
    return bool(await until(lambda: pool.fetchval(sql, event, visitor)))


async def is_refused(registry: EventRegistry, event: str) -> bool:
    try:
        await registry.batcher(event).do(FindPlace("ada"))
    except Refusal:
        return True
    return False


@pytest.mark.timeout(120)
async def test_a_primary_that_hangs_stops_its_own_events_alone(
    cluster: RunningCluster, registry: EventRegistry, pool: Pool
) -> None:
    assert len({(await cluster.primary_of(event)).url for event in EVENTS}) == len(EVENTS)
    for event in EVENTS:
        assert await is_recorded(registry, pool, event, "ada")
    hung = await cluster.primary_of(EVENTS[0])
    hung.pause()
    try:
        assert await is_refused(registry, EVENTS[0])
        for event in EVENTS[1:]:
            assert await is_recorded(registry, pool, event, "bob")
        await cluster.promoted(EVENTS[0], hung)
        gate = registry.batcher(EVENTS[0]).gate
        await until(lambda: gate.is_open and gate.epoch == 2)
        assert await is_recorded(registry, pool, EVENTS[0], "bob")
        found = await registry.batcher(EVENTS[0]).do(FindPlace("ada"))
        assert isinstance(found, Waiting)
        assert [event for event, epoch in (await epochs(pool)).items() if epoch > 1] == [EVENTS[0]]
    finally:
        hung.resume()


async def epochs(pool: Pool) -> dict[str, int]:
    rows = await pool.fetch("SELECT event, epoch FROM recorded")
    return {row["event"]: row["epoch"] for row in rows}


@pytest.mark.timeout(120)
async def test_a_moving_event_is_away_until_it_has_arrived_and_is_changed_at_no_two_primaries(
    cluster: RunningCluster, registry: EventRegistry, pool: Pool
) -> None:
    event, slot = EVENTS[0], key_slot(tag_of(EVENTS[0]).encode())
    for one in EVENTS:
        assert await is_recorded(registry, pool, one, "ada")
    target = await cluster.primary_of(EVENTS[1])
    await cluster.begin_to_move(event, target)

    assert await is_refused(registry, event)
    assert await is_recorded(registry, pool, EVENTS[1], "bob")
    assert await ask(target, "COUNTKEYSINSLOT", slot) == 0
    await cluster.move_keys(event, target)
    await until(lambda: registry.batcher(event).gate.epoch == 2)
    assert await is_recorded(registry, pool, event, "bob")
    found = await registry.batcher(event).do(FindPlace("ada"))
    assert isinstance(found, Waiting)
    assert found.number == 1
    assert await epochs(pool) == {EVENTS[0]: 2, EVENTS[1]: 1, EVENTS[2]: 1}


@pytest.mark.timeout(120)
async def test_what_one_primary_loses_comes_back_from_postgres_and_others_notice_nothing(
    cluster: RunningCluster, registry: EventRegistry, pool: Pool
) -> None:
    for event in EVENTS:
        assert await is_recorded(registry, pool, event, "ada")
    primary = await cluster.primary_of(EVENTS[0])
    async with connect(primary.url) as redis:
        await redis.flushall()

    await until(lambda: registry.batcher(EVENTS[0]).gate.epoch == 2)
    for event in EVENTS:
        assert isinstance(await registry.batcher(event).do(FindPlace("ada")), Waiting)
        assert await is_recorded(registry, pool, event, "bob")
    assert await epochs(pool) == {EVENTS[0]: 2, EVENTS[1]: 1, EVENTS[2]: 1}


@pytest.mark.timeout(120)
async def test_every_publication_is_heard_and_after_a_failover_anew(
    cluster: RunningCluster, redis: Redis, registry: EventRegistry
) -> None:
    heard = Counter[str]()

    async def hear() -> None:
        async with aclosing(pubsub.subscribe(redis)) as published:
            async for event, batch in published:
                for news in batch:
                    if isinstance(news, pubsub.Broadcast):
                        heard[f"{event} {news.message}"] += 1

    async def are_heard(message: str) -> bool:
        """Publish at every event. Return whether all of it was heard, or something before."""
        for event in EVENTS:
            await registry.batcher(event).do(PublishBroadcast(message))
        return all(heard[f"{event} {message}"] for event in EVENTS)

    hearing = asyncio.create_task(hear())
    await until(lambda: are_heard("begins"))
    await are_heard("once")
    await until(lambda: are_heard("ends"))
    assert [heard[f"{event} once"] for event in EVENTS] == [1, 1, 1]  # though every node carries it

    lost = await cluster.primary_of(EVENTS[0])
    await asyncio.to_thread(lost.kill)
    with pytest.raises(RedisError):
        await hearing
    await cluster.promoted(EVENTS[0], lost)
    await until(lambda: registry.batcher(EVENTS[0]).gate.is_open)
    hearing = asyncio.create_task(hear())
    await until(lambda: are_heard("again"))
    await cancel_and_wait([hearing])


@pytest.mark.timeout(120)
async def test_the_doctor_asks_each_primary(cluster: RunningCluster, postgres_url: str) -> None:
    settings = settings_for(cluster.url, postgres_url)
    well = await asyncio.to_thread(run, "doctor", settings=settings)
    lost = await cluster.primary_of(EVENTS[0])
    await cluster.begin_to_move(EVENTS[1], await cluster.primary_of(EVENTS[2]))
    await asyncio.to_thread(lost.kill)
    ill = await asyncio.to_thread(run, "doctor", settings=settings)
    as_one = await asyncio.to_thread(
        run, "doctor", settings=settings_for(cluster.nodes[[*cluster.nodes][1]].url, postgres_url)
    )

    assert "ok     redis     a cluster of 3 primaries has all slots" in well.stdout
    assert "ok     redis     1 replicas" in well.stdout
    assert f"wrong  redis     127.0.0.1:{port_of(lost)}: does not answer" in ill.stdout
    slot = key_slot(tag_of(EVENTS[1]).encode())
    assert f"slots on their way to another: {slot};" in ill.stdout
    assert "name it redis+cluster://" in as_one.stdout
