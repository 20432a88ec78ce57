"""Loading: the rows of an event in Postgres become its data in Redis, page by page."""

from collections.abc import Callable, Mapping, Sequence

import asyncpg
import orjson

from booking_rush.booking.catalogue import deferrals
from booking_rush.booking.catalogue.draws import (
    WindowToDraw,
    last_turns,
    last_windows,
    windows_to_draw,
)
from booking_rush.booking.catalogue.line_statistics import line_statistics
from booking_rush.booking.holds.bookings import hold_of
from booking_rush.booking.seats import inventory
from booking_rush.lua.client.program import Program
from booking_rush.lua.commands import Command
from booking_rush.lua.recovery.commands import (
    DeferredJoin,
    EpochPassed,
    LoadCodes,
    LoadDeferrals,
    Loaded,
    LoadEvent,
    LoadHolds,
    LoadPlaces,
    LoadSections,
    RecordedPlace,
)
from booking_rush.postgres import Connection, Pool
from booking_rush.queue.rules import rules_of
from booking_rush.queue.sale_clock import SaleClock

PAGE = 500  # places a command; a page takes Redis about 3 ms
STATEMENT_S = 60.0  # of statements over what is held or admitted, and of cursors over all places


class Loading:
    """One load of one event; it ends early when `is_ours` says that the lease was lost."""

    def __init__(
        self, pool: Pool, program: Program, event: str, stamp: str, is_ours: Callable[[], bool]
    ) -> None:
        self._pool = pool
        self._program = program
        self._event = event
        self._stamp = stamp
        self._is_ours = is_ours

    async def run(self) -> bool:
        """Load everything. Return False if another process or a flush interfered.

        Raises:
            asyncpg.PostgresError, OSError, RedisError: a store did not answer.
        """
        async with (
            self._pool.acquire() as connection,
            connection.transaction(isolation="repeatable_read", readonly=True),
        ):
            await allow_long_statements(connection)
            row = await connection.fetchrow(LOAD_EVENT, self._event, timeout=STATEMENT_S + 5)
            assert row is not None, self._event
            rules = rules_of(orjson.loads(row["rules"]))
            last = await last_turns(connection, self._event)
            deferred = await deferrals.lanes(connection, self._event)
            numbers = dict.fromkeys([*rules.lanes, *deferred], 0) | last
            windows = await windows_to_draw(connection, self._event)
            line = await line_statistics(connection, self._event)
            waits = {f"wait:{at}": n for at, n in line.waits.items()}
            counts = {"joined": line.joined, "admitted": line.admitted, "wave": line.wave}
            clock = SaleClock(row["stopped_at"], None, row["stopped_ms"], row["bank_away_at"])
            event = LoadEvent(
                version=row["version"],
                state=row["state"],
                rules=rules.numbers() | clock.numbers(),
                numbers=numbers,
                head=await self._heads(connection, numbers, windows),
                stats={**counts, **waits},
                lanes=rules.lanes,
                windows=windows,
                last_windows=await last_windows(connection, self._event),
            )
            return (
                await self._loaded(event)
                and await self._load_sections_and_holds(connection)
                and (
                    row["state"] == "closed"  # nobody waits: its places end in Postgres, too
                    or (
                        await self._load_places(connection)
                        and await self._load_codes(connection)
                        and await self._load_deferrals(connection)
                    )
                )
            )

    async def _load_sections_and_holds(self, connection: Connection) -> bool:
        """Load sections, by the claims and holds in Postgres, then the holds themselves."""
        for section in await inventory.sections(connection, self._event):
            if not await self._loaded(LoadSections([section])):
                return False
        cursor = await connection.cursor(inventory.LOAD_HOLDS, self._event, timeout=STATEMENT_S + 5)
        while rows := await cursor.fetch(PAGE):
            if not await self._loaded(LoadHolds([hold_of(row) for row in rows])):
                return False
        return True

    async def _load_places(self, connection: Connection) -> bool:
        """Load living places."""
        cursor = await connection.cursor(LOAD_PLACES, self._event, timeout=STATEMENT_S + 5)
        while rows := await cursor.fetch(PAGE):
            if not await self._loaded(LoadPlaces([_recorded_place(row) for row in rows])):
                return False
        return True

    async def _load_codes(self, connection: Connection) -> bool:
        """Load the uses of codes, each by one visitor."""
        cursor = await connection.cursor(LOAD_CODES, self._event, timeout=STATEMENT_S + 5)
        while rows := await cursor.fetch(PAGE):
            if not await self._loaded(LoadCodes([(row["code"], row["visitor"]) for row in rows])):
                return False
        return True

    async def _load_deferrals(self, connection: Connection) -> bool:
        """Load the joins that wait for a number."""
        cursor = await connection.cursor(deferrals.LOAD, self._event, timeout=STATEMENT_S + 5)
        while rows := await cursor.fetch(PAGE):
            if not await self._loaded(LoadDeferrals([DeferredJoin(*row) for row in rows])):
                return False
        return True

    async def _heads(
        self, connection: Connection, numbers: Mapping[str, int], windows: Sequence[WindowToDraw]
    ) -> dict[str, int]:
        """Return the smallest waiting number − 1 of each lane, and nothing that is not settled."""
        heads = dict(numbers)
        for lane in numbers:
            first = await connection.fetchval(FIRST_WAITING, self._event, lane)
            heads[lane] = first - 1 if first else heads[lane]
        for lane, _, first, _, _ in windows:
            heads[lane] = min(heads[lane], first - 1)
        return heads

    async def _loaded(self, command: Command[Loaded | EpochPassed]) -> bool:
        if not self._is_ours():
            return False
        return isinstance(await self._program.ask(self._event, self._stamp, command), Loaded)


async def allow_long_statements(connection: Connection) -> None:
    """Let the statements of this transaction take 60 s: their size is the event's."""
    await connection.execute(f"SET LOCAL statement_timeout = {int(STATEMENT_S * 1000)}")


def _recorded_place(row: asyncpg.Record) -> RecordedPlace:
    return RecordedPlace(
        visitor=row["visitor"],
        number=max(0, row["number"]),
        joined=row["joined_ms"],
        state=row["state"],
        wave=row["wave"],
        admitted=row["admitted_ms"],
        until_ms=row["until_ms"],
        lane=row["lane"],
        code=row["code"],
        index=row["index_"],
        window=row["window_"],
        block=row["block"],
    )


LOAD_EVENT = """
    SELECT version, state, rules, stopped_at, stopped_ms, bank_away_at FROM events WHERE id = $1
"""

FIRST_WAITING = """
    SELECT number FROM places JOIN events ON events.id = places.event
    WHERE event = $1 AND lane = $2 AND places.state = 'waiting' AND events.state <> 'closed'
    ORDER BY number LIMIT 1
"""

LOAD_PLACES = """
    SELECT visitor, lane, number, joined_ms, state, wave, admitted_ms, until_ms, code,
        index_, window_, block
    FROM places
    WHERE event = $1 AND state <> 'ended' ORDER BY lane, number
"""

LOAD_CODES = """
    SELECT DISTINCT code, visitor FROM places WHERE event = $1 AND code <> ''
"""
