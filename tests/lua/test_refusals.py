"""Redis' own refusals are a store that is away, never a mistake of a move."""

import asyncio
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from pathlib import Path
from urllib.parse import urlsplit

import pytest
from redis.asyncio import Redis
from redis.exceptions import ReadOnlyError

from booking_rush.errors import Busy, Recovering, TryAgain
from booking_rush.lua.client import connection
from booking_rush.lua.client.batcher import Batcher
from booking_rush.lua.client.connection import connect
from booking_rush.lua.client.epoch_gate import EpochGate
from booking_rush.lua.client.program import (
    MoveFailedError,
    Program,
    RedisRefusedError,
    error_of,
)
from booking_rush.lua.client.waiting_pool import NoConnectionError, WaitingPool
from booking_rush.lua.commands import Failed
from booking_rush.lua.keys import epoch_key
from booking_rush.lua.line.commands import FindPlace, JoinLine
from tests.support.event_in_redis import EVENT, EventInRedis
from tests.support.servers.redis_refusals import refusing
from tests.support.servers.stores import Store


@pytest.mark.parametrize(
    ("why", "word"),
    [
        ("OOM command not allowed when used memory > 'maxmemory'.", "OOM"),
        ("@user_script: 12: -OOM command not allowed", "OOM"),
        ("@user_script:12: READONLY You can't write against a read only replica.", "READONLY"),
        ("NOREPLICAS Not enough good replicas to write.", "NOREPLICAS"),
        ("MISCONF Redis is configured to save RDB snapshots", "MISCONF"),
        ("LOADING Redis is loading the dataset in memory", "LOADING"),
        ("BUSY Redis is busy running a script.", "BUSY"),
        ("MASTERDOWN Link with MASTER is down", "MASTERDOWN"),
        ("user_script:3: attempt to index a nil value", ""),
        ("@user_script: 7: WRONGTYPE Operation against a key", ""),
        ("BUSYKEY Target key name already exists", ""),
        ("a seat called OOM", ""),
    ],
)
def test_a_refusal_is_known_by_its_word(why: str, word: str) -> None:
    error = error_of(Failed(why))

    if word:
        assert isinstance(error, RedisRefusedError)
        assert error.word == word
    else:
        assert isinstance(error, MoveFailedError)


@pytest.mark.parametrize("word", ["OOM", "NOREPLICAS", "READONLY", "MISCONF"])
async def test_redis_refuses_and_nothing_is_done(own_redis: Store, folder: Path, word: str) -> None:
    async with connect(own_redis.url) as redis:
        moves = await EventInRedis(Program(redis)).open()
        batcher = _batcher(moves)

        async with refusing(own_redis, folder / "redis", word):
            with pytest.raises(RedisRefusedError, match=word):
                await moves.ask(JoinLine("ada"))
            with pytest.raises(TryAgain, match=word):
                await batcher.do(JoinLine("ada"))

        assert (await batcher.do(JoinLine("bob"))).number == 1  # type: ignore[union-attr]


async def test_a_redis_that_became_a_replica_is_left_by_moves(
    own_redis: Store, redis_url: str, folder: Path
) -> None:
    async with failing_over(own_redis, redis_url, folder) as (redis, moves):
        with pytest.raises(RedisRefusedError, match="READONLY"):
            await moves.ask(JoinLine("ada"))
        with pytest.raises(Recovering):  # the new primary does not know the event yet
            await moves.ask(JoinLine("ada"))
        assert all(await asyncio.gather(*(redis.set(f"k{n}", n) for n in range(20))))


async def test_a_redis_that_became_a_replica_is_left_by_commands(
    own_redis: Store, redis_url: str, folder: Path
) -> None:
    async with failing_over(own_redis, redis_url, folder) as (redis, _):
        with pytest.raises(ReadOnlyError):
            await redis.set("k", "v")
        assert await redis.set("k", "v")


@asynccontextmanager
async def failing_over(
    old: Store, new_url: str, folder: Path
) -> AsyncGenerator[tuple[Redis, EventInRedis]]:
    """Connect by a name that leads to another Redis by the time the first becomes a replica."""
    name = folder / "primary.sock"
    name.symlink_to(old.url.removeprefix("unix://"))
    async with connect(f"unix://{name}") as redis:
        moves = await EventInRedis(Program(redis)).open()
        await asyncio.gather(*(redis.set(f"k{n}", n) for n in range(20)))
        async with refusing(old, folder / "redis", "READONLY"):
            name.unlink()
            name.symlink_to(urlsplit(new_url).path)
            yield redis, moves


def _batcher(moves: EventInRedis) -> Batcher:
    gate = EpochGate(EVENT)
    gate.compare(1, moves.stamp, moves.stamp.partition(":")[2])
    return Batcher(moves.program, gate)


async def test_callers_wait_for_a_connection_and_are_told_busy_when_none_comes(
    redis_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(connection, "CONNECTIONS_MAX", 2)
    url = redis_url.replace("&timeout=60", "&timeout=0.5")
    async with connect(url) as redis, connect(redis_url) as other:
        assert isinstance(redis.connection_pool, WaitingPool)
        await asyncio.gather(*(other.get(f"k{n}") for n in range(100)))

        moves = await EventInRedis(Program(other)).open()
        moves.program = Program(redis)  # has run no script yet, and so keeps no connection
        taken = [await redis.connection_pool.get_connection() for _ in range(2)]
        with pytest.raises(NoConnectionError):
            await redis.ping()
        with pytest.raises(Busy):
            await _batcher(moves).do(FindPlace("ada"))
        for one in taken:
            await redis.connection_pool.release(one)
        assert await redis.ping()


async def test_an_event_whose_epoch_is_no_text_shuts_no_other(redis: Redis) -> None:
    await redis.rpush(epoch_key("odd"), "no text")
    await redis.set(epoch_key("demo"), "3:abc")

    found = await Program(redis).epochs(["odd", "demo", "none"])

    assert [one.stamp for one in found] == ["", "3:abc", ""]


async def test_a_client_that_was_closed_connects_no_more(redis_url: str, redis: Redis) -> None:
    async with connect(redis_url) as client:
        await client.ping()
        pool = client.connection_pool
        assert isinstance(pool, WaitingPool)
        late = await pool.get_connection()  # as a task has it that outlives the client

    await late.send_command("PING")  # redis-py connects again by itself
    await pool.release(late)
    with pytest.raises(NoConnectionError):
        await client.ping()
    assert not late.is_connected
