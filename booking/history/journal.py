"""The journal of an event in Postgres: rows that are added in a chain, and read in pages."""

from collections.abc import Sequence
from typing import Any, NamedTuple

import asyncpg

from booking_rush.booking.history.entries import Act, Entry, Head, chain, digest_of
from booking_rush.postgres import Connection, Pool
from booking_rush.timestamps import moment

OWN_MAX = 1000  # entries of one visitor's history


class Journal(NamedTuple):
    """A page of an event's entries, the head of its chain, and where the chain begins."""

    entries: list[Entry]
    head: Head
    begins: Head


async def append(connection: Connection, event: str, acts: Sequence[Act]) -> Head:
    """Add entries to an event's journal, in the caller's transaction.

    Return the head of the chain after them, empty where there are none.

    The head of the chain is locked from here to the commit, so this is the last that a transaction
    does: whoever adds meanwhile waits for it.
    """
    if not acts:
        return Head()
    row = await connection.fetchrow(LOCK_HEAD, event)
    if row is None:
        await connection.execute(BEGIN, event)
        row = await connection.fetchrow(LOCK_HEAD, event)
    assert row is not None, event
    timed = [act if act.at_ms else act._replace(at_ms=row["now_ms"]) for act in acts]
    chained = chain(event, timed, _head_of(row))
    rows = [
        (
            one.n, at_ms, one.what, bytes.fromhex(one.who), one.lane, one.number, one.why, one.by,
            bytes.fromhex(one.hash),
        )
        for one, at_ms in chained
    ]  # fmt: skip
    last, at_ms = chained[-1]
    await connection.execute(INSERT, event, last.n, *zip(*rows, strict=True))
    return Head(last.n, last.hash, at_ms)


async def read(pool: Pool, event: str, *, after: int, limit: int) -> Journal:
    """Return up to `limit` entries beyond the entry `after`, and the head at that moment."""
    async with (
        pool.acquire() as connection,
        connection.transaction(isolation="repeatable_read", readonly=True),
    ):
        row = await connection.fetchrow(READ_HEAD, event)
        rows = await connection.fetch(READ_PAGE, event, after, limit)
    if row is None:
        return Journal([], Head(), Head())
    begins = Head(row["begins_n"], row["begins_hash"].hex())
    return Journal([entry_of(one) for one in rows], _head_of(row), begins)


async def history(pool: Pool, event: str, visitor: str) -> list[Entry]:
    """Return the entries of one visitor, and those about the event since the visitor's first."""
    rows = await pool.fetch(READ_OWN, event, bytes.fromhex(digest_of(event, visitor)), OWN_MAX)
    return [entry_of(row) for row in rows]


async def entry_of_place(pool: Pool, event: str, visitor: str, lane: str, number: int) -> int:
    """Return n of the entry by which a visitor got a number; 0 where the journal has none.

    Number 0 is of a place that waits for a draw.
    """
    who = bytes.fromhex(digest_of(event, visitor))
    found: int | None = await pool.fetchval(READ_NUMBER, event, who, lane, number)
    return found or 0


async def head(pool: Pool, event: str) -> Head:
    """Return the head of an event's chain."""
    row = await pool.fetchrow(READ_HEAD, event)
    return Head() if row is None else _head_of(row)


def _head_of(row: asyncpg.Record) -> Head:
    return Head(row["n"], row["hash"].hex(), row["at_ms"])


def entry_of(row: asyncpg.Record) -> Entry:
    """Return a row as an entry."""
    members: dict[str, Any] = dict(row)
    at = moment(members.pop("at_ms"))
    members |= {"who": row["who"].hex(), "hash": row["hash"].hex()}
    return Entry(at=at, **members)


LOCK_HEAD = """
    SELECT n, hash, at_ms, (extract(epoch FROM clock_timestamp()) * 1000)::bigint AS now_ms
    FROM journal_heads WHERE event = $1 FOR UPDATE
"""

BEGIN = "INSERT INTO journal_heads (event) VALUES ($1) ON CONFLICT DO NOTHING"

INSERT = """
    WITH added AS (
        INSERT INTO journal (event, n, at_ms, what, who, lane, number, why, by, hash)
        SELECT $1, * FROM unnest($3::bigint[], $4::bigint[], $5::text[], $6::bytea[], $7::text[],
            $8::bigint[], $9::text[], $10::text[], $11::bytea[])
        RETURNING n, hash, at_ms
    )
    UPDATE journal_heads SET n = added.n, hash = added.hash, at_ms = added.at_ms
    FROM added WHERE event = $1 AND added.n = $2
"""

READ_HEAD = """
    SELECT n, hash, at_ms, begins_n, begins_hash FROM journal_heads WHERE event = $1
"""

COLUMNS = "n, at_ms, what, who, lane, number, why, by, hash"

READ_PAGE = f"""
    SELECT {COLUMNS} FROM journal WHERE event = $1 AND n > $2 ORDER BY n LIMIT $3
"""  # noqa: S608  names of ours

# Two reads by the index: of the visitor, and of the event itself since the visitor came.
READ_OWN = f"""
    WITH own AS (
        SELECT {COLUMNS} FROM journal WHERE event = $1 AND who = $2 ORDER BY n LIMIT $3
    ), around AS (
        SELECT {COLUMNS} FROM journal WHERE event = $1 AND who = ''
            AND n > (SELECT min(n) FROM own) ORDER BY n LIMIT $3
    )
    SELECT * FROM own UNION ALL SELECT * FROM around ORDER BY n LIMIT $3
"""  # noqa: S608  names of ours

READ_NUMBER = """
    SELECT n FROM journal WHERE event = $1 AND who = $2 AND what IN ('number', 'drawn', 'window')
        AND lane = $3 AND number = $4 ORDER BY n DESC LIMIT 1
"""
