"""Subscription to one pattern of channels: at one Redis, or at every primary of a cluster.

A cluster carries each publication to all its nodes, but what a broken link between two nodes loses
nobody is told. So of each channel the messages are taken from the primary of its slot alone, which
has published them itself: as long as the connection to it lives, nothing is lost.
"""

import asyncio
import math
from collections.abc import AsyncGenerator
from contextlib import aclosing
from typing import Any, TypeAlias, cast

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
PUBLISHED = b"pmessage"


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
    """Yield what one Redis publishes.

    redis-py's own `listen` takes longer for a message than we do for the news in it: it asks before
    each whether it is connected, may try again, and makes a dictionary of it.
    """
    async with redis.pubsub() as pubsub:
        await pubsub.psubscribe(pattern)
        connection = cast("Any", pubsub.connection)
        while True:
            reply: list[bytes] = await connection.read_response(
                disable_decoding=True, timeout=math.inf
            )
            if reply[0] == PUBLISHED:
                yield reply[2], reply[3]
