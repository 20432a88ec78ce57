"""Fan-out of one frame to many subscribers, in slices, and the tasks of a room that do it."""

import asyncio
from collections.abc import Coroutine, Sequence
from typing import Any

from booking_rush.server.protocol.frames import kind_of
from booking_rush.server.rooms.subscriber import Subscriber
from booking_rush.server.runtime.metrics import FRAMES

SLICE = 256  # writes in one turn of the event loop: about 1.5 ms


async def fan_out(subscribers: Sequence[Subscriber], frame: bytes) -> None:
    """Send a frame to the subscribers that have their welcome; the sockets drop slow readers."""
    FRAMES.add(kind_of(frame), by=len(subscribers))
    for at in range(0, len(subscribers), SLICE):
        for subscriber in subscribers[at : at + SLICE]:
            if subscriber.welcomed:
                subscriber.push(frame)
        await asyncio.sleep(0)


class Background:
    """Tasks that nobody awaits; asyncio itself references them weakly, and could lose them."""

    def __init__(self) -> None:
        self._tasks: set[asyncio.Task[None]] = set()

    @property
    def is_idle(self) -> bool:
        """Return whether every task has ended."""
        return not self._tasks

    def start(self, coroutine: Coroutine[Any, Any, None]) -> None:
        """Run a coroutine as a task."""
        task = asyncio.create_task(coroutine)
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)
