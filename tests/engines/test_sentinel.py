"""A sale on a Redis that Sentinel looks after: its primary is replaced in the middle of it."""

import asyncio
from collections.abc import AsyncGenerator, Awaitable, Callable
from contextlib import AsyncExitStack
from pathlib import Path
from typing import Any, NamedTuple, cast

import pytest

from booking_rush.lua.client.connection import connect
from booking_rush.postgres import Pool
from booking_rush.server.runtime.ports import free_port
from tests.engines.redis_servers import debian_redis, sentinel, tls_options
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


class Watched(NamedTuple):
    """A primary with a replica, and three Sentinels."""

    url: str
    primary: Store
    replica: Store
    sentinels: list[Store]


@pytest.fixture
async def watched(folder: Path) -> AsyncGenerator[Watched]:
    ports = [free_port() for _ in range(5)]
    async with AsyncExitStack() as stack:
        primary = await stack.enter_async_context(beside(debian_redis(folder, "primary", ports[0])))
        of_primary = ("--replicaof", f"127.0.0.1 {ports[0]}")
        replica = await stack.enter_async_context(
            beside(debian_redis(folder, "replica", ports[1], *of_primary))
        )
        sentinels = [
            await stack.enter_async_context(
                beside(sentinel(folder, f"sentinel_{port}", port, ports[0]))
            )
            for port in ports[2:]
        ]
        await until(lambda: know_each_other(sentinels))
        nodes = ",".join(f"127.0.0.1:{port}" for port in ports[2:])
        yield Watched(f"redis+sentinel://{nodes}/rush/0", primary, replica, sentinels)


async def know_each_other(sentinels: list[Store]) -> bool:
    """Return whether each Sentinel knows the two others and the replica."""
    states = [await state_of(one) for one in sentinels]
    return all(s["num-other-sentinels"] == 2 and s["num-slaves"] == 1 for s in states)


async def state_of(one: Store) -> dict[str, Any]:
    async with connect(one.url) as redis:
        return cast("dict[str, Any]", await redis.sentinel_master("rush"))


async def promoted(watched: Watched) -> None:
    """Wait until the Sentinels name the replica as the primary."""
    port = int(watched.replica.url.rpartition(":")[2])

    async def is_named() -> bool:
        return all([(await state_of(one))["port"] == port for one in watched.sentinels])

    await until(is_named)


async def die(watched: Watched, _pool: Pool) -> None:
    """Kill the primary."""
    await asyncio.to_thread(watched.primary.kill)


async def lose_writes(watched: Watched, pool: Pool) -> None:
    """Kill the primary when its replica has not had anything new for twenty bookings."""
    async with connect(watched.replica.url) as redis:
        await redis.execute_command("REPLICAOF", "127.0.0.1", "1")  # type: ignore[no-untyped-call]
    sold = await pool.fetchval("SELECT count(*) FROM bookings WHERE state = 'confirmed'")
    await wait_until_sold(pool, int(sold) + 20)
    await asyncio.to_thread(watched.primary.kill)


async def come_back(watched: Watched, _pool: Pool) -> None:
    """Stop the primary until it is replaced; then it goes on, and believes to be one still."""
    watched.primary.pause()
    await promoted(watched)
    watched.primary.resume()


@pytest.mark.timeout(300)
@pytest.mark.parametrize("fault", [die, lose_writes, come_back])
async def test_the_primary_is_replaced_in_the_middle_of_a_sale(
    fault: Callable[[Watched, Pool], Awaitable[None]],
    watched: Watched,
    postgres_url: str,
    pool: Pool,
    folder: Path,
) -> None:
    async with running_sale(watched.url, postgres_url, pool, folder, **EVENT) as sale:
        buyers = [Buyer(number, sale.base, PROFILE) for number in range(BUYERS)]

        async def break_it() -> None:
            await wait_until_sold(pool, 20)
            await fault(watched, pool)
            await promoted(watched)
            await asyncio.Event().wait()

        await run_all(buyers, break_it)
        assert await pool.fetchval("SELECT epoch FROM recorded") >= 2
        assert all(process.is_running() for process in sale.processes.values())
        async with connect(watched.url) as redis:
            await assert_nothing_is_lost(buyers, pool, redis)


@pytest.mark.timeout(120)
async def test_a_primary_that_was_replaced_and_lives_on_is_left(watched: Watched) -> None:
    """Its connections end, that of a subscription too, though it still answers them."""
    async with connect(watched.url) as redis, redis.pubsub() as pubsub:
        await redis.set("k", "v")
        await pubsub.subscribe("news")
        await pubsub.get_message(timeout=5)
        async with connect(watched.sentinels[0].url) as one:
            await one.execute_command("SENTINEL", "FAILOVER", "rush")  # type: ignore[no-untyped-call]
        await promoted(watched)

        async def is_at_the_new_one() -> bool:
            found = await redis.config_get("port")
            return str(found["port"]) == watched.replica.url.rpartition(":")[2]

        await until(is_at_the_new_one)
        assert not cast("Any", pubsub.connection).is_connected


@pytest.mark.timeout(120)
async def test_the_doctor_counts_sentinels(watched: Watched, postgres_url: str) -> None:
    settings = settings_for(watched.url, postgres_url)
    well = run("doctor", settings=settings)
    for one in watched.sentinels[:2]:
        await asyncio.to_thread(one.stop)
    ill = run("doctor", settings=settings)
    nobody = run(
        "doctor", settings=settings_for(watched.url.replace("/rush/", "/crush/"), postgres_url)
    )

    assert "ok     redis     3 of 3 Sentinels answer, 2 have to agree" in well.stdout
    assert "ok     redis     1 replicas" in well.stdout
    assert "wrong  redis     1 of 3 Sentinels answer, 2 have to agree" in ill.stdout
    assert "No master found for 'crush'" in nobody.stdout


@pytest.mark.timeout(120)
async def test_sentinels_and_primary_are_reached_over_tls_with_passwords(folder: Path) -> None:
    authority, (port, primary) = CertificateAuthority(folder), (free_port(), free_port())
    trust = f"ssl_ca_certs={authority.path}"
    options = [*tls_options(authority, primary), "--tls-replication", "yes"]
    password = ("--requirepass", "of the primary", "--masterauth", "of the primary")
    of_sentinel = ["requirepass secret", 'sentinel auth-pass rush "of the primary"']
    of_sentinel += ["tls-replication yes", "port 0", f"tls-port {port}", "tls-auth-clients no"]
    of_sentinel += [
        f"tls-{name}-file {authority.path.with_name('redis.pem')}" for name in ("cert", "key")
    ]
    of_sentinel += [f"tls-ca-cert-file {authority.path}"]
    whole = f"rediss://:of%20the%20primary@127.0.0.1:{primary}?{trust}"
    asked = f"rediss://:secret@127.0.0.1:{port}?{trust}"
    async with (
        beside(debian_redis(folder, "primary", primary, *options, *password, url=whole)),
        beside(sentinel(folder, "one", port, primary, *of_sentinel, url=asked, quorum=1)),
    ):
        url = f"rediss+sentinel://:of%20the%20primary@127.0.0.1:{port}/rush/0?{trust}"
        async with connect(f"{url}&sentinel_password=secret") as redis:
            assert await until(lambda: redis.set("k", "v"))
