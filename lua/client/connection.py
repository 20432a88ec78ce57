"""Connections to Redis: without retries, so that no command is sent twice, and to primaries."""

import os
from typing import Any, cast

from redis.asyncio import Redis
from redis.asyncio.connection import parse_url
from redis.asyncio.retry import Retry
from redis.backoff import NoBackoff
from redis.exceptions import NoPermissionError, ReadOnlyError, RedisError

from booking_rush.lua.client.ordered_calls import OrderedCalls
from booking_rush.lua.client.rights import missing_rights
from booking_rush.lua.client.sentinel import is_sentinel, sentinel_pool
from booking_rush.lua.client.waiting_pool import WaitingPool
from booking_rush.lua.cluster.cluster_client import ClusterRedis, ask_primaries
from booking_rush.lua.cluster.cluster_url import is_cluster, read_cluster_url
from booking_rush.lua.cluster.slot_map import Address

ANSWER_S = 2.0  # longer, and the answer counts as lost
CONNECTIONS_MAX = 64
SCRIPTS = ("EVALSHA", "SCRIPT LOAD")  # carried out in the order of their calls
NAME_THE_CLUSTER = "it is a node of a cluster: name it redis+cluster://… in RUSH_REDIS_URL"


class PrimaryRedis(Redis):
    """Client that leaves a Redis which has become a replica, and runs scripts in their order.

    The name that it connected to may lead to the new primary by now, but a connection that lives
    would stay with the old one for ever.
    """

    def __init__(self, **options: Any) -> None:
        super().__init__(**options)
        self._scripts = OrderedCalls(self.connection_pool)

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
    """Return a client for one Redis, Sentinels or a cluster, which connects when first used.

    redis-py's default is ten retries after an error: a move might run twice.

    Raises:
        ValueError: the URL is none of these.
    """
    if not is_cluster(url):
        return PrimaryRedis.from_pool(_pool_of(url))

    def open_node(address: Address, answer_s: float) -> Redis:
        return PrimaryRedis.from_pool(_pool_of_node(url, address, answer_s))

    seeds = read_cluster_url(url, parse_url).seeds
    return ClusterRedis(seeds, open_node, ANSWER_S)


def _pool_of(url: str) -> WaitingPool:
    if is_sentinel(url):
        return sentinel_pool(url, _options(ANSWER_S), parse_url)
    if is_cluster(url):
        return _pool_of_node(url, read_cluster_url(url, parse_url).seeds[0], ANSWER_S)
    return WaitingPool.from_url(url, **_options(ANSWER_S))


def _pool_of_node(url: str, address: Address, answer_s: float) -> WaitingPool:
    """Return a pool of connections to one node of a cluster."""
    given = read_cluster_url(url, parse_url).options
    return WaitingPool(**{**_options(answer_s), **given}, host=address.host, port=address.port)


def _options(answer_s: float) -> dict[str, Any]:
    return {
        "protocol": 2,
        "retry": Retry(NoBackoff(), 0),
        "socket_timeout": answer_s,
        "socket_connect_timeout": answer_s,
        "max_connections": CONNECTIONS_MAX,
        "timeout": answer_s,
    }


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
    """Close the connections that are not in use; the others follow by their own replies.

    A node of a cluster that has become a replica says where to go, and is left by that.
    """
    if isinstance(redis, PrimaryRedis):
        redis.leave_scripts()
    await redis.connection_pool.disconnect(inuse_connections=False)


async def check(redis: Redis) -> None:
    """Check that each primary evicts no keys, and that its user may do what a sale needs.

    Raises:
        RedisUnfitError: the eviction policy is another than `noeviction`, or a right is missing.
        RedisError: Redis does not answer.
    """
    if not isinstance(redis, ClusterRedis) and await is_cluster_node(redis):
        raise RedisUnfitError(f"Redis: {NAME_THE_CLUSTER}")
    try:
        await ask_primaries(redis, _check)
    except NoPermissionError as error:
        raise RedisUnfitError(f"Redis: its user lacks a right of docs/redis.md: {error}") from error


async def _check(redis: Redis) -> None:
    """Check one primary.

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


async def is_cluster_node(redis: Redis) -> bool:
    """Return whether this one Redis is a node of a cluster, as far as it tells us.

    Raises:
        RedisError: it does not answer.
    """
    try:
        found: dict[str, Any] = await cast("Any", redis.info("cluster"))
    except NoPermissionError:
        return False
    return bool(found.get("cluster_enabled"))


async def memory_share(redis: Redis) -> float:
    """Return the share of `maxmemory` that the fullest primary uses; 0 where there is no limit.

    Raises:
        RedisError: Redis does not answer.
    """
    return max(await ask_primaries(redis, _memory_share))


async def _memory_share(redis: Redis) -> float:
    found: dict[str, Any] = await cast("Any", redis.info("memory"))
    most = int(found.get("maxmemory", 0))
    return int(found["used_memory"]) / most if most else 0.0
