"""Checks of Redis: rights, version, role, eviction, file, replicas, memory, Sentinels."""

from collections.abc import Iterator
from typing import Any, cast

from redis.asyncio import Redis
from redis.exceptions import RedisError

from booking_rush.lua.client.connection import NAME_THE_CLUSTER, is_cluster_node
from booking_rush.lua.client.rights import missing_rights
from booking_rush.lua.client.sentinel import SentinelPool
from booking_rush.lua.cluster.cluster_client import ClusterRedis
from booking_rush.server.doctor.cluster_checks import Fact, cluster_facts
from booking_rush.server.doctor.finding import Finding

VERSION_MIN = (6, 2)
MEMORY_SHARE_MAX = 0.8


async def check_redis(redis: Redis) -> list[Finding]:
    """Ask Redis about itself, of a cluster each primary.

    Raises:
        RedisError, OSError: it does not answer.
    """
    facts: list[Fact]
    if isinstance(redis, ClusterRedis):
        facts = await cluster_facts(redis, facts_of)
    elif await is_cluster_node(redis):
        facts = [("wrong", NAME_THE_CLUSTER)]
    else:
        facts = [*await facts_of(redis), *await _sentinels(redis)]
    return [Finding(level, "redis", text) for level, text in facts]


async def facts_of(redis: Redis) -> list[Fact]:
    """Ask one Redis. INFO tells nearly all, also where a managed one refuses CONFIG.

    Raises:
        RedisError, OSError: it does not answer.
    """
    if missing := await missing_rights(redis):
        return [("wrong", missing)]
    info: dict[str, Any] = await cast("Any", redis.info())
    try:
        fsync = (await redis.config_get("appendfsync")).get("appendfsync") or ""
    except RedisError:
        fsync = ""
    return list(_facts(info, fsync))


async def _sentinels(redis: Redis) -> list[Fact]:
    """Return whether enough Sentinels answer to agree on another primary."""
    if not isinstance(redis.connection_pool, SentinelPool):
        return []
    answers = await redis.connection_pool.ask_each()
    states: list[Any] = [answer for answer in answers if not isinstance(answer, BaseException)]
    quorum = max((int(state["quorum"]) for state in states), default=0)
    known = max((int(state["num-other-sentinels"]) + 1 for state in states), default=0)
    needed = max(quorum, known // 2 + 1)
    text = f"{len(states)} of {len(answers)} Sentinels answer, {needed} have to agree"
    if known < 3:
        return [("look", f"{text}: three or more survive the loss of one")]
    return [("ok" if len(states) >= needed else "wrong", text)]


def _facts(info: dict[str, Any], fsync: str) -> Iterator[Any]:
    name = "Valkey" if "valkey_version" in info else "Redis"
    version = str(info.get("valkey_version", info.get("redis_version", "0")))
    if _is_older(version):
        yield "wrong", f"{name} {version}: 6.2 or later is needed"
    else:
        yield "ok", f"{name} {version}"
    if info.get("role") != "master":
        yield "wrong", "it is a replica, which takes no writes: name the primary in RUSH_REDIS_URL"
    policy = info.get("maxmemory_policy", "unknown")
    if policy == "noeviction":
        yield "ok", "it evicts nothing (maxmemory-policy noeviction)"
    else:
        yield (
            "wrong",
            f"it evicts keys (maxmemory-policy {policy}): set maxmemory-policy noeviction",
        )
    yield _aof(info, fsync)
    if not fsync:
        yield "look", "it refuses CONFIG, as managed ones do: ask for appendfsync everysec"
    replicas = info.get("connected_slaves", 0)
    if replicas:
        yield "ok", f"{replicas} replicas"
    else:
        yield "look", "it has no replica: without it a sale waits until it is started again"
    limit = info.get("maxmemory", 0)
    share = info["used_memory"] / limit if limit else 0.0
    if share >= MEMORY_SHARE_MAX:
        yield "wrong", f"{share:.0%} of maxmemory is in use: give it more, full it refuses writes"


def _aof(info: dict[str, Any], fsync: str) -> tuple[str, str]:
    if not info.get("aof_enabled"):
        return (
            "look",
            "no append-only file: after a restart all events come back from PostgreSQL, and holds "
            "not yet recorded are lost; set appendonly yes",
        )
    if fsync == "no":
        return "look", "appendfsync no: set everysec"
    return "ok", f"append-only file{f', appendfsync {fsync}' if fsync else ''}"


def _is_older(version: str) -> bool:
    numbers = tuple(int(part) for part in version.split(".")[:2] if part.isdigit())
    return numbers < VERSION_MIN
