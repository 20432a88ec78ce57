"""Services of a serve process: the stores, clients and rooms that handlers use."""

import asyncio
from dataclasses import dataclass, field
from typing import Any

import orjson
from redis.asyncio import Redis

from booking_rush.booking.catalogue.catalogue import Catalogue
from booking_rush.booking.history.pages import JournalPages, PlaceEntries
from booking_rush.booking.joining.bans import Bans
from booking_rush.booking.joining.rate_limits import RateLimits
from booking_rush.booking.joining.socket_bounds import SocketBounds
from booking_rush.booking.mail.ticket_links import TicketLinks
from booking_rush.booking.payments.router import PaymentRouter
from booking_rush.booking.payments.webhooks import Webhooks
from booking_rush.booking.seats.event_cache import EventCache
from booking_rush.postgres import Pool
from booking_rush.queue.keys.signer import Signer
from booking_rush.server.auth.operators import Operators
from booking_rush.server.auth.visitor_tokens import VisitorTokens
from booking_rush.server.rooms.availability import StockCache
from booking_rush.server.rooms.fanout import Background
from booking_rush.server.rooms.registry import RoomRegistry
from booking_rush.server.runtime.settings import Settings


@dataclass(slots=True)
class Services:
    """The stores, clients and rooms of one serve process; `composition.py` opens them."""

    settings: Settings
    pool: Pool
    redis: Redis
    signer: Signer
    payments: PaymentRouter
    webhooks: Webhooks
    rooms: RoomRegistry
    catalogue: Catalogue
    events: EventCache
    stocks: StockCache
    operators: Operators
    tokens: VisitorTokens
    bans: Bans
    limits: RateLimits
    sockets: SocketBounds
    journals: JournalPages
    place_entries: PlaceEntries
    ticket_links: TicketLinks
    background: Background = field(default_factory=Background)
    revenue: dict[str, tuple[float, dict[str, Any]]] = field(
        default_factory=dict[str, tuple[float, dict[str, Any]]]
    )
    # Signed lists of void tickets by event, and when each was read.
    void_tickets: dict[str, tuple[float, str]] = field(default_factory=dict[str, tuple[float, str]])
    void_tickets_lock: asyncio.Lock = field(default_factory=asyncio.Lock)
    draining: asyncio.Event = field(default_factory=asyncio.Event)

    async def event_body(self, event: str) -> bytes:
        """Return an event as JSON, with its stock, and `mail` where mails are sent.

        Raises:
            UnknownEvent: there is none of this id.
        """
        found = await self.events.event(event)
        [stock] = await self.stocks.of([event])
        return _with(found, stock=stock, mail=bool(self.settings.mail_from) or None)

    async def event_bodies(self, *, limit: int, after: str | None) -> list[bytes]:
        """Return up to `limit` events on sale as JSON, each with its stock."""
        found = await self.events.on_sale(limit=limit, after=after)
        stocks = await self.stocks.of([event for event, _ in found])
        mail = bool(self.settings.mail_from) or None
        return [
            _with(body, stock=stock, mail=mail)
            for (_, body), stock in zip(found, stocks, strict=True)
        ]


def _with(body: bytes, **members: object) -> bytes:
    """Return a JSON object with more members; those that are None are left out."""
    given = {name: value for name, value in members.items() if value is not None}
    return body[:-1] + b"," + orjson.dumps(given)[1:] if given else body
