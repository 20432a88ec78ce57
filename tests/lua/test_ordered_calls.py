"""Ordered calls: none waits for another, errors are one call's own, lost connections end."""

import asyncio
import socket
import struct
from collections.abc import AsyncGenerator, Callable
from contextlib import asynccontextmanager, suppress
from typing import Any

import pytest
import uvloop
from redis.asyncio import Redis
from redis.exceptions import ConnectionError as RedisConnectionError
from redis.exceptions import ResponseError
from redis.exceptions import TimeoutError as RedisTimeoutError

from booking_rush.lua.client.connection import connect
from booking_rush.tasks import cancel_and_wait
from tests.support.clients import until
from tests.support.servers.stores import Store

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
    redis: Redis, redis_url: str
) -> None:
    async with connect(redis_url.replace("socket_timeout=60", "socket_timeout=0.1")) as other:
        digest = await redis.script_load(NOTE)
        assert await until(lambda: _note_if_answered(other, digest, 1)) == b"1"
        await redis.client_pause(60_000, all=False)  # whatever writes, until it is ended

        lost = await asyncio.gather(
            *(_note(other, digest, number) for number in (2, 3)), return_exceptions=True
        )

        assert [type(error) for error in lost] == [RedisTimeoutError, RedisTimeoutError]
        await redis.client_unpause()
        assert await until(lambda: _note_if_answered(other, digest, 4)) == b"4"


async def _note_if_answered(redis: Redis, digest: str, number: int) -> bytes | None:
    """Note a number. Return the reply, or None where a slow machine was later than the deadline."""
    with suppress(RedisTimeoutError):
        return await _note(redis, digest, number)
    return None


LOOPS = [asyncio.new_event_loop, uvloop.new_event_loop]
RESET = struct.pack("ii", 1, 0)  # SO_LINGER: to close is to reset


@asynccontextmanager
async def _resetting_relay(redis_url: str) -> AsyncGenerator[tuple[str, Callable[[], None]]]:
    """Relay TCP to a Redis. Yield the relay's URL, and what resets the connections to it."""
    clients, tasks = list[asyncio.StreamWriter](), list[asyncio.Task[None]]()

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        tasks.append(asyncio.current_task())  # type: ignore[arg-type]
        path = redis_url.removeprefix("unix://")
        from_redis, to_redis = await asyncio.open_unix_connection(path)
        clients.append(writer)
        tasks.append(asyncio.create_task(_copy(from_redis, writer)))
        try:
            await _copy(reader, to_redis)
        finally:
            writer.close()
            to_redis.close()

    def reset() -> None:
        for writer in clients:
            of_client = writer.get_extra_info("socket")
            of_client.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, RESET)
            writer.transport.abort()
        clients.clear()

    server = await asyncio.start_server(serve, "127.0.0.1", 0)
    yield f"redis://127.0.0.1:{server.sockets[0].getsockname()[1]}?socket_timeout=60", reset
    server.close()
    await cancel_and_wait(tasks)
    await server.wait_closed()


async def _copy(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    while data := await reader.read(65_536):
        writer.write(data)


@pytest.mark.parametrize("new_loop", LOOPS)
def test_connections_that_were_reset_are_opened_anew(
    new_loop: Callable[[], asyncio.AbstractEventLoop], redis_server: Store
) -> None:
    async def run() -> None:
        async with _resetting_relay(redis_server.url) as (url, reset), connect(url) as redis:
            digest = await redis.script_load(NOTE)
            assert await redis.ping()
            reset()
            await until(lambda: all(map(_is_reset, _connections_of(redis))))

            assert await _note(redis, digest, 1) == b"1"
            assert await redis.ping()

    with asyncio.Runner(loop_factory=new_loop) as runner:
        runner.run(run())


@pytest.mark.parametrize("new_loop", LOOPS)
def test_what_is_sent_on_a_reset_connection_is_lost_as_an_error_of_redis(
    new_loop: Callable[[], asyncio.AbstractEventLoop], redis_server: Store
) -> None:
    async def run() -> None:
        async with _resetting_relay(redis_server.url) as (url, reset), connect(url) as redis:
            pool: Any = redis.connection_pool
            taken = await pool.get_connection()
            reset()
            await until(lambda: _is_reset(taken))

            with pytest.raises(RedisConnectionError):
                await taken.send_command("PING")
            await pool.release(taken)

    with asyncio.Runner(loop_factory=new_loop) as runner:
        runner.run(run())


def _connections_of(redis: Redis) -> list[Any]:
    pool: Any = redis.connection_pool
    return [*pool._available_connections, *pool._in_use_connections]


def _is_reset(connection: Any) -> bool:
    return connection._reader.exception() is not None
