"""Subscription to one pattern of channels: at one Redis, or at every primary of a cluster.

A cluster carries each publication to all its nodes, but what a broken link between two nodes loses
nobody is told. So of each channel the messages are taken from the primary of its slot alone, which
has published them itself: as long as the connection to it lives, nothing is lost.
"""

import asyncio
from collections.abc import AsyncGenerator, AsyncIterator
from contextlib import aclosing
from typing import TypeAlias, cast

from redis.asyncio import Redis
from redis.exceptions import ConnectionError as RedisConnectionError
from redis.exceptions import RedisError

from booking_rush.lua.cluster.cluster_client import ClusterRedis
from booking_rush.lua.cluster.slot_map import Address
from booking_rush.lua.cluster.topology import ASK_S, Topology
from booking_rush.tasks import cancel_and_wait

Message: TypeAlias = tuple[bytes, bytes]  # channel and data

WAITING_MAX = 10_000  # messages; whoever is further behind begins anew
LOOK_S = 0.2


def listen(redis: Redis, pattern: str) -> AsyncGenerator[Message]:
    """Subscribe to a pattern. Return a generator of (channel, data) until a connection ends.

    In a cluster it ends, too, when its primaries are others, or one answers again that did not when
    it began. It raises RedisError then: messages may have been lost.
    """
    if isinstance(redis, ClusterRedis):
        return _messages_of_all(redis, pattern)
    return _messages(redis, pattern)


async def _messages_of_all(redis: ClusterRedis, pattern: str) -> AsyncGenerator[Message]:
    nodes, version = await redis.topology.primaries(), redis.topology.version
    messages = asyncio.Queue[Message | None]()
    tasks = [asyncio.create_task(_until_others(redis.topology, version))]
    tasks += [
        asyncio.create_task(_forward(redis.topology, address, node, pattern, messages))
        for address, node in nodes.items()
    ]
    for task in tasks:
        task.add_done_callback(lambda _: messages.put_nowait(None))
    try:
        while (message := await messages.get()) is not None:
            yield message
    finally:
        await cancel_and_wait(tasks)
        await asyncio.gather(*tasks, return_exceptions=True)
    raise RedisConnectionError("the primaries of the cluster are listened to anew")


async def _until_others(topology: Topology, version: int) -> None:
    """Wait until the primaries are others."""
    while topology.version == version:
        await asyncio.sleep(LOOK_S)
        await topology.learn()


async def _forward(
    topology: Topology,
    address: Address,
    node: Redis,
    pattern: str,
    messages: asyncio.Queue[Message | None],
) -> None:
    """Forward the messages of one primary until its connection ends, or nobody reads them.

    Where it does not answer at first it is tried again; once it does all begin anew, since it has
    published something meanwhile.
    """
    if not await _answers(node):
        while not await _answers(node):
            await asyncio.sleep(ASK_S)
        return
    async with aclosing(_messages(node, pattern)) as published:
        async for channel, data in published:
            if messages.qsize() >= WAITING_MAX:
                return
            if topology.map.primary_of(channel) == address:
                messages.put_nowait((channel, data))


async def _answers(node: Redis) -> bool:
    try:
        return bool(await node.ping())
    except RedisError:
        return False


async def _messages(redis: Redis, pattern: str) -> AsyncGenerator[Message]:
    async with redis.pubsub(ignore_subscribe_messages=True) as pubsub:
        await pubsub.psubscribe(pattern)
        async for message in cast("AsyncIterator[dict[str, bytes]]", pubsub.listen()):
            yield message["channel"], message["data"]
