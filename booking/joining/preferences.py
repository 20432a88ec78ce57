"""Preferences of who waits: how many seats, of which sections, up to which price; for the page.

They move nobody in the line. Redis keeps them for a day beside the places, outside of any epoch, so
that a recovery loses none; where Redis is away there are none.
"""

import logging
from collections.abc import Sequence
from typing import Annotated, Any

import msgspec
from redis.asyncio import Redis
from redis.exceptions import RedisError

from booking_rush.booking.catalogue.events import Price
from booking_rush.coalescing import Coalescer
from booking_rush.errors import TryAgain
from booking_rush.text import Name64

log = logging.getLogger(__name__)

KEPT_S = 24 * 3600
READ_MAX = 128  # preferences that are read at once
QUANTITY_MAX = 100
SECTIONS_MAX = 10
Quantity = Annotated[int, msgspec.Meta(ge=1, le=QUANTITY_MAX)]
Sections = Annotated[list[Name64], msgspec.Meta(max_length=SECTIONS_MAX)]


class Preference(msgspec.Struct, frozen=True, omit_defaults=True):
    """The seats that a visitor would like: so many, of these sections, up to this price."""

    quantity: Quantity
    sections: Sections | msgspec.UnsetType = msgspec.UNSET
    price_max: Price | msgspec.UnsetType = msgspec.UNSET

    def members(self) -> dict[str, Any]:
        """Serialize it."""
        members: dict[str, Any] = msgspec.to_builtins(self)
        return members


class Preferences:
    """The preferences of all visitors, each by its event and visitor."""

    def __init__(self, redis: Redis) -> None:
        self._redis = redis
        self._reading = Coalescer[tuple[str, str], bytes | None](self._read, most=READ_MAX)

    async def save(self, event: str, visitor: str, preference: Preference) -> None:
        """Save what a visitor prefers; a later one replaces it.

        Raises:
            TryAgain: Redis did not answer.
        """
        try:
            await self._redis.set(_key(event, visitor), msgspec.json.encode(preference), ex=KEPT_S)
        except RedisError:
            raise TryAgain("the preference is not saved") from None

    async def find(self, event: str, visitor: str) -> dict[str, Any] | None:
        """Return what a visitor prefers, as members, or None."""
        try:
            found = await self._reading.do((event, visitor))
        except RedisError as why:
            log.info("preference not read why=%s", type(why).__name__)
            return None
        return msgspec.json.decode(found, type=Preference).members() if found else None

    async def _read(self, asked: Sequence[tuple[str, str]]) -> list[bytes | Exception | None]:
        """Read what is saved of each event and visitor, on one way to Redis."""
        pipeline = self._redis.pipeline(transaction=False)
        for event, visitor in asked:
            pipeline.get(_key(event, visitor))
        return await pipeline.execute(raise_on_error=False)


def _key(event: str, visitor: str) -> str:
    return f"{{{event}}}:prefer:{visitor}"
