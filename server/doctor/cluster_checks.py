"""Checks of a Redis Cluster: its slots, replicas and primaries, each asked like a single Redis."""

from collections.abc import Awaitable, Callable
from typing import Any, TypeAlias, cast

from redis.asyncio import Redis
from redis.exceptions import RedisError

from booking_rush.lua.cluster.cluster_client import ClusterRedis
from booking_rush.lua.cluster.slot_map import Address, SlotMap

Fact: TypeAlias = tuple[Any, str]  # level and text

SLOTS = 16_384
PRIMARIES_MIN = 3


async def cluster_facts(
    redis: ClusterRedis, facts_of: Callable[[Redis], Awaitable[list[Fact]]]
) -> list[Fact]:
    """Return what holds of the cluster, then what each primary says, alike ones once.

    Raises:
        RedisError, OSError: no node of it answers.
    """
    primaries = await redis.topology.primaries()
    said = dict[Fact, list[Address]]()
    for address, primary in primaries.items():
        try:
            facts = [*await facts_of(primary), await _coverage(primary), *await _moving(primary)]
        except (RedisError, OSError) as error:
            facts = [("wrong", f"does not answer: {type(error).__name__}")]
        for fact in facts:
            said.setdefault(fact, []).append(address)
    return [
        *_slots(redis.topology.map),
        *(
            (level, text if len(at) == len(primaries) else f"{_names(at)}: {text}")
            for (level, text), at in said.items()
        ),
    ]


def _slots(slots: SlotMap) -> list[Fact]:
    covered = sum(one.last - one.first + 1 for one in slots.ranges)
    alone = {one.primary for one in slots.ranges if not one.replicas}
    count = len(slots.primaries)
    facts: list[Fact] = [
        ("ok", f"a cluster of {count} primaries has all slots")
        if covered == SLOTS
        else ("wrong", f"{SLOTS - covered} slots have no primary: redis-cli --cluster fix")
    ]
    if count < PRIMARIES_MIN:
        facts.append(("look", f"{count} primaries: three or more elect a replica when one is lost"))
    if alone:
        facts.append(("look", f"{_names(sorted(alone))}: no replica takes over when it is lost"))
    return facts


async def _coverage(primary: Redis) -> Fact:
    """Return whether the loss of one primary stops the others."""
    name = "cluster-require-full-coverage"
    try:
        value = (await primary.config_get(name)).get(name)
    except RedisError:
        value = None
    if value == "no":
        return "ok", f"the others go on without it ({name} no)"
    text = "refuses CONFIG" if value is None else f"has {name} {value}"
    return "look", f"it {text}: with no, the others go on when one is lost"


async def _moving(primary: Redis) -> list[Fact]:
    """Return which slots are on their way to another primary, where we may ask for it."""
    try:
        reply: bytes = await cast("Any", primary).execute_command("CLUSTER", "NODES")
    except RedisError:
        return []
    [own] = [line.split() for line in reply.decode().splitlines() if "myself" in line.split()[2]]
    slots = [word[1:].partition("->-")[0] for word in own if word[0] == "[" and "->-" in word]
    if not slots:
        return []
    return [
        (
            "look",
            f"slots on their way to another: {', '.join(slots)}; until they have arrived their "
            "events sell nothing: redis-cli --cluster fix ends a move that was left",
        )
    ]


def _names(addresses: list[Address]) -> str:
    return ", ".join(f"{one.host}:{one.port}" for one in addresses)
