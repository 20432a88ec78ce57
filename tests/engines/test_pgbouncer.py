"""PostgreSQL with TLS, behind PgBouncer in transaction mode, restarted, and as a standby."""

import asyncio
from collections.abc import AsyncGenerator
from contextlib import AsyncExitStack
from pathlib import Path
from typing import NamedTuple

import pytest
from redis.asyncio import Redis

from booking_rush.migrations.migrate import migrate
from booking_rush.postgres import LIMITS, open_pool
from booking_rush.server.runtime.ports import free_port
from tests.engines.postgres_servers import USER, Postgres, connect, pgbouncer
from tests.support.clients import until
from tests.support.crowds.buyers import Buyer, run_all
from tests.support.crowds.sale_checks import (
    EVENT,
    PROFILE,
    assert_nothing_is_lost,
    wait_until_sold,
)
from tests.support.crowds.sale_event import running_sale
from tests.support.servers.certificates import CertificateAuthority
from tests.support.servers.processes import run
from tests.support.servers.stores import Store, beside
from tests.support.world import settings_for

BUYERS = 200


class Pooled(NamedTuple):
    """A PostgreSQL, and the URL of the PgBouncer in front of it."""

    postgres: Postgres
    server: Store
    url: str


@pytest.fixture
async def pooled(folder: Path) -> AsyncGenerator[Pooled]:
    postgres = Postgres(folder, "primary", free_port(), CertificateAuthority(folder))
    async with AsyncExitStack() as stack:
        await asyncio.to_thread(postgres.make)
        server = await stack.enter_async_context(beside(postgres.serve()))
        connection = await connect(server.url)
        for name, ms in LIMITS.items():
            await connection.execute(f"ALTER ROLE {USER} SET {name} = {ms}")
        await migrate(connection)
        await connection.close()
        bouncer = await stack.enter_async_context(beside(pgbouncer(postgres, free_port())))
        yield Pooled(postgres, server, bouncer.url)


@pytest.mark.timeout(400)
async def test_a_sale_behind_pgbouncer_goes_on_after_a_restart_of_postgres(
    pooled: Pooled, redis: Redis, redis_url: str, folder: Path
) -> None:
    async with (
        open_pool(pooled.url, size=4) as pool,
        running_sale(redis_url, pooled.url, pool, folder, **EVENT) as sale,
    ):
        buyers = [Buyer(number, sale.base, PROFILE) for number in range(BUYERS)]
        restarts = 0

        async def restart() -> None:
            nonlocal restarts
            await wait_until_sold(pool, 20)
            await asyncio.to_thread(pooled.server.stop)
            await asyncio.to_thread(pooled.server.start)
            restarts += 1
            await asyncio.Event().wait()

        await run_all(buyers, restart)
        assert restarts == 1
        assert all(process.is_running() for process in sale.processes.values())
        await assert_nothing_is_lost(buyers, pool, redis)


@pytest.mark.timeout(120)
async def test_the_doctor_knows_pgbouncer_and_says_which_limits_it_keeps_away(
    pooled: Pooled, redis_url: str
) -> None:
    well = run("doctor", settings=settings_for(redis_url, pooled.url))
    connection = await connect(pooled.server.url)
    await connection.execute(f"ALTER ROLE {USER} RESET lock_timeout")
    await connection.close()
    await asyncio.to_thread(pooled.server.stop)  # sessions keep the limits they began with
    await asyncio.to_thread(pooled.server.start)

    async def doctor() -> str:
        done = await asyncio.to_thread(run, "doctor", settings=settings_for(redis_url, pooled.url))
        return done.stdout if "ok     postgres  PostgreSQL" in done.stdout else ""

    ill = await until(doctor)

    assert "ok     postgres  sessions behind PgBouncer have their limits" in well.stdout
    assert well.returncode == 0, well.stdout
    assert "look   postgres  sessions behind PgBouncer have no limit: " in ill
    assert "ALTER ROLE … SET lock_timeout = 2000" in ill
    assert "statement_timeout" not in ill


@pytest.mark.timeout(120)
async def test_a_certificate_of_another_authority_is_not_believed(
    pooled: Pooled, redis_url: str, tmp_path: Path
) -> None:
    other = CertificateAuthority(tmp_path)
    url = pooled.server.url.replace(str(pooled.postgres.authority.path), str(other.path))

    done = run("doctor", settings=settings_for(redis_url, url))

    assert "wrong  postgres  cannot be asked: " in done.stdout
    assert "CERTIFICATE_VERIFY_FAILED" in done.stdout


@pytest.mark.timeout(120)
async def test_a_standby_is_refused_in_words(pooled: Pooled, redis_url: str, folder: Path) -> None:
    standby = Postgres(folder, "standby", free_port(), pooled.postgres.authority)
    await asyncio.to_thread(standby.copy, pooled.postgres)
    async with beside(standby.serve()) as server:
        settings = settings_for(redis_url, server.url)
        examined = run("doctor", settings=settings)
        served = run("serve", settings=settings)
        duty = run("work", "record", settings=settings)
        trust = server.url.partition("?")[2]
        ports = f"port={standby.port},{pooled.postgres.port}"
        both = f"postgresql://rush:secret@/rush?host=127.0.0.1,127.0.0.1&{ports}&{trust}"
        settings = settings_for(redis_url, f"{both}&target_session_attrs=read-write")
        either = run("doctor", settings=settings)

    words = "it is a standby, which takes no writes: name the primary in RUSH_POSTGRES_URL"
    assert f"wrong  postgres  {words}" in examined.stdout
    assert "ok     postgres  a primary, synchronous_commit on" in either.stdout
    for done in (served, duty):
        assert done.returncode == 3
        assert words in done.stderr
        assert "Traceback" not in done.stderr
