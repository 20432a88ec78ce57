"""Bookings in Postgres: read one or a page, serialize them, and turn a row into its hold."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from typing import Any, NamedTuple
from uuid import UUID

import asyncpg

from booking_rush.booking.holds.serializers import reference_of, seat_members, standing_members
from booking_rush.booking.holds.shows import (
    FROM_SECTIONS,
    SHOWS,
    ShowsBySection,
    show_members,
    shows_of,
)
from booking_rush.booking.holds.states import IN_REVENUE, Reason, State
from booking_rush.errors import Refusal
from booking_rush.lua.holds.commands import Hold, HoldState
from booking_rush.postgres import Connection, Pool
from booking_rush.queue.passes import ticket_claims

VOID_MAX = 100_000  # bookings in a list of void tickets

Sign = Callable[[dict[str, Any]], str]


class UnknownBooking(Refusal):
    """You have no such booking."""

    code, status = "unknown_booking", 404


@dataclass(frozen=True, slots=True)
class Booking:
    """A row of `bookings`; `prices` has one amount a seat, then one for all standing places."""

    id: UUID
    event: str
    visitor: str
    state: State
    reason: Reason
    step: int
    section: str
    seats: list[str]
    quantity: int
    prices: list[int]
    currency: str
    total: int
    attempt: int
    paid: int
    provider: str  # of the last try to pay; "" before the first
    client_secret: str
    made_ms: int
    shows: ShowsBySection
    name: str  # of the buyer, as it stands on the tickets; "": none

    @property
    def standing(self) -> int:
        """The number of its places that have no seat."""
        return self.quantity - len(self.seats)

    @property
    def show_at(self) -> datetime | None:
        """The time at which the last of its shows begins."""
        return max((show.starts_at for show in self.shows.values()), default=None)

    @property
    def can_be_paid(self) -> bool:
        """True when the visitor's page can pay it now: it has the provider's client secret."""
        return self.state == "paying" and self.total > 0 and self.client_secret != ""

    def members(self, sign: Sign) -> dict[str, Any]:
        """Serialize it for its visitor, with the client secret; `sign` makes ticket codes."""
        members = self._members(sign)
        if self.can_be_paid:
            members["payment"]["client_secret"] = self.client_secret
        return members

    def operator_members(self) -> dict[str, Any]:
        """Serialize it for operators: with its visitor, without client secret and ticket codes."""
        return {**self._members(None), "visitor": self.visitor}

    def _members(self, sign: Sign | None) -> dict[str, Any]:
        members: dict[str, Any] = {
            "id": str(self.id),
            "event": self.event,
            "reference": reference_of(self.id),
            "state": self.state,
            "seats": seat_members(self.seats, self.prices, self.currency),
            "quantity": self.quantity,
            "total": {"amount": self.total, "currency": self.currency},
            "attempts": self.attempt,
            "tickets": self.tickets(sign),
        }
        if self.reason:
            members["reason"] = self.reason
        if self.name:
            members["name"] = self.name
        members |= standing_members(self.section, len(self.seats), self.quantity)
        members |= show_members(self.shows, self.shows)
        if self.provider and self.total:
            members["payment"] = {"provider": self.provider}
        return members

    def tickets(self, sign: Sign | None) -> list[dict[str, Any]]:
        """Return a ticket for each place of a confirmed booking, else none.

        A door checks the codes with the published keys and the published list of void tickets.
        Without `sign` they have none.
        """
        if self.state != "confirmed":
            return []
        seats: list[str | None] = [*self.seats, *[None] * self.standing]
        tickets: list[dict[str, Any]] = [
            {
                "id": ticket_id(self.id, number),
                "seat": seat,
                **show_members(self.shows, [seat.partition(".")[0] if seat else self.section]),
            }
            for number, seat in enumerate(seats, 1)
        ]
        if sign is not None:
            for ticket in tickets:
                claims = ticket_claims(
                    event=self.event,
                    ticket=ticket["id"],
                    reference=reference_of(self.id),
                    seat=ticket["seat"] or self.section,
                    step=self.step,
                    booked_ms=self.made_ms,
                    show_at=self.show_at,
                )
                ticket["code"] = sign(claims)
        return tickets


# The sections of a booking: the part of a seat's id before the first dot is its section.
OF_BOOKING = """sections.event = bookings.event AND sections.id = ANY(
    array_append(ARRAY(SELECT split_part(seat, '.', 1) FROM unnest(seats) AS seat),
        bookings.section))"""
SHOWS_OF_BOOKING = f"({SHOWS} WHERE {OF_BOOKING})"
SHOW_AT = f"(SELECT max(starts_at) {FROM_SECTIONS} WHERE {OF_BOOKING})"
NAME = "(SELECT name FROM contacts WHERE booking = bookings.id)"
COLUMNS = f"""bookings.id, event, visitor, bookings.state, reason, step, section, seats, quantity,
    prices, bookings.currency, total, bookings.attempt, paid, coalesce(provider, '') AS provider,
    coalesce(client_secret, '') AS client_secret, made_ms, {SHOWS_OF_BOOKING} AS shows,
    coalesce({NAME}, '') AS name"""
TABLES = """bookings LEFT JOIN payments
    ON payments.booking = bookings.id AND payments.attempt = bookings.attempt"""


async def get(connection: Connection | Pool, booking: UUID) -> Booking:
    """Return a booking.

    Raises:
        UnknownBooking: there is none.
    """
    found = await connection.fetchrow(
        f"SELECT {COLUMNS} FROM {TABLES} WHERE id = $1",  # noqa: S608  names of this file
        booking,
    )
    if found is None:
        raise UnknownBooking
    return booking_of(found)


async def page(
    pool: Pool,
    *,
    limit: int,
    after: UUID | None,
    visitor: str | None = None,
    event: str | None = None,
    state: str | None = None,
) -> tuple[list[Booking], str | None]:
    """Return up to `limit` bookings, the newest first, and the `after` of the next page.

    That is None on the last page. Only bookings of the given visitor, event and state count.
    """
    rows = await pool.fetch(
        f"""
        SELECT {COLUMNS} FROM {TABLES}
        WHERE ($1::text IS NULL OR visitor = $1) AND ($2::text IS NULL OR event = $2)
          AND ($3::text IS NULL OR bookings.state = $3) AND ($4::uuid IS NULL OR id < $4)
        ORDER BY id DESC LIMIT $5
        """,  # noqa: S608  names of this file
        visitor, event, state, after, limit + 1,
    )  # fmt: skip
    found = [booking_of(row) for row in rows[:limit]]
    return found, str(found[-1].id) if len(rows) > limit else None


def ticket_id(booking: UUID, number: int) -> str:
    """Return the id of a booking's ticket; they are numbered from 1."""
    return f"{booking}-{number}"


async def void_tickets(pool: Pool, event: str) -> list[str]:
    """Return the ids of tickets that a door must refuse: their booking was given back.

    Those of shows that are over are left out: their codes have expired. At most VOID_MAX.
    """
    rows = await pool.fetch(
        f"""
        SELECT id, quantity FROM bookings
        WHERE event = $1 AND state IN ('refunding', 'refunded')
          AND coalesce({SHOW_AT} > now() - interval '3 days', true)
        ORDER BY id LIMIT {VOID_MAX}
        """,  # noqa: S608  names of this file
        event,
    )
    return [ticket_id(row["id"], n) for row in rows for n in range(1, row["quantity"] + 1)]


async def revenue(pool: Pool, event: str) -> dict[str, list[dict[str, Any]]]:
    """Return the sums of bookings that are confirmed, being paid, or refunded.

    `{"confirmed": [{"amount", "currency"}], "paying": […], "refunded": […]}`, one a currency.
    """
    rows = await pool.fetch(
        """
        SELECT state, currency, sum(total)::bigint AS amount FROM bookings
        WHERE event = $1 AND state = ANY($2) AND total > 0
        GROUP BY state, currency ORDER BY currency
        """,
        event,
        IN_REVENUE,
    )
    found: dict[str, list[dict[str, Any]]] = {state: [] for state in IN_REVENUE}
    for row in rows:
        found[row["state"]].append({"amount": row["amount"], "currency": row["currency"]})
    return found


class Sales(NamedTuple):
    """Bookings of one event, state and currency: how many, and their sum in minor units."""

    event: str
    state: State
    currency: str
    bookings: int
    amount: int


async def sales(pool: Pool) -> list[Sales]:
    """Return the sales of every event that is not archived; holds that nobody paid are left out."""
    rows = await pool.fetch(
        """
        SELECT event, bookings.state, currency, count(*), sum(total)::bigint
        FROM bookings JOIN events ON events.id = bookings.event
        WHERE archived_at IS NULL AND (attempt > 0 OR bookings.state = 'held')
        GROUP BY event, bookings.state, currency
        """
    )
    return [Sales(*row) for row in rows]


def booking_of(row: asyncpg.Record) -> Booking:
    """Return the booking of a row of COLUMNS."""
    fields: dict[str, Any] = {name: row[name] for name in Booking.__slots__}
    fields["shows"] = shows_of(row["shows"])
    return Booking(**fields)


HOLD_STATES: dict[State, HoldState] = {
    "held": "held",
    "paying": "paying",
    "retaking": "released",
    "confirmed": "sold",
    "expired": "expired",
    "released": "released",
    "refunded": "released",
}


def hold_of(row: asyncpg.Record) -> Hold:
    """Return the hold that Redis has of a booking, from its whole row."""
    id_: UUID = row["id"]
    state = HOLD_STATES.get(row["state"]) or ("sold" if row["claimed"] else "released")
    return Hold(
        id=str(id_),
        visitor=row["visitor"],
        state=state,
        seats=row["seats"],
        prices=row["prices"],
        currency=row["currency"],
        section=row["section"],
        quantity=row["quantity"],
        adjacent=row["adjacent"],
        made=row["made_ms"],
        deadline=row["until_ms"],
        first=row["first_until_ms"],
        left=row["extensions_left"],
        left_first=row["extensions_first"],
        extended=row["extended_ms"],
        step=row["step"],
        number=row["number"],
        wave=row["wave"],
        key=row["key"],
        print=row["fingerprint"],
        attempt=row["attempt"],
        method="",
        pay_until=0,
        entry="",
        reason=row["reason"],
    )
