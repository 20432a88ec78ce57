"""The demo's event: one evening in a house of 3,260 places, with quick rules."""

import contextlib
import math
from datetime import UTC, datetime, timedelta
from typing import Any, NamedTuple
from zoneinfo import ZoneInfo

import msgspec

from booking_rush.booking.catalogue.catalogue import Catalogue, Exists
from booking_rush.booking.catalogue.events import NewEvent
from booking_rush.postgres import Pool

ROWS = "ABCDEFGHIJKLMNOP"
TIME_ZONE = "Europe/Berlin"
FLOOR_PLACES = 600
FEE_CENTS, VAT_PERCENT = 200, 7
QUICK_RULES = {
    "rate_per_second": 5,
    "active_max": 50,
    "claim_seconds": 60,
    "late_seconds": 120,
    "pass_seconds": 600,
    "hold_seconds": 240,
    "payment_seconds": 60,
}
# A visitor of a crowd waits for some 90 s, chooses and pays for 30 s, and is away for 20 s.
VISIT_S = 140
ACTIVE_S = 60  # of admissions that may be inside at once; some let a hold run out
RATE_MIN = 0.2


class Block(NamedTuple):
    """A seated section: its rows, and the seats of the first and of each further one.

    Its rows lie around the stage: `radius` in seats to the first one, `angle` in degrees to its
    middle, clockwise as the map shows it, 0 in the middle of the house.
    """

    id: str
    name: str
    rows: int
    seats: int
    wider: int
    cents: int
    radius: int
    angle: int = 0


BLOCKS = (
    Block("stalls", "Stalls", 16, 18, 1, 6500, 30),
    Block("circle-left", "Circle left", 10, 16, 0, 5500, 49, 36),
    Block("circle", "Circle", 12, 36, 1, 7500, 49),
    Block("circle-right", "Circle right", 10, 16, 0, 5500, 49, -36),
    Block("balcony", "Balcony", 14, 48, 1, 3500, 64),
    Block("gallery", "Gallery", 10, 44, 0, 2000, 81),
)
STAGE_FROM_CENTRE = 16  # seats, from the point that rows bend around


def demo_event(now: datetime, event: str = "demo", *, crowd: int = 0) -> NewEvent:
    """Return an event 30 days after `now`, at eight in the evening where its venue is."""
    local = (now + timedelta(days=30)).astimezone(ZoneInfo(TIME_ZONE))
    starts_at = local.replace(hour=20, minute=0, second=0, microsecond=0)
    return msgspec.convert(
        {
            "id": event,
            "name": "The Night Before the Sale",
            "venue": {"name": "Grand Hall of the Rush", "address": "Am Ufer 12, Berlin"},
            "shows": [{"id": "evening", "starts_at": starts_at, "time_zone": TIME_ZONE}],
            "sections": [*map(_seated, BLOCKS), _floor()],
            "rules": QUICK_RULES | (crowd_rules(crowd) if crowd else {}),
        },
        NewEvent,
    )


def crowd_rules(crowd: int) -> dict[str, float]:
    """Return rules under which most of a crowd of so many clients stand in line.

    Each client comes back every VISIT_S seconds, so that their number by that is the rate at which
    a line neither grows nor ends.
    """
    rate = max(RATE_MIN, round(crowd / VISIT_S, 1))
    return {"rate_per_second": rate, "active_max": max(10, round(rate * ACTIVE_S))}


async def seed(pool: Pool, event: str = "demo", *, crowd: int = 0) -> bool:
    """Create the demo's event and open it, unless it exists. Return whether it was created.

    With a crowd, an event that exists gets the crowd's rules.
    """
    catalogue = Catalogue(pool)
    with contextlib.suppress(Exists):
        new = demo_event(datetime.now(UTC), event, crowd=crowd)
        await catalogue.create(new, who="seed")
        await catalogue.act(event, "open", who="seed")
        return True
    if crowd:
        await catalogue.set_rules(event, crowd_rules(crowd), who="seed")
    return False


def _seated(block: Block) -> dict[str, Any]:
    return {
        "id": block.id,
        "show": "evening",
        "name": block.name,
        "kind": "seated",
        "rows": [
            {"name": name, "seats": block.seats + block.wider * depth}
            for depth, name in enumerate(ROWS[: block.rows])
        ],
        **_price(block.cents),
        "view": _view(block.id),
        "at": _around_the_stage(block),
        "rotation": block.angle,
        "curve": block.radius,
    }


def _around_the_stage(block: Block) -> tuple[float, float]:
    """Return where the middle of the first row is, from the front of the standing floor."""
    angle = math.radians(block.angle)
    x, y = -block.radius * math.sin(angle), block.radius * math.cos(angle) - STAGE_FROM_CENTRE
    return round(x, 1), round(y, 1)


def _floor() -> dict[str, Any]:
    return {
        "id": "floor",
        "show": "evening",
        "name": "Standing floor",
        "kind": "standing",
        "capacity": FLOOR_PLACES,
        **_price(4500),
        "view": _view("floor"),
        "at": (0, 0),
    }


def _price(cents: int) -> dict[str, Any]:
    """Return a price with the fee and the tax in it."""
    vat = round(cents * VAT_PERCENT / (100 + VAT_PERCENT))
    fee = {"name": "Booking fee", "amount": FEE_CENTS}
    return {
        "price": {"amount": cents, "currency": "EUR"},
        "includes": [fee, {"name": f"VAT {VAT_PERCENT} %", "amount": vat}],
    }


def _view(section: str) -> str:
    """Return the path of a picture of what is seen from a section."""
    return f"/static/pictures/{section}.svg"
