"""Topology of a Redis Cluster: a client a primary, and the slot map by which one is chosen.

Every node is asked for its slots each second while the cluster is used, at once after a lost
connection, and the map that most of them name is taken. A primary that is in it no more is left:
whatever is on its way to it counts as lost, and so does a subscription.
"""

import asyncio
import logging
import time
from collections.abc import Callable, Coroutine, Sequence
from typing import Any, cast

from redis.asyncio import Redis
from redis.exceptions import ClusterDownError, MovedError
from redis.exceptions import ConnectionError as RedisConnectionError

from booking_rush.lua.cluster.slot_map import Address, Ranges, SlotMap, agreed, ranges_of
from booking_rush.tasks import cancel_and_wait

log = logging.getLogger(__name__)

ASK_S = 1.0  # between two questions; so long a process stays with a primary that was replaced
DOUBT_S = 0.1  # the same after a lost connection
ANSWER_S = 1.0  # of one node

OpenNode = Callable[[Address, float], Redis]  # a client of one node, and its longest wait for it


class Topology:
    """Topology as this process knows it; `version` counts how often its primaries were others."""

    def __init__(self, seeds: Sequence[Address], open_node: OpenNode, answer_s: float) -> None:
        self.version = 0
        self.map = SlotMap(())
        self._seeds = list(seeds)
        self._open_node = open_node
        self._answer_s = answer_s
        self._primaries: dict[Address, Redis] = {}
        self._asked: dict[Address, Redis] = {}  # clients that are asked for the slots alone
        self._asking: asyncio.Task[None] | None = None
        self._leaving: set[asyncio.Task[None]] = set()
        self._known = set[Address]()  # the primaries when the nodes were asked last
        self._ask_at = 0.0
        self._is_closed = False

    async def primaries(self) -> dict[Address, Redis]:
        """Return a client of each primary that has a slot.

        Raises:
            RedisError: the cluster cannot be asked.
        """
        await self.learn()
        return {address: self._client_of(address) for address in self.map.primaries}

    async def address_of(self, key: bytes) -> Address:
        """Return the address of a key's primary.

        Raises:
            RedisError: the cluster cannot be asked.
        """
        if not self.version or time.monotonic() >= self._ask_at:
            await self.learn()
        return self.map.primary_of(key)

    async def node_of(self, key: bytes) -> Redis:
        """Return the client of a key's primary.

        Raises:
            RedisError: as `address_of`.
        """
        return self._client_of(await self.address_of(key))

    def moved(self, error: MovedError) -> None:
        """Note which primary has a slot, as a node has answered, and ask all of them."""
        if error.host:  # a node that does not know its own name says none
            self.map.moved(error.slot_id, Address(error.host, error.port))
        self.doubt()

    def doubt(self) -> None:
        """Have the nodes asked soon: one does not answer, or names another."""
        self._ask_at = min(self._ask_at, time.monotonic() + DOUBT_S)

    async def learn(self) -> None:
        """Ask the nodes if it is due; wait for their answers only while nothing is known.

        Raises:
            RedisError: nothing is known, and no node answers.
        """
        if self._is_closed:
            raise RedisConnectionError("the client is closed")
        if time.monotonic() >= self._ask_at and (self._asking is None or self._asking.done()):
            self._ask_at = time.monotonic() + ASK_S
            self._asking = asyncio.create_task(self._ask())
            self._asking.add_done_callback(_retrieve)
        if not self.version and self._asking is not None:
            await _shielded(self._asking)

    async def aclose(self) -> None:
        """Close every connection."""
        self._is_closed = True
        await cancel_and_wait([task for task in (self._asking, *self._leaving) if task])
        for client in (*self._primaries.values(), *self._asked.values()):
            await client.aclose()

    async def _ask(self) -> None:
        """Ask every known node for its slots, all at once, and take what most of them say."""
        nodes = [*dict.fromkeys((*self._seeds, *sorted(self.map.nodes)))]
        answers = await asyncio.gather(*map(self._slots_of, nodes), return_exceptions=True)
        failed = [answer for answer in answers if isinstance(answer, BaseException)]
        maps: list[Ranges] = [one for one in answers if not isinstance(one, BaseException) and one]
        if maps:
            self._take(agreed(maps, self.map.ranges))
        elif not self.version:
            self._ask_at = time.monotonic() + DOUBT_S
            raise failed[0] if failed else ClusterDownError("no node of the cluster has a slot")

    async def _slots_of(self, address: Address) -> Ranges:
        if address not in self._asked:
            self._asked[address] = self._open_node(address, ANSWER_S)
        reply = await cast("Any", self._asked[address]).execute_command("CLUSTER", "SLOTS")
        return ranges_of(reply, address)

    def _take(self, ranges: Ranges) -> None:
        """Take a map, and leave whoever is in it no more.

        While most nodes say what they said before, a slot stays where `MOVED` has led.
        """
        if ranges != self.map.ranges:
            self.map = SlotMap(ranges)
        primaries = {*self.map.primaries}
        if primaries != self._known:
            self._known = primaries
            self.version += 1
            log.warning("primaries are %s", _names(sorted(primaries)))
        gone = [self._primaries.pop(one) for one in {*self._primaries} - primaries]
        gone += [self._asked.pop(one) for one in {*self._asked} - {*self.map.nodes, *self._seeds}]
        for client in gone:
            self._leave(client.aclose())

    def _leave(self, closing: Coroutine[Any, Any, None]) -> None:
        task = asyncio.create_task(closing)
        self._leaving.add(task)
        task.add_done_callback(self._leaving.discard)

    def _client_of(self, address: Address) -> Redis:
        if address not in self._primaries:
            if self._is_closed:
                raise RedisConnectionError("the client is closed")
            self._primaries[address] = self._open_node(address, self._answer_s)
        return self._primaries[address]


async def _shielded(asking: asyncio.Task[None]) -> None:
    """Wait for a question that others wait for, too.

    Raises:
        RedisError: it failed, or the client was closed.
    """
    try:
        await asyncio.shield(asking)
    except asyncio.CancelledError:
        if asking.cancelled():
            raise RedisConnectionError("the client is closed") from None
        raise


def _names(addresses: Sequence[Address]) -> str:
    return ",".join(f"{one.host}:{one.port}" for one in addresses)


def _retrieve(task: asyncio.Task[None]) -> None:
    """Retrieve the error of a question that nobody waits for; the next one asks again."""
    if not task.cancelled():
        task.exception()
