"""Repair of seats and counts in Redis that no booking explains, guarded by what was read."""

import logging
from collections.abc import Mapping, Sequence
from typing import NamedTuple

from booking_rush.booking.holds.seat_ids import SeatId
from booking_rush.booking.saga.difference import Difference
from booking_rush.lua.events.commands import SectionInventory, SectionSeats
from booking_rush.lua.saga.commands import SetFree, SetRow
from booking_rush.postgres import Pool
from booking_rush.queue.event_registry import EventRegistry

log = logging.getLogger(__name__)


class Inventories(NamedTuple):
    """The sections of an event as both stores had them, and the versions that Redis had before."""

    read: dict[str, SectionSeats]
    recorded: dict[str, SectionInventory]
    earlier: dict[str, int]


class Repair:
    """Writes into Redis what Postgres has, if Redis is still as the comparison has read it."""

    def __init__(
        self, pool: Pool, registry: EventRegistry, inventories: Mapping[str, Inventories]
    ) -> None:
        self._pool = pool
        self._registry = registry
        self._inventories = inventories

    async def set_rows(self, differences: Sequence[Difference]) -> int:
        """Write these seats as Postgres has them, where their rows are still as they were read."""
        by_row: dict[tuple[str, str, str], dict[int, str]] = {}
        for one in differences:
            seat = SeatId.parse(one.what)
            changes = by_row.setdefault((one.event, seat.section, seat.row), {})
            changes[seat.number] = one.right.removeprefix("postgres ")
        for (event, section, row), changes in by_row.items():
            in_redis = self._inventories[event].read.get(section)
            read = dict(in_redis.rows).get(row) if in_redis is not None else None
            if read is None:
                continue  # only a rebuild brings back a row that Redis does not have
            text = "".join(changes.get(n, char) for n, char in enumerate(read, 1))
            reply = await self._registry.batcher(event).do(SetRow(section, row, read, text))
            log.warning("row written event=%s row=%s/%s reply=%s", event, section, row, reply)
        return len(by_row)

    async def set_free(self, difference: Difference) -> int:
        """Set a count as Postgres has it, where nothing moved since the round before.

        An order on its way to a booking of the section changes the count yet, so it is awaited.
        """
        event, section = difference.event, difference.what
        last = self._inventories[event]
        version = last.read[section].version if section in last.read else -1
        if last.earlier.get(section) != version:
            return 0
        if await self._pool.fetchval(ON_THEIR_WAY, event, section):
            return 0
        command = SetFree(section, version, last.recorded[section].free)
        reply = await self._registry.batcher(event).do(command)
        log.warning("count set event=%s section=%s reply=%s", event, section, reply)
        return 1


# Each half is found by a partial index of its own; with `OR` inside, the outbox was read.
ON_THEIR_WAY = """
    SELECT EXISTS (
        SELECT FROM outbox JOIN bookings ON bookings.id = outbox.booking
        WHERE outbox.event = $1 AND bookings.section = $2 AND done_at IS NULL AND NOT parked
    ) OR EXISTS (
        SELECT FROM outbox JOIN bookings ON bookings.id = outbox.booking
        WHERE outbox.event = $1 AND bookings.section = $2 AND done_at IS NULL
            AND parked AND retry_at IS NOT NULL)
"""
