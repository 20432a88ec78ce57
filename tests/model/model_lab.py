"""The real stores behind a model's machine: one event, its epoch, its recorder and its clock."""

import asyncio
from collections.abc import Generator, Sequence
from contextlib import contextmanager
from typing import Any, ClassVar, Generic, TypeVar

import asyncpg
import uvloop
from redis.asyncio import Redis

from booking_rush.booking.catalogue.catalogue import Catalogue
from booking_rush.booking.catalogue.events import NewEvent
from booking_rush.booking.recording.batch import Batch, Entry, read
from booking_rush.booking.recording.recorder import CursorMovedError, Recorder
from booking_rush.lua.client.connection import connect
from booking_rush.lua.client.program import Program, assemble
from booking_rush.lua.keys import key
from booking_rush.postgres import Pool
from tests.support.event_in_redis import EVENT, NOON
from tests.support.servers.stores import TEMPLATE, Store

ANSWER_S = 60  # what a model compares is no clock: a machine that stands still breaks nothing
TABLES = ("dead", "mails", "states", "claims", "payments", "outbox", "inbox", "bookings",
          "leases", "places", "deferred_joins", "told_stock", "codes", "journal", "signed_heads",
          "journal_heads", "recorded",
          "sections", "shows", "draws", "events")  # fmt: skip


class Lab:
    """The clients of both stores, one loop to run them in, and the code that a mutant replaces."""

    def __init__(self, runner: asyncio.Runner, pool: Pool, redis: Redis) -> None:
        self.runner = runner
        self.pool = pool
        self.redis = redis
        self.text = assemble()
        self.recorder: type[Recorder] = Recorder

    def run(self, coroutine: Any) -> Any:
        return self.runner.run(coroutine)


@contextmanager
def laboratory(redis_server: Store, postgres_server: Store, name: str) -> Generator[Lab]:
    """Open a lab on the shared Redis and on a fresh database of this name."""
    with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
        url = postgres_server.url.replace("/rush?", f"/{name}?")

        async def begin() -> tuple[Pool, Redis]:
            connection = await asyncpg.connect(postgres_server.url)
            await connection.execute(f"DROP DATABASE IF EXISTS {name}", timeout=60)
            await connection.execute(f"CREATE DATABASE {name} TEMPLATE {TEMPLATE}", timeout=60)
            await connection.close()
            pool = await asyncpg.create_pool(
                url, min_size=1, max_size=4, server_settings={"synchronous_commit": "off"}
            )
            await pool.execute("ALTER TABLE journal DISABLE TRIGGER USER")  # it is emptied
            return pool, connect(f"{redis_server.url}?socket_timeout={ANSWER_S}")

        pool, redis = runner.run(begin())
        yield Lab(runner, pool, redis)
        runner.run(pool.close())
        runner.run(redis.aclose())


class ClockedProgram(Program):
    """The program on the machine's clock instead of Redis's own."""

    now_ms = NOON

    async def run(
        self, event: str, stamp: str, commands: Sequence[Any], *, now_ms: int | None = None
    ) -> list[Any]:
        return await super().run(event, stamp, commands, now_ms=self.now_ms)


P = TypeVar("P", bound=ClockedProgram)


class ModelLab(Generic[P]):
    """A machine's side of its lab; `program` and `recorder` are made by the machine."""

    lab: ClassVar[Lab]
    program: P
    recorder: Recorder
    epoch: int
    stamp: str

    async def start_event(self, event: NewEvent, state: str = "open") -> None:
        """Empty both stores, put the event on sale, and load it into Redis."""
        await self.lab.pool.execute("; ".join(f"DELETE FROM {table}" for table in TABLES))
        await self.lab.redis.flushall()
        await Catalogue(self.lab.pool).create(event, who="machine")
        await self.lab.pool.execute("UPDATE events SET state = $1", state)
        await self.recorder.run_once()
        await self.read_epoch()

    async def read_epoch(self) -> None:
        """Read the epoch that Postgres counts and stamp the next commands with it."""
        [(run_id, _)] = await self.program.epochs([EVENT])
        self.epoch, _ = await self.cursor()
        self.stamp = f"{self.epoch}:{run_id}"

    async def cursor(self) -> tuple[int, str]:
        """Return the recorder's cursor: the epoch, and the last entry in Postgres."""
        row = await self.lab.pool.fetchrow("SELECT epoch, last FROM recorded")
        assert row is not None
        return row["epoch"], row["last"]

    async def unrecorded(self) -> list[Entry]:
        """Return the outbox entries after the cursor."""
        _, last = await self.cursor()
        found: Any = await self.lab.redis.xrange(key(EVENT, self.epoch, "outbox"), f"({last}")
        return read(found)

    def rebuild_event(self) -> None:
        """Load the event again from Postgres, under the next epoch."""
        self.lab.run(self.recorder.rebuild(EVENT))
        self.lab.run(self.read_epoch())
        self.lab.run(self._forget_outage())

    async def _forget_outage(self) -> None:
        """Set the sale's clock on again: the machine's own knows of no time without Redis."""
        await self.lab.pool.execute("UPDATE events SET stopped_ms = 0")
        await self.lab.redis.hset(key(EVENT, self.epoch, "rules"), "stopped_ms", "0")

    def commit_stale(self, epoch: int, last: str, batch: Batch) -> bool:
        """Commit a batch that was read a while ago. Return whether it was still the next one."""
        now = self.lab.run(self.cursor())
        try:
            self.lab.run(self.recorder.commit(EVENT, epoch, last, batch))
        except CursorMovedError:
            assert now != (epoch, last)
            return False
        assert now == (epoch, last), "a stopped recorder wrote into another life"
        return True
