"""Fixtures that many wings share: real stores of this run, a database a test, a whole server."""

import asyncio
import contextlib
import functools
import inspect
import uuid
import warnings
from collections.abc import AsyncGenerator, Callable, Generator
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import asyncpg
import pytest
import uvloop
from redis.asyncio import Redis

from booking_rush.booking.joining import rate_limits
from booking_rush.lua.client.connection import connect
from booking_rush.lua.client.program import Program
from booking_rush.migrations.migrate import migrate
from booking_rush.postgres import Pool, open_pool
from tests.support.outages import BrokenStore
from tests.support.practice_bank import (
    NEW,
    OLD,
    ServedBank,
    WebhookReceiver,
    receive_webhooks,
    serve_bank,
)
from tests.support.servers.stores import (
    PATIENT,
    TEMPLATE,
    Store,
    in_memory,
    kafka_store,
    postgres_store,
    redis_store,
)
from tests.support.servers.stripe_mock import stripe_mock
from tests.support.world import World, open_world, settings_for

TEST_S = 240.0  # of the longest test 45 s, on a machine that is three times slower
ON_KAFKA = {"kafka_server", "own_kafka", "secured_kafka"}


class ClosingLoop(uvloop.Loop):
    """A loop that fails where a connection was left open.

    With warnings as errors, uvloop's own raises the warning inside its close, where nobody can
    catch it, keeps the connection, and waits for it for ever.
    """

    def close(self) -> None:
        """Close the loop.

        Raises:
            AssertionError: something was not closed before.
        """
        with warnings.catch_warnings(record=True) as left:
            warnings.simplefilter("always")
            super().close()
        assert not left, f"left open: {[str(warning.message) for warning in left]}"


def pytest_asyncio_loop_factories(
    item: pytest.Function,
) -> dict[str, Callable[[], asyncio.AbstractEventLoop]]:
    """Choose the loop that the product runs on: uvloop, or over Kafka asyncio's own."""
    if ON_KAFKA.intersection(item.fixturenames):
        return {"asyncio": asyncio.new_event_loop}
    return {"uvloop": ClosingLoop}


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Bound each asynchronous test, so that one which hangs shows where it waits."""
    for item in items:
        is_ours = Path(__file__).parent / "faults" not in item.path.parents
        if is_ours and isinstance(item, pytest.Function):
            item.obj = _bounded(item.obj)


def _bounded(test: Any) -> Any:
    if not inspect.iscoroutinefunction(test):
        return test

    @functools.wraps(test)
    async def bounded(*arguments: Any, **fixtures: Any) -> None:
        async with asyncio.timeout(TEST_S):
            await test(*arguments, **fixtures)

    return bounded


@pytest.fixture
def folder() -> Generator[Path]:
    """A folder with a short name: the path of a Unix socket has a limit of 107 bytes."""
    with in_memory("rush-test-") as path:
        yield path


@pytest.fixture(scope="session")
def shared_folder() -> Generator[Path]:
    with in_memory("rush-tests-") as path:
        yield path


@pytest.fixture(scope="session")
def redis_server(shared_folder: Path) -> Generator[Store]:
    with redis_store(shared_folder) as store:
        yield store


@pytest.fixture(scope="session")
def postgres_server(shared_folder: Path) -> Generator[Store]:
    with postgres_store(shared_folder) as store:
        asyncio.run(_make_template(store.url))
        yield store


@pytest.fixture(scope="session")
def kafka_server(shared_folder: Path) -> Generator[Store]:
    with kafka_store(shared_folder) as store:
        yield store


@pytest.fixture(scope="session")
def stripe_url(shared_folder: Path) -> Generator[str]:
    """The address of a stripe-mock."""
    with stripe_mock(shared_folder) as url:
        yield url


async def _make_template(url: str) -> None:
    """Make the database that others are copied from.

    No machine dies in these tests: what the kernel has is safe, and a copy waits for no disk.
    Nobody guesses this password: a proof of it takes one round of hashing instead of 4096.
    """
    connection = await asyncpg.connect(url)
    await connection.execute("ALTER SYSTEM SET fsync = off")
    await connection.execute("SELECT pg_reload_conf()")
    await connection.execute("SET scram_iterations = 1")
    await connection.execute(f"ALTER ROLE postgres PASSWORD '{urlsplit(url).password}'")
    await connection.execute(f"CREATE DATABASE {TEMPLATE}")
    await connection.close()
    connection = await asyncpg.connect(url.replace("/rush?", f"/{TEMPLATE}?"))
    await migrate(connection)
    await connection.close()


@pytest.fixture
async def postgres_url(postgres_server: Store) -> AsyncGenerator[str]:
    """A fresh, migrated database."""
    name = f"test_{uuid.uuid4().hex[:12]}"
    connection = await asyncpg.connect(postgres_server.url)
    copy = f"CREATE DATABASE {{}} TEMPLATE {TEMPLATE} STRATEGY {{}}"
    try:
        await connection.execute(copy.format(name, "FILE_COPY"), timeout=30)
    except TimeoutError:  # it waits for every session of the server; the other way waits for none
        name += "_again"
        await connection.execute(copy.format(name, "WAL_LOG"), timeout=60)
    yield postgres_server.url.replace("/rush?", f"/{name}?")
    with contextlib.suppress(TimeoutError):  # it waits for every session of the server
        await connection.execute(f"DROP DATABASE {name} WITH (FORCE)", timeout=30)
    connection.terminate()


@pytest.fixture
async def pool(postgres_url: str) -> AsyncGenerator[Pool]:
    async with open_pool(postgres_url, size=10) as pool:
        yield pool


@pytest.fixture
def own_redis(folder: Path) -> Generator[Store]:
    """A Redis of this test alone, which it may break."""
    with redis_store(folder) as store:
        yield store


@pytest.fixture
def broken_store(own_redis: Store, postgres_url: str, pool: Pool, folder: Path) -> BrokenStore:
    """A Redis to break during a sale, and what the sale stands on besides."""
    return BrokenStore(own_redis, postgres_url, pool, folder)


@pytest.fixture
def own_kafka(folder: Path) -> Generator[Store]:
    """A Kafka of this test alone, which it may break."""
    with kafka_store(folder) as store:
        yield store


@pytest.fixture
async def webhook_receiver() -> AsyncGenerator[WebhookReceiver]:
    """A server that receives the practice bank's webhooks."""
    async with receive_webhooks() as webhook_receiver:
        yield webhook_receiver


@pytest.fixture
async def practice_bank(
    pool: Pool, webhook_receiver: WebhookReceiver
) -> AsyncGenerator[ServedBank]:
    """A practice bank over HTTP, with its client and the receiver of its webhooks."""
    async with serve_bank(pool, webhook_receiver, NEW, OLD) as practice_bank:
        yield practice_bank


@pytest.fixture
async def redis_url(redis_server: Store) -> str:
    """An empty Redis, whose clients wait a minute for an answer."""
    url = redis_server.url + PATIENT
    async with connect(url) as redis:
        await redis.flushall()
    return url


@pytest.fixture
async def redis(redis_url: str) -> AsyncGenerator[Redis]:
    async with connect(redis_url) as redis:
        yield redis


@pytest.fixture
def program(redis: Redis) -> Program:
    return Program(redis)


@pytest.fixture
async def world(
    redis: Redis, pool: Pool, redis_url: str, postgres_url: str
) -> AsyncGenerator[World]:
    """A server with its duties and clients; no event yet."""
    async with open_world(redis, pool, settings_for(redis_url, postgres_url)) as world:
        yield world


@pytest.fixture
async def behind_proxy(
    redis: Redis, pool: Pool, redis_url: str, postgres_url: str
) -> AsyncGenerator[World]:
    """A server behind a proxy that it trusts: each client says its address."""
    settings = settings_for(redis_url, postgres_url, trusted_proxies="127.0.0.1")
    async with open_world(redis, pool, settings, duties=False) as world:
        yield world


@pytest.fixture
def limits_stand_still(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let no time pass for rate limits: what was taken does not come back on a slow machine."""
    text = rate_limits.GCRA
    for part, instead in (
        ('redis.call("TIME")', "{ 1700000000, 0 }"),
        ("math.max(1, one[2] - now)", "600000"),
    ):
        assert part in text
        text = text.replace(part, instead)
    monkeypatch.setattr(rate_limits, "GCRA", text)
