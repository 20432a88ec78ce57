"""Benchmarks of the line: joins in Redis and over sockets, and recovery."""

import asyncio
import statistics
import time

import asyncpg

from booking_rush.booking.recording.batch import Batch, Entry, fold
from booking_rush.booking.recording.recorder import Recorder
from booking_rush.lua.client.batcher import Batcher
from booking_rush.lua.client.program import Program
from booking_rush.lua.line.changes import PlaceChange
from booking_rush.lua.line.commands import JoinLine
from booking_rush.postgres import open_pool
from loadtest.client import JOIN, PING, Client, timed, visit
from loadtest.environment import Stores, percentiles, running_demo
from loadtest.loaded_event import load_event
from loadtest.reporting import report

BATCH = 500  # joins of one commit

# The writes of a join without its checks: the ceiling of the move.
JOIN_BASELINE = """
for i = 1, tonumber(ARGV[1]) do
  local n = redis.call("INCR", "{bare}:numbers")
  redis.call("ZADD", "{bare}:line", n, "v" .. n)
  redis.call("HSET", "{bare}:places", "v" .. n, "0123456789012345678901234567")
  redis.call("XADD", "{bare}:outbox", "*", "kind", "place", "visitor", "v" .. n, "number", n)
  redis.call("HINCRBY", "{bare}:stats", "joined", 1)
end
"""


async def moves() -> None:
    """Measure joins a second through the batcher, against bare Redis calls in batches as large."""
    async with Stores() as (redis, _):
        gate = await load_event(redis)
        batcher, total = Batcher(Program(redis), gate), 20_000

        async def caller(number: int) -> None:
            for at in range(total // 64):
                await batcher.do(JoinLine(f"v{number}-{at}"))

        began = time.perf_counter()
        await asyncio.gather(*(caller(number) for number in range(64)))
        ours = total / (time.perf_counter() - began)
        began = time.perf_counter()
        for _ in range(total // 64):
            await redis.eval(JOIN_BASELINE, 0, 64)
        baseline = total / (time.perf_counter() - began)
    report("joins in Redis", per_second=int(ours), baseline=int(baseline), ratio=ours / baseline)


async def lone_join(commit: float) -> None:
    """Measure a lone join over a socket until its place is sent, against a ping and one commit."""
    async with running_demo() as demo:
        await demo.event("lone", rate_per_second=0)
        joins, pings = list[float](), list[float]()
        for _ in range(200):
            client = await visit(demo.base, "lone")
            pings.append(await timed(client, PING, b"pong"))
            joins.append(await timed(client, JOIN, b"queue.joined"))
            client.transport.close()
    join, ping = percentiles(joins), percentiles(pings)
    floor = ping["p50"] + commit * 1000
    report("lone join, sent", **{f"{k}_ms": v for k, v in join.items()}, commit_ms=commit * 1000,
           ping_ms=ping["p50"], ratio=join["p50"] / floor)  # fmt: skip


async def crowd_joins() -> None:
    """Measure joins a second from many sockets, each sent when recorded, against their pings."""
    async with running_demo() as demo:
        await demo.event("crowd", rate_per_second=0)
        for sockets in (64, 256):
            clients = [await visit(demo.base, "crowd") for _ in range(sockets)]
            before = demo.cpu_s()
            joined, waits = await _rejoins(demo.base, clients, sockets * 20)
            spent = {n: s - before[n] for n, s in demo.cpu_s().items()}
            pinged, _ = await _pings(clients, sockets * 40)
            shown = {f"{k}_ms": v for k, v in percentiles(waits).items()}
            report(f"joins from {sockets} sockets", per_second=int(joined), **shown,
                   serve_us=spent["serve"] / (sockets * 20) * 1e6,
                   record_us=spent["record"] / (sockets * 20) * 1e6,
                   pings=int(pinged), ratio=joined / pinged)  # fmt: skip
            for client in clients:
                client.transport.close()


async def recovery() -> None:
    """Measure a rebuild with many waiting, against writing the same places with bare calls."""
    for waiting in (2_000, 50_000):
        async with Stores() as (redis, url), open_pool(url, size=4) as pool:
            recorder = Recorder(pool, redis, Program(redis), "bench")
            await recorder.run_once()
            await insert_places(url, waiting)
            began = time.perf_counter()
            await redis.flushall()
            empty = (await redis.info("memory"))["used_memory"]
            await recorder.rebuild("demo")
            ours = time.perf_counter() - began
            taken = (await redis.info("memory"))["used_memory"] - empty
            began = time.perf_counter()
            await redis.eval(JOIN_BASELINE, 0, waiting)
            baseline = time.perf_counter() - began
        report(f"back with {waiting:,}", seconds=ours, baseline_seconds=baseline,
               ratio=ours / baseline, redis_bytes_each=taken / waiting)  # fmt: skip


async def journal() -> None:
    """Measure the commit of a batch of 500 joins, against the same without its journal."""
    times: dict[bool, list[float]] = {True: [], False: []}
    async with Stores() as (redis, url), open_pool(url, size=2) as pool:
        recorder = Recorder(pool, redis, Program(redis), "bench")
        await recorder.run_once()
        cursor: str = await pool.fetchval("SELECT last FROM recorded WHERE event = 'demo'")
        epoch: int = await pool.fetchval("SELECT epoch FROM recorded WHERE event = 'demo'")
        for at in range(60):
            batch = _joins(1 + at * BATCH, f"{10**12 + at}-0")
            is_journaled = at % 2 == 0
            if not is_journaled:
                batch.acts.clear()
            began = time.perf_counter()
            await recorder.commit("demo", epoch, cursor, batch)
            times[is_journaled].append(time.perf_counter() - began)
            cursor = batch.cursor
    with_it, without = (statistics.median(times[is_journaled]) for is_journaled in (True, False))
    report(f"{BATCH} joins committed", with_ms=with_it * 1000, without_ms=without * 1000,
           ratio=with_it / without)  # fmt: skip


def _joins(first: int, entry: str) -> Batch:
    """Return the batch of one outbox entry with BATCH joins, from this number on."""
    joins = [
        PlaceChange(f"v_{number}", "main", number, 10**12, "waiting", 0, 0, 0, "")
        for number in range(first, first + BATCH)
    ]
    return fold([Entry(entry, joins)])


async def _rejoins(base: str, clients: list[Client], total: int) -> tuple[float, list[float]]:
    """Let each socket join and leave repeatedly. Return joins and leaves a second, and waits."""
    waits: list[float] = []

    async def one(client: Client) -> None:
        for _ in range(total // len(clients)):
            waits.append(await timed(client, JOIN, b"queue.joined"))
            client.send(b'{"type":"queue.leave","id":"2"}')
            await client.until(b"queue.left")

    began = time.perf_counter()
    await asyncio.gather(*(one(client) for client in clients))
    return 2 * total / (time.perf_counter() - began), waits


async def _pings(clients: list[Client], total: int) -> tuple[float, list[float]]:
    waits: list[float] = []

    async def one(client: Client) -> None:
        for _ in range(total // len(clients)):
            waits.append(await timed(client, PING, b"pong"))

    began = time.perf_counter()
    await asyncio.gather(*(one(client) for client in clients))
    return total / (time.perf_counter() - began), waits


async def insert_places(postgres_url: str, waiting: int) -> None:
    """Insert so many waiting places into Postgres."""
    connection = await asyncpg.connect(postgres_url)
    await connection.execute(
        """
        INSERT INTO places SELECT 'demo', 'main', n, 'v_' || md5(n::text), 'waiting',
            1790000000000 + n, 0, 0, 0, '' FROM generate_series(1, $1::int) AS n
        """,
        waiting,
    )
    await connection.close()


async def commit_s() -> float:
    """Return the median of one-row commits on the same disk, in seconds."""
    async with Stores() as (_, postgres_url):
        connection = await asyncpg.connect(postgres_url)
        times: list[float] = []
        for _ in range(200):
            began = time.perf_counter()
            await connection.execute("UPDATE recorded SET seen_at = now()")
            times.append(time.perf_counter() - began)
        await connection.close()
    return sorted(times)[100]
