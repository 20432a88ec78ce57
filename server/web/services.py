"""Services of a serve process: the stores, clients and rooms that handlers use."""

import asyncio
from dataclasses import dataclass, field
from typing import Any

from redis.asyncio import Redis

from booking_rush.booking.catalogue.catalogue import Catalogue
from booking_rush.booking.payments.router import PaymentRouter
from booking_rush.booking.payments.webhooks import Webhooks
from booking_rush.booking.seats.event_cache import EventCache
from booking_rush.postgres import Pool
from booking_rush.queue.signer import Signer
from booking_rush.server.auth.operators import Operators
from booking_rush.server.auth.visitor_tokens import VisitorTokens
from booking_rush.server.rooms.availability import StockCache
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
    revenue: dict[str, tuple[float, dict[str, Any]]] = field(
        default_factory=dict[str, tuple[float, dict[str, Any]]]
    )
    # Signed lists of void tickets by event, and when each was read.
    void_tickets: dict[str, tuple[float, str]] = field(default_factory=dict[str, tuple[float, str]])
    void_tickets_lock: asyncio.Lock = field(default_factory=asyncio.Lock)
    draining: asyncio.Event = field(default_factory=asyncio.Event)
