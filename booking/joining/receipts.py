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
    lane, number, visitor = claims["lane"], claims["number"], claims["visitor"]
    if not await pool.fetchval(GOT_NOTHING, earlier, lane, number, visitor, list(PAID)):
        return UNKNOWN_CODE
    return CodeUse(AGAIN, f"{AGAIN}:{earlier}/{lane}/{number}", 1)


GOT_NOTHING = """
    SELECT EXISTS (SELECT FROM places
        WHERE event = $1 AND lane = $2 AND number = $3 AND visitor = $4 AND state = 'ended')
    AND NOT EXISTS (SELECT FROM bookings WHERE event = $1 AND visitor = $4 AND state = ANY($5))
"""
