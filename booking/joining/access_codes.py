"""Access codes: each opens a lane of its event for so many visitors. Rows of `codes`.

How often a code was used is counted by the places that name it, one visitor once.
"""

import secrets
from collections.abc import Sequence
from typing import Any, NamedTuple

from booking_rush.booking import audit
from booking_rush.booking.joining import receipts
from booking_rush.errors import Invalid
from booking_rush.postgres import Pool
from booking_rush.queue.join_checks.code_words import canonical, id_of, new_code
from booking_rush.queue.line import UNKNOWN_CODE, CodeUse


class Codes(NamedTuple):
    """Codes that are to be made: own words, or so many new ones."""

    lane: str
    uses: int
    new: int = 0
    words: Sequence[str] = ()


class AccessCodes:
    """Access codes of every event."""

    def __init__(self, pool: Pool) -> None:
        self._pool = pool

    async def make(self, event: str, wanted: Codes, *, who: str) -> list[str]:
        """Insert codes. Return them; own words that are there with the same lane and uses stay.

        Raises:
            Invalid: a word is there for another lane, or for another number of visitors.
        """
        words = list(wanted.words) or [new_code(secrets.choice) for _ in range(wanted.new)]
        ids = [id_of(event, word) for word in words]
        async with self._pool.acquire() as connection, connection.transaction():
            await connection.execute(INSERT, event, ids, words, wanted.lane, wanted.uses)
            other = await connection.fetchval(OTHER, event, ids, wanted.lane, wanted.uses)
            if other is not None:
                raise Invalid(("codes", f"{other} is there with another lane or other uses"))
            await audit.record(
                connection, who, "codes", event,
                lane=wanted.lane, uses=wanted.uses, count=len(words),
            )  # fmt: skip
        return words

    async def page(
        self, event: str, *, limit: int, after: int
    ) -> tuple[list[dict[str, Any]], str | None]:
        """Return up to `limit` codes as `{code, lane, uses, used}`, and the end of the page."""
        rows = await self._pool.fetch(PAGE, event, after, limit + 1)
        members = [
            {name: row[name] for name in ("code", "lane", "uses", "used")} for row in rows[:limit]
        ]
        return members, str(rows[limit - 1]["seq"]) if len(rows) > limit else None

    async def use_of(self, event: str, code: str) -> CodeUse:
        """Return the lane that a code opens; a receipt may stand for one (`receipts.py`).

        `UNKNOWN_CODE` where it opens none: the join's move refuses that, in its order.
        """
        if code.count(".") == 2:
            return await receipts.use_of(self._pool, event, code)
        if not canonical(code):
            return UNKNOWN_CODE
        row = await self._pool.fetchrow(
            "SELECT lane, id, uses FROM codes WHERE event = $1 AND id = $2",
            event, id_of(event, code),
        )  # fmt: skip
        return CodeUse(row["lane"], row["id"], row["uses"]) if row else UNKNOWN_CODE


INSERT = """
    INSERT INTO codes (event, id, code, lane, uses)
    SELECT $1, one.id, one.code, $4, $5 FROM unnest($2::text[], $3::text[]) AS one (id, code)
    ON CONFLICT DO NOTHING
"""

OTHER = """
    SELECT code FROM codes WHERE event = $1 AND id = ANY($2) AND (lane <> $3 OR uses <> $4) LIMIT 1
"""

PAGE = """
    SELECT code, lane, uses, seq, (
        SELECT count(DISTINCT visitor) FROM (
            SELECT visitor FROM places
            WHERE places.event = codes.event AND places.code = codes.id AND places.code <> ''
            UNION ALL
            SELECT visitor FROM deferred_joins AS deferred
            WHERE deferred.event = codes.event AND deferred.code = codes.id
                AND deferred.code <> '') AS users) AS used
    FROM codes WHERE event = $1 AND seq > $2 ORDER BY seq LIMIT $3
"""
