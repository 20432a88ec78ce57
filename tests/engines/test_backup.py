"""A backup made in the middle of a sale, restored by the very commands of docs/backup.md."""

import asyncio
import os
import re
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from booking_rush.lua.client.connection import connect as connect_redis
from booking_rush.migrations.migrate import migrate
from booking_rush.postgres import open_pool
from booking_rush.server.runtime.ports import free_port
from tests.engines.postgres_servers import Postgres, connect, programs
from tests.engines.redis_servers import debian_redis
from tests.support.clients import until, until_ready
from tests.support.crowds.buyers import Buyer, run_all
from tests.support.crowds.sale_checks import (
    EVENT,
    PROFILE,
    assert_nothing_is_lost,
    wait_until_sold,
)
from tests.support.crowds.sale_event import DUTIES, is_on_sale, running_sale
from tests.support.servers.certificates import CertificateAuthority
from tests.support.servers.processes import environment_of, running
from tests.support.servers.stores import beside
from tests.support.store_agreement import is_quiet, sold_seats
from tests.support.world import settings_for

DOCUMENT = Path(__file__).parents[2] / "docs" / "backup.md"
BUYERS = 100
START_S = 90.0


def commands(opening: str) -> list[str]:
    """Return the commands of the document that begin with one of these words, as they stand."""
    found = re.findall(r"^    (\S.*)$", DOCUMENT.read_text(), re.MULTILINE)
    return [line for line in found if line.startswith(tuple(opening.split()))]


async def shell(folder: Path, line: str, **environment: str) -> str:
    """Run a command. Return what it printed."""
    path = f"{Path(sys.executable).parent}:{programs()}:{os.environ['PATH']}"
    done = await asyncio.to_thread(
        subprocess.run,
        ["bash", "-ec", line],
        cwd=folder, env={**os.environ, **environment, "PATH": path},
        capture_output=True, text=True, timeout=120,
    )  # fmt: skip
    assert done.returncode == 0, f"{line}\n{done.stdout}{done.stderr}"
    return str(done.stdout)


@pytest.mark.timeout(500)
async def test_a_sale_goes_on_from_its_backup(folder: Path) -> None:
    authority = CertificateAuthority(folder)
    old = Postgres(folder, "old", free_port(), authority)
    new = Postgres(folder, "new", free_port(), authority)
    for postgres in (old, new):
        await asyncio.to_thread(postgres.make)
    [dump] = commands("pg_dump")
    async with (
        beside(debian_redis(folder, "redis", free_port())) as redis,
        beside(new.serve()) as restored,
    ):
        async with beside(old.serve()) as server:
            connection = await connect(server.url)
            await migrate(connection)
            await connection.close()
            async with (
                open_pool(server.url, size=4) as pool,
                running_sale(redis.url, server.url, pool, folder, **EVENT) as sale,
            ):
                buyers = [Buyer(number, sale.base, PROFILE) for number in range(BUYERS)]
                before = set[str]()

                async def back_up() -> None:
                    await wait_until_sold(pool, 20)
                    before.update(await sold_seats(pool))
                    await shell(folder, dump, RUSH_POSTGRES_URL=server.url)
                    await asyncio.Event().wait()

                await run_all(buyers, back_up)
        assert before  # the sale went on after its backup, and all of that is gone

        urls = {"NEW_POSTGRES_URL": restored.url, "NEW_REDIS_URL": redis.url}
        for line in commands("pg_restore vacuumdb redis-cli"):
            await shell(folder, line, **urls)
        bank = f"127.0.0.1:{free_port()}"
        settings = settings_for(
            redis.url, restored.url, bind=f"127.0.0.1:{free_port()}",
            bank_bind=bank, bank_url=f"http://{bank}",
        )  # fmt: skip
        found = [
            await shell(folder, line, **environment_of(settings))
            for line in commands("booking-rush")[:2]
        ]
        assert found[0].startswith("0 applied"), found[0]

        base = f"http://{settings.bind}"
        logs = folder / "restored"
        logs.mkdir()
        with running(settings, logs, **DUTIES):
            await until_ready(base, within_s=START_S)
            await until(lambda: is_on_sale(base), within_s=START_S)
            again = [Buyer(BUYERS + number, base, PROFILE) for number in range(BUYERS)]
            await run_all(again, nothing)
            async with open_pool(restored.url, size=4) as pool, connect_redis(redis.url) as store:
                await until(lambda: is_quiet(pool), within_s=60)
                assert before <= set(await sold_seats(pool)) | await given_back(pool)
                await assert_nothing_is_lost(again, pool, store)
            differences = await shell(
                folder, commands("booking-rush")[2], **environment_of(settings)
            )
        assert differences.strip() == "0 differences"


async def given_back(pool: Any) -> set[str]:
    """Return the seats of bookings that were refunded."""
    rows = await pool.fetch("SELECT unnest(seats) AS seat FROM bookings WHERE state = 'refunded'")
    return {row["seat"] for row in rows}


async def nothing() -> None:
    """Do nothing beside the buyers."""
