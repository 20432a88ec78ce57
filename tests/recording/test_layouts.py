"""An event that another build loaded: this one recovers it, and misreads nothing."""

import msgspec
from redis.asyncio import Redis

from booking_rush.lua.keys import epoch_key, key
from booking_rush.lua.line.commands import FindPlace, JoinLine, Waiting
from tests.support.recorded_event import EVENT, RecordedEvent

# As an earlier build packed a place, and enqueued it: number, joined, wave, admitted, claim, until.
EARLIER_PLACE = msgspec.msgpack.encode([1, 1_790_000_000_000, 0, 0, 0, 0])
EARLIER_ENTRY = {
    "kind": "place", "visitor": "ada", "lane": "main", "number": 1, "joined": 1_790_000_000_000,
    "state": "waiting", "wave": 0, "admitted": 0, "deadline": 0, "reason": "",
}  # fmt: skip


async def test_an_event_in_an_earlier_layout_is_recovered(
    recorded_event: RecordedEvent, redis: Redis
) -> None:
    """Ada joined at the earlier build, and was told nothing yet: her place is in its outbox."""
    stamp = await recorded_event.stamp()
    await redis.flushall()
    await redis.set(f"{{{EVENT}}}:epoch", stamp)
    await redis.hset(key(EVENT, 1, "places"), "ada", EARLIER_PLACE)
    await recorded_event.enqueue(**EARLIER_ENTRY)

    await recorded_event.record()

    assert await recorded_event.places() == [(1, "ada", "waiting")]
    assert (await recorded_event.stamp()).startswith("2:")
    found = await recorded_event.ask(FindPlace("ada"))
    assert isinstance(found, Waiting)
    assert (await recorded_event.ask(JoinLine("bob"))).number == 2


async def test_gates_of_an_earlier_build_shut_when_the_event_is_recovered(
    recorded_event: RecordedEvent, redis: Redis
) -> None:
    stamp = await recorded_event.stamp()
    await redis.delete(epoch_key(EVENT))
    await redis.set(f"{{{EVENT}}}:epoch", stamp)

    await recorded_event.record()

    assert await redis.get(f"{{{EVENT}}}:epoch") is None
