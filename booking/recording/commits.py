"""Commits of outbox entries: in order, each once, and around what Postgres refuses for good.

The cursor `recorded.last` moves in the transaction that writes the entries up to it, so it is
exactly how far Postgres is, without a consumer group or acknowledgements.
"""

import time
from collections.abc import Callable, Sequence
from typing import NamedTuple

import asyncpg
import msgspec

from booking_rush.booking.catalogue import deferrals, draws
from booking_rush.booking.history import journal
from booking_rush.booking.history.entries import Head
from booking_rush.booking.recording import rejection
from booking_rush.booking.recording.batch import AnyChange, Batch, Entry, PlaceRow, fold
from booking_rush.booking.recording.persistence import save_holds
from booking_rush.lease import RENEW_S
from booking_rush.lua.client.program import Program
from booking_rush.postgres import Connection, Pool
from booking_rush.tracing import spans
from booking_rush.tracing.spans import Work

# What an entry itself raises, in the fold or in Postgres: it will raise it for ever. Anything else
# is the stores' trouble, and ends. asyncpg's own refusal of an argument is a ValueError, too.
UNRECORDABLE = (
    asyncpg.DataError,
    asyncpg.IntegrityConstraintViolationError,
    asyncpg.ProgramLimitExceededError,
    AssertionError,
    KeyError,
    OverflowError,
    ValueError,
    msgspec.MsgspecError,
)


class CursorMovedError(Exception):
    """Another process recorded this event, or a new epoch began: nothing was written."""


class Committed(NamedTuple):
    """Result of a commit: the new cursor, by lane the greatest place number, the journal's head."""

    cursor: str
    numbers: dict[str, int]
    is_closed: bool
    head: Head

    def then(self, later: "Committed") -> "Committed":
        """Return this and a later one together."""
        lanes = {**self.numbers, **later.numbers}
        numbers = {lane: max(n, self.numbers.get(lane, 0)) for lane, n in lanes.items()}
        head = max(self.head, later.head)
        return Committed(later.cursor, numbers, self.is_closed or later.is_closed, head)


class Commits:
    """Commits entries of any event. `rejected` counts the entries that were refused for good."""

    def __init__(
        self,
        pool: Pool,
        program: Program,
        holder: str,
        clock: Callable[[], float] | None,
        provider: str,
    ) -> None:
        self.rejected = 0
        self._pool = pool
        self._program = program
        self._holder = holder
        self._clock = clock
        self._provider = provider

    async def record(
        self, event: str, epoch: int, cursor: str, entries: Sequence[Entry], stamp: str = ""
    ) -> Committed:
        """Commit entries; a change that Postgres refuses is found by halving, and rejected alone.

        `stamp` is the open epoch in Redis, where a rejected hold or place ends, too; it is empty
        when the epoch is closed: what is not in Postgres is not loaded again.

        Raises:
            CursorMovedError: another process is further; what was committed before stays.
            asyncpg.PostgresError, OSError, RedisError, Recovering: a store is away.
        """
        try:
            batch = fold(entries)
            head = await self.commit(event, epoch, cursor, batch)
        except UNRECORDABLE:
            if len(entries) == 1:
                return await self._record_around(event, epoch, cursor, entries[0], stamp)
            half = len(entries) // 2
            first = await self.record(event, epoch, cursor, entries[:half], stamp)
            rest = await self.record(event, epoch, first.cursor, entries[half:], stamp)
            return first.then(rest)
        return Committed(batch.cursor, batch.numbers(), batch.closed, head)

    async def commit(self, event: str, epoch: int, cursor: str, batch: Batch) -> Head:
        """Move the cursor and save the batch, in one transaction. Return the journal's head.

        Ended places are saved before the others: a visitor may have only one that is not ended.

        Raises:
            CursorMovedError: `cursor` is no longer how far Postgres is; nothing was written.
        """
        began = time.monotonic()
        works = {one: Work("record", context) for one, context in batch.contexts.items()}
        with spans.batch(works, event=event):
            return await self._commit(event, epoch, cursor, batch, began)

    async def _commit(
        self, event: str, epoch: int, cursor: str, batch: Batch, began: float
    ) -> Head:
        async with self._pool.acquire() as connection, connection.transaction():
            head = await self._save(connection, event, epoch, cursor, batch)
            if time.monotonic() - began > RENEW_S:  # nobody could renew the lease meanwhile
                await connection.execute(KEEP_LEASE, event, self._holder)
        return head

    async def _save(
        self, connection: Connection, event: str, epoch: int, cursor: str, batch: Batch
    ) -> Head:
        ended = [row for row in batch.places.values() if row.state == "ended"]
        living = [row for row in batch.places.values() if row.state != "ended"]
        await _move_cursor(connection, event, epoch, cursor, batch.cursor, batch.closed)
        await deferrals.save(connection, event, batch.deferrals)
        await draws.save_draws(connection, event, batch.draws)
        await draws.give_numbers(connection, event, batch.drawn_numbers())
        if batch.drawn:
            await draws.end_lottery(connection, event)
        for rows in (ended, living):
            if rows:
                done = await connection.execute(SAVE_PLACES, event, *zip(*rows, strict=True))
                assert done == f"INSERT 0 {len(rows)}", "a number was given to two visitors"
        if batch.holds:
            holds = list(batch.holds.values())
            now_ms = int(self._clock() * 1000) if self._clock else None
            await save_holds(connection, event, holds, now_ms=now_ms, provider=self._provider)
        return await journal.append(connection, event, batch.acts)

    async def _record_around(
        self, event: str, epoch: int, cursor: str, entry: Entry, stamp: str
    ) -> Committed:
        """Commit an entry without the changes that cannot be recorded; these become dead letters.

        All of it is one transaction: the cursor is never inside of an entry.
        """
        good, bad = await self._sift(event, epoch, cursor, entry)
        if stamp:
            for change, _ in bad:
                await rejection.give_back(self._pool, self._program, event, stamp, change)
        batch = fold([entry._replace(changes=good)])
        async with self._pool.acquire() as connection, connection.transaction():
            head = await self._save(connection, event, epoch, cursor, batch)
            for at, (change, error) in enumerate(bad):
                name = f"{entry.id}:{at}" if at else entry.id
                await rejection.save(connection, event, epoch, name, change, error)
        self.rejected += len(bad)
        return Committed(batch.cursor, batch.numbers(), batch.closed, head)

    async def _sift(
        self, event: str, epoch: int, cursor: str, entry: Entry
    ) -> tuple[list[AnyChange], list[tuple[AnyChange, Exception]]]:
        """Return the changes of an entry that can be recorded together, and those that cannot.

        They are found by halving, in transactions that are rolled back.
        """
        good: list[AnyChange] = []
        bad: list[tuple[AnyChange, Exception]] = []
        parts: list[Sequence[AnyChange]] = [entry.changes]
        while parts:
            part = parts.pop()
            error = await self._try(event, epoch, cursor, entry._replace(changes=[*good, *part]))
            if error is None:
                good += part
            elif len(part) == 1:
                bad.append((part[0], error))
            else:
                half = len(part) // 2
                parts += [part[half:], part[:half]]
        return good, bad

    async def _try(self, event: str, epoch: int, cursor: str, entry: Entry) -> Exception | None:
        """Return the error by which an entry cannot be recorded, or None. Nothing is written."""
        async with self._pool.acquire() as connection:
            trial = connection.transaction()
            await trial.start()
            try:
                await self._save(connection, event, epoch, cursor, fold([entry]))
            except UNRECORDABLE as error:
                return error
            finally:
                await trial.rollback()
        return None


async def _move_cursor(
    connection: Connection, event: str, epoch: int, cursor: str, to: str, closed: bool
) -> None:
    moved = await connection.execute(
        """
        UPDATE recorded SET last = $4, seen_at = now(), closing = closing OR $5
        WHERE event = $1 AND epoch = $2 AND last = $3
        """,
        event, epoch, cursor, to, closed,
    )  # fmt: skip
    if moved != "UPDATE 1":
        raise CursorMovedError(event)


SAVE_PLACES = f"""
    INSERT INTO places (event, {", ".join(PlaceRow._fields)})
    SELECT $1, * FROM unnest($2::text[], $3::bigint[], $4::text[], $5::text[], $6::bigint[],
        $7::bigint[], $8::bigint[], $9::bigint[], $10::text[], $11::text[], $12::bigint[],
        $13::bigint[], $14::text[])
    ON CONFLICT (event, lane, number) DO UPDATE SET state = EXCLUDED.state, wave = EXCLUDED.wave,
        admitted_ms = EXCLUDED.admitted_ms, until_ms = EXCLUDED.until_ms, reason = EXCLUDED.reason,
        block = EXCLUDED.block
    WHERE places.visitor = EXCLUDED.visitor
"""  # noqa: S608  the names are those of PlaceRow

KEEP_LEASE = """
    UPDATE recorded SET held_at = clock_timestamp() WHERE event = $1 AND holder = $2
"""
