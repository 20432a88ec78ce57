"""Ticks and news: what Redis tells every process about an event, on one channel each.

A tick is the state of an event, at least twice a second while anybody is there; news is one
change as it happens. Neither is ever a frame to a client.
"""

import logging
from collections.abc import AsyncGenerator, AsyncIterator, Callable
from typing import cast

import msgspec
from redis.asyncio import Redis

from booking_rush.lua.commands import RoomState, tag_of_type
from booking_rush.lua.keys import CHANNELS

log = logging.getLogger(__name__)


class News(msgspec.Struct, frozen=True, tag_field="news", tag=tag_of_type):
    """One change, in the epoch in which it happened."""

    epoch: int


class LaneTick(msgspec.Struct, frozen=True):
    """A lane: numbers up to head wait no more, nor do `gone` numbers beyond it."""

    head: int
    gone: int
    waiting: int


class Tick(News, frozen=True):
    """The state of an event at one moment."""

    at: int
    state: RoomState
    version: int
    rate: float
    active_max: float
    active: int
    admitted: int
    recorded: str
    lanes: dict[str, LaneTick]


class Gone(News, frozen=True):
    """A place or a pass ended or was missed; `number` (0: none) waits no more."""

    visitor: str
    reason: str
    lane: str
    number: int
    head: int


class Joined(News, frozen=True):
    """A visitor asked for a place, not by a socket of theirs."""

    visitor: str


class Recorded(News, frozen=True):
    """Postgres has the outbox up to this entry."""

    entry: str


class RulesChanged(News, frozen=True):
    """An operator changed the event's state or its rules."""

    version: int
    state: RoomState


class Connected(News, frozen=True):
    """A visitor has opened a newer socket: every one of theirs with a smaller order ends."""

    visitor: str
    connection: int


class Broadcast(News, frozen=True):
    """An operator's message: JSON."""

    message: str


class Seats(News, frozen=True):
    """A section changed: seats as (row, number, character), and how many places are free now."""

    section: str
    from_: int = msgspec.field(name="from")
    to: int
    changes: list[tuple[str, int, str]]
    free: int


class Held(News, frozen=True):
    """A visitor holds seats, asked for not by a socket of theirs."""

    visitor: str
    hold: str


class Ending(News, frozen=True):
    """A hold ends soon."""

    visitor: str
    hold: str
    seconds: int


class Ended(News, frozen=True):
    """A hold that was not being paid ended: `cancelled`, `expired` or `removed`."""

    visitor: str
    hold: str
    reason: str


class Booked(News, frozen=True):
    """A booking of a visitor has another state in Postgres."""

    visitor: str
    booking: str


AnyNews = (
    Tick | Gone | Joined | Recorded | RulesChanged | Connected | Broadcast | Seats
    | Held | Ending | Ended | Booked
)  # fmt: skip

_decode = msgspec.msgpack.Decoder(AnyNews).decode


async def subscribe(
    redis: Redis, on_unknown: Callable[[], None] = lambda: None
) -> AsyncGenerator[tuple[str, AnyNews]]:
    """Every event's ticks and news, as (event, news), until the connection ends.

    News of a kind that this version does not know, as during an upgrade, are passed over;
    `on_unknown` is called for each.

    Raises:
        RedisError: the connection was lost; what was told meanwhile is not told again.
    """
    async with redis.pubsub(ignore_subscribe_messages=True) as pubsub:
        await pubsub.psubscribe(CHANNELS)
        heard = cast("AsyncIterator[dict[str, bytes]]", pubsub.listen())
        async for message in heard:
            event = message["channel"].decode()[1:].partition("}")[0]
            try:
                news = _decode(message["data"])
            except msgspec.MsgspecError as error:
                log.info("unknown news event=%s why=%s", event, error)
                on_unknown()
                continue
            yield event, news
