"""Receipts as codes: who got nothing in one event joins the lane `again` of the next, once.

The rule `again_from` of the next event names the first. Its row of `places` decides how a place
ended; the receipt, which is signed, says only whose it was.
"""

from booking_rush.booking.holds.states import PAID
from booking_rush.postgres import Pool
from booking_rush.queue.keys import keyring
from booking_rush.queue.lanes import AGAIN
from booking_rush.queue.line import UNKNOWN_CODE, CodeUse
from booking_rush.queue.passes import verify_receipt


async def use_of(pool: Pool, event: str, receipt: str) -> CodeUse:
    """Return the use of a receipt as a code of this event; `UNKNOWN_CODE` where it is none.

    It is good once, whoever comes with it: its place is the id that is counted.
    """
    earlier = await pool.fetchval("SELECT rules->>'again_from' FROM events WHERE id = $1", event)
    if earlier is None:
        return UNKNOWN_CODE
    try:
        claims = verify_receipt(receipt, await keyring.all_jwks(pool), event=earlier)
    except ValueError:
        return UNKNOWN_CODE
    lane, visitor = claims["lane"], claims["visitor"]
    number = await pool.fetchval(
        GOT_NOTHING, earlier, lane, claims["number"], visitor, list(PAID), claims.get("index"),
    )  # fmt: skip
    if number is None:
        return UNKNOWN_CODE
    return CodeUse(AGAIN, f"{AGAIN}:{earlier}/{lane}/{number}", 1)


# A receipt of the lobby names an index alone. Its place has the number of its draw by now, which
# the journal tells by the visitor, or still the index with a minus.
GOT_NOTHING = """
    SELECT number FROM places
    WHERE event = $1 AND lane = $2 AND visitor = $4 AND state = 'ended'
        AND number = ANY(CASE WHEN $3::bigint IS NOT NULL THEN ARRAY[$3::bigint]
            ELSE -$6::bigint || ARRAY(
                SELECT number FROM journal
                WHERE event = $1 AND who = sha256(convert_to($1 || ':' || $4, 'UTF8'))
                    AND what = 'drawn' AND lane = $2)
            END)
        AND ($3::bigint IS NOT NULL OR index_ = $6::bigint)
        AND NOT EXISTS (SELECT FROM bookings WHERE event = $1 AND visitor = $4 AND state = ANY($5))
"""
