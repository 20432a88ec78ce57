"""Background work, at most one task a booking: start it, wait briefly, collect results later.

A slow task delays no other booking. A task that has not finished when its process ends counts as
never done: the log hands its orders over again.
"""

import asyncio
from collections.abc import Collection, Coroutine
from typing import Any, Generic, TypeVar
from uuid import UUID

from booking_rush.tasks import cancel_and_wait

T = TypeVar("T")


class InFlight(Generic[T]):
    """The tasks in flight, by booking."""

    def __init__(self) -> None:
        self._tasks: dict[UUID, asyncio.Task[T]] = {}

    @property
    def busy(self) -> Collection[UUID]:
        """The bookings that have a task which is not collected yet."""
        return self._tasks.keys()

    def start(self, booking: UUID, work: Coroutine[Any, Any, T]) -> None:
        """Start a task for a booking that has none."""
        assert booking not in self._tasks, "at most one task a booking"
        self._tasks[booking] = asyncio.create_task(work)

    async def wait(self, bookings: Collection[UUID], *, seconds: float | None) -> None:
        """Wait until the tasks of these bookings have finished, at most so many seconds."""
        waiting = [self._tasks[booking] for booking in bookings]
        if waiting:
            await asyncio.wait(waiting, timeout=seconds)

    def collect(self) -> list[T]:
        """Return the results of the tasks that have finished, each once."""
        finished = [booking for booking, task in self._tasks.items() if task.done()]
        return [self._tasks.pop(booking).result() for booking in finished]

    async def cancel(self) -> None:
        """Cancel every task, and wait until all have ended."""
        tasks, self._tasks = self._tasks, {}
        await cancel_and_wait(tasks.values())
