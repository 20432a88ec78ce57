"""Subscription to Redis: ticks and news of every event, one channel an event.

A tick is the state of an event, published at least twice a second while anybody is there. News
is one change, published as it happens. Processes make frames for clients of both.
"""

import logging
from collections.abc import AsyncGenerator, Callable, Iterator
from contextlib import aclosing
from typing import Any

import msgspec
from redis.asyncio import Redis

from booking_rush.errors import UNREADABLE
from booking_rush.lua.cluster.subscription import listen
from booking_rush.lua.commands import EventState, tag_of_type
from booking_rush.lua.keys import CHANNELS

log = logging.getLogger(__name__)


class News(msgspec.Struct, frozen=True, tag_field="news", tag=tag_of_type):
    """News of one change, in the epoch in which it happened."""

    epoch: int


class LaneTick(msgspec.Struct, frozen=True):
    """Lane in a tick: numbers up to head wait no more, nor do `gone` numbers beyond it.

    Every index up to `settled` has its number, by arrival or by a draw; those beyond may not.
    `admitted` of the event's last 1,000 admissions were of the lane.
    """

    head: int
    gone: int
    waiting: int
    weight: int = 1
    admitted: int = 0
    settled: int = 0


class Tick(News, frozen=True):
    """Tick: the state of an event at one moment; `recorded` is an outbox entry.

    `pace`, `because`: the rate of admission, and a word that says why; `stopped_ms`: how long the
    sale has stood still, ever; `journal`: how many entries it had when PostgreSQL had the outbox up
    to `recorded`, and the hash of the last.
    """

    at: int
    state: EventState
    version: int
    because: str
    pace: float
    stopped_ms: int
    rate: float
    active_max: float
    active: int
    admitted: int
    recorded: str
    lanes: dict[str, LaneTick]
    journal: tuple[int, str] = (0, "")


class Gone(News, frozen=True):
    """News that a place or a pass ended or was missed; `number` (0: none) waits no more."""

    visitor: str
    reason: str
    lane: str
    number: int
    head: int


class Joined(News, frozen=True):
    """News that a visitor joined over HTTP, so that their subscribers may be elsewhere."""

    visitor: str


class Recorded(News, frozen=True):
    """News that Postgres has the outbox up to this entry."""

    entry: str


class RulesChanged(News, frozen=True):
    """News that an operator changed the event's state or its rules."""

    version: int
    state: EventState


class Connected(News, frozen=True):
    """News of a visitor's newer socket: every one with a smaller `connection` must end."""

    visitor: str
    connection: int


class Broadcast(News, frozen=True):
    """News of an operator's broadcast, as JSON."""

    message: str


class Seats(News, frozen=True):
    """News of seats between two versions of their section, in which `free` places are left.

    `changes`: row, number and character of each seat, one after the other.
    """

    section: str
    from_: int = msgspec.field(name="from")
    to: int
    changes: list[str | int]
    free: int

    def seats(self) -> Iterator[tuple[str, int, str]]:
        """Return each seat that changed, as (row, number, character)."""
        flat: Iterator[Any] = iter(self.changes)
        return zip(flat, flat, flat, strict=False)


class Held(News, frozen=True):
    """News of a hold made over HTTP, so that its visitor's subscribers may be elsewhere.

    `given_back`: an operator made it, by an undo, and its visitor does not know of it.
    """

    visitor: str
    hold: str
    given_back: bool = False


class Ending(News, frozen=True):
    """News that a hold ends in so many seconds."""

    visitor: str
    hold: str
    seconds: int


class Ended(News, frozen=True):
    """News that a hold that was not being paid ended: `cancelled`, `expired` or `removed`."""

    visitor: str
    hold: str
    reason: str


class Booked(News, frozen=True):
    """News that a visitor's booking has another state in Postgres."""

    visitor: str
    booking: str


AnyNews = (
    Tick | Gone | Joined | Recorded | RulesChanged | Connected | Broadcast | Seats
    | Held | Ending | Ended | Booked
)  # fmt: skip

_decode = msgspec.msgpack.Decoder(list[AnyNews]).decode
_split = msgspec.msgpack.Decoder(list[msgspec.Raw]).decode
_decode_one = msgspec.msgpack.Decoder(AnyNews).decode


async def subscribe(
    redis: Redis, on_unknown: Callable[[], None] = lambda: None
) -> AsyncGenerator[tuple[str, list[AnyNews]]]:
    """Subscribe to every event's channel. Yield (event, news of one batch) until a connection ends.

    News of a kind that this version does not know, as during an upgrade, are passed over;
    `on_unknown` is called for each.

    Raises:
        RedisError: the connection was lost; news that was published meanwhile is not sent again.
    """
    async with aclosing(listen(redis, CHANNELS)) as messages:
        async for channel, packed in messages:
            event = channel.decode()[1:].partition("}")[0]
            yield event, _news_of(event, packed, on_unknown)


def _news_of(event: str, packed: bytes, on_unknown: Callable[[], None]) -> list[AnyNews]:
    """Return the news of one batch of commands that this version knows, in their order."""
    try:
        return _decode(packed)
    except UNREADABLE:
        known = list[AnyNews]()
    try:
        parts = _split(packed)
    except UNREADABLE:
        parts = [msgspec.Raw(packed)]  # of an earlier version: one news by itself
    for part in parts:
        try:
            known.append(_decode_one(part))
        except UNREADABLE as error:
            log.info("unknown news event=%s why=%s", event, error)
            on_unknown()
    return known
