"""Environments of benchmarks: a demo of its own, or stores alone; CPU times and results."""

import asyncio
import os
import re
import signal
import sys
import tempfile
from collections.abc import AsyncGenerator, Mapping
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx
import psutil
from redis.asyncio import Redis

from booking_rush.lua.client.connection import connect
from booking_rush.migrations.migrate import migrate
from booking_rush.postgres import open_pool
from booking_rush.server.embedded.demo_event import seed
from booking_rush.server.embedded.stores import postgres_child, redis_child
from booking_rush.server.processes.supervisor import Supervisor
from booking_rush.server.runtime.ports import free_port
from loadtest.against import PYTHON, TREE

READY_S = 60.0
SECRET = "a secret of the benchmarks, which nobody keeps"
# Clients of benchmarks join and release without end.
UNBOUNDED = {"proof_bits_max": 0, "churn_max": 0, "join_share_max": 1}
FLOOR = {
    "id": "floor", "show": "evening", "name": "Floor", "kind": "standing",
    "capacity": 100_000, "price": {"amount": 100, "currency": "EUR"},
}  # fmt: skip


@dataclass(frozen=True, slots=True)
class RunningDemo:
    """A running demo: its address, the operator's password, and the pids that it printed."""

    base: str
    password: str
    pids: dict[str, int]

    @property
    def socket_url(self) -> str:
        """Return its address for sockets."""
        return self.base.replace("http", "ws", 1)

    async def operator(self, client: httpx.AsyncClient) -> None:
        """Log a client in as `admin`."""
        body = {"username": "admin", "password": self.password}
        answer = await client.post(f"{self.base}/api/v1/admin/login", json=body)
        answer.raise_for_status()
        client.headers["X-CSRF-Token"] = answer.json()["csrf"]

    async def event(
        self, name: str, sections: list[dict[str, Any]] | None = None, **rules: float
    ) -> None:
        """Put an event on sale and open it; another commit may not know the rules of UNBOUNDED."""
        body = {
            "id": name,
            "name": name,
            "shows": [{"id": "evening", "starts_at": "2030-01-01T19:00:00Z"}],
            "sections": sections or [],
        }
        known = {"waiting_max": 1_000_000, **rules}
        async with self.logged_in() as client:
            for given in (UNBOUNDED | known, known):
                made = await client.post("/api/v1/admin/events", json=body | {"rules": given})
                if not made.is_client_error:
                    break
            made.raise_for_status()
            (await client.post(f"/api/v1/admin/events/{name}/open")).raise_for_status()

    @asynccontextmanager
    async def logged_in(self) -> AsyncGenerator[httpx.AsyncClient]:
        """Yield a client that is logged in as `admin`."""
        async with httpx.AsyncClient(base_url=self.base, timeout=60) as client:
            await self.operator(client)
            yield client

    def serve_rss(self) -> int:
        """Return the bytes of memory of all serve processes."""
        serving = [pid for name, pid in self.pids.items() if name.startswith("serve")]
        return sum(psutil.Process(pid).memory_info().rss for pid in serving)

    def cpu_s(self) -> dict[str, float]:
        """Return the CPU seconds of each process so far."""
        return cpu_s(self.pids)


def cpu_s(pids: Mapping[str, int]) -> dict[str, float]:
    """Return the CPU seconds of some processes so far, those of their children added."""
    return {name: _cpu_s(psutil.Process(pid)) for name, pid in pids.items()}


async def set_rules(operator: httpx.AsyncClient, event: str, **rules: float) -> None:
    """Change rules of an event."""
    path = f"/api/v1/admin/events/{event}/rules"
    (await operator.patch(path, json=rules)).raise_for_status()


async def broadcast(operator: httpx.AsyncClient, event: str) -> None:
    """Send everybody of an event a message."""
    path = f"/api/v1/admin/events/{event}/broadcast"
    body = {"text": "Doors at seven.", "level": "info", "audience": "all"}
    answer = await operator.post(path, json=body, headers={"Idempotency-Key": "1"})
    answer.raise_for_status()


def duty_costs(before: dict[str, float], after: dict[str, float], count: int) -> dict[str, float]:
    """Return the CPU time of each duty between two moments, in us for each of `count` things."""
    return {f"{duty}_us": s / count * 1e6 for duty, s in duties_cpu_s(before, after).items()}


def duties_cpu_s(before: dict[str, float], after: dict[str, float]) -> dict[str, float]:
    """Return the CPU seconds of each duty between two moments; processes of one are added."""
    spent: dict[str, float] = {}
    for name, seconds in after.items():
        duty = name.rstrip("-0123456789")
        spent[duty] = spent.get(duty, 0.0) + seconds - before[name]
    return spent


def _cpu_s(process: psutil.Process) -> float:
    spent = 0.0
    for one in (process, *process.children()):
        with suppress(psutil.NoSuchProcess):  # a backend of Postgres that has ended meanwhile
            times = one.cpu_times()
            spent += times.user + times.system
    return spent


@asynccontextmanager
async def running_demo(**environment: str) -> AsyncGenerator[RunningDemo]:
    """Run the demo on a free port and a temporary folder while the block lasts."""
    port = free_port()
    with tempfile.TemporaryDirectory(prefix="rush-load-") as folder:
        process = await asyncio.create_subprocess_exec(
            os.environ.get(PYTHON) or sys.executable, "-m", "booking_rush.server", "demo",
            stdout=asyncio.subprocess.PIPE,
            cwd=os.environ.get(TREE) or None,
            env={
                **os.environ, "RUSH_DATA": folder, "RUSH_BIND": f"127.0.0.1:{port}",
                "RUSH_COMMANDS_PER_SECOND": "10000", "RUSH_SECRET_KEY": SECRET, **environment,
            },
        )  # fmt: skip
        try:
            async with asyncio.timeout(READY_S):
                output = await _until_ready(process)
            yield RunningDemo(
                base=f"http://127.0.0.1:{port}",
                password=_found(r"admin / (\S+)", output),
                pids={n: int(p) for n, p in re.findall(r"^  (\S+) +pid (\d+)$", output, re.M)},
            )
        finally:
            with suppress(ProcessLookupError):  # it did not even start
                process.send_signal(signal.SIGTERM)
            await process.wait()


async def _until_ready(process: asyncio.subprocess.Process) -> str:
    assert process.stdout is not None
    output = ""
    while "  API" not in output:
        line = await process.stdout.readline()
        assert line, output
        output += line.decode()
    return output


def _found(pattern: str, text: str) -> str:
    found = re.search(pattern, text)
    assert found, text
    return found[1]


class Stores:
    """A Redis and a Postgres with the demo's event, for one benchmark; `supervisor` runs more."""

    async def __aenter__(self) -> tuple[Redis, str]:
        """Start both. Return a client of Redis and the address of Postgres."""
        self._folder = tempfile.TemporaryDirectory(prefix="rush-bench-")
        folder = Path(self._folder.name)
        folder.chmod(0o711)
        self.folder = folder
        self.supervisor = Supervisor(lambda line: None)
        child, redis_url = redis_child(folder / "redis", folder, folder)
        await self.supervisor.start(child)
        child, postgres_url = await postgres_child(folder / "postgres", folder, folder)
        await self.supervisor.start(child)
        async with open_pool(postgres_url, size=2) as pool:
            async with pool.acquire() as connection:
                await migrate(connection)
            await seed(pool)
        self.urls = redis_url, postgres_url
        self._redis = connect(redis_url)
        return self._redis, postgres_url

    async def __aexit__(self, *_: object) -> None:
        """Stop both."""
        await self._redis.aclose()
        await self.supervisor.stop()
        self._folder.cleanup()


def percentiles(values: list[float]) -> dict[str, float]:
    """Return p50, p90 and p99 in ms of some values in seconds."""
    ordered = sorted(values)
    return {
        name: ordered[min(len(ordered) - 1, int(share * len(ordered)))] * 1000
        for name, share in (("p50", 0.5), ("p90", 0.9), ("p99", 0.99))
    }
