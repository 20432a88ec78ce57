"""List of an event's visitors as PostgreSQL has them, page by page, for operators."""

from collections.abc import Awaitable, Callable
from typing import Any
from uuid import UUID

import asyncpg

from booking_rush.errors import Invalid
from booking_rush.postgres import Pool
from booking_rush.timestamps import moment

PLACES = {"waiting": ["lobby", "waiting"], "inside": ["admitted"], "late": ["late", "back"]}
HOLDING = "holding"
CONDITIONS = (*PLACES, HOLDING)

DEFERRED = 10**17  # beyond every number; a deferred join has its turn instead of one
# How long the sale's clock has stood still, with a stop that goes on.
STOPPED_MS = """
    stopped_ms + coalesce(extract(epoch FROM now() - least(stopped_at, bank_away_at)) * 1000, 0
        )::bigint AS stopped_ms
"""
IN_LINE = f"""
    (SELECT lane, number, visitor, places.state, joined_ms, admitted_ms, until_ms, {STOPPED_MS}
     FROM places JOIN events ON events.id = event
     WHERE event = $1 AND places.state <> 'ended' AND places.state = ANY($2)
        AND (lane, number) > ($3, $4)
     ORDER BY lane, number LIMIT $5)
    UNION ALL
    (SELECT lane, $6 + turn AS number, visitor, 'lobby', joined_ms, 0, 0, 0
     FROM deferred_joins
     WHERE event = $1 AND 'lobby' = ANY($2) AND NOT is_removed AND (lane, $6 + turn) > ($3, $4)
     ORDER BY lane, number LIMIT $5)
    ORDER BY lane, number LIMIT $5
"""  # noqa: S608  of this file

Members = list[dict[str, Any]]
Page = tuple[Members, str | None]  # with the `after` of the next page; None on the last one


async def page(pool: Pool, event: str, condition: str, *, limit: int, after: str | None) -> Page:
    """Return up to `limit` visitors in a condition of CONDITIONS, as JSON members.

    Raises:
        Invalid: `after` is not what the page before gave.
    """
    read: Callable[..., Awaitable[Page]] = _holding if condition == HOLDING else _in_line
    try:
        return await read(pool, event, condition, limit, after)
    except ValueError:
        raise Invalid(("after", "what the page before gave as its end")) from None


async def _in_line(pool: Pool, event: str, condition: str, limit: int, after: str | None) -> Page:
    """Return places in the order of lanes and numbers; `after` is `lane:number`.

    Who waits with a deferred join comes behind the numbers of the lane.
    """
    lane, _, number = (after or ":0").rpartition(":")
    digits = number.removeprefix("-")  # of an index of the lobby
    if not (digits.isascii() and digits.isdigit() and len(digits) < 19):
        raise ValueError(number)
    rows = await pool.fetch(
        IN_LINE, event, PLACES[condition], lane, int(number), limit + 1, DEFERRED
    )
    members = [place_members(row) for row in rows[:limit]]
    last = rows[limit - 1] if len(rows) > limit else None
    return members, f"{last['lane']}:{last['number']}" if last else None


async def _holding(pool: Pool, event: str, _condition: str, limit: int, after: str | None) -> Page:
    """Return who holds or pays, the newest hold first; `after` is the id of a hold."""
    rows = await pool.fetch(
        f"""
        SELECT bookings.id, visitor, bookings.state, quantity, made_ms, until_ms, {STOPPED_MS}
        FROM bookings JOIN events ON events.id = event
        WHERE event = $1 AND bookings.state IN ('held', 'paying', 'retaking')
            AND ($2::uuid IS NULL OR bookings.id < $2)
        ORDER BY bookings.id DESC LIMIT $3
        """,  # noqa: S608  of this file
        event,
        UUID(after) if after else None,
        limit + 1,
    )
    members = [
        {
            "visitor": row["visitor"],
            "state": row["state"],
            "hold": str(row["id"]),
            "quantity": row["quantity"],
            "held_at": _time(row["made_ms"]),
            "until": _end_of(row),
        }
        for row in rows[:limit]
    ]
    return members, members[-1]["hold"] if len(rows) > limit else None


def place_members(row: asyncpg.Record) -> dict[str, Any]:
    """Serialize a place; a row of who has none has no number and no times."""
    number = row["number"] or 0
    return {
        "visitor": row["visitor"],
        "state": row["state"],
        **({"deferred": True} if number >= DEFERRED else {}),
        "number": number if 0 < number < DEFERRED else None,
        "joined_at": _time(row["joined_ms"]),
        "admitted_at": _time(row["admitted_ms"]),
        "until": _end_of(row),
    }


def _end_of(row: asyncpg.Record) -> str | None:
    """Return when a pass, a missed turn or a hold ends by the wall; None where it does not."""
    return _time(row["until_ms"] and row["until_ms"] + row["stopped_ms"])


def _time(ms: int | None) -> str | None:
    return moment(ms) if ms else None
