"""One event in both stores, and recorders that run when the test says so."""

from typing import Any

from redis.asyncio import Redis

from booking_rush.booking.catalogue.catalogue import Catalogue
from booking_rush.booking.recording.recorder import Recorder
from booking_rush.lua import commands as lua
from booking_rush.lua.client.program import Program
from booking_rush.lua.keys import key
from booking_rush.postgres import Pool
from tests.support.crash_injection import CrashingPool, CrashingRedis, CrashPoint
from tests.support.world import new_event

EVENT = "demo"


class RecordedEvent:
    """An event, and recorders that run when the test says so."""

    def __init__(self, pool: Pool, redis: Redis) -> None:
        self.pool = pool
        self.redis = redis
        self.program = Program(redis)

    async def begin(self, **rules: Any) -> "RecordedEvent":
        catalogue = Catalogue(self.pool)
        await catalogue.create(new_event(EVENT, rules=rules), who="tests")
        await catalogue.act(EVENT, "open", who="tests")
        await self.recorder("first").run_once()
        return self

    def recorder(self, holder: str, fate: CrashPoint | None = None) -> Recorder:
        pool: Any = CrashingPool(self.pool, fate) if fate else self.pool
        redis: Any = CrashingRedis(self.redis, fate) if fate else self.redis
        return Recorder(pool, redis, Program(redis), holder)

    async def stamp(self) -> str:
        [(run_id, _)] = await self.program.epochs([EVENT])
        epoch = await self.pool.fetchval("SELECT epoch FROM recorded WHERE event = $1", EVENT)
        return f"{epoch}:{run_id}"

    async def ask(self, command: lua.Command[Any]) -> Any:
        return await self.program.ask(EVENT, await self.stamp(), command)

    async def record(self, holder: str = "last") -> None:
        """Expire the leases, and let a new recorder work until nothing is left."""
        await self.pool.execute("UPDATE recorded SET held_at = now() - interval '1 min'")
        recorder = self.recorder(holder)
        await recorder.run_once()
        while await recorder.run_once():
            pass

    async def places(self) -> list[tuple[int, str, str]]:
        rows = await self.pool.fetch("SELECT number, visitor, state FROM places ORDER BY number")
        return [tuple(row) for row in rows]

    async def enqueue(self, **fields: Any) -> str:
        """Add an entry to the outbox, as no move would. Return its id."""
        epoch = await self.pool.fetchval("SELECT epoch FROM recorded WHERE event = $1", EVENT)
        members: dict[Any, Any] = {**fields}
        entry: Any = await self.redis.xadd(key(EVENT, epoch, "outbox"), members)
        return str(entry.decode())

    async def is_recorded(self) -> bool:
        """Return whether Postgres and Redis say that the whole outbox is recorded."""
        row = await self.pool.fetchrow("SELECT epoch, last FROM recorded")
        assert row is not None
        epoch, last = row
        newest: Any = await self.redis.xrevrange(key(EVENT, epoch, "outbox"), count=1)
        marked: Any = await self.redis.get(key(EVENT, epoch, "recorded"))
        return not newest or newest[0][0].decode() == last == marked.decode()
