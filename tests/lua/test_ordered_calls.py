"""Ordered calls: none waits for another, errors are one call's own, lost connections end."""

import asyncio

import pytest
from redis.asyncio import Redis
from redis.exceptions import ResponseError
from redis.exceptions import TimeoutError as RedisTimeoutError

from booking_rush.lua.client import connection
from booking_rush.lua.client.connection import connect

CALLS = 300
NOTE = """
if ARGV[1] == "7" then return redis.error_reply("ERR seven is refused") end
redis.call("RPUSH", KEYS[1], ARGV[1])
return ARGV[1]
"""


async def _note(redis: Redis, digest: str, number: int) -> bytes:
    return await redis.evalsha(digest, 1, "notes", str(number))  # type: ignore[no-any-return]


async def test_calls_run_in_their_order_and_a_refusal_is_one_call_s_own(redis: Redis) -> None:
    digest = await redis.script_load(NOTE)

    replies = await asyncio.gather(
        *(_note(redis, digest, number) for number in range(CALLS)), return_exceptions=True
    )

    others = [str(number).encode() for number in range(CALLS) if number != 7]
    assert isinstance(replies.pop(7), ResponseError)
    assert replies == others
    assert await redis.lrange("notes", 0, -1) == others


async def test_a_caller_who_goes_away_takes_no_reply_of_another(redis: Redis) -> None:
    digest = await redis.script_load(NOTE)
    gone = asyncio.create_task(_note(redis, digest, 1))
    stays = asyncio.create_task(_note(redis, digest, 2))
    await asyncio.sleep(0)
    gone.cancel()

    assert await stays == b"2"
    assert await _note(redis, digest, 3) == b"3"


async def test_a_connection_that_ended_is_opened_anew(redis: Redis, redis_url: str) -> None:
    async with connect(redis_url) as other:
        digest = await other.script_load(NOTE)
        await redis.client_kill_filter(_type="normal", skipme=True)

        assert await _note(other, digest, 1) == b"1"


async def test_a_redis_that_is_silent_fails_every_call_that_waits(
    redis: Redis, redis_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(connection, "ANSWER_S", 0.1)
    async with connect(redis_url) as other:
        digest = await other.script_load(NOTE)
        await redis.client_pause(300)

        lost = await asyncio.gather(
            *(_note(other, digest, number) for number in (1, 2)), return_exceptions=True
        )

        assert [type(error) for error in lost] == [RedisTimeoutError, RedisTimeoutError]
        await redis.client_unpause()
        assert await _note(other, digest, 3) == b"3"
