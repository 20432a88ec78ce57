"""Postgres' word on who has a seat: taken all or nothing by a booking, given back by its own."""

from collections import Counter, defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from uuid import UUID

from booking_rush.postgres import Connection


@dataclass(frozen=True, slots=True)
class ClaimRequest:
    """What one booking claims: seats, or a quantity of a standing section (else empty)."""

    booking: UUID
    seats: Sequence[str]
    section: str
    quantity: int


async def claim(connection: Connection, event: str, wanted: Sequence[ClaimRequest]) -> set[UUID]:
    """Claim for many bookings, the first one first; those that got everything they wanted.

    What a booking has claimed already counts as its own. A refused one keeps nothing. Whoever
    takes writes `bookings.claimed`, with what else the booking becomes.
    """
    refused = await _take_seats(connection, event, [one for one in wanted if not one.section])
    refused |= await _take_places(connection, event, [one for one in wanted if one.section])
    return {one.booking for one in wanted} - refused


async def release(connection: Connection, event: str, bookings: Sequence[UUID]) -> None:
    """Give back what these bookings claim, and nobody else's."""
    await connection.execute("DELETE FROM claims WHERE booking = ANY($1)", list(bookings))
    rows = await connection.fetch(
        """
        UPDATE bookings SET claimed = false WHERE id = ANY($1) AND claimed
        RETURNING section, quantity
        """,
        list(bookings),
    )
    given = Counter[str]()
    for row in rows:
        if row["section"]:
            given[row["section"]] += row["quantity"]
    for section, quantity in sorted(given.items()):
        await connection.execute(
            "UPDATE sections SET claimed = claimed - $3 WHERE event = $1 AND id = $2",
            event, section, quantity,
        )  # fmt: skip


async def _take_seats(
    connection: Connection, event: str, wanted: Sequence[ClaimRequest]
) -> set[UUID]:
    """Claim seats; the bookings that did not get all of theirs."""
    if not wanted:
        return set()
    pairs = [(seat, one.booking) for one in wanted for seat in one.seats]
    rows = await connection.fetch(
        """
        INSERT INTO claims (event, seat, booking)
        SELECT $1, seat, booking
        FROM unnest($2::text[], $3::uuid[]) WITH ORDINALITY AS asked (seat, booking, n) ORDER BY n
        ON CONFLICT DO NOTHING RETURNING booking
        """,
        event, *zip(*pairs, strict=True),
    )  # fmt: skip
    new = Counter(row["booking"] for row in rows)
    short = [one for one in wanted if new[one.booking] < len(one.seats)]
    if not short:
        return set()
    rows = await connection.fetch(
        "SELECT booking, count(*) AS n FROM claims WHERE booking = ANY($1) GROUP BY booking",
        [one.booking for one in short],
    )
    claimed = {row["booking"]: row["n"] for row in rows}
    refused = {one.booking for one in short if claimed.get(one.booking, 0) < len(one.seats)}
    await connection.execute("DELETE FROM claims WHERE booking = ANY($1)", list(refused))
    return refused


async def _take_places(
    connection: Connection, event: str, wanted: Sequence[ClaimRequest]
) -> set[UUID]:
    """Claim places of standing sections, a section at once where all of them fit."""
    by_section = defaultdict[str, list[ClaimRequest]](list)
    for one in wanted:
        by_section[one.section].append(one)
    refused = set[UUID]()
    for section, some in sorted(by_section.items()):
        if not await _fits(connection, event, section, sum(one.quantity for one in some)):
            refused |= {
                one.booking
                for one in some
                if not await _fits(connection, event, section, one.quantity)
            }
    return refused


async def _fits(connection: Connection, event: str, section: str, quantity: int) -> bool:
    done = await connection.execute(
        """
        UPDATE sections SET claimed = claimed + $3
        WHERE event = $1 AND id = $2 AND claimed + $3 <= capacity
        """,
        event, section, quantity,
    )  # fmt: skip
    return done == "UPDATE 1"
