"""Availability of one event as JSON: Redis is read at most ten times a second, however many ask."""

import asyncio
import time

import orjson

from booking_rush.server.rooms.seat_map import SectionView
from booking_rush.server.rooms.seat_reader import SeatReader

READ_EVERY_S = 0.1


class Availability:
    """Answers of one event. Each is read after it was asked for, so everybody finds their own
    hold in it; all who ask before a read begins get the same bytes of it.
    """

    def __init__(self, reader: SeatReader) -> None:
        self._reader = reader
        self._next: asyncio.Task[bytes] | None = None  # not begun: who asks now may share it
        self._began_at = -READ_EVERY_S

    async def body(self) -> bytes:
        """Return `{"sections": {id: {version, free, rows?}}}`.

        Raises:
            Recovering, TryAgain, Busy: Redis cannot say just now.
        """
        if self._next is None:
            self._next = asyncio.create_task(self._read())
            self._next.add_done_callback(_look_at)  # who asked may have gone
        return await asyncio.shield(self._next)

    async def _read(self) -> bytes:
        await asyncio.sleep(self._began_at + READ_EVERY_S - time.monotonic())
        self._next, self._began_at = None, time.monotonic()
        read = await self._reader.read()
        return orjson.dumps(
            {"sections": {view.id: view.members() for view in map(SectionView, read)}}
        )


def _look_at(task: asyncio.Task[bytes]) -> None:
    if not task.cancelled():
        task.exception()
