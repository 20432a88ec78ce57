"""Redis with TLS of a private authority, a user with the documented rights, or without CONFIG."""

from collections.abc import Generator
from pathlib import Path
from typing import Any, NamedTuple

import pytest

from booking_rush.lua.client.connection import connect
from booking_rush.lua.client.rights import CALLS, SUBSCRIPTIONS
from booking_rush.postgres import Pool
from booking_rush.server.runtime.ports import free_port
from tests.engines.redis_servers import ESCAPED, debian_redis, documented_user, tls_options
from tests.support.clients import until
from tests.support.servers.certificates import CertificateAuthority
from tests.support.servers.processes import run
from tests.support.servers.stores import beside
from tests.support.store_agreement import disagreements, is_quiet
from tests.support.world import open_world, settings_for


class SecuredRedis(NamedTuple):
    """A Redis behind TLS: our user's URL and the administrator's."""

    url: str
    admin: str


@pytest.fixture
def secured_redis(folder: Path) -> Generator[SecuredRedis]:
    port, authority = free_port(), CertificateAuthority(folder)
    address = f"127.0.0.1:{port}/0?ssl_ca_certs={authority.path}"
    urls = SecuredRedis(f"rediss://rush:{ESCAPED}@{address}", f"rediss://{address}")
    with debian_redis(folder, "secured", port, *tls_options(authority, port), url=urls.admin):
        yield urls


async def command(url: str, *words: Any) -> Any:
    async with connect(url) as redis:
        return await redis.execute_command(*words)  # type: ignore[no-untyped-call]


async def buy(url: str, postgres_url: str, pool: Pool) -> None:
    """Sell two seats on this Redis, and compare the stores."""
    async with (
        connect(url) as redis,
        open_world(redis, pool, settings_for(url, postgres_url)) as world,
    ):
        await world.event()
        visitor = await world.visitor()
        async with visitor.socket() as socket:
            await visitor.buys(seats=["stalls.A-1", "stalls.A-2"])
            await socket.until("booking.updated")
        await until(lambda: is_quiet(pool))
        assert await disagreements(pool, redis) == []


def test_the_documented_rights_are_those_that_are_tried() -> None:
    words = documented_user()

    assert {word[1:] for word in words if word.startswith("+")} == {*CALLS, *SUBSCRIPTIONS}
    assert words.index("-@all") < words.index("+ping")


@pytest.mark.timeout(300)
async def test_a_purchase_walks_over_tls_with_the_documented_rights(
    secured_redis: SecuredRedis, postgres_url: str, pool: Pool
) -> None:
    await command(secured_redis.admin, *documented_user())

    await buy(secured_redis.url, postgres_url, pool)
    examined = run("doctor", settings=settings_for(secured_redis.url, postgres_url))

    async with connect(secured_redis.admin) as redis:
        refused: list[dict[str, Any]] = await redis.acl_log()
    assert {entry["object"] for entry in refused} <= {"client|setinfo", "config|get"}
    assert [line for line in examined.stdout.splitlines() if line.startswith("wrong  redis")] == []
    assert "refuses CONFIG" in examined.stdout


@pytest.mark.timeout(120)
@pytest.mark.parametrize(
    ("change", "told"),
    [
        ("-zadd", "+zadd"),
        ("-script|load", "+script|load"),
        ("-psubscribe", "+psubscribe"),
        ("resetchannels", "&{*}:news"),
        ("resetkeys", "~{*}*"),
    ],
)
async def test_a_missing_right_is_said_at_the_start_and_by_the_doctor(
    secured_redis: SecuredRedis, postgres_url: str, change: str, told: str
) -> None:
    await command(secured_redis.admin, *documented_user())
    await command(secured_redis.admin, "ACL", "SETUSER", "rush", change)
    settings = settings_for(secured_redis.url, postgres_url)

    examined = run("doctor", settings=settings)
    duty = run("work", "tend", settings=settings)
    served = run("serve", settings=settings)

    words = f"its user lacks rights, give it {told} (docs/redis.md has them all)"
    assert f"wrong  redis     {words}" in examined.stdout
    for done in (duty, served):
        assert done.returncode == 3
        assert words in done.stderr
        assert "Traceback" not in done.stderr


@pytest.mark.timeout(120)
async def test_who_is_not_let_in_is_told_so(secured_redis: SecuredRedis, postgres_url: str) -> None:
    """The user is not made yet; and a system's authorities do not know the certificate."""
    stranger = run("doctor", settings=settings_for(secured_redis.url, postgres_url))
    no_authority = secured_redis.admin.partition("?")[0]
    untrusted = run("doctor", settings=settings_for(no_authority, postgres_url))

    assert "wrong  redis     cannot be asked: invalid username-password pair" in stranger.stdout
    assert "CERTIFICATE_VERIFY_FAILED" in untrusted.stdout


@pytest.mark.timeout(300)
async def test_a_redis_without_config_sells_and_the_doctor_tells(
    folder: Path, postgres_url: str, pool: Pool
) -> None:
    port = free_port()
    managed = debian_redis(folder, "managed", port, "--rename-command", "CONFIG", "")
    async with beside(managed) as store:
        await buy(store.url, postgres_url, pool)
        examined = run("doctor", settings=settings_for(store.url, postgres_url))

    assert "wrong  redis" not in examined.stdout
    assert "look   redis     it refuses CONFIG" in examined.stdout
    assert "ok     redis     it evicts nothing" in examined.stdout


@pytest.mark.timeout(120)
async def test_a_redis_without_config_that_evicts_is_refused_at_the_start(
    folder: Path, postgres_url: str
) -> None:
    port, evicting = free_port(), ("--maxmemory-policy", "allkeys-lru")
    hidden = ("--rename-command", "CONFIG", "")
    async with beside(debian_redis(folder, "evicting", port, *hidden, *evicting)) as store:
        done = run("work", "tend", settings=settings_for(store.url, postgres_url))

    assert done.returncode == 3
    assert "set maxmemory-policy noeviction" in done.stderr
