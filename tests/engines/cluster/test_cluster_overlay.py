"""Scripts of the overlay with a Redis Cluster: six nodes become one, and stay one elsewhere."""

import os
import signal
import subprocess
from collections.abc import Generator
from contextlib import suppress
from pathlib import Path

import pytest
from redis.asyncio import Redis
from redis.crc import REDIS_CLUSTER_HASH_SLOTS
from redis.exceptions import RedisError

from booking_rush.lua.client.connection import connect
from tests.engines.cluster.cluster_nodes import call
from tests.support.clients import PATIENCE_S, until
from tests.support.servers.debian import program

OVERLAY = Path(__file__).parents[3] / "k8s/overlays/cluster"
NAME = "booking-rush-redis"
PODS = range(6)


class Pods:
    """Pods of the stateful set: a process of `node.sh` each, at an address of its own."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._running: list[subprocess.Popen[bytes]] = []
        self.addresses: list[str] = []
        programs = folder / "bin"
        programs.mkdir()
        (programs / "redis-server").symlink_to(Path(program("redis-sentinel")).resolve())
        asked = programs / "getent"  # the cluster's names are known to Kubernetes alone
        asked.write_text(f'#!/bin/sh\ngrep -F " $2" "{folder}/hosts"\n')
        asked.chmod(0o755)
        self._environment = os.environ | {"PATH": f"{programs}:{os.environ['PATH']}"}
        for pod in PODS:
            (folder / str(pod)).mkdir()

    def start(self, network: str) -> None:
        """Start every pod at an address in a network."""
        self.addresses = [f"{network}.{10 + pod}" for pod in PODS]
        lines = [f"{self.addresses[pod]} {NAME}-{pod}.{NAME}\n" for pod in PODS]
        (self._folder / "hosts").write_text("".join(lines))
        for pod in PODS:
            own = {"POD_IP": self.addresses[pod], "DATA": str(self._folder / str(pod))}
            with (self._folder / f"{pod}.log").open("ab") as log:
                self._running.append(
                    subprocess.Popen(
                        ["sh", str(OVERLAY / "node.sh")],
                        env=self._environment | own,
                        stdout=log,
                        stderr=log,
                    )
                )

    def stop(self) -> None:
        """Stop every pod; its data stay."""
        for process in self._running:
            process.send_signal(signal.SIGTERM)
        for process in self._running:
            process.wait(PATIENCE_S)
        self._running.clear()

    def create(self) -> str:
        """Run the script of the job. Return what it printed."""
        argv = ["sh", str(OVERLAY / "create.sh")]
        done = subprocess.run(
            argv, env=self._environment, capture_output=True, text=True, timeout=60
        )
        assert done.returncode == 0, done.stdout + done.stderr
        return done.stdout

    async def are_one(self) -> bool:
        """Return whether each pod knows every slot, and each range's primary and replica here."""
        for address in self.addresses:
            with suppress(RedisError):
                async with connect(f"redis://{address}:6379") as redis:
                    ranges = await call(redis, "CLUSTER", "SLOTS")
                    info = await call(redis, "CLUSTER", "INFO")
                named = {node[0].decode() for one in ranges for node in one[2:]}
                slots = sum(one[1] - one[0] + 1 for one in ranges)
                is_whole = (slots, named) == (REDIS_CLUSTER_HASH_SLOTS, set(self.addresses))
                if is_whole and b"cluster_state:ok" in info:
                    continue
            return False
        return True


@pytest.fixture
def pods(folder: Path) -> Generator[Pods]:
    made = Pods(folder)
    yield made
    made.stop()


async def test_nodes_become_one_cluster_once_and_find_each_other_at_other_addresses(
    pods: Pods,
) -> None:
    pods.start("127.0.71")
    assert "slots covered" in pods.create()
    await until(pods.are_one)
    assert "slots covered" not in pods.create()
    async with connect(f"redis+cluster://{pods.addresses[0]}:6379") as redis:
        await until(lambda: written(redis))

    pods.stop()
    pods.start("127.0.72")

    await until(pods.are_one)
    async with connect(f"redis+cluster://{pods.addresses[0]}:6379") as redis:
        assert await redis.get("kept") == b"1"


async def written(redis: Redis) -> bool:
    """Write a key, once its primary has heard its replica. Return whether it is written."""
    with suppress(RedisError):
        return bool(await redis.set("kept", "1"))
    return False
