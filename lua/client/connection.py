"""Connections to Redis, as the moves need them: nothing is ever sent twice by itself."""

from typing import Any

from redis.asyncio import BlockingConnectionPool, Redis
from redis.asyncio.retry import Retry
from redis.backoff import NoBackoff
from redis.exceptions import ConnectionError as RedisConnectionError
from redis.exceptions import RedisError

ANSWER_S = 2.0  # longer, and the answer counts as lost
CONNECTIONS_MAX = 64


class NoConnectionError(RedisError):
    """All connections were in use for too long: nothing was sent."""


class WaitingPool(BlockingConnectionPool):
    """A pool whose callers wait for a connection, up to 2 s, where all are in use."""

    async def get_connection(self, command_name: Any = None, *keys: Any, **options: Any) -> Any:
        """Return a connection.

        Raises:
            NoConnectionError: none came free in time.
            RedisError: Redis did not let us connect.
        """
        try:
            return await super().get_connection()  # type: ignore[no-untyped-call]
        except RedisConnectionError as error:
            if str(error) == "No connection available.":  # redis-py says it in no other way
                raise NoConnectionError(str(error)) from error
            raise


class RedisUnfitError(Exception):
    """This Redis would lose what we keep in it; the message says what to set."""


def connect(url: str) -> Redis:
    """A client for `redis://…` or `unix://…`; connections are made when they are needed.

    redis-py would send a command again after an error by itself: a move might run twice.
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
    return Redis.from_pool(pool)


async def check(redis: Redis) -> None:
    """Refuse a Redis that evicts keys.

    Raises:
        RedisUnfitError: its eviction policy is another than `noeviction`.
        RedisError: it does not answer.
    """
    try:
        found = await redis.config_get("maxmemory-policy")
    except RedisError as error:
        if "unknown command" in str(error).lower() or "noperm" in str(error).lower():
            return  # a hosted Redis that hides CONFIG; its operator has been told in README
        raise
    policy = found.get("maxmemory-policy")
    if policy != "noeviction":
        raise RedisUnfitError(
            f"Redis evicts keys (maxmemory-policy {policy}): set maxmemory-policy noeviction"
        )
