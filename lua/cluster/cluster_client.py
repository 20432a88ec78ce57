"""Client of a Redis Cluster: each command goes to the primary of its key, and is never repeated.

redis-py's own client repeats commands, closes the connections to every node when one is lost, and
follows `ASK`, so that an event would be changed at two nodes while its slot is on its way. Here
such an event is away until its slot has arrived.
"""

import asyncio
from collections.abc import Awaitable, Callable, Mapping, Sequence
from typing import Any, TypeVar, cast

from redis.asyncio import ConnectionPool, Redis
from redis.asyncio.client import Pipeline, PubSub
from redis.exceptions import AskError, ClusterDownError, MovedError, RedisError, TryAgainError
from redis.exceptions import ConnectionError as RedisConnectionError
from redis.exceptions import TimeoutError as RedisTimeoutError

from booking_rush.lua.cluster.slot_map import Address
from booking_rush.lua.cluster.topology import OpenNode, Topology

T = TypeVar("T")

LOST = (RedisConnectionError, RedisTimeoutError)
# How a node refuses one key: its slot is at another, on its way, or nowhere just now.
ELSEWHERE = (AskError, TryAgainError, ClusterDownError)
# By command: the argument that is the key, where it is not the first one. None: there is no key.
KEY_AT: dict[str, int | None] = {
    "EVALSHA": 3, "XREAD": -2, "PING": None, "INFO": None, "TIME": None, "CONFIG GET": None,
}  # fmt: skip


class ClusterRedis(Redis):
    """Client of every primary of one cluster. Its own pool is not used, and stays empty."""

    def __init__(self, seeds: Sequence[Address], open_node: OpenNode, answer_s: float) -> None:
        super().__init__(connection_pool=ConnectionPool())
        self.topology = Topology(seeds, open_node, answer_s)

    async def execute_command(self, *args: Any, **options: Any) -> Any:
        """Carry out one command at the primary of its key. Return the reply.

        Without a key it is carried out at one primary that answers, a script is loaded at each.

        Raises:
            RedisError: the reply is an error, or it was lost.
        """
        if args[0] == "SCRIPT LOAD":
            return await self._load(*args)
        key = key_of(args)
        if key is None:
            return await self._ask_any(args, options)
        node = await self.topology.node_of(key)
        try:
            return await self._send(node, args, options)
        except MovedError as moved:  # nothing was done there
            self.topology.moved(moved)
            return await self._send(await self.topology.node_of(key), args, options)

    def pipeline(self, transaction: bool = True, shard_hint: str | None = None) -> Pipeline:
        """Return a pipeline whose commands go to the primary of their key each.

        Raises:
            ValueError: it is to be a transaction.
        """
        if transaction:
            raise ValueError("no transaction spans a cluster")
        return ClusterPipeline(self)

    def pubsub(self, **options: Any) -> PubSub:
        """Refuse: news come by `listen` of `subscription.py`, from every primary.

        Raises:
            TypeError: always.
        """
        raise TypeError("a cluster is listened to at each primary")

    async def aclose(self, close_connection_pool: bool | None = None) -> None:
        """Close the connections to every node."""
        await self.topology.aclose()

    async def _send(self, node: Redis, args: Sequence[Any], options: Mapping[str, Any]) -> Any:
        try:
            return await cast("Any", node).execute_command(*args, **options)
        except LOST:
            self.topology.doubt()
            raise

    async def _ask_any(self, args: Sequence[Any], options: Mapping[str, Any]) -> Any:
        lost: RedisError = RedisConnectionError("the cluster has no primary")
        for node in (await self.topology.primaries()).values():
            try:
                return await self._send(node, args, options)
            except LOST as error:
                lost = error
        raise lost

    async def _load(self, *args: Any) -> Any:
        return (await ask_primaries(self, lambda node: self._send(node, args, {})))[0]


class ClusterPipeline(Pipeline):
    """Pipeline that is split by primary; a primary that is away costs its own commands alone."""

    def __init__(self, cluster: ClusterRedis) -> None:
        super().__init__(cluster.connection_pool, {}, False, None)
        self._cluster = cluster

    async def execute(self, raise_on_error: bool = True) -> list[Any]:
        """Send the commands. Return a reply or an error for each, in their order.

        Raises:
            RedisError: no primary answered; or, with `raise_on_error`, one reply is an error.
        """
        stack, self.command_stack = self.command_stack, []
        keys = [key_of(args) for args, _ in stack]
        parts = await by_primary(self._cluster, [key or b"" for key in keys])
        sent = [self.send(node, [stack[one] for one in part]) for node, part in parts]
        answers = await asyncio.gather(*sent, return_exceptions=True)
        if answers:
            first_of(answers)
        replies: list[Any] = [None] * len(stack)
        for (_, part), answer in zip(parts, answers, strict=True):
            for at, one in enumerate(part):
                replies[one] = answer if isinstance(answer, BaseException) else answer[at]
        if raise_on_error:
            for reply in replies:
                if isinstance(reply, BaseException):
                    raise reply
        return replies

    async def send(self, node: Redis, stack: Sequence[Any]) -> list[Any]:
        """Send commands to one primary. Return a reply or an error for each.

        Raises:
            RedisError: it did not answer.
        """
        pipeline = node.pipeline(transaction=False)
        for args, options in stack:
            cast("Any", pipeline).execute_command(*args, **options)
        try:
            replies = await pipeline.execute(raise_on_error=False)
        except LOST:
            self._cluster.topology.doubt()
            raise
        for reply in replies:
            if isinstance(reply, MovedError):
                self._cluster.topology.moved(reply)
        return replies


async def primaries_of(redis: Redis) -> list[Redis]:
    """Return a client of each primary: of each one of a cluster, else this one.

    Raises:
        RedisError: the cluster cannot be asked.
    """
    if isinstance(redis, ClusterRedis):
        return list((await redis.topology.primaries()).values())
    return [redis]


async def ask_primaries(redis: Redis, ask: Callable[[Redis], Awaitable[T]]) -> list[T]:
    """Ask each primary the same. Return the answers of those that do answer.

    Raises:
        RedisError: none does. Any other error of one of them is raised.
    """
    asked = [ask(primary) for primary in await primaries_of(redis)]
    answers = await asyncio.gather(*asked, return_exceptions=True)
    for answer in answers:
        if isinstance(answer, BaseException) and not isinstance(answer, RedisError):
            raise answer
    first_of(answers)
    return [answer for answer in answers if not isinstance(answer, BaseException)]


async def by_primary(redis: Redis, keys: Sequence[bytes]) -> list[tuple[Redis, list[int]]]:
    """Return each primary that has some of these keys, and which of them.

    Raises:
        RedisError: the cluster cannot be asked.
    """
    if not isinstance(redis, ClusterRedis):
        return [(redis, list(range(len(keys))))]
    parts = dict[Address, tuple[Redis, list[int]]]()
    for number, key in enumerate(keys):
        address = await redis.topology.address_of(key)
        if address not in parts:
            parts[address] = (await redis.topology.node_of(key), [])
        parts[address][1].append(number)
    return list(parts.values())


def first_of(answers: Sequence[T | BaseException]) -> T:
    """Return the first answer that is no error.

    Raises:
        BaseException: all are errors; this is the first one.
    """
    for answer in answers:
        if not isinstance(answer, BaseException):
            return answer
    raise cast("BaseException", answers[0])


def key_of(args: Sequence[Any]) -> bytes | None:
    """Return the key of a command, by which its primary is found; None where it has none."""
    at = KEY_AT.get(args[0], 1)
    if at is None:
        return None
    key: str | bytes = args[at]
    return key if isinstance(key, bytes) else key.encode()
