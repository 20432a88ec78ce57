"""Places, passes and rooms as clients see them: what a room knows, turned into members."""

import csv
import io
import time
from collections.abc import Callable, Sequence
from datetime import UTC, datetime
from functools import lru_cache
from typing import Any

import orjson

from booking_rush.lua.client.pubsub import Tick
from booking_rush.lua.line.commands import Admitted, Waiting
from booking_rush.queue.forecast import Pace, forecast
from booking_rush.queue.keyring import KeyRing
from booking_rush.queue.line import Place
from booking_rush.queue.passes import (
    PASS,
    RECEIPT,
    TICKET,
    pass_claims,
    receipt_claims,
    verify,
)
from booking_rush.timestamps import instant

SIGNED_MAX = 50_000  # signatures remembered; who polls or comes back costs no new one


def moment(ms: float) -> str:
    """RFC 3339 of a time in ms."""
    shown = instant(datetime.fromtimestamp(ms / 1000, UTC))
    assert shown is not None
    return shown


def now() -> str:
    """This moment."""
    return moment(time.time() * 1000)


class Signer:
    """Signs the passes and receipts of all events, each once."""

    def __init__(self, ring: KeyRing) -> None:
        self.ring = ring
        self._sign = lru_cache(SIGNED_MAX)(self._make)
        self._verified = lru_cache(SIGNED_MAX)(self._verify)

    def receipt(self, event: str, visitor: str, place: Place) -> str:
        """The visitor's proof of a place."""
        return self._sign(
            RECEIPT,
            event=event,
            visitor=visitor,
            lane=place.lane,
            number=place.number,
            at=moment(place.joined_ms),
        )

    def booking_pass(self, event: str, visitor: str, place: Admitted) -> str:
        """The pass of who is admitted."""
        return self._sign(
            PASS,
            event=event,
            visitor=visitor,
            lane=place.lane,
            number=place.number,
            wave=place.wave,
            admitted_ms=place.admitted_ms,
            deadline_ms=place.deadline_ms,
        )

    def ticket(self, claims: dict[str, Any]) -> str:
        """The code of a ticket."""
        return self._sign(TICKET, **claims)

    def read_pass(self, token: str, event: str, visitor: str) -> dict[str, Any]:
        """The claims of a pass; one that was good is not verified again.

        Raises:
            PassInvalidError, PassExpiredError: it is not good.
        """
        return self._verified(token, event, visitor)

    def _verify(self, token: str, event: str, visitor: str) -> dict[str, Any]:
        return verify(token, self.ring.jwks(), event=event, visitor=visitor)

    def _make(self, kind: str, **facts: Any) -> str:
        return self.ring.sign(kind, CLAIMS[kind](**facts))


CLAIMS: dict[str, Callable[..., dict[str, Any]]] = {
    PASS: pass_claims,
    RECEIPT: receipt_claims,
    TICKET: dict,
}


class Outlook:
    """What the ticks say of an event's near future."""

    def __init__(self) -> None:
        self.pace = Pace()
        self.rate = 0.0
        self.free = 0.0
        self.moves = False  # whether anybody is being admitted in this state

    def take(self, tick: Tick) -> None:
        """What a tick says."""
        self.pace.note(tick.at, tick.admitted)
        self.rate, self.free = tick.rate, max(0.0, tick.active_max - tick.active)
        self.moves = tick.state in ("open", "draining")

    def eta(self, ahead: int) -> tuple[int, int] | None:
        """The wait of who has so many before them."""
        if not self.moves:
            return None
        return forecast(ahead, free=self.free, rate=self.rate, pace=self.pace.per_second())

    def admissions_per_second(self) -> float:
        """Measured, or 0 while there is too little to measure."""
        return self.pace.per_second() or 0.0


def place_members(
    event: str, visitor: str, place: Place, *, signer: Signer, outlook: Outlook
) -> dict[str, Any]:
    """`{"place": {…}}`, with pass and times for who is admitted."""
    shown = {
        "number": place.number,
        "lane": place.lane,
        "ahead": place.ahead if isinstance(place, Waiting) else 0,
        "waiting": place.waiting,
        "state": state_of(place),
        "eta_seconds": outlook.eta(place.ahead) if isinstance(place, Waiting) else None,
        "receipt": signer.receipt(event, visitor, place),
    }
    if not isinstance(place, Admitted):
        return {"place": shown}
    return {
        "place": shown,
        "pass": signer.booking_pass(event, visitor, place),
        "claim_by": moment(place.claim_ms),
        "expires_at": moment(place.deadline_ms),
    }


def state_of(place: Place) -> str:
    """The place's state on the wire."""
    match place:
        case Admitted():
            return "admitted"
        case Waiting():
            return "lobby" if place.room in ("scheduled", "drawing") else "waiting"
        case _:
            return "late"


def as_csv(rows: Sequence[dict[str, Any]]) -> str:
    """Bookings as CSV, columns named as in the JSON; what is no plain value is written as JSON.

    A cell that a spreadsheet would take for a formula begins with an apostrophe.
    """
    text = io.StringIO()
    writer = csv.DictWriter(text, CSV_COLUMNS, restval="", extrasaction="ignore")
    writer.writeheader()
    for row in rows:
        writer.writerow({name: _cell(row.get(name, "")) for name in CSV_COLUMNS})
    return text.getvalue()


CSV_COLUMNS = (
    "id", "event", "reference", "visitor", "state", "reason", "seats", "section", "quantity",
    "total", "payment", "tickets",
)  # fmt: skip


def _cell(value: Any) -> str:
    text = value if isinstance(value, str) else orjson.dumps(value).decode()
    return f"'{text}" if text.startswith(("=", "+", "-", "@")) else text
