"""Real stores for tests: a Redis, a Postgres and a Kafka on sockets and ports of this run.

Their data lie in memory where the machine has room.
"""

import asyncio
import contextlib
import os
import shutil
import signal
import subprocess
import tempfile
from collections.abc import AsyncGenerator, Generator
from contextlib import AbstractContextManager, asynccontextmanager, contextmanager
from pathlib import Path

import psutil

from booking_rush.server.embedded.kafka_broker import kafka_child
from booking_rush.server.embedded.stores import postgres_child, redis_child
from booking_rush.server.processes.supervisor import Child
from tests.support.servers.processes import wait_for

PATIENCE_S = 60.0  # a JVM on a machine that is slow, or stands still at times
TEMPLATE = "rush_template"  # a migrated database; each test gets a copy of it

# A machine may stand still for longer than Redis has to answer; few tests are about that deadline,
# and those open a client of their own.
PATIENT = "?socket_timeout=60&socket_connect_timeout=60&timeout=60"

MEMORY = Path("/dev/shm")
ROOM = 2 * 1024**3  # bytes; all tests at once use less than half of it


@contextmanager
def in_memory(prefix: str) -> Generator[Path]:
    """Make a folder that other users may traverse, and delete it when the block ends.

    A database of one test takes ten times as long on a disk, and nothing has to outlive the run.
    """
    path = Path(tempfile.mkdtemp(prefix=prefix, dir=MEMORY if _has_room(MEMORY) else None))
    path.chmod(0o711)
    try:
        yield path
    finally:
        shutil.rmtree(path, ignore_errors=True)


def _has_room(folder: Path) -> bool:
    """Return whether programs may run in a folder, and ROOM is free there."""
    if not os.access(folder, os.W_OK):
        return False
    found = os.statvfs(folder)
    return found.f_bavail * found.f_frsize >= ROOM and not found.f_flag & os.ST_NOEXEC


class Store:
    """A store's process; a test kills, stops and restarts it on the same data."""

    def __init__(self, child: Child, url: str) -> None:
        self.child = child
        self.url = url
        self.process = self._popen()

    def start(self) -> None:
        self.restart()
        self.wait_ready()

    def restart(self) -> None:
        """Start its process again, and do not wait until it is ready."""
        self.process = self._popen()

    def wait_ready(self) -> None:
        ready = self.child.ready
        assert ready is not None
        wait_for(
            self.process,
            lambda: asyncio.run(ready()),  # type: ignore[arg-type]
            self.child.log.read_text,
            within_s=PATIENCE_S,
        )

    def kill(self) -> None:
        """Send SIGKILL to it and its children: a child of Postgres that lives locks its data."""
        children = psutil.Process(self.process.pid).children(recursive=True)
        self.process.kill()
        for child in children:
            with contextlib.suppress(psutil.NoSuchProcess):
                child.kill()
        self.process.wait()
        psutil.wait_procs(children, PATIENCE_S)

    def stop(self) -> None:
        self.process.send_signal(self.child.stop_signal)
        self.process.wait(PATIENCE_S)

    def pause(self) -> None:
        os.kill(self.process.pid, signal.SIGSTOP)

    def resume(self) -> None:
        os.kill(self.process.pid, signal.SIGCONT)

    def _popen(self) -> subprocess.Popen[bytes]:
        child = self.child
        with child.log.open("ab") as log:
            return subprocess.Popen(
                child.argv,
                stdout=log,
                stderr=log,
                cwd=child.cwd,
                user=child.owner and child.owner[0],
                group=child.owner and child.owner[1],
                extra_groups=child.owner and [],
            )


@contextmanager
def running(child: Child, url: str) -> Generator[Store]:
    """Run a store while the block does."""
    store = Store(child, url)
    try:
        store.wait_ready()
        yield store
    finally:
        if store.process.poll() is None:
            store.resume()
            try:
                store.stop()
            except subprocess.TimeoutExpired:  # nothing may outlive the run
                store.kill()


@asynccontextmanager
async def beside(store: AbstractContextManager[Store]) -> AsyncGenerator[Store]:
    """Run a store while a block of this loop does, which goes on turning as it starts and stops."""
    started = await asyncio.to_thread(store.__enter__)
    try:
        yield started
    finally:
        await asyncio.to_thread(store.__exit__, None, None, None)


@contextmanager
def redis_store(folder: Path, *, fsync: str = "everysec") -> Generator[Store]:
    with running(*redis_child(folder / "redis", folder, folder, fsync=fsync)) as store:
        yield store


@contextmanager
def postgres_store(folder: Path, data: Path | None = None) -> Generator[Store]:
    made = postgres_child(data or folder / "postgres", folder, folder)
    with running(*asyncio.run(made)) as store:
        yield store


@contextmanager
def kafka_store(folder: Path, data: Path | None = None) -> Generator[Store]:
    with running(*asyncio.run(kafka_child(data or folder / "kafka", folder))) as store:
        yield store
