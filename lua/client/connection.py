"""Connections to Redis: without retries, so that no command is sent twice, and to a primary."""

from typing import Any, cast

from redis.asyncio import BlockingConnectionPool, Redis
from redis.asyncio.retry import Retry
from redis.backoff import NoBackoff
from redis.exceptions import ConnectionError as RedisConnectionError
from redis.exceptions import ReadOnlyError, RedisError

ANSWER_S = 2.0  # longer, and the answer counts as lost
CONNECTIONS_MAX = 64


class NoConnectionError(RedisError):
    """All connections were in use for too long: nothing was sent."""


class WaitingPool(BlockingConnectionPool):
    """A pool whose callers wait for a connection, up to 2 s, where all are in use.

    Once it is closed it stays so: redis-py's own would connect again for a task that outlives the
    client, and nobody would close that connection.
    """

    _is_closed = False

    async def get_connection(self, command_name: Any = None, *keys: Any, **options: Any) -> Any:
        """Return a connection.

        Raises:
            NoConnectionError: none came free in time, or the pool is closed.
            RedisError: Redis did not let us connect.
        """
        if self._is_closed:
            raise NoConnectionError("the client is closed")
        try:
            return await super().get_connection()  # type: ignore[no-untyped-call]
        except RedisConnectionError as error:
            if str(error) == "No connection available.":  # redis-py says it in no other way
                raise NoConnectionError(str(error)) from error
            raise

    async def release(self, connection: Any) -> None:
        """Take a connection back; once the pool is closed, close it."""
        if self._is_closed:
            await connection.disconnect(nowait=True)
        await super().release(connection)

    async def aclose(self) -> None:
        """Close every connection, those in use as well, for good."""
        self._is_closed = True
        await super().aclose()


class PrimaryRedis(Redis):
    """Client that leaves a Redis which has become a replica.

    The name that it connected to may lead to the new primary by now, but a connection that lives
    would stay with the old one for ever.
    """

    async def parse_response(self, connection: Any, command_name: Any, **options: Any) -> Any:
        """Return a reply; close the connection where the reply is READONLY.

        Raises:
            RedisError: the reply is an error, or it was lost.
        """
        try:
            parse = cast("Any", super()).parse_response
            return await parse(connection, command_name, **options)
        except ReadOnlyError:
            await connection.disconnect()
            raise


class RedisUnfitError(Exception):
    """Redis whose settings would lose data; the message says what to set."""


def connect(url: str) -> Redis:
    """Return a client for `redis://…` or `unix://…`, which connects at the first command.

    redis-py's default is ten retries after an error: a move might run twice.
    """
    pool = WaitingPool.from_url(
        url,
        protocol=2,
        retry=Retry(NoBackoff(), 0),
        socket_timeout=ANSWER_S,
        socket_connect_timeout=ANSWER_S,
        max_connections=CONNECTIONS_MAX,
        timeout=ANSWER_S,
    )
    return PrimaryRedis.from_pool(pool)


async def leave_replica(redis: Redis) -> None:
    """Close the connections that are not in use; the others follow by their own replies."""
    await redis.connection_pool.disconnect(inuse_connections=False)


async def check(redis: Redis) -> None:
    """Check that Redis evicts no keys. One that hides its settings is trusted.

    Raises:
        RedisUnfitError: the eviction policy is another than `noeviction`.
        RedisError: Redis does not answer.
    """
    try:
        settings = await redis.config_get("maxmemory-policy")
    except RedisError as error:
        if "unknown command" in str(error).lower() or "noperm" in str(error).lower():
            return  # a hosted Redis that hides CONFIG; README says what its operator must set
        raise
    policy = settings.get("maxmemory-policy")
    if policy != "noeviction":
        raise RedisUnfitError(
            f"Redis evicts keys (maxmemory-policy {policy}): set maxmemory-policy noeviction"
        )
