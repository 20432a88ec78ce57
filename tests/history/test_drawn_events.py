"""The order of a drawn event is checked from outside: by its journal, and by its seed or key."""

import asyncio
import subprocess
import sys
from collections import defaultdict
from pathlib import Path

import pytest
from msgspec.structs import replace

from booking_rush.booking.history import journal
from booking_rush.booking.history.entries import Entry, hash_of
from booking_rush.booking.recording.event_scheduler import EventScheduler
from booking_rush.postgres import Pool
from booking_rush.server.runtime.settings import Settings
from tests.support.clients import until
from tests.support.servers.processes import run
from tests.support.world import World, settings_for

PROGRAM = Path(__file__).parents[2] / "docs" / "verify_journal.py"
MANY = 5
DRAWN = "SELECT count(*) FROM journal WHERE what = 'drawn'"


@pytest.fixture(params=["lottery", "windows"])
async def drawn(request: pytest.FixtureRequest, world: World) -> World:
    """An event that has drawn its order, and tells by which seed or key."""
    rules = {"fairness": request.param, "active_max": 0}
    if request.param == "windows":
        rules["window_seconds"] = 1
    is_lottery = request.param == "lottery"
    await world.event(state="scheduled" if is_lottery else "open", rules=rules)
    for _ in range(MANY):
        await (await world.visitor()).http.post("/api/v1/events/demo/queue")
    services, operator = world.services, await world.operator()
    await operator.post(f"/api/v1/admin/events/demo/{'open' if is_lottery else 'pause'}")
    scheduler = EventScheduler(services.pool, services.redis, services.rooms.events)

    async def is_drawn() -> bool:
        await scheduler.run_once()
        return bool(await services.pool.fetchval(DRAWN) == MANY)

    await until(is_drawn)
    await operator.post("/api/v1/admin/events/demo/close")
    return world


async def checks(world: World, postgres_url: str, redis_url: str) -> list[tuple[int, str]]:
    """Return exit code and output of `verify`, of `verify --url`, and of the program under docs."""
    world.services.journals.pages.clear()
    settings: Settings = settings_for(redis_url, postgres_url, admin_password="correct horse")
    base = world.clients.base
    program = [sys.executable, str(PROGRAM), base, "demo"]
    done = [
        await asyncio.to_thread(run, "verify", "demo", settings=settings),
        await asyncio.to_thread(run, "verify", "demo", "--url", base, settings=settings),
        await asyncio.to_thread(subprocess.run, program, capture_output=True, text=True),
    ]
    return [(one.returncode, one.stdout + one.stderr) for one in done]


async def write(pool: Pool, entries: list[Entry]) -> None:
    """Write an event's journal anew, as somebody with every right on the database can."""
    before = ""
    async with pool.acquire() as connection, connection.transaction():
        await connection.execute("SET LOCAL session_replication_role = replica")
        for entry in entries:
            before = hash_of(before, replace(entry, hash=""))
            await connection.execute(
                "UPDATE journal SET number = $2, hash = $3 WHERE n = $1",
                entry.n, entry.number, bytes.fromhex(before),
            )  # fmt: skip
        await connection.execute("UPDATE journal_heads SET hash = $1", bytes.fromhex(before))


async def test_a_draw_follows_and_an_altered_row_does_not(
    drawn: World, postgres_url: str, redis_url: str
) -> None:
    fair = await checks(drawn, postgres_url, redis_url)
    assert [code for code, _ in fair] == [0, 0, 0], fair

    async with drawn.services.pool.acquire() as connection, connection.transaction():
        await connection.execute("SET LOCAL session_replication_role = replica")
        await connection.execute("UPDATE journal SET number = number + 1 WHERE what = 'drawn'")

    found = await checks(drawn, postgres_url, redis_url)
    assert [code for code, _ in found] == [1, 1, 1], found
    assert all("its hash is not over it" in said for _, said in found)


async def test_two_numbers_swapped_in_a_chain_written_anew_are_found_by_the_seed(
    drawn: World, postgres_url: str, redis_url: str
) -> None:
    pool = drawn.services.pool
    entries = (await journal.read(pool, "demo", after=0, limit=100)).entries
    by_window = defaultdict[str, list[Entry]](list)
    for entry in entries:
        if entry.what == "drawn":
            by_window[entry.why.partition(",")[0]].append(entry)
    first, second, *_ = max(by_window.values(), key=len)
    swapped = {first.n: second.number, second.n: first.number}
    numbers = [swapped.get(one.n, one.number) for one in entries]
    await write(pool, [replace(one, number=n) for one, n in zip(entries, numbers, strict=True)])

    found = await checks(drawn, postgres_url, redis_url)

    assert [code for code, _ in found] == [1, 1, 1], found
    assert all(f"entry {min(swapped)}: the seed gives index" in said for _, said in found)
