"""The sweep: one pass unlinks what older epochs of all events have left in Redis."""

from typing import Any, cast

from redis.asyncio import Redis

from booking_rush.booking.recording.sweeping import sweep
from booking_rush.lua.client.removal import PAGE


async def test_only_older_epochs_of_open_events_go(redis: Redis) -> None:
    left = {
        "{demo}:epoch": "7:abc", "{demo}:7:rules": "new", "{demo}:8:rules": "newer",
        "{other}:3:rules": "not open here", "{third}:1:line:main": "the first",
        "stranger": "not ours", "{demo}:x:rules": "not ours",
    }  # fmt: skip
    old = {f"{{demo}}:{epoch}:rules": "old" for epoch in range(7)}
    many = {f"{{third}}:0:hold:{n}": "old" for n in range(3000)}
    await redis.mset(left | old | many)

    swept = await sweep(redis, lambda: {"demo": 7, "third": 1})

    assert swept == len(old) + len(many)
    names: Any = await redis.keys("*")
    assert {name.decode() for name in names} == set(left)


async def test_large_keys_go_by_pages_and_not_as_a_whole(redis: Redis) -> None:
    async def freed_apart() -> int:
        memory: Any = await redis.info("memory")
        return int(memory["lazyfreed_objects"])

    fields = {f"v{n}": "a place" for n in range(3 * PAGE + 1)}
    scores = {f"v{n}": n for n in range(3 * PAGE + 1)}
    await redis.hset("{demo}:0:places:2", mapping=cast("Any", fields))
    await redis.zadd("{demo}:1:line:main", cast("Any", scores))
    await redis.set("{demo}:1:hold_deadlines", "of another type")
    before = await freed_apart()

    await sweep(redis, lambda: {"demo": 2})

    assert await redis.keys("*") == []
    assert await freed_apart() == before
