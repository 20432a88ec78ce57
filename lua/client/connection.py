"""Connections to Redis, as the moves need them: nothing is ever sent twice by itself."""

from redis.asyncio import Redis
from redis.asyncio.retry import Retry
from redis.backoff import NoBackoff
from redis.exceptions import RedisError

ANSWER_S = 2.0  # longer, and the answer counts as lost
CONNECTIONS_MAX = 64


class RedisUnfitError(Exception):
    """This Redis would lose what we keep in it; the message says what to set."""


def connect(url: str) -> Redis:
    """A client for `redis://…` or `unix://…`; connections are made when they are needed.

    redis-py would send a command again after an error by itself: a move might run twice.
    """
    return Redis.from_url(
        url,
        protocol=2,
        retry=Retry(NoBackoff(), 0),
        socket_timeout=ANSWER_S,
        socket_connect_timeout=ANSWER_S,
        max_connections=CONNECTIONS_MAX,
    )


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
