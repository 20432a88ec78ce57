"""Connections to Redis: without retries, so that no command is sent twice, and to a primary."""

import os
from typing import Any, cast

from redis.asyncio import Redis
from redis.asyncio.connection import parse_url
from redis.asyncio.retry import Retry
from redis.backoff import NoBackoff
from redis.exceptions import ReadOnlyError, RedisError

from booking_rush.lua.client.ordered_calls import OrderedCalls
from booking_rush.lua.client.rights import missing_rights
from booking_rush.lua.client.sentinel import is_sentinel, sentinel_pool
from booking_rush.lua.client.waiting_pool import WaitingPool

ANSWER_S = 2.0  # longer, and the answer counts as lost
CONNECTIONS_MAX = 64
SCRIPTS = ("EVALSHA", "SCRIPT LOAD")  # carried out in the order of their calls


class PrimaryRedis(Redis):
    """Client that leaves a Redis which has become a replica, and runs scripts in their order.

    The name that it connected to may lead to the new primary by now, but a connection that lives
    would stay with the old one for ever.
    """

    def __init__(self, **options: Any) -> None:
        super().__init__(**options)
        self._scripts = OrderedCalls(self.connection_pool, ANSWER_S)

    async def execute_command(self, *args: Any, **options: Any) -> Any:
        """Carry out a command. Return its reply; scripts run in the order of their calls.

        Raises:
            RedisError: the reply is an error, or it was lost.
        """
        if args[0] in SCRIPTS:
            return await self._scripts.call(*args)
        return await cast("Any", super()).execute_command(*args, **options)

    def leave_scripts(self) -> None:
        """Run the next script on another connection."""
        self._scripts.leave()

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
    """Redis whose settings would lose data, or refuse us; the message says what to set."""


def connect(url: str) -> Redis:
    """Return a client for `redis://…`, `unix://…` or Sentinels, which connects when first used.

    redis-py's default is ten retries after an error: a move might run twice.

    Raises:
        ValueError: the URL is none of these.
    """
    return PrimaryRedis.from_pool(_pool_of(url))


def _pool_of(url: str) -> WaitingPool:
    options: dict[str, Any] = {
        "protocol": 2,
        "retry": Retry(NoBackoff(), 0),
        "socket_timeout": ANSWER_S,
        "socket_connect_timeout": ANSWER_S,
        "max_connections": CONNECTIONS_MAX,
        "timeout": ANSWER_S,
    }
    if is_sentinel(url):
        return sentinel_pool(url, options, parse_url)
    return WaitingPool.from_url(url, **options)


def url_error(url: str) -> str:
    """Return what is wrong with the URL of a Redis; empty where it can be tried."""
    try:
        connection = cast("Any", _pool_of(url)).make_connection()
    except TypeError as error:  # a word of the query that is no option of redis-py
        return str(error).rpartition("__init__() ")[2]
    except (ValueError, RedisError) as error:
        return str(error)
    tls = getattr(connection, "ssl_context", None)
    files = [getattr(tls, name, None) for name in ("ca_certs", "certfile", "keyfile")]
    missing = [file for file in files if file and not os.access(file, os.R_OK)]
    return f"{missing[0]} cannot be read" if missing else ""


async def leave_replica(redis: Redis) -> None:
    """Close the connections that are not in use; the others follow by their own replies."""
    if isinstance(redis, PrimaryRedis):
        redis.leave_scripts()
    await redis.connection_pool.disconnect(inuse_connections=False)


async def check(redis: Redis) -> None:
    """Check that Redis evicts no keys, and that its user may do what a sale needs.

    INFO tells the eviction policy also where CONFIG is refused; who hides it there is trusted.

    Raises:
        RedisUnfitError: the eviction policy is another than `noeviction`, or a right is missing.
        RedisError: Redis does not answer.
    """
    if missing := await missing_rights(redis):
        raise RedisUnfitError(f"Redis: {missing}")
    found: dict[str, Any] = await cast("Any", redis.info("memory"))
    policy = found.get("maxmemory_policy", "noeviction")
    if policy != "noeviction":
        raise RedisUnfitError(
            f"Redis evicts keys (maxmemory-policy {policy}): set maxmemory-policy noeviction"
        )
