"""Baselines: the same rows written by bare statements in batches, into tables of the same shape."""

import time
from collections.abc import Sequence
from typing import Any
from uuid import UUID

from booking_rush.postgres import Connection, Pool

TABLES = ("bookings", "claims", "payments", "outbox", "states", "inbox")


async def record_baseline(pool: Pool, batch: int) -> float:
    """Insert what the recorder has written, and update each booking once. Return the seconds."""
    await _create_copies(pool)
    ids = [row["id"] for row in await pool.fetch("SELECT id FROM bookings ORDER BY id")]
    pages = [await _rows(pool, ids[at : at + batch]) for at in range(0, len(ids), batch)]
    began = time.perf_counter()
    for page in pages:
        async with pool.acquire() as connection, connection.transaction():
            await _insert(connection, "bookings", page["bookings"])
    for at, page in enumerate(pages):
        async with pool.acquire() as connection, connection.transaction():
            await connection.execute(UPDATE, ids[at * batch : (at + 1) * batch])
            for table in ("claims", "payments", "outbox", "states"):
                await _insert(connection, table, page[table])
    return time.perf_counter() - began


async def saga_baseline(pool: Pool, batch: int) -> float:
    """Update bookings and payments, insert orders and mark them done. Return the seconds."""
    await _create_copies(pool)
    await pool.execute("INSERT INTO bare.bookings SELECT * FROM bookings")
    await pool.execute("INSERT INTO bare.payments SELECT * FROM payments")
    ids = [row["id"] for row in await pool.fetch("SELECT id FROM bookings ORDER BY id")]
    pages = [await _rows(pool, ids[at : at + batch]) for at in range(0, len(ids), batch)]
    began = time.perf_counter()
    for at, page in enumerate(pages):
        some = ids[at * batch : (at + 1) * batch]
        orders = page["outbox"]
        async with pool.acquire() as connection, connection.transaction():
            await connection.execute(UPDATE, some)
            await connection.execute(CAPTURE, some)
            await connection.execute(INBOX, some)
            await _insert(connection, "outbox", orders)
            await _insert(connection, "states", page["states"])
        async with pool.acquire() as connection, connection.transaction():
            await connection.execute(DONE, [row["id"] for row in orders])
    return time.perf_counter() - began


async def _create_copies(pool: Pool) -> None:
    """Create empty tables with the same columns and indexes, and no triggers."""
    await pool.execute("DROP SCHEMA IF EXISTS bare CASCADE; CREATE SCHEMA bare")
    for table in TABLES:
        await pool.execute(f"CREATE TABLE bare.{table} (LIKE {table} INCLUDING ALL)")


async def _rows(pool: Pool, ids: Sequence[UUID]) -> dict[str, list[Any]]:
    """Return the rows of some bookings by table; of outbox and states those of the last step."""
    return {
        "bookings": await pool.fetch("SELECT * FROM bookings WHERE id = ANY($1)", ids),
        "claims": await pool.fetch("SELECT * FROM claims WHERE booking = ANY($1)", ids),
        "payments": await pool.fetch("SELECT * FROM payments WHERE booking = ANY($1)", ids),
        "outbox": await pool.fetch(LAST_ORDERS, ids),
        "states": await pool.fetch(LAST_STATES, ids),
    }


async def _insert(connection: Connection, table: str, rows: Sequence[Any]) -> None:
    await connection.execute(
        f"INSERT INTO bare.{table} OVERRIDING SYSTEM VALUE SELECT * FROM unnest($1::{table}[])",
        [tuple(row) for row in rows],
    )


UPDATE = """
    UPDATE bare.bookings SET state = 'confirmed', step = step + 1, changed_at = now()
    WHERE id = ANY($1)
"""
CAPTURE = """
    UPDATE bare.payments SET state = 'captured', changed_at = now() WHERE booking = ANY($1)
"""
INBOX = "INSERT INTO bare.inbox SELECT 'bare', unnest($1::uuid[])"
DONE = "UPDATE bare.outbox SET done_at = now() WHERE id = ANY($1)"
LAST_ORDERS = """
    SELECT outbox.* FROM outbox JOIN bookings ON bookings.id = booking
    WHERE booking = ANY($1) AND topic = 'orders' AND outbox.step = bookings.step
"""
LAST_STATES = """
    SELECT states.* FROM states JOIN bookings ON bookings.id = booking
    WHERE booking = ANY($1) AND states.step = bookings.step
"""
