"""The sweep: one pass unlinks what older epochs of all events have left in Redis."""

from typing import Any

from redis.asyncio import Redis

from booking_rush.booking.recording.sweeping import sweep


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
