"""A cluster behind TLS, and as the user of docs/redis.md, who may ask it for its slots, too."""

from contextlib import suppress
from pathlib import Path
from typing import Any, cast

import pytest
from redis.asyncio import Redis

from booking_rush.lua.client.connection import RedisUnfitError, check, connect
from booking_rush.lua.client.program import Program
from booking_rush.server.runtime.ports import free_port
from tests.engines.redis_servers import ESCAPED, debian_redis, documented_user, tls_options
from tests.support.clients import until
from tests.support.event_in_redis import EventInRedis
from tests.support.servers.certificates import CertificateAuthority
from tests.support.servers.stores import beside

LAST = 16_383


@pytest.mark.timeout(120)
async def test_a_cluster_is_sold_on_over_tls_with_the_documented_rights(folder: Path) -> None:
    authority, port, bus = CertificateAuthority(folder), free_port(), free_port()
    options = [*tls_options(authority, port), "--tls-cluster", "yes"]
    options += ["--cluster-enabled", "yes", "--cluster-port", str(bus)]
    query = f"ssl_ca_certs={authority.path}"
    admin = f"rediss://127.0.0.1:{port}?{query}"
    url = f"rediss+cluster://rush:{ESCAPED}@127.0.0.1:{port}?{query}"
    async with (
        beside(debian_redis(folder, "alone", port, *options, url=admin)),
        connect(admin) as root,
        connect(url) as redis,
    ):

        async def order(*words: Any) -> Any:
            return await cast("Any", root).execute_command(*words)

        async def is_up() -> bool:
            return b"cluster_state:ok" in await order("CLUSTER", "INFO")

        await order("CLUSTER", "ADDSLOTSRANGE", 0, LAST)
        await until(is_up)
        await order(*documented_user())
        with pytest.raises(RedisUnfitError, match=r"lacks a right .*cluster\|slots"):
            await check(redis)

        await order("ACL", "SETUSER", "rush", "+cluster|slots")
        with pytest.raises(RedisUnfitError, match="it is a node of a cluster"):
            await check(root)
        await until(lambda: is_fit(redis))
        event = await EventInRedis(Program(redis)).open()
        assert await event.join("ada", "bob") == [1, 2]


async def is_fit(redis: Redis) -> bool:
    """Return whether the check passes; nodes that refused are asked again after a moment."""
    with suppress(RedisUnfitError):
        await check(redis)
        return True
    return False
