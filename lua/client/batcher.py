"""Batcher of commands: batches of an event are sent in the order of the calls, two at once."""

import asyncio
from collections.abc import Sequence
from typing import Any, TypeVar

from redis.exceptions import RedisError

from booking_rush.coalescing import Coalescer
from booking_rush.errors import Busy, Recovering, TryAgain
from booking_rush.lua.client.epoch_gate import EpochGate
from booking_rush.lua.client.program import MoveFailedError, Program, error_of
from booking_rush.lua.client.waiting_pool import NoConnectionError
from booking_rush.lua.commands import Command, Failed, tag_of_type
from booking_rush.tracing import spans
from booking_rush.tracing.call_spans import CallSpans

R = TypeVar("R")

BATCH_MAX = 128  # commands; measured best between 32 and 128, more only holds Redis for longer
AT_ONCE = 2  # batches in flight: Redis runs one while this process makes the next
WAITING_MAX = 20_000  # commands in front of Redis; at 20,000 a second the last one waits 1 s


class Batcher:
    """Batcher of one event's commands in one process.

    Callers await a future of the batcher, never Redis: a cancelled request cancels no command
    that is sent. A batch whose answer was lost is not sent again.
    """

    def __init__(self, program: Program, gate: EpochGate) -> None:
        self.gate = gate
        self._program = program
        self._spans = CallSpans()
        self._batches = self._sent = 0  # and the commands in them
        self._commands = Coalescer[Command[Any], Any](self._send, most=BATCH_MAX, at_once=AT_ONCE)

    @property
    def waiting(self) -> int:
        """Count the commands that wait for a next batch."""
        return len(self._commands)

    def take_counts(self) -> tuple[int, int]:
        """Return how many batches were sent since the last call, and the commands in them."""
        counts, self._batches, self._sent = (self._batches, self._sent), 0, 0
        return counts

    def do(self, command: Command[R]) -> asyncio.Future[R]:
        """Put a command into the next batch. Return the future of its reply.

        Raises, here or through the future:
            Recovering: nothing was done.
            TryAgain: the answer was lost; the command may have been carried out. Or Redis refuses
                to write just now.
            Busy: WAITING_MAX commands wait, or all connections are in use; nothing was sent.
            MoveFailedError: the move raised an error.
        """
        if len(self._commands) >= WAITING_MAX:
            raise Busy
        self.gate.stamp  # noqa: B018  raises while the gate is shut, so that no command waits there
        reply = self._commands.do(command)
        if context := spans.current():
            name = f"move {tag_of_type(type(command).__name__)}"
            self._spans.begin(command, reply, name, _subject_of(command), context)
        return reply

    async def _send(self, commands: Sequence[Command[Any]]) -> list[Any]:
        """Send a batch to Redis. Return a reply a command, or the exception for each."""
        self._batches += 1
        self._sent += len(commands)
        try:
            works = self._spans.works_of(commands, "batch")
            with spans.batch(works, "client", size=len(commands)):
                replies = await self._program.run(self.gate.event, self.gate.stamp, commands)
        except Recovering as refusal:
            self.gate.shut()
            return [refusal] * len(commands)
        except NoConnectionError:
            return [Busy()] * len(commands)
        except RedisError as error:
            why = TryAgain(f"Redis did not answer: {type(error).__name__}")
            return [why] * len(commands)
        return [_refused(one) if isinstance(one, Failed) else one for one in replies]


def _subject_of(command: Command[Any]) -> str:
    """Return the hold that a command is about, or its visitor: what its outbox entry has, too."""
    hold: Any = getattr(command, "hold", "")
    return str(getattr(hold, "id", hold) or getattr(command, "visitor", ""))


def _refused(failed: Failed) -> MoveFailedError | TryAgain:
    """Return the error of a move that failed; Redis' own refusals end by themselves."""
    error = error_of(failed)
    if isinstance(error, MoveFailedError):
        return error
    return TryAgain(f"Redis refuses to write: {error.word}")
