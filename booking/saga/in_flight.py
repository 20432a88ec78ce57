"""Work on bookings that may take long: it sets out, is waited for a moment, and lands some time.

Who is slow holds up nobody but its own booking. What has not landed when a process ends was never
done, as far as anybody knows: its orders are handed over again.
"""

import asyncio
from collections.abc import Collection, Coroutine
from typing import Any, Generic, TypeVar
from uuid import UUID

from booking_rush.tasks import cancel_and_wait

T = TypeVar("T")


class InFlight(Generic[T]):
    """At most one flight a booking."""

    def __init__(self) -> None:
        self._flying: dict[UUID, asyncio.Task[T]] = {}

    @property
    def busy(self) -> Collection[UUID]:
        """The bookings that wait for a flight of theirs."""
        return self._flying.keys()

    def set_out(self, booking: UUID, work: Coroutine[Any, Any, T]) -> None:
        """Begin to work on a booking."""
        assert booking not in self._flying, "one after the other"
        self._flying[booking] = asyncio.create_task(work)

    async def wait(self, bookings: Collection[UUID], *, seconds: float | None) -> None:
        """Wait until the flights of these have landed, but no longer."""
        waiting = [self._flying[booking] for booking in bookings]
        if waiting:
            await asyncio.wait(waiting, timeout=seconds)

    def landed(self) -> list[T]:
        """What the flights that have landed brought, each once."""
        over = [booking for booking, task in self._flying.items() if task.done()]
        return [self._flying.pop(booking).result() for booking in over]

    async def cancel(self) -> None:
        """Call everybody back, and wait until nobody flies any more."""
        flying, self._flying = self._flying, {}
        await cancel_and_wait(flying.values())
