"""Holds of a batch saved as bookings: ended holds, then held ones, then checkouts with claims.

Only a booking that is `held` in Postgres is changed here; from its checkout on it is the saga's.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from uuid import UUID

from booking_rush.booking.holds.serializers import total_of
from booking_rush.booking.messaging import outbox
from booking_rush.booking.messaging.outbox import Envelope
from booking_rush.booking.seats import claims
from booking_rush.booking.seats.claims import ClaimRequest
from booking_rush.lua.holds.commands import Hold, standing_of
from booking_rush.postgres import Connection


@dataclass(frozen=True, slots=True)
class MovedBooking:
    """A booking that has just left `held`; `step` is its new one."""

    hold: Hold
    id: UUID
    step: int


async def save_holds(
    connection: Connection,
    event: str,
    holds: Sequence[Hold],
    *,
    now_ms: int | None,
    provider: str,
) -> None:
    """Save the holds of a batch, in this order, and enqueue the orders of their checkouts.

    `provider` is the payment provider that checkouts are charged by. Without `now_ms` Postgres'
    clock judges whether a checkout is recorded after its payment deadline, as it judges every
    overdue payment.
    """
    ended = [hold for hold in holds if hold.state in ("released", "expired")]
    await _save(connection, event, ended, SAVE_ENDED)
    await _save(connection, event, [hold for hold in holds if hold.state == "held"], SAVE_HELD)
    paying = [hold for hold in holds if hold.state == "paying"]
    if paying and now_ms is None:
        now_ms = await connection.fetchval(NOW_MS)
    late = {hold.id for hold in paying if hold.pay_until <= (now_ms or 0)}
    await _expire(connection, event, [hold for hold in paying if hold.id in late])
    await _check_out(connection, event, [hold for hold in paying if hold.id not in late], provider)


NOW_MS = "SELECT (extract(epoch FROM clock_timestamp()) * 1000)::bigint"


async def _expire(connection: Connection, event: str, holds: Sequence[Hold]) -> None:
    """Expire checkouts recorded after their payment deadline: without a claim or a charge."""
    moved = await _move(connection, event, holds, "expired", "expired")
    await outbox.enqueue(connection, _orders(event, moved, "free", "tell"))


async def _check_out(
    connection: Connection, event: str, holds: Sequence[Hold], provider: str
) -> None:
    """Claim seats and enqueue charges; a booking that does not get every seat is released."""
    moved = await _move(connection, event, holds, "paying", "")
    requests = [
        ClaimRequest(one.id, one.hold.seats, one.hold.section, standing_of(one.hold))
        for one in moved
    ]
    claimed = await claims.claim(connection, event, requests)
    await _charge(connection, event, [one for one in moved if one.id in claimed], provider)
    refused = [one.id for one in moved if one.id not in claimed]
    if not refused:
        return
    rows = await connection.fetch(
        """
        UPDATE bookings SET state = 'released', reason = 'seats_lost', claimed = false,
            step = step + 1, changed_at = now()
        WHERE id = ANY($1) RETURNING id, step
        """,
        refused,
    )
    steps = {row["id"]: row["step"] for row in rows}
    lost = [MovedBooking(one.hold, one.id, steps[one.id]) for one in moved if one.id in steps]
    await outbox.enqueue(connection, _orders(event, lost, "free", "tell"))


async def _charge(
    connection: Connection, event: str, moved: Sequence[MovedBooking], provider: str
) -> None:
    if not moved:
        return
    rows = [
        (one.id, one.hold.attempt, provider, one.hold.method, total_of(one.hold),
         one.hold.currency, one.hold.pay_until)
        for one in moved
    ]  # fmt: skip
    await connection.execute(
        """
        INSERT INTO payments (booking, attempt, provider, method, amount, currency, pay_until_ms)
        SELECT * FROM unnest($1::uuid[], $2::int[], $3::text[], $4::text[], $5::bigint[],
            $6::text[], $7::bigint[])
        """,
        *zip(*rows, strict=True),
    )
    await outbox.enqueue(connection, _orders(event, moved, "charge", "tell"))


async def _move(
    connection: Connection, event: str, holds: Sequence[Hold], state: str, reason: str
) -> list[MovedBooking]:
    """Insert missing bookings as `held`, then move all that are `held` to another state.

    Return those that moved, in the order of the holds.
    """
    moved = await _leave_held(connection, holds, state, reason)
    rest = [hold for hold in holds if hold.id not in moved]
    await _save(connection, event, rest, INSERT_NEW)
    moved |= await _leave_held(connection, rest, state, reason)
    return [moved[hold.id] for hold in holds if hold.id in moved]


async def _leave_held(
    connection: Connection, holds: Sequence[Hold], state: str, reason: str
) -> dict[str, MovedBooking]:
    """Move the bookings of these holds that are `held`. Return them by the hold's id.

    A booking that moves to `paying` is marked as claimed at once, before its claims are made: most
    get them, and so each row is written only once.
    """
    if not holds:
        return {}
    rows = [(UUID(h.id), h.attempt, h.deadline, h.left, h.extended) for h in holds]
    moved = await connection.fetch(
        """
        UPDATE bookings SET state = $1, reason = $2, claimed = $1 = 'paying', step = step + 1,
            attempt = given.attempt, until_ms = given.until_ms,
            extensions_left = given.extensions_left, extended_ms = given.extended_ms,
            changed_at = now()
        FROM unnest($3::uuid[], $4::int[], $5::bigint[], $6::int[], $7::bigint[])
            AS given (id, attempt, until_ms, extensions_left, extended_ms)
        WHERE bookings.id = given.id AND bookings.state = 'held'
        RETURNING bookings.id, bookings.step
        """,
        state, reason, *zip(*rows, strict=True),
    )  # fmt: skip
    steps = {row["id"]: row["step"] for row in moved}
    return {
        hold.id: MovedBooking(hold, id_, steps[id_])
        for hold, (id_, *_) in zip(holds, rows, strict=True)
        if id_ in steps
    }


def _orders(event: str, moved: Sequence[MovedBooking], *kinds: str) -> list[Envelope]:
    return [
        outbox.order(one.id, event, kind, one.hold.attempt, one.step)
        for one in moved
        for kind in kinds
    ]


async def _save(connection: Connection, event: str, holds: Sequence[Hold], statement: str) -> None:
    if not holds:
        return
    rows = [
        (
            h.id, event, h.visitor, "held" if h.state == "paying" else h.state, h.reason,
            h.section, h.quantity, h.currency, total_of(h), h.adjacent, h.key, h.print, h.number,
            h.wave, h.made, h.deadline, h.first, h.left, h.left_first, h.extended,
            "\n".join(h.seats), " ".join(map(str, h.prices)),
        )
        for h in holds
    ]  # fmt: skip
    await connection.execute(statement, *zip(*rows, strict=True))


# unnest takes arrays of arrays apart, so a booking's own lists come as one text each.
INSERT = """
    INSERT INTO bookings (id, event, visitor, state, reason, section, quantity, currency, total,
        adjacent, key, fingerprint, number, wave, made_ms, until_ms, first_until_ms,
        extensions_left, extensions_first, extended_ms, seats, prices, step)
    SELECT id, event, visitor, state, reason, section, quantity, currency, total,
        adjacent, key, fingerprint, number, wave, made_ms, until_ms, first_until_ms,
        extensions_left, extensions_first, extended_ms,
        string_to_array(seats, E'\\n'), string_to_array(prices, ' ')::bigint[], 1
    FROM unnest($1::uuid[], $2::text[], $3::text[], $4::text[], $5::text[], $6::text[], $7::int[],
        $8::text[], $9::bigint[], $10::bool[], $11::text[], $12::text[], $13::bigint[],
        $14::bigint[], $15::bigint[], $16::bigint[], $17::bigint[], $18::int[], $19::int[],
        $20::bigint[], $21::text[], $22::text[]) AS given (id, event, visitor, state, reason,
        section, quantity, currency, total, adjacent, key, fingerprint, number, wave, made_ms,
        until_ms, first_until_ms, extensions_left, extensions_first, extended_ms, seats, prices)
    ON CONFLICT (id)
"""

INSERT_NEW = f"{INSERT} DO NOTHING"

SAVE_HELD = f"""{INSERT}
    DO UPDATE SET until_ms = EXCLUDED.until_ms, extensions_left = EXCLUDED.extensions_left,
        extended_ms = EXCLUDED.extended_ms
    WHERE bookings.state = 'held'
        AND (bookings.until_ms, bookings.extensions_left, bookings.extended_ms)
            <> (EXCLUDED.until_ms, EXCLUDED.extensions_left, EXCLUDED.extended_ms)
"""

SAVE_ENDED = f"""{INSERT}
    DO UPDATE SET state = EXCLUDED.state, reason = EXCLUDED.reason, step = bookings.step + 1,
        changed_at = now()
    WHERE bookings.state = 'held'
"""
