"""Reading of many streams at once: by one XREAD that waits, or at each primary of a cluster.

In a cluster one XREAD has streams of one slot alone. So each primary is asked for its streams in
one pipeline that does not wait, again and again: between two of them ten times as long as one took,
so that an idle reader costs a tenth of itself.
"""

import asyncio
import time
from collections.abc import Mapping
from typing import Any, TypeAlias, cast

from redis.asyncio import Redis
from redis.exceptions import ResponseError

from booking_rush.lua.cluster.cluster_client import (
    ELSEWHERE,
    ClusterPipeline,
    ClusterRedis,
    by_primary,
    first_of,
)

Entries: TypeAlias = list[tuple[bytes, Mapping[bytes, bytes]]]
Found: TypeAlias = list[tuple[bytes, Entries]]  # by stream
Cursors: TypeAlias = Mapping[str, str]  # by stream: the entry behind which to read

ReadOn: TypeAlias = tuple[str, bytes, Entries]  # the cursor that was read from, and a stream

PAUSE_S_MIN, PAUSE_S_MAX = 0.005, 0.05
SLOW_S = 0.05  # for a primary to answer; after that the others' entries are returned


class Streams:
    """Streams of one Redis, or of the primaries of one cluster."""

    def __init__(self, redis: Redis) -> None:
        self._redis = redis
        self._reading: dict[Redis, asyncio.Task[list[ReadOn]]] = {}

    async def read(self, cursors: Cursors, *, count: int, block_ms: int) -> Found:
        """Read up to `count` entries of each stream behind its cursor; wait `block_ms` for one.

        Raises:
            ResponseError: one of them is no stream.
            RedisError: Redis, or no primary, answered.
        """
        if not isinstance(self._redis, ClusterRedis):
            reading = self._redis.xread(cast("Any", cursors), count=count, block=block_ms or None)
            return cast("Found", await reading)
        until = time.monotonic() + block_ms / 1000
        while True:
            began = time.monotonic()
            found = await self._read_once(cursors, count)
            now = time.monotonic()
            if found or now >= until:
                return found
            pause_s = min(max(10 * (now - began), PAUSE_S_MIN), PAUSE_S_MAX)
            await asyncio.sleep(min(pause_s, until - now))

    async def _read_once(self, cursors: Cursors, count: int) -> Found:
        """Read at each primary. One that is slow is not waited for, and is heard a next time."""
        names = list(cursors)
        for node, part in await by_primary(self._redis, [name.encode() for name in names]):
            if node not in self._reading:
                wanted = {names[one]: cursors[names[one]] for one in part}
                self._reading[node] = asyncio.create_task(self._read_at(node, wanted, count))
        await asyncio.wait(self._reading.values(), timeout=SLOW_S)
        ended = [node for node, task in self._reading.items() if task.done()]
        answers = [_result_of(self._reading.pop(node)) for node in ended]
        for answer in answers:
            if isinstance(answer, ResponseError):
                raise answer
        if answers:
            first_of(answers)
        return [
            (name, entries)
            for answer in answers
            if not isinstance(answer, BaseException)
            for cursor, name, entries in answer
            if cursors.get(name.decode()) == cursor  # otherwise somebody has read on meanwhile
        ]

    async def _read_at(self, node: Redis, cursors: Cursors, count: int) -> list[ReadOn]:
        """Read streams of one primary. Those whose slot is elsewhere are passed over.

        Raises:
            ResponseError: one of them is no stream.
            RedisError: the primary did not answer.
        """
        pipeline = ClusterPipeline(cast("ClusterRedis", self._redis))
        for name, cursor in cursors.items():
            pipeline.xread({name: cursor}, count=count)
        replies = await pipeline.send(node, pipeline.command_stack)
        found = list[ReadOn]()
        for cursor, reply in zip(cursors.values(), replies, strict=True):
            if isinstance(reply, ResponseError) and not isinstance(reply, ELSEWHERE):
                raise reply
            if not isinstance(reply, BaseException):
                found += [(cursor, name, entries) for name, entries in reply]
        return found


def _result_of(task: asyncio.Task[list[ReadOn]]) -> list[ReadOn] | BaseException:
    return task.exception() or task.result()
