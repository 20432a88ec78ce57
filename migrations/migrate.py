"""Migrations of the schema: the numbered SQL files beside this one, each applied once, in order."""

import hashlib
from pathlib import Path
from typing import TYPE_CHECKING, TypeAlias

import asyncpg

if TYPE_CHECKING:  # asyncpg's classes are generic in its stubs alone
    Connection: TypeAlias = (
        asyncpg.Connection[asyncpg.Record] | asyncpg.pool.PoolConnectionProxy[asyncpg.Record]
    )
else:
    Connection = asyncpg.Connection

HERE = Path(__file__).parent
LOCK = 0x52555348  # "RUSH", an advisory lock: one process migrates at a time


class MigrationChangedError(Exception):
    """Applied migration whose file has another text now: write a new migration instead."""


def files() -> list[Path]:
    """Return the migrations, in order."""
    return sorted(HERE.glob("[0-9]*.sql"))


async def migrate(connection: Connection) -> list[str]:
    """Apply every migration that is missing, in one transaction. Return the names of those applied.

    Raises:
        MigrationChangedError: the text of an applied migration differs from its file.
    """
    async with connection.transaction():
        await connection.execute("SELECT pg_advisory_xact_lock($1)", LOCK)
        await connection.execute(
            """
            CREATE TABLE IF NOT EXISTS migrations (
                name        text PRIMARY KEY,
                digest      text NOT NULL,
                applied_at  timestamptz NOT NULL DEFAULT now()
            )
            """
        )
        rows = await connection.fetch("SELECT name, digest FROM migrations")
        applied = {row["name"]: row["digest"] for row in rows}
        return [path.name for path in files() if await _apply(connection, path, applied)]


async def _apply(connection: Connection, path: Path, applied: dict[str, str]) -> bool:
    text = path.read_text()
    digest = hashlib.sha256(text.encode()).hexdigest()
    if path.name in applied:
        if applied[path.name] != digest:
            raise MigrationChangedError(path.name)
        return False
    await connection.execute(text)
    await connection.execute(
        "INSERT INTO migrations (name, digest) VALUES ($1, $2)", path.name, digest
    )
    return True
