"""Claims in Postgres: a seat belongs to the one booking that claims it, all or nothing."""

from collections import Counter, defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from uuid import UUID

from booking_rush.postgres import Connection


@dataclass(frozen=True, slots=True)
class ClaimRequest:
    """The claim of one booking: seats, places of a standing section (else empty), or both."""

    booking: UUID
    seats: Sequence[str]
    section: str
    standing: int


async def claim(connection: Connection, event: str, requests: Sequence[ClaimRequest]) -> set[UUID]:
    """Claim for many bookings in this order, all or nothing each. Return those that got it all.

    A seat that the booking has claimed before counts as got. The caller saves `bookings.claimed`,
    together with the booking's new state.
    """
    seated = [request for request in requests if request.seats]
    refused = await _claim_seats(connection, event, seated)
    standing = [one for one in requests if one.section and one.booking not in refused]
    without_places = await _claim_places(connection, event, standing)
    if half := [one.booking for one in seated if one.booking in without_places]:
        await connection.execute("DELETE FROM claims WHERE booking = ANY($1)", half)
    return {request.booking for request in requests} - refused - without_places


async def release(connection: Connection, event: str, bookings: Sequence[UUID]) -> None:
    """Delete the claims of these bookings, of no others, and save that they have none."""
    await connection.execute("DELETE FROM claims WHERE booking = ANY($1)", list(bookings))
    rows = await connection.fetch(
        """
        UPDATE bookings SET claimed = false WHERE id = ANY($1) AND claimed
        RETURNING section, quantity - cardinality(seats) AS standing
        """,
        list(bookings),
    )
    released = Counter[str]()
    for row in rows:
        if row["section"]:
            released[row["section"]] += row["standing"]
    for section, standing in sorted(released.items()):
        await connection.execute(
            "UPDATE sections SET claimed = claimed - $3 WHERE event = $1 AND id = $2",
            event, section, standing,
        )  # fmt: skip


async def _claim_seats(
    connection: Connection, event: str, requests: Sequence[ClaimRequest]
) -> set[UUID]:
    """Claim seats. Return the bookings that did not get all of theirs; they keep none."""
    if not requests:
        return set()
    pairs = [(seat, request.booking) for request in requests for seat in request.seats]
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
    short = [request for request in requests if new[request.booking] < len(request.seats)]
    if not short:
        return set()
    rows = await connection.fetch(
        "SELECT booking, count(*) AS n FROM claims WHERE booking = ANY($1) GROUP BY booking",
        [request.booking for request in short],
    )
    claimed = {row["booking"]: row["n"] for row in rows}
    refused = {
        request.booking for request in short if claimed.get(request.booking, 0) < len(request.seats)
    }
    await connection.execute("DELETE FROM claims WHERE booking = ANY($1)", list(refused))
    return refused


async def _claim_places(
    connection: Connection, event: str, requests: Sequence[ClaimRequest]
) -> set[UUID]:
    """Claim places of standing sections, a section in one statement where all of them fit.

    Return the bookings that did not get theirs.
    """
    by_section = defaultdict[str, list[ClaimRequest]](list)
    for request in requests:
        by_section[request.section].append(request)
    refused = set[UUID]()
    for section, some in sorted(by_section.items()):
        standing = sum(request.standing for request in some)
        if not await _claim_standing(connection, event, section, standing):
            refused |= {
                request.booking
                for request in some
                if not await _claim_standing(connection, event, section, request.standing)
            }
    return refused


async def _claim_standing(connection: Connection, event: str, section: str, standing: int) -> bool:
    done = await connection.execute(
        """
        UPDATE sections SET claimed = claimed + $3
        WHERE event = $1 AND id = $2 AND claimed + $3 <= capacity
        """,
        event, section, standing,
    )  # fmt: skip
    return done == "UPDATE 1"
