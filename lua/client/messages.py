"""Messages that one Redis publishes on channels of a pattern, read as they come."""

import math
from collections.abc import AsyncGenerator
from typing import Any, cast

from redis.asyncio import Redis

PUBLISHED = b"pmessage"


async def messages(redis: Redis, pattern: str) -> AsyncGenerator[tuple[bytes, bytes]]:
    """Subscribe to a pattern. Yield (channel, data) until the connection ends.

    redis-py's own `listen` takes longer for a message than we do for the news in it: it asks before
    each whether it is connected, may retry, and makes a dictionary of it.

    Raises:
        RedisError: the connection was lost; what was published meanwhile is not sent again.
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
