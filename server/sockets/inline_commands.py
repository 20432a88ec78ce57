"""Inline commands: those of a socket that are carried out in the turn in which they came.

A task that reads a queue takes one turn of the event loop to be woken, and another to go on. So
commands that wait for nothing but Redis, and for the recorder's word that PostgreSQL has them, are
carried out as they come, without either.
"""

import asyncio
from collections.abc import Callable, Coroutine
from contextvars import copy_context
from typing import Any

from booking_rush.server.protocol import frames

Work = Callable[[frames.AnyCommand], Coroutine[asyncio.Future[Any], None, Any]]


class InlineCommands:
    """The inline commands of one socket: one at a time, in the context of its task.

    `carry_out` is given a command that `is_inline`, and may await futures alone: it is in no task.
    Where the socket is not `is_within_rate` it is being closed, and the command is dropped.
    """

    __slots__ = ("_carry_out", "_context", "_ended", "_is_inline", "_is_within_rate", "_running")

    def __init__(
        self,
        is_inline: Callable[[frames.AnyCommand], bool],
        is_within_rate: Callable[[], bool],
        carry_out: Work,
    ) -> None:
        self._is_inline = is_inline
        self._is_within_rate = is_within_rate
        self._carry_out = carry_out
        self._context = copy_context()
        self._running: Coroutine[asyncio.Future[Any], None, Any] | None = None
        self._ended: asyncio.Future[None] | None = None  # who waits for the end of it

    def begin(self, text: str) -> bool:
        """Begin the command in a text. Return False where it is not inline, or another runs."""
        if self._running is not None:
            return False
        try:
            command = frames.read(text)
        except (frames.MalformedFrameError, frames.InvalidFrameError):
            return False
        if not self._is_inline(command):
            return False
        if self._is_within_rate():
            self._running = self._carry_out(command)
            self._context.run(self._go_on)
        return True

    async def end(self) -> None:
        """Wait until no command is running."""
        if self._running is not None:
            self._ended = asyncio.get_running_loop().create_future()
            await self._ended

    def _go_on(self, _: object = None) -> None:
        """Run the command until it awaits its next future, or is done."""
        assert self._running is not None
        try:
            awaited = self._running.send(None)
        except BaseException as done:
            self._running = None
            if self._ended is not None:
                self._ended.set_result(None)
                self._ended = None
            if not isinstance(done, (StopIteration, asyncio.CancelledError)):
                raise
        else:
            awaited.add_done_callback(self._go_on, context=self._context)
