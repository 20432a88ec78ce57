"""The sweep: removes what older epochs and closed events left in Redis, in one pass for all."""

import asyncio
import re
from collections.abc import Callable, Mapping
from typing import cast

from redis.asyncio import Redis

from booking_rush.lua.client.removal import remove
from booking_rush.lua.cluster.cluster_client import primaries_of

PAGE = 1000  # keys that Redis looks at a step: less than 1 ms
PAUSE_S = 0.005
OF_EPOCH = "{*}:[0-9]*:*"
NAME = re.compile(rb"\{([^}]+)\}:(\d+):")


async def sweep(redis: Redis, open_epochs: Callable[[], Mapping[str, int]]) -> int:
    """Remove the keys of epochs before the open one of each event. Return how many they were.

    A move renames into epoch 0, which no event has, what it wants removed. An event that is not
    open here is left alone.

    Raises:
        RedisError: Redis did not answer; what is left goes the next time.
    """
    return sum([await _sweep(one, open_epochs) for one in await primaries_of(redis)])


async def _sweep(redis: Redis, open_epochs: Callable[[], Mapping[str, int]]) -> int:
    """Remove those keys of one primary. Return how many they were."""
    cursor = swept = 0
    while True:
        page = await redis.scan(cursor, OF_EPOCH, PAGE)
        cursor, names = cast("tuple[int, list[bytes]]", page)
        epochs = open_epochs()
        old = [name for name in names if _is_old(name, epochs)]
        if old:
            swept += await remove(redis, old)
        if cursor == 0:
            return swept
        await asyncio.sleep(PAUSE_S)


def _is_old(name: bytes, epochs: Mapping[str, int]) -> bool:
    found = NAME.match(name)
    return found is not None and int(found[2]) < epochs.get(found[1].decode(), -1)
