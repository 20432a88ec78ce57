"""Line of one event: joins, presence, exits and admissions, answered once Postgres has them."""

from typing import Any, NamedTuple

from booking_rush.errors import Refusal
from booking_rush.lua.client.batcher import Batcher
from booking_rush.lua.commands import SaleIsStopped
from booking_rush.lua.line import commands
from booking_rush.queue.join_checks.proof_of_work import NO_PROOF, Proof
from booking_rush.queue.lanes import MAIN
from booking_rush.queue.sale_clock import SaleStopped
from booking_rush.queue.watermark import Watermark

Place = commands.Waiting | commands.Lobby | commands.Admitted | commands.Late


class LineClosed(Refusal):
    """Nobody may join this event any more."""

    code, status = "line_closed", 409


class LineFull(Refusal):
    """As many wait as may wait: try again later."""

    code, status, retry_after_s = "line_full", 503, 30


class ProofRequired(Refusal):
    """Many join just now: solve the challenge, and join with its proof."""

    code, status = "proof_required", 428


class UnknownCode(Refusal):
    """This code opens no lane of this event."""

    code, status = "unknown_code", 404


class CodeUsedUp(Refusal):
    """As many have joined with this code as may."""

    code, status = "code_used_up", 409


class CodeUse(NamedTuple):
    """Use of a code: the lane that it opens, the id that it is counted by, and its uses at most."""

    lane: str
    id: str
    uses: int


NO_CODE = CodeUse(MAIN, "", 0)
UNKNOWN_CODE = CodeUse("", "", 0)


class NotInLine(Refusal):
    """You have no place in this line."""

    code, status = "not_in_line", 404


class ConnectedPlace(NamedTuple):
    """Place of a visitor who connects, their socket's number, and whether they have held seats."""

    place: Place | None
    connection: int
    has_held: bool


class Line:
    """Line of one event in one process.

    Every method sends one command and waits until Postgres has the place that it returns, so it
    may also raise what `Batcher.do` and `Watermark.reach` raise.
    """

    def __init__(self, batcher: Batcher) -> None:
        self.watermark = Watermark()
        self._batcher = batcher

    async def join(
        self,
        visitor: str,
        *,
        publish: bool = False,
        proof: Proof | None = None,
        code: CodeUse = NO_CODE,
        block: str = "",
    ) -> Place:
        """Join the line. Return the visitor's place, the same one at every call.

        With `publish` the join is published to every process, for the visitor's subscribers there.
        `proof` is spent where one is asked; `block` is the digest of the visitor's address block,
        which may have its share of numbers: then the place waits for one, without an index.

        Raises:
            LineClosed, LineFull: no place was given.
            ProofRequired: none was given either; `extra` has the `bits` that are asked.
            UnknownCode, CodeUsedUp: none was given either; no use was counted.
        """
        name, issued_ms = proof or NO_PROOF
        command = commands.JoinLine(visitor, publish, name, issued_ms, *code, block)
        match await self._batcher.do(command):
            case commands.LineClosed():
                raise LineClosed
            case commands.LineFull():
                raise LineFull
            case commands.ProofRequired(bits=bits):
                raise ProofRequired(bits=bits)
            case commands.UnknownCode():
                raise UnknownCode
            case commands.CodeUsedUp():
                raise CodeUsedUp
            case place:
                return await self._recorded(place)

    async def confirm_presence(self, visitor: str) -> Place | None:
        """Mark the visitor as present. Return their place, or None."""
        match await self._batcher.do(commands.ClaimPass(visitor, connecting=False)):
            case commands.NotInLine():
                return None
            case place:
                return await self._recorded(place)

    async def connect(self, visitor: str, *, socket: bool) -> ConnectedPlace:
        """Mark a visitor who connects as present. Return their place and the socket's number.

        `socket`: by a WebSocket, which gets a number; Server-Sent Events get none.
        """
        reply = await self._batcher.do(commands.ClaimPass(visitor, socket, asks_held=True))
        place = None if isinstance(reply, commands.NotInLine) else await self._recorded(reply)
        return ConnectedPlace(place, reply.connection, reply.has_held)

    async def find(self, visitor: str) -> Place | None:
        """Return the visitor's place, or None, without marking them as present."""
        match await self._batcher.do(commands.FindPlace(visitor)):
            case commands.NotInLine():
                return None
            case place:
                return await self._recorded(place)

    async def leave(self, visitor: str) -> bool:
        """End the visitor's place or pass. Return whether there was one."""
        return await self._end(visitor, "left") is not None

    async def remove(self, visitor: str, *, by: str) -> list[Any] | None:
        """End the visitor's place or pass, and release their hold, for an operator.

        Return the place as it was, for `put_back`; empty where there was a hold alone.

        Raises:
            NotInLine: the visitor has neither.
        """
        left = await self._end(visitor, "removed", by)
        if left is None:
            raise NotInLine(f"{visitor} has no place in this line")
        return left.place

    async def put_back(self, place: list[Any], *, by: str) -> bool:
        """Put back a place that was removed. Return False where that cannot be any more."""
        reply = await self._batcher.do(commands.PutBack(place, by))
        return isinstance(reply, commands.IsPutBack)

    async def _end(self, visitor: str, reason: str, by: str = "") -> commands.Left | None:
        """End a place once PostgreSQL has it. Return its end; None where there was none."""
        match await self._batcher.do(commands.LeaveLine(visitor, reason, by)):
            case commands.NotInLine():
                return None
            case left:
                await self.watermark.reach(left.entry)
                return left

    async def admit(self, visitor: str, *, reason: str) -> Place:
        """Admit one visitor out of turn. Return their place.

        Raises:
            NotInLine: the visitor has no place.
            LineClosed: the event is closed.
            SaleStopped: its sale is stopped.
        """
        match await self._batcher.do(commands.AdmitVisitor(visitor, reason)):
            case commands.NotInLine():
                raise NotInLine(f"{visitor} has no place in this line")
            case commands.LineClosed():
                raise LineClosed
            case SaleIsStopped():
                raise SaleStopped
            case place:
                return await self._recorded(place)

    async def _recorded(self, place: Place) -> Place:
        await self.watermark.reach(place.entry)
        return place
