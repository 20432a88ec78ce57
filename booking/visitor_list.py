"""List of an event's visitors as PostgreSQL has them, page by page, for operators."""

from collections.abc import Awaitable, Callable
from typing import Any
from uuid import UUID

from booking_rush.errors import Invalid
from booking_rush.postgres import Pool
from booking_rush.timestamps import moment

PLACES = {"waiting": ["lobby", "waiting"], "inside": ["admitted"], "late": ["late", "back"]}
HOLDING = "holding"
CONDITIONS = (*PLACES, HOLDING)

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
    """Return places in the order of lanes and numbers; `after` is `lane:number`."""
    lane, _, number = (after or ":0").rpartition(":")
    digits = number.removeprefix("-")  # of an index of the lobby
    if not (digits.isascii() and digits.isdigit() and len(digits) < 19):
        raise ValueError(number)
    rows = await pool.fetch(
        """
        SELECT lane, number, visitor, state, joined_ms, admitted_ms, until_ms FROM places
        WHERE event = $1 AND state <> 'ended' AND state = ANY($2) AND (lane, number) > ($3, $4)
        ORDER BY lane, number LIMIT $5
        """,
        event, PLACES[condition], lane, int(number), limit + 1,
    )  # fmt: skip
    members = [
        {
            "visitor": row["visitor"],
            "state": row["state"],
            "number": row["number"] if row["number"] > 0 else None,
            "joined_at": _time(row["joined_ms"]),
            "admitted_at": _time(row["admitted_ms"]),
            "until": _time(row["until_ms"]),
        }
        for row in rows[:limit]
    ]
    last = rows[limit - 1] if len(rows) > limit else None
    return members, f"{last['lane']}:{last['number']}" if last else None


async def _holding(pool: Pool, event: str, _condition: str, limit: int, after: str | None) -> Page:
    """Return who holds or pays, the newest hold first; `after` is the id of a hold."""
    rows = await pool.fetch(
        """
        SELECT id, visitor, state, quantity, made_ms, until_ms FROM bookings
        WHERE event = $1 AND state IN ('held', 'paying', 'retaking')
            AND ($2::uuid IS NULL OR id < $2)
        ORDER BY id DESC LIMIT $3
        """,
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
            "until": _time(row["until_ms"]),
        }
        for row in rows[:limit]
    ]
    return members, members[-1]["hold"] if len(rows) > limit else None


def _time(ms: int) -> str | None:
    return moment(ms) if ms else None
