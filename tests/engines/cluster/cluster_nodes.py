"""A Redis Cluster of Debian's Redis: three primaries with a replica each, and how slots move."""

import asyncio
from collections.abc import AsyncGenerator
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, cast

from redis.asyncio import Redis
from redis.crc import REDIS_CLUSTER_HASH_SLOTS, key_slot

from booking_rush.lua.client.connection import connect
from booking_rush.lua.keys import tag_of
from booking_rush.server.runtime.ports import free_port
from tests.engines.redis_servers import debian_redis
from tests.support.clients import until
from tests.support.servers.stores import Store, beside

PRIMARIES = 3
OPTIONS = (
    "--cluster-enabled", "yes", "--cluster-node-timeout", "1500",
    "--cluster-require-full-coverage", "no", "--cluster-replica-validity-factor", "0",
    "--repl-diskless-sync-delay", "0",
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class RunningCluster:
    """A cluster that runs: its nodes' processes by port; the first three began as primaries."""

    nodes: dict[int, Store]

    @property
    def url(self) -> str:
        """Return its URL, which names two of its nodes."""
        return "redis+cluster://" + ",".join(f"127.0.0.1:{port}" for port in [*self.nodes][:2])

    async def primary_of(self, event: str, *, beside_port: int = 0) -> Store:
        """Return the process of an event's primary, as a node other than `beside_port` says."""
        slot = key_slot(tag_of(event).encode())
        asked = next(port for port in self.nodes if port != beside_port)
        for first, last, primary, *_ in await ask(self.nodes[asked], "SLOTS"):
            if first <= slot <= last:
                return self.nodes[int(primary[1])]
        raise AssertionError(f"no node has the slot of {event}")

    async def replica_of(self, primary: Store) -> Store:
        """Return the process of a primary's replica."""
        for _, _, first, *others in await ask(primary, "SLOTS"):
            if int(first[1]) == port_of(primary):
                return self.nodes[int(others[0][1])]
        raise AssertionError("it has no replica")

    async def promoted(self, event: str, lost: Store) -> Store:
        """Wait until another primary than `lost` has an event. Return its process."""

        async def other() -> Store | None:
            found = await self.primary_of(event, beside_port=port_of(lost))
            return found if found is not lost else None

        return cast("Store", await until(other))

    async def begin_to_move(self, event: str, target: Store) -> None:
        """Begin to move an event's slot to another primary, as redis-cli does."""
        source, slot = await self.primary_of(event), key_slot(tag_of(event).encode())
        await ask(target, "SETSLOT", slot, "IMPORTING", await id_of(source))
        await ask(source, "SETSLOT", slot, "MIGRATING", await id_of(target))

    async def move_keys(self, event: str, target: Store) -> None:
        """Move an event's keys, one after the other, and then its slot."""
        source, slot = await self.primary_of(event), key_slot(tag_of(event).encode())
        async with connect(source.url) as redis:
            while keys := await call(redis, "CLUSTER", "GETKEYSINSLOT", slot, 10):
                where = ("127.0.0.1", port_of(target), "", 0, 5000)
                await call(redis, "MIGRATE", *where, "KEYS", *keys)
        for node in (target, source):
            await ask(node, "SETSLOT", slot, "NODE", await id_of(target))


@asynccontextmanager
async def running_cluster(folder: Path) -> AsyncGenerator[RunningCluster]:
    """Run a cluster of three primaries and three replicas."""
    buses = {free_port(): free_port() for _ in range(2 * PRIMARIES)}
    async with AsyncExitStack() as stack:
        servers = [
            debian_redis(folder, f"node_{port}", port, *OPTIONS, "--cluster-port", str(bus))
            for port, bus in buses.items()
        ]
        begun = [stack.enter_async_context(beside(server)) for server in servers]
        nodes = dict(zip(buses, await asyncio.gather(*begun), strict=True))
        await _join(nodes, buses)
        yield RunningCluster(nodes)


async def _join(nodes: dict[int, Store], buses: dict[int, int]) -> None:
    """Share the slots out, let the nodes meet, and give each primary its replica."""
    primaries, replicas = [*nodes.values()][:PRIMARIES], [*nodes.values()][PRIMARIES:]
    share = -(-REDIS_CLUSTER_HASH_SLOTS // PRIMARIES)
    for number, node in enumerate(nodes.values()):
        await ask(node, "SET-CONFIG-EPOCH", number + 1)
        if number < PRIMARIES:
            last = min((number + 1) * share, REDIS_CLUSTER_HASH_SLOTS) - 1
            await ask(node, "ADDSLOTSRANGE", number * share, last)
        if number:
            first = next(iter(nodes))
            await ask(node, "MEET", "127.0.0.1", first, buses[first])

    async def know_each_other() -> bool:
        infos = [await ask(node, "INFO") for node in nodes.values()]
        return all(b"cluster_known_nodes:6" in info and b"state:ok" in info for info in infos)

    await until(know_each_other)
    for primary, replica in zip(primaries, replicas, strict=True):
        await ask(replica, "REPLICATE", await id_of(primary))

    async def are_in_step() -> bool:
        slots = [await ask(node, "SLOTS") for node in nodes.values()]
        links = [(await _info(one))["master_link_status"] for one in replicas]
        return links == ["up"] * PRIMARIES and all(len(r) == 4 for found in slots for r in found)

    await until(are_in_step)


async def ask(node: Store, *words: Any) -> Any:
    """Carry out a CLUSTER command at one node. Return the reply."""
    async with connect(node.url) as redis:
        return await call(redis, "CLUSTER", *words)


async def call(redis: Redis, *words: Any) -> Any:
    return await cast("Any", redis).execute_command(*words)


async def id_of(node: Store) -> str:
    return cast("bytes", await ask(node, "MYID")).decode()


async def _info(node: Store) -> dict[str, Any]:
    async with connect(node.url) as redis:
        return cast("dict[str, Any]", await cast("Any", redis).info("replication"))


def port_of(node: Store) -> int:
    return int(node.url.rpartition(":")[2])
