"""Many callers, one batch in flight: commands of one event go to Redis in the order they came."""

import asyncio
from collections import deque
from typing import Any, TypeVar

from redis.exceptions import RedisError

from booking_rush.lua.commands import Command, Failed
from booking_rush.lua.gate import Gate
from booking_rush.lua.program import MoveFailedError, Program
from booking_rush.lua.refusals import Busy, Recovering, TryAgain

R = TypeVar("R")

BATCH_MAX = 128  # commands; measured best between 32 and 128, more only holds Redis for longer
WAITING_MAX = 20_000  # commands in front of Redis; at 20,000 a second the last one waits 1 s


class Batcher:
    """Carries out commands for one event and process.

    Callers await a future of the batcher, never Redis: a cancelled request cancels nothing that
    is on its way. A batch whose answer was lost is not sent again.
    """

    def __init__(self, program: Program, gate: Gate) -> None:
        self.gate = gate
        self._program = program
        self._queue: deque[tuple[Command[Any], asyncio.Future[Any]]] = deque()
        self._flight: asyncio.Task[None] | None = None

    def do(self, command: Command[R]) -> asyncio.Future[R]:
        """Carry out a command in a next batch; the future is its reply.

        Raises, here or through the future:
            Recovering: nothing was done.
            TryAgain: whether it was done is not known.
            Busy: too many commands wait.
            MoveFailedError: the move broke.
        """
        if len(self._queue) >= WAITING_MAX:
            raise Busy
        self.gate.stamp  # noqa: B018  a shut gate lets nobody queue up
        future: asyncio.Future[R] = asyncio.get_running_loop().create_future()
        self._queue.append((command, future))
        if self._flight is None:
            self._flight = asyncio.create_task(self._fly())
        return future

    async def _fly(self) -> None:
        """Send batches until nobody waits. What comes in meanwhile is in the next batch."""
        while self._queue:
            batch = [self._queue.popleft() for _ in range(min(BATCH_MAX, len(self._queue)))]
            try:
                commands = [command for command, _ in batch]
                replies = await self._program.run(self.gate.event, self.gate.stamp, commands)
            except Recovering as refusal:
                self.gate.shut()
                replies = [refusal] * len(batch)
            except RedisError as error:
                replies = [TryAgain(f"Redis did not answer: {type(error).__name__}")] * len(batch)
            except Exception as error:  # a mistake of ours: nobody may wait for ever
                replies = [error] * len(batch)
            for (_, future), reply in zip(batch, replies, strict=True):
                _settle(future, reply)
        self._flight = None


def _settle(future: asyncio.Future[Any], reply: Any) -> None:
    if future.done():
        return
    if isinstance(reply, Failed):
        future.set_exception(MoveFailedError(reply.why))
    elif isinstance(reply, Exception):
        future.set_exception(reply)
    else:
        future.set_result(reply)
