"""Checks of PostgreSQL: version, role, durability, connections and migrations."""

import hashlib
from collections.abc import AsyncIterator
from typing import Any

import asyncpg

from booking_rush.migrations.migrate import files
from booking_rush.postgres import missing_limits, unfitness
from booking_rush.server.doctor.finding import Finding

VERSION_MIN = 140_000
# Pools of one process of each duty, with one serve process; each further one takes ten.
CONNECTIONS = 70
CONNECTIONS_SERVE = 10


async def check_postgres(
    connection: Any, workers: int, *, is_pooled: bool = False
) -> list[Finding]:
    """Ask PostgreSQL about itself; where PgBouncer is in between, of its limits too.

    Raises:
        OSError, asyncpg.PostgresError: it does not answer.
    """
    third = _limits if is_pooled else _connections
    facts = [_version, _durability, third, _migrations]
    return [
        Finding(level, "postgres", text)
        for fact in facts
        async for level, text in fact(connection, workers)
    ]


async def _version(connection: Any, workers: int) -> AsyncIterator[Any]:
    number = int(await connection.fetchval("SHOW server_version_num"))
    version = await connection.fetchval("SHOW server_version")
    is_old = number < VERSION_MIN
    yield (
        ("wrong", f"PostgreSQL {version}: 14 or later is needed")
        if is_old
        else ("ok", f"PostgreSQL {version}")
    )


async def _durability(connection: Any, workers: int) -> AsyncIterator[Any]:
    if why := await unfitness(connection):
        yield "wrong", why
    else:
        commit = await connection.fetchval("SHOW synchronous_commit")
        yield "ok", f"a primary, synchronous_commit {commit}"
    if await connection.fetchval("SHOW fsync") == "off":
        yield "wrong", "fsync is off, a power cut loses the database: set it to on"


async def _limits(connection: Any, workers: int) -> AsyncIterator[Any]:
    if why := await missing_limits(connection):
        yield "look", why
    else:
        yield "ok", "sessions behind PgBouncer have their limits"


async def _connections(connection: Any, workers: int) -> AsyncIterator[Any]:
    limit = int(await connection.fetchval("SHOW max_connections"))
    wanted = CONNECTIONS + CONNECTIONS_SERVE * (workers - 1)
    if limit < wanted:
        yield "wrong", f"max_connections {limit}: one process of each duty takes up to {wanted}"
    else:
        yield "ok", f"max_connections {limit}, of which one process of each duty takes {wanted}"


async def _migrations(connection: Any, workers: int) -> AsyncIterator[Any]:
    try:
        rows = await connection.fetch("SELECT name, digest FROM migrations")
    except asyncpg.UndefinedTableError:
        yield "wrong", "there are no tables yet: run `booking-rush migrate`"
        return
    applied = {row["name"]: row["digest"] for row in rows}
    ours = {path.name: hashlib.sha256(path.read_bytes()).hexdigest() for path in files()}
    if missing := sorted(set(ours) - set(applied)):
        yield "wrong", f"{', '.join(missing)} not applied: run `booking-rush migrate`"
    if changed := [name for name in sorted(ours) if applied.get(name, ours[name]) != ours[name]]:
        yield "wrong", f"{', '.join(changed)} applied with another text: it is another version"
    if newer := sorted(set(applied) - set(ours)):
        yield "look", f"{', '.join(newer)} of a newer version: update this one"
    if not missing and not changed:
        yield "ok", f"{len(ours)} migrations applied"
