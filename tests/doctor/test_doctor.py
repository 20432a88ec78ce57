"""The doctor: real stores that are well, and each that is not, with what to do."""

from collections.abc import AsyncGenerator
from pathlib import Path
from typing import Any

import asyncpg
import msgspec
import pytest
from redis.asyncio import Redis

from booking_rush.booking.kafka.connection import Cluster
from booking_rush.booking.kafka.topics import create_missing
from booking_rush.server.doctor.examination import examine
from booking_rush.server.doctor.kafka_checks import check_kafka
from booking_rush.server.runtime.ports import free_port
from booking_rush.server.runtime.settings import Settings
from tests.support.clients import until
from tests.support.servers.haproxy import Edge, haproxy
from tests.support.servers.processes import run
from tests.support.servers.stores import PATIENT, Store
from tests.support.world import World, settings_for


@pytest.fixture(autouse=True)
async def on_disk(postgres_server: Store) -> AsyncGenerator[None]:
    """Let PostgreSQL wait for its disk, as it does in a sale; in other tests it does not."""
    connection = await asyncpg.connect(postgres_server.url)
    for fsync in ("on", "off"):
        await connection.execute(f"ALTER SYSTEM SET fsync = {fsync}")
        await connection.execute("SELECT pg_reload_conf()")
        if fsync == "on":
            await until(lambda: _is_on(connection))
            yield
    await connection.close()


async def _is_on(connection: "asyncpg.Connection[asyncpg.Record]") -> bool:
    return bool(await connection.fetchval("SHOW fsync") == "on")


async def lines(settings: Settings) -> list[str]:
    return [finding.line() for finding in await examine(settings)]


def client(store: Store) -> Any:
    return Redis.from_url(store.url)


def wrong(found: list[str]) -> list[str]:
    return [line for line in found if line.startswith("wrong")]


async def test_stores_that_are_well_are_found_well(redis_url: str, postgres_url: str) -> None:
    found = await lines(settings_for(redis_url, postgres_url))

    assert wrong(found) == []
    for text in ("noeviction", "append-only file", "synchronous_commit on", "migrations applied"):
        assert [line for line in found if line.startswith("ok") and text in line], text
    assert {line.split()[1] for line in found} == {
        "settings", "redis", "postgres", "clocks", "proxy", "files"
    }  # fmt: skip


async def test_the_command_says_it_and_its_exit_code_too(redis_url: str, postgres_url: str) -> None:
    settings = settings_for(redis_url, postgres_url)
    well = run("doctor", settings=settings)
    ill = run("doctor", settings=settings, RUSH_REDIS_URL="redis://127.0.0.1:1")
    unset = run("doctor")

    assert (well.returncode, ill.returncode, unset.returncode) == (0, 1, 1)
    assert "wrong  redis     cannot be asked" in ill.stdout
    assert "ok     postgres" in ill.stdout
    assert "wrong  settings  RUSH_REDIS_URL is not set" in unset.stdout
    for done in (well, ill, unset):
        assert "Traceback" not in done.stderr + done.stdout


async def test_a_first_password_that_is_common_is_found(redis_url: str, postgres_url: str) -> None:
    settings = settings_for(redis_url, postgres_url, admin_password="Password1234")

    found = [line for line in await lines(settings) if "RUSH_ADMIN_PASSWORD" in line]

    assert [line.split()[0] for line in found] == ["look"]
    assert "Password1234" not in found[0]


async def test_a_redis_that_loses_data_is_found(own_redis: Store, postgres_url: str) -> None:
    settings = settings_for(own_redis.url + PATIENT, postgres_url)
    async with client(own_redis) as redis:
        await redis.config_set("maxmemory-policy", "allkeys-lru")
        await redis.config_set("appendonly", "no")
        evicts = await lines(settings)
        await redis.config_set("maxmemory-policy", "noeviction")
        await redis.config_set("maxmemory", 1)
        full = await lines(settings)
        await redis.config_set("maxmemory", 0)
        await redis.execute_command("REPLICAOF", "127.0.0.1", "1")
        replica = await lines(settings)

    assert [line for line in wrong(evicts) if "set maxmemory-policy noeviction" in line]
    assert [line for line in evicts if line.startswith("look") and "set appendonly yes" in line]
    assert [line for line in wrong(full) if "of maxmemory is in use" in line]
    assert [line for line in wrong(replica) if "name the primary in RUSH_REDIS_URL" in line]


async def test_a_managed_redis_that_hides_its_settings_is_told_about(
    own_redis: Store, postgres_url: str
) -> None:
    async with client(own_redis) as redis:
        await redis.execute_command("ACL", "SETUSER", "default", "-config")
    found = await lines(settings_for(own_redis.url + PATIENT, postgres_url))

    assert wrong(found) == []
    assert [line for line in found if line.startswith("look") and "refuses CONFIG" in line]
    assert [line for line in found if line.startswith("ok") and "noeviction" in line]


@pytest.fixture
async def connection(postgres_url: str) -> AsyncGenerator[Any]:
    connection = await asyncpg.connect(postgres_url)
    yield connection
    await connection.close()


@pytest.mark.parametrize(
    ("statement", "told"),
    [
        ("DROP TABLE migrations", "there are no tables yet: run `booking-rush migrate`"),
        ("DELETE FROM migrations WHERE name LIKE '%0001%' OR name LIKE '001%'", "not applied"),
        ("UPDATE migrations SET digest = 'x'", "applied with another text"),
    ],
)
async def test_a_database_of_another_version_is_found(
    redis_url: str, postgres_url: str, connection: Any, statement: str, told: str
) -> None:
    await connection.execute(statement)

    found = wrong(await lines(settings_for(redis_url, postgres_url)))

    assert len(found) == 1
    assert told in found[0]


async def test_a_database_that_loses_commits_is_found(
    redis_url: str, postgres_url: str, connection: Any
) -> None:
    name = await connection.fetchval("SELECT current_database()")
    await connection.execute(f"ALTER DATABASE {name} SET synchronous_commit TO off")

    found = wrong(await lines(settings_for(redis_url, postgres_url)))

    assert [line for line in found if "synchronous_commit is off" in line]


async def test_the_topics_of_a_broker_are_looked_at(own_kafka: Store, folder: Path) -> None:
    cluster = Cluster(own_kafka.url)
    before = [finding.line() for finding in await check_kafka(cluster)]
    await create_missing(cluster)
    after = [finding.line() for finding in await check_kafka(cluster)]

    assert [line for line in wrong(before) if "run `booking-rush migrate`" in line]
    assert wrong(after) == []
    assert [line for line in after if "12 partitions, 1 replicas, min.insync.replicas 1" in line]


async def test_the_proxy_is_asked_as_a_browser_asks(world: World) -> None:
    settings, base = world.services.settings, world.clients.base
    well = await lines(msgspec.structs.replace(settings, public_url=base))
    away = await lines(msgspec.structs.replace(settings, public_url="https://127.0.0.1:1"))

    assert f"ok     proxy     {base} lets a browser's page in" in well
    assert [line for line in wrong(away) if "does not answer" in line]


async def test_a_server_that_does_not_know_its_address_is_found(
    world: World, folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It refuses the pages that it serves itself: their origin is https, and it knows of none."""
    edge = Edge(folder, free_port())
    monkeypatch.setenv("SSL_CERT_FILE", str(edge.authority.path))
    settings = msgspec.structs.replace(world.services.settings, public_url=edge.url)
    async with haproxy(edge, world.clients.base.removeprefix("http://")):
        [found] = wrong(await lines(settings))

    assert "answered 403 origin_refused: give RUSH_PUBLIC_URL to `serve`, too" in found
