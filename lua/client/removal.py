"""Removal of keys by pages: a key of a million members is emptied first, and then unlinked.

UNLINK frees a large key in a thread of its own, but both threads wait for one allocator: with that
of libc Redis answered nobody for 1.3 to 2 s after it was given a million fields.
"""

import asyncio
import re
from collections.abc import Sequence
from contextlib import suppress
from typing import Any, cast

from redis.asyncio import Redis
from redis.exceptions import ResponseError

from booking_rush.lua.keys import KEYS

PAGE = 500  # members of one call: less than 1 ms
PAUSE_S = 0.001  # between two pages, for everybody else's calls
KIND = re.compile(rb"\{[^}]+\}:\d+:([a-z_]+)")
TYPES = {key.name: key.type for key in KEYS}


async def remove(redis: Redis, names: Sequence[bytes]) -> int:
    """Remove keys, whatever their size. Return how many of them were there.

    Raises:
        RedisError: Redis did not answer; what is left may be removed again.
    """
    for name in names:
        kind = KIND.match(name)
        with suppress(ResponseError):  # a key of another type is unlinked as it is
            match TYPES.get(kind[1].decode()) if kind else None:
                case "hash":
                    await _empty_hash(redis, name)
                case "zset":
                    await _empty_zset(redis, name)
                case _:
                    pass
    pipeline = redis.pipeline(transaction=False)
    for name in names:  # in a cluster one call has keys of one slot alone
        pipeline.unlink(name)
    return sum(await pipeline.execute())


async def _empty_hash(redis: Redis, name: bytes) -> None:
    """Delete the fields of a hash, a page of its cursor at a time."""
    cursor = 0
    while True:
        scanned: Any = await redis.hscan(cast("Any", name), cursor, count=PAGE)
        cursor, fields = scanned
        if fields:
            await cast("Any", redis).hdel(name, *fields)
        if cursor == 0:
            return
        await asyncio.sleep(PAUSE_S)


async def _empty_zset(redis: Redis, name: bytes) -> None:
    """Delete the members of a sorted set, a page at a time."""
    while await redis.zremrangebyrank(name, 0, PAGE - 1) == PAGE:
        await asyncio.sleep(PAUSE_S)
