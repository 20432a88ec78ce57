"""Search of an event's visitors by what a caller says: id, number, reference, seat or address."""

import re
from collections.abc import Sequence
from typing import Any

import asyncpg

from booking_rush.booking.holds import booking_search
from booking_rush.booking.visitor_list import DEFERRED, STOPPED_MS, place_members
from booking_rush.postgres import Pool

FOUND_MAX = 100  # visitors of one answer
VISITOR_ID = re.compile(r"v_[0-9a-z_-]{1,64}\Z")
NUMBER = re.compile(r"[1-9][0-9]{0,14}\Z")


async def search(
    pool: Pool,
    event: str,
    text: str,
    *,
    sections: Sequence[tuple[str, str]],
    lanes: Sequence[str],
) -> list[dict[str, Any]]:
    """Return the visitors of an event that a text means, as JSON members, at most FOUND_MAX.

    A number is that of a place in each of these lanes; what a booking is found by finds its
    visitor. `hold` and `quantity` are of the visitor's last booking.
    """
    text = text.strip()
    ids: set[str] = {text} if VISITOR_ID.match(text) else set()
    digits = text.replace(",", "").replace(".", "")
    number = int(digits) if NUMBER.match(digits) else None
    if not ids and number is None:
        found = await booking_search.search(pool, event, text, sections)
        ids = {booking.visitor for booking in found}
    rows = await pool.fetch(FOUND, event, sorted(ids), list(lanes), number, FOUND_MAX, DEFERRED)
    return [_members_of(row) for row in rows]


def _members_of(row: asyncpg.Record) -> dict[str, Any]:
    members = place_members(row)
    if row["booking"] is not None:
        members |= {"hold": str(row["booking"]), "quantity": row["quantity"]}
    return members


# Of one visitor the last place that is found: the living one, or that of the number.
FOUND = f"""
    WITH named AS (
        SELECT visitor, lane, number FROM places
        WHERE event = $1 AND lane = ANY($3) AND number = $4
    ), whom AS (
        SELECT visitor FROM named UNION SELECT unnest($2::text[])
    )
    SELECT whom.visitor, coalesce(place.state, booking.state) AS state, place.number, joined_ms,
        admitted_ms, until_ms, {STOPPED_MS}, booking.id AS booking, quantity
    FROM whom JOIN events ON events.id = $1
    LEFT JOIN LATERAL (
        SELECT * FROM (
            SELECT state, number, joined_ms, admitted_ms, until_ms FROM places
            WHERE event = $1 AND places.visitor = whom.visitor AND state <> 'ended'
            UNION ALL
            SELECT 'lobby', $6 + turn, joined_ms, 0, 0 FROM deferred_joins
            WHERE event = $1 AND deferred_joins.visitor = whom.visitor AND NOT is_removed
            UNION ALL
            SELECT state, number, joined_ms, admitted_ms, 0 FROM places
            WHERE event = $1 AND (lane, number) IN (SELECT lane, number FROM named)
                AND places.visitor = whom.visitor AND state = 'ended') AS places_of
        ORDER BY state = 'ended', number DESC LIMIT 1) AS place ON true
    LEFT JOIN LATERAL (
        SELECT id, state, quantity FROM bookings
        WHERE bookings.visitor = whom.visitor AND event = $1
        ORDER BY id DESC LIMIT 1) AS booking ON true
    WHERE place.state IS NOT NULL OR booking.id IS NOT NULL
    ORDER BY whom.visitor LIMIT $5
"""  # noqa: S608  of visitor_list.py
