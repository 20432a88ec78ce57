"""Sessions of operators: who is logged in, since when and from where, and the end of one.

A session is named by the first characters of its cookie's digest, which open nothing.
"""

import re
from typing import Any

from booking_rush.booking import audit
from booking_rush.errors import Refusal
from booking_rush.postgres import Pool
from booking_rush.timestamps import instant

ID = re.compile(r"[0-9a-f]{16}\Z")
SESSIONS_MAX = 200  # of one answer


class UnknownSession(Refusal):
    """There is no such session, or it is over, or it is another operator's."""

    code, status = "unknown_session", 404


async def living(pool: Pool, *, of: str | None, current: str) -> list[dict[str, Any]]:
    """Return the sessions of an operator, or of all where `of` is None, the newest first.

    `current` is the digest of the cookie of who asks.
    """
    rows = await pool.fetch(LIVING, of, current, SESSIONS_MAX)
    return [
        {
            **{name: row[name] for name in ("id", "operator", "role", "address", "current")},
            "began_at": instant(row["began_at"]),
            "expires_at": instant(row["expires_at"]),
        }
        for row in rows
    ]


async def end(pool: Pool, session: str, *, of: str | None, who: str) -> None:
    """End a session, of this operator or of any where `of` is None, and record it.

    Raises:
        UnknownSession: there is none of this id that may be ended.
    """
    if not ID.match(session):
        raise UnknownSession
    async with pool.acquire() as connection, connection.transaction():
        operator = await connection.fetchval(END, session, of)
        if operator is None:
            raise UnknownSession
        await audit.record(connection, who, "end_session", operator=operator, session=session)


LIVING = """
    SELECT left(digest, 16) AS id, operator, role, address, began_at, expires_at,
        digest = $2 AS current
    FROM operator_sessions JOIN operators ON operators.name = operator_sessions.operator
    WHERE expires_at > now() AND ($1::text IS NULL OR operator = $1)
    ORDER BY began_at DESC, digest LIMIT $3
"""

END = """
    DELETE FROM operator_sessions
    WHERE left(digest, 16) = $1 AND expires_at > now() AND ($2::text IS NULL OR operator = $2)
    RETURNING operator
"""
