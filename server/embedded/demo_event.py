"""The demo's event: one show, 408 seats and a standing floor, with quick rules."""

import contextlib
from datetime import UTC, datetime, timedelta

import msgspec

from booking_rush.booking.catalogue.catalogue import Catalogue, Exists
from booking_rush.booking.catalogue.events import NewEvent
from booking_rush.postgres import Pool

ROWS = "ABCDEFGHIJKLMNOP"


def demo_event(now: datetime, event: str = "demo") -> NewEvent:
    """Return an event 30 days after `now`: sixteen rows that widen to the back, and a floor."""
    starts_at = (now + timedelta(days=30)).replace(hour=19, minute=0, second=0, microsecond=0)
    return msgspec.convert(
        {
            "id": event,
            "name": "The Night Before the Sale",
            "shows": [{"id": "evening", "starts_at": starts_at}],
            "sections": [
                {
                    "id": "stalls",
                    "show": "evening",
                    "name": "Stalls",
                    "kind": "seated",
                    "rows": [
                        {"name": name, "seats": 18 + depth} for depth, name in enumerate(ROWS)
                    ],
                    "price": {"amount": 6500, "currency": "EUR"},
                },
                {
                    "id": "floor",
                    "show": "evening",
                    "name": "Standing floor",
                    "kind": "standing",
                    "capacity": 200,
                    "price": {"amount": 4500, "currency": "EUR"},
                },
            ],
            "rules": {
                "rate_per_second": 5,
                "active_max": 50,
                "claim_seconds": 60,
                "late_seconds": 120,
                "pass_seconds": 600,
                "hold_seconds": 240,
                "payment_seconds": 60,
            },
        },
        NewEvent,
    )


async def seed(pool: Pool, event: str = "demo") -> bool:
    """Create the demo's event and open it, unless it exists. Return whether it was created."""
    catalogue = Catalogue(pool)
    with contextlib.suppress(Exists):
        await catalogue.create(demo_event(datetime.now(UTC), event), who="seed")
        await catalogue.act(event, "open", who="seed")
        return True
    return False
