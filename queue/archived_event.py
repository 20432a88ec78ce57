"""An archived event's moves, answered without Redis: it has ended, and Redis has nothing of it."""

import asyncio
from typing import Any, TypeVar, cast

from booking_rush.lua.client.batcher import Batcher
from booking_rush.lua.commands import Command, Reply
from booking_rush.lua.events import commands as events
from booking_rush.lua.holds import commands as holds
from booking_rush.lua.line import commands as line

R = TypeVar("R")

# What each move would answer in a closed event of which nobody has a place or a living hold.
REPLIES: dict[type[Command[Any]], Reply] = {
    line.JoinLine: line.LineClosed(),
    line.LeaveLine: line.NotInLine(),
    line.ClaimPass: line.NotInLine(),
    line.FindPlace: line.NotInLine(),
    line.AdmitVisitor: line.NotInLine(),
    line.DrawPlaces: line.PlacesDrawn(0),
    holds.HoldSeats: holds.NoRight(),
    holds.FindHold: holds.UnknownHold(),
    holds.ExtendHold: holds.UnknownHold(),
    holds.ReleaseHold: holds.UnknownHold(),
    holds.CheckoutHold: holds.UnknownHold(),
}


# These take seats, or free them.
MOVES_SEATS: frozenset[type[Command[Any]]] = frozenset(
    {holds.HoldSeats, holds.ReleaseHold, line.LeaveLine, events.AddSections}
)


class EventBatcher(Batcher):
    """Batcher of an event that may be archived; orders of the saga then wait until it is back.

    `seats_asked_for` counts the commands that move seats. Batches run in the order of the calls: so
    whatever is read later is read after them.
    """

    is_archived = False
    seats_asked_for = 0

    def do(self, command: Command[R]) -> asyncio.Future[R]:
        """Put a command into the next batch, or answer it. Return the future of its reply.

        Raises, here or through the future:
            The same as `Batcher.do`.
        """
        if type(command) in MOVES_SEATS:
            self.seats_asked_for += 1
        reply = REPLIES.get(type(command)) if self.is_archived else None
        if reply is None:
            return super().do(command)
        answered: asyncio.Future[R] = asyncio.get_running_loop().create_future()
        answered.set_result(cast("R", reply))
        return answered
