"""The journal of an event, followed from its beginning, and compared with the living places."""

from booking_rush.booking.history.entries import digest_of
from booking_rush.booking.history.journal import READ_HEAD, READ_PAGE, entry_of
from booking_rush.booking.history.verification import NotFollowingError, Verification
from booking_rush.postgres import Pool

ALL = 1_000_000


async def journal_mistakes(pool: Pool, event: str) -> list[str]:
    """Return what does not follow in an event's journal, or differs from its places."""
    async with (
        pool.acquire() as connection,
        connection.transaction(isolation="repeatable_read", readonly=True),
    ):
        head = await connection.fetchrow(READ_HEAD, event)
        rows = await connection.fetch(READ_PAGE, event, 0, ALL)
        places = await connection.fetch(LIVING, event)
    verification = Verification()
    try:
        for row in rows:
            verification.follow(entry_of(row))
    except NotFollowingError as error:
        return [f"journal: {error}"]
    found = verification.head
    ends = (head["n"], head["hash"].hex()) if head else (0, "")
    wrong = [] if (found.n, found.hash) == ends else [f"its head is {ends}, its last entry {found}"]
    told = set(verification.living.items())
    kept = {(digest_of(event, row["visitor"]), (row["lane"], row["number"])) for row in places}
    wrong += [f"{place} is in the journal alone" for _, place in told - kept]
    wrong += [f"{place} is not in the journal" for _, place in kept - told]
    return [f"journal: {one}" for one in wrong]


LIVING = "SELECT visitor, lane, number FROM places WHERE event = $1 AND state <> 'ended'"
