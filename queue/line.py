"""The line of one event: who joins, who is heard of, who leaves; told when Postgres has it."""

from typing import NamedTuple

from booking_rush.errors import Refusal
from booking_rush.lua.client.batcher import Batcher
from booking_rush.lua.line import commands
from booking_rush.queue.watermark import Watermark

Place = commands.Waiting | commands.Admitted | commands.Late


class LineClosed(Refusal):
    """Nobody may join this event any more."""

    code, status = "line_closed", 409


class LineFull(Refusal):
    """As many wait as may wait: try again later."""

    code, status, retry_after_s = "line_full", 503, 30


class NotInLine(Refusal):
    """You have no place in this line."""

    code, status = "not_in_line", 404


class ConnectedPlace(NamedTuple):
    """Who arrives: their place, the order of their socket, whether they have held anything."""

    place: Place | None
    connection: int
    has_held: bool


class Line:
    """What may be asked of one event's line. Every method may also raise what `Batcher.do`
    and `Watermark.reach` raise.
    """

    def __init__(self, batcher: Batcher) -> None:
        self.watermark = Watermark()
        self._batcher = batcher

    async def join(self, visitor: str, *, publish: bool = False) -> Place:
        """The visitor's place, the same however often they ask; `publish` to other subscribers.

        Raises:
            LineClosed, LineFull: no place was given.
        """
        match await self._batcher.do(commands.JoinLine(visitor, publish)):
            case commands.LineClosed():
                raise LineClosed
            case commands.LineFull():
                raise LineFull
            case place:
                return await self._kept(place)

    async def confirm_presence(self, visitor: str) -> Place | None:
        """The visitor has been heard of; their place, if any."""
        match await self._batcher.do(commands.ClaimPass(visitor, connecting=False)):
            case commands.NotInLine():
                return None
            case place:
                return await self._kept(place)

    async def connect(self, visitor: str, *, socket: bool) -> ConnectedPlace:
        """Somebody listens from here on: by a new socket, or by a stream."""
        reply = await self._batcher.do(commands.ClaimPass(visitor, connecting=socket))
        place = None if isinstance(reply, commands.NotInLine) else await self._kept(reply)
        return ConnectedPlace(place, reply.connection, reply.has_held)

    async def find(self, visitor: str) -> Place | None:
        """Where the visitor stands; looking is not being heard of."""
        match await self._batcher.do(commands.FindPlace(visitor)):
            case commands.NotInLine():
                return None
            case place:
                return await self._kept(place)

    async def leave(self, visitor: str, *, reason: str = "left") -> bool:
        """Give up place or pass; whether there was one."""
        match await self._batcher.do(commands.LeaveLine(visitor, reason)):
            case commands.NotInLine():
                return False
            case commands.Left(entry=entry):
                await self.watermark.reach(entry)
                return True

    async def admit(self, visitor: str, *, reason: str) -> Place:
        """Admit one visitor out of turn.

        Raises:
            NotInLine: they have no place.
            LineClosed: the event is over.
        """
        match await self._batcher.do(commands.AdmitVisitor(visitor, reason)):
            case commands.NotInLine():
                raise NotInLine(f"{visitor} has no place in this line")
            case commands.LineClosed():
                raise LineClosed
            case place:
                return await self._kept(place)

    async def _kept(self, place: Place) -> Place:
        await self.watermark.reach(place.entry)
        return place
