"""News of kinds that this version does not know are passed over, as during an upgrade."""

import asyncio
from collections.abc import AsyncGenerator
from contextlib import aclosing

import msgspec
from redis.asyncio import Redis

from booking_rush.lua.client import pubsub
from tests.support.clients import PATIENCE_S, until

NO_UTF8 = msgspec.Raw(b"\xa2e\xff")


async def test_unknown_news_are_counted_and_the_subscription_goes_on(redis: Redis) -> None:
    unknown: list[None] = []
    known = {"news": "recorded", "epoch": 1, "entry": "5-1"}
    odd = [
        {"news": "miracle", "epoch": 1}, {"news": "recorded"}, {"news": "tick", "epoch": "one"}, 7,
        {"news": "recorded", "epoch": 1, "entry": NO_UTF8},
    ]  # fmt: skip
    subscription = pubsub.subscribe(redis, lambda: unknown.append(None))
    heard = asyncio.ensure_future(_first(subscription))
    await until(lambda: redis.pubsub_numpat())
    for one in (*odd, known):
        await redis.publish("{demo}:news", msgspec.msgpack.encode(one))
    await redis.publish("{demo}:news", b"\xc1 no MessagePack")

    async with aclosing(subscription), asyncio.timeout(PATIENCE_S):
        assert await heard == ("demo", [pubsub.Recorded(1, "5-1")])
    assert len(unknown) == len(odd)


async def _first(
    subscription: AsyncGenerator[tuple[str, list[pubsub.AnyNews]]],
) -> tuple[str, list[pubsub.AnyNews]]:
    """Return the first batch that has news of a known kind."""
    async for event, batch in subscription:
        if batch:
            return event, batch
    raise AssertionError("the subscription has ended")
