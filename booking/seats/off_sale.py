"""Seats taken off sale by operators and put back: in Redis row by row, in Postgres by section.

A seat comes off sale in Redis first, since only a seat that is free there may; it goes on sale in
Postgres first. What a crash leaves between the two, reconciliation ends as Postgres has it.
"""

from collections import defaultdict
from collections.abc import Iterable, Sequence
from typing import NamedTuple

from booking_rush.booking import audit
from booking_rush.booking.catalogue.events import SeatedSection
from booking_rush.booking.catalogue.rows import Event
from booking_rush.booking.holds.errors import UnknownSeat
from booking_rush.booking.holds.seat_ids import SeatId
from booking_rush.errors import TryAgain
from booking_rush.lua.events.commands import ReadSeats
from booking_rush.lua.saga.commands import InventoryMoved, SetRow
from booking_rush.postgres import Connection, Pool
from booking_rush.queue.event_registry import EventRegistry
from booking_rush.queue.rules import WrongState

FREE, CLOSED = ".", "x"
TRIES_MAX = 10  # of a row that others change meanwhile
NAMED_MAX = 100  # seats that the journal names; it counts all of them


class Changed(NamedTuple):
    """Seats that were changed, and those that were not, since they are held, sold or so already."""

    seats: list[str]
    conflicts: list[str]


class SeatsOffSale:
    """Takes seats of events off sale, and puts them back; each act is in the journal, of `who`."""

    def __init__(self, pool: Pool, registry: EventRegistry) -> None:
        self._pool = pool
        self._registry = registry

    async def take_off(self, event: Event, seats: Sequence[str], *, who: str) -> Changed:
        """Take those of these seats off sale that are free.

        Raises:
            UnknownSeat: one of them is no seat of the event.
            WrongState: the event is closed.
            TryAgain: others changed a row again and again.
        """
        wanted = _checked(event, seats)
        async with self._pool.acquire() as connection, connection.transaction():
            await audit.lock_event(connection, event.id)
            changed = await self._write(event.id, wanted, FREE, CLOSED)
            await _save(connection, CLOSE, event.id, changed)
            await _record(connection, who, "close_seats", event.id, changed)
        return _outcome(seats, changed)

    async def put_back(self, event: Event, seats: Sequence[str], *, who: str) -> Changed:
        """Put those of these seats on sale that are not.

        Raises:
            UnknownSeat: one of them is no seat of the event.
            WrongState: the event is closed.
            TryAgain: others changed a row again and again.
        """
        wanted = _checked(event, seats)
        async with self._pool.acquire() as connection, connection.transaction():
            await audit.lock_event(connection, event.id)
            rows = await connection.fetch(CLOSED_SEATS, event.id, list({*map(str, wanted)}))
            changed = [SeatId.parse(row["seat"]) for row in rows]
            await _save(connection, OPEN, event.id, changed)
            await _record(connection, who, "open_seats", event.id, changed)
        await self._write(event.id, changed, CLOSED, FREE)
        return _outcome(seats, changed)

    async def _write(
        self, event: str, seats: Iterable[SeatId], before: str, after: str
    ) -> list[SeatId]:
        """Write `after` to those seats that have `before` in Redis. Return them."""
        by_row = defaultdict[tuple[str, str], set[int]](set)
        for seat in seats:
            by_row[seat.section, seat.row].add(seat.number)
        texts = await self._rows(event, sorted({section for section, _ in by_row}))
        changed: list[SeatId] = []
        for (section, row), numbers in sorted(by_row.items()):
            text = texts.get((section, row), "")
            written = await self._write_row(event, (section, row), text, numbers, before, after)
            changed += [SeatId(section, row, number) for number in sorted(written)]
        return changed

    async def _write_row(
        self, event: str, at: tuple[str, str], text: str, numbers: set[int], before: str, after: str
    ) -> set[int]:
        """Write seats of a row that is as it was read; else read it again. Return their numbers."""
        section, row = at
        for _ in range(TRIES_MAX):
            found = {number for number, char in enumerate(text, 1) if char == before} & numbers
            if not found:
                return set()
            wanted = "".join(after if n in found else char for n, char in enumerate(text, 1))
            reply = await self._registry.batcher(event).do(SetRow(section, row, text, wanted))
            if not isinstance(reply, InventoryMoved):
                return found
            text = (await self._rows(event, [section])).get(at, "")
        raise TryAgain

    async def _rows(self, event: str, sections: list[str]) -> dict[tuple[str, str], str]:
        """Return the rows of these sections as Redis has them, by section and name."""
        if not sections:
            return {}
        read = await self._registry.batcher(event).do(ReadSeats(sections))
        return {(one.id, name): text for one in read.sections for name, text in one.rows}


def _checked(event: Event, seats: Sequence[str]) -> list[SeatId]:
    """Return seats of an event that is not closed."""
    if event.state == "closed":
        raise WrongState("the event is closed")
    lengths = {
        (section.id, row.name): row.seats
        for section in event.sections
        if isinstance(section, SeatedSection)
        for row in section.rows
    }
    found = [SeatId.parse(seat) for seat in dict.fromkeys(seats)]
    for seat in found:
        if seat.number > lengths.get((seat.section, seat.row), 0):
            raise UnknownSeat(f"there is no seat {seat}")
    return found


def _outcome(asked: Sequence[str], changed: Sequence[SeatId]) -> Changed:
    done = [str(seat) for seat in changed]
    return Changed(done, sorted({*asked} - {*done}))


async def _save(
    connection: Connection, statement: str, event: str, seats: Sequence[SeatId]
) -> None:
    by_section = defaultdict[str, list[str]](list)
    for seat in seats:
        by_section[seat.section].append(str(seat))
    for section, names in sorted(by_section.items()):
        await connection.execute(statement, event, section, names)


async def _record(
    connection: Connection, who: str, what: str, event: str, seats: Sequence[SeatId]
) -> None:
    if seats:
        named = [str(seat) for seat in seats[:NAMED_MAX]]
        await audit.record(connection, who, what, event, count=len(seats), seats=named)


CLOSE = """
    UPDATE sections SET closed = ARRAY(
        SELECT DISTINCT seat FROM unnest(closed || $3::text[]) AS seat ORDER BY seat)
    WHERE event = $1 AND id = $2
"""

OPEN = """
    UPDATE sections
    SET closed = ARRAY(SELECT seat FROM unnest(closed) AS seat WHERE seat <> ALL($3))
    WHERE event = $1 AND id = $2
"""

CLOSED_SEATS = """
    SELECT seat FROM sections, unnest(closed) AS seat WHERE event = $1 AND seat = ANY($2)
    ORDER BY seat
"""
