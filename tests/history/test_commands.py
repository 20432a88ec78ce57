"""The order is checked from outside: by `verify`, and by the program under docs, row by row."""

import asyncio
import json
import subprocess
import sys
from pathlib import Path

import pytest

from booking_rush.booking.history.signed_heads import HeadSigner
from booking_rush.booking.recording.event_scheduler import EventScheduler
from booking_rush.postgres import Pool
from booking_rush.server.runtime.settings import Settings
from tests.support.clients import until
from tests.support.servers.processes import run
from tests.support.world import World, settings_for

PROGRAM = Path(__file__).parents[2] / "docs" / "verify_journal.py"

# What somebody with every right on the database could do.
ALTERED = "UPDATE journal SET number = number + 50 WHERE what = 'number' AND number = 2"
REMOVED = "DELETE FROM journal WHERE what = 'number' AND number = 2"
SWAPPED = """
    UPDATE journal SET (at_ms, who, number) = (other.at_ms, other.who, other.number)
    FROM journal AS other
    WHERE journal.what = 'number' AND other.what = 'number'
        AND (journal.number, other.number) IN ((1, 2), (2, 1))
"""
LAST_REMOVED = "DELETE FROM journal WHERE n = (SELECT max(n) FROM journal)"


@pytest.fixture
def settings(redis_url: str, postgres_url: str) -> Settings:
    return settings_for(redis_url, postgres_url, admin_password="correct horse")


@pytest.fixture
async def fair(world: World) -> World:
    """An event in which three visitors came, and were admitted or left."""
    await world.event(state="scheduled")
    visitors = [await world.visitor() for _ in range(3)]
    for visitor in visitors:
        await visitor.join()
    await visitors[-1].http.delete("/api/v1/events/demo/queue")
    operator = await world.operator()
    assert (await operator.post("/api/v1/admin/events/demo/open")).status_code == 200

    async def are_in() -> bool:
        counted = "SELECT count(*) FROM journal WHERE what = 'admitted'"
        return bool(await world.services.pool.fetchval(counted) == 2)

    await until(are_in)
    return world


async def verified(settings: Settings, *options: str) -> "subprocess.CompletedProcess[str]":
    return await asyncio.to_thread(run, "verify", "demo", *options, settings=settings)


async def checked(*arguments: str) -> "subprocess.CompletedProcess[str]":
    """Run the program under docs."""
    argv = [sys.executable, str(PROGRAM), *arguments]
    return await asyncio.to_thread(subprocess.run, argv, capture_output=True, text=True)


async def change(pool: Pool, statement: str) -> None:
    async with pool.acquire() as connection, connection.transaction():
        await connection.execute("SET LOCAL session_replication_role = replica")
        await connection.execute(statement)


async def test_what_was_fair_follows_wherever_it_is_read(
    fair: World, settings: Settings, tmp_path: Path
) -> None:
    base = fair.clients.base
    here, there = await verified(settings), await verified(settings, "--url", base)
    exported = await asyncio.to_thread(run, "journal", "demo", "--export", settings=settings)
    shown = await asyncio.to_thread(run, "journal", "demo", settings=settings)
    file = tmp_path / "demo.ndjson"
    file.write_text(exported.stdout)
    online, offline = await checked(base, "demo"), await checked(str(file))

    for done in (here, there, online, offline):
        assert done.returncode == 0, done.stdout + done.stderr
    entries = [json.loads(line) for line in exported.stdout.splitlines()]
    assert [one["n"] for one in entries] == list(range(1, len(entries) + 1))
    last = entries[-1]["hash"]
    assert all(last in done.stdout for done in (here, there, online, offline, shown))


@pytest.mark.parametrize(
    ("statement", "why"),
    [
        (ALTERED, "its hash is not over it and the entry before"),
        (REMOVED, "stands after entry"),
        (SWAPPED, "its hash is not over it and the entry before"),
        (LAST_REMOVED, "entry "),
    ],
)
async def test_a_changed_row_is_found_by_both(
    fair: World, settings: Settings, statement: str, why: str
) -> None:
    await change(fair.services.pool, statement)
    fair.services.journals.pages.clear()
    found = await verified(settings)
    online = await checked(fair.clients.base, "demo")

    assert found.returncode == 1
    assert why in found.stdout
    assert online.returncode == 1
    assert why in online.stderr


async def test_a_history_that_was_written_anew_is_found_by_what_was_signed(
    fair: World, settings: Settings
) -> None:
    pool = fair.services.pool
    assert await HeadSigner(pool, fair.services.signer.journal_head).sign_all() == 1
    n = await pool.fetchval("SELECT n FROM signed_heads")
    other = fair.services.signer.journal_head("demo", n, "0" * 64, 1)
    await pool.execute("UPDATE signed_heads SET signature = $1", other)
    found = await verified(settings)

    assert found.returncode == 1
    assert f"entry {n}: another hash was signed for it" in found.stdout


async def test_a_head_that_nobody_of_us_signed_is_found(fair: World, settings: Settings) -> None:
    pool = fair.services.pool
    await HeadSigner(pool, fair.services.signer.journal_head).sign_all()
    await pool.execute("UPDATE signed_heads SET signature = signature || 'x'")
    found = await verified(settings)

    assert found.returncode == 1
    assert "the head of the journal is not valid" in found.stdout


async def test_a_lottery_follows_from_its_seed_and_another_seed_is_found(
    world: World, settings: Settings
) -> None:
    await world.event(state="scheduled", rules={"fairness": "lottery"})
    for _ in range(5):
        await (await world.visitor()).join()
    operator = await world.operator()
    assert (await operator.post("/api/v1/admin/events/demo/open")).status_code == 200
    services = world.services
    scheduler = EventScheduler(services.pool, services.redis, services.rooms.events)

    async def are_in() -> bool:
        await scheduler.run_once()
        counted = "SELECT count(*) FROM journal WHERE what = 'admitted'"
        return bool(await services.pool.fetchval(counted) == 5)

    await until(are_in)
    for done in (
        await verified(settings),
        await verified(settings, "--url", world.clients.base),
        await checked(world.clients.base, "demo"),
    ):
        assert done.returncode == 0, done.stdout + done.stderr

    await services.pool.execute("UPDATE events SET lottery_seed = sha256(lottery_seed)")
    other = await verified(settings)
    assert other.returncode == 1
    assert "the seed gives index" in other.stdout


async def test_an_unknown_event_is_said(world: World, settings: Settings) -> None:
    for command in ("journal", "verify"):
        done = await asyncio.to_thread(run, command, "nothing", settings=settings)
        assert (done.returncode, "no event 'nothing'" in done.stderr) == (1, True)
    away = await asyncio.to_thread(
        run, "verify", "nothing", "--url", world.clients.base, settings=settings
    )
    assert (away.returncode, "404" in away.stderr) == (4, True)
    odd = await verified(settings, "--url", "file:///etc/passwd")
    assert odd.returncode == 2


async def test_heads_are_signed_once_while_nothing_is_added(fair: World) -> None:
    signer = HeadSigner(fair.services.pool, fair.services.signer.journal_head)

    assert await signer.sign_all() == 1
    assert await signer.sign_all() == 0
