"""Load in a shape against a server of its own, and a check of the stores afterwards.

`make load SHAPE=smoke|ramp|sustained|spike|herd|oversubscribed`. A run that oversold, lost a
booking or admitted out of order ends with exit code 1.
"""

import asyncio
import os
import sys
import time
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from typing import NamedTuple

from redis.asyncio import Redis

from booking_rush.booking.catalogue.catalogue import Catalogue
from booking_rush.booking.catalogue.events import NewEvent
from booking_rush.lua.client.connection import connect
from booking_rush.lua.client.program import Program
from booking_rush.postgres import Pool, open_pool
from booking_rush.queue.event_registry import EventRegistry
from booking_rush.server.runtime.ports import free_port
from loadtest.environment import Stores
from loadtest.rows.saga import running_duties, wait_until_ready
from loadtest.rows.sale import standing_event
from loadtest.shapes.stages import EVENT, SHAPES
from tests.support.store_agreement import disagreements, is_quiet

HOLD_S = 30
TURN_S = 30  # for the buyers to finish their turns when the shape ends
QUIET_S = 120.0  # for what is on its way to end; a hold of a buyer who was stopped is, too
CAPACITY = {"oversubscribed": 200}  # tickets; its buyers want ten times as many
PLENTY = 200_000
FAIR = {"proof_bits_max": 20, "churn_max": 3}  # as these rules are by default
DUTIES = {
    name: ["serve"] if name == "serve" else ["work", name]
    for name in ("serve", "record", "tend", "bank", "conduct", "reconcile")
}
# Admissions that went before one with a smaller number of the same lane.
OVERTAKEN = """
    SELECT count(*) FROM (
        SELECT wave, max(wave) OVER (PARTITION BY lane ORDER BY number) AS highest
        FROM places WHERE event = $1 AND wave > 0
    ) AS admitted WHERE wave < highest
"""
FOUND = """
    SELECT (SELECT count(*) FROM places WHERE event = $1) AS joined,
        (SELECT count(*) FROM bookings WHERE event = $1 AND state = 'confirmed') AS confirmed,
        (SELECT coalesce(sum(quantity), 0) FROM bookings
         WHERE event = $1 AND state = 'confirmed') AS sold
"""


class Running(NamedTuple):
    """A running sale: its event, its address, and its stores."""

    event: str
    base: str
    pool: Pool
    redis: Redis


async def run(shape: str) -> list[str]:
    """Run a shape with everything that it needs. Return what is wrong afterwards."""
    capacity = CAPACITY.get(shape, PLENTY)
    event = standing_event(EVENT, capacity, hold_seconds=HOLD_S, **FAIR)
    async with running_sale(event) as running:
        failed = await _locust(shape, running.base)
        wrong = await check(running, capacity)
        return [*wrong, "locust counted failures"] if failed else wrong


@asynccontextmanager
async def running_sale(event: NewEvent) -> AsyncGenerator[Running]:
    """Run a server and all duties, with this event on sale."""
    stores = Stores()
    bind, bank = f"127.0.0.1:{free_port()}", f"127.0.0.1:{free_port()}"
    async with (
        stores as (_, postgres_url),
        open_pool(postgres_url, size=4) as pool,
        connect(stores.urls[0]) as redis,
        running_duties(
            stores, DUTIES, RUSH_BIND=bind, RUSH_BANK_BIND=bank, RUSH_BANK_URL=f"http://{bank}"
        ),
    ):
        await wait_until_ready(f"http://{bind}/readyz")
        await _put_on_sale(pool, redis, event)
        yield Running(event.id, f"http://{bind}", pool, redis)


async def check(running: Running, capacity: int) -> list[str]:
    """Wait until nothing moves, and return what is wrong: oversold, lost or reordered."""
    event, _, pool, redis = running
    until = time.monotonic() + QUIET_S
    while not await is_quiet(pool) and time.monotonic() < until:
        await asyncio.sleep(0.5)
    wrong = [] if await is_quiet(pool) else ["something is still on its way"]
    wrong += await disagreements(pool, redis, event)
    found = await pool.fetchrow(FOUND, event)
    assert found is not None
    if found["sold"] > capacity:
        wrong.append(f"{found['sold']} tickets sold of {capacity}")
    if overtaken := await pool.fetchval(OVERTAKEN, event):
        wrong.append(f"{overtaken} admitted out of order")
    if not found["confirmed"]:
        wrong.append("nobody has bought anything")
    print("stores", dict(found), "wrong" if wrong else "agree", flush=True)
    return wrong


async def _put_on_sale(pool: Pool, redis: Redis, event: NewEvent) -> None:
    catalogue, registry = Catalogue(pool), EventRegistry(pool, Program(redis))
    await catalogue.create(event, who="load")
    await catalogue.act(event.id, "open", who="load")
    assert await registry.ready(event.id, seconds=QUIET_S)


async def _locust(shape: str, base: str) -> bool:
    """Run locust headless. Return whether it counted a failure."""
    process = await asyncio.create_subprocess_exec(
        sys.executable, "-m", "locust", "-f", "loadtest/shapes/buyers.py", "--headless",
        "--host", base, "--reset-stats", "--exit-code-on-error", "3",
        "--stop-timeout", str(TURN_S),
        env={**os.environ, "SHAPE": shape},
    )  # fmt: skip
    return await process.wait() != 0


def main(arguments: list[str]) -> None:
    """Run the shape that is named."""
    if len(arguments) != 1 or arguments[0] not in SHAPES:
        sys.exit(f"load: which shape? make load SHAPE={'|'.join(SHAPES)}")
    wrong = asyncio.run(run(arguments[0]))
    for one in wrong[:20]:
        print(f"load: {one}", file=sys.stderr)
    sys.exit(1 if wrong else 0)


if __name__ == "__main__":
    main(sys.argv[1:])
