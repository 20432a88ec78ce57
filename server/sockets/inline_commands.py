"""Inline commands: those of a socket that are carried out in the turn in which they came.

A task that reads a queue takes one turn of the event loop to be woken, and another to go on. So
commands that wait for nothing but Redis, and for the recorder's word that PostgreSQL has them, are
carried out as they come, without either.
"""

import asyncio
from collections.abc import Coroutine
from contextvars import copy_context
from typing import Any, Protocol

from booking_rush.server.protocol import frames


class Commands(Protocol):
    """Commands of one socket, as an object: a function for each question is 0.5 KB a socket."""

    def is_inline(self, command: frames.AnyCommand) -> bool:
        """Return whether a command may be begun in the turn in which it came."""
        ...

    def is_within_rate(self) -> bool:
        """Return whether there may be one more. Otherwise the socket is closed."""
        ...

    def carry_out(self, command: frames.AnyCommand) -> Coroutine[asyncio.Future[Any], None, object]:
        """Answer a command. It may await futures alone where it is inline: it is in no task."""
        ...


class InlineCommands:
    """The inline commands of one socket: one at a time, in the context of its task.

    One beyond the rate is dropped.
    """

    __slots__ = ("_commands", "_context", "_ended", "_running")

    def __init__(self, commands: Commands) -> None:
        self._commands = commands
        self._context = copy_context()
        self._running: Coroutine[asyncio.Future[Any], None, object] | None = None
        self._ended: asyncio.Future[None] | None = None  # who waits for the end of it

    def begin(self, text: str) -> bool:
        """Begin the command in a text. Return False where it is not inline, or another runs."""
        if self._running is not None:
            return False
        try:
            command = frames.read(text)
        except (frames.MalformedFrameError, frames.InvalidFrameError):
            return False
        if not self._commands.is_inline(command):
            return False
        if self._commands.is_within_rate():
            self._running = self._commands.carry_out(command)
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
