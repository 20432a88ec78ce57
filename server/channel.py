"""One visitor's socket: it is let in, welcomed, and its commands are answered in their order."""

import logging
import re
import time
from collections.abc import Awaitable, Callable
from typing import Any

from starlette.requests import HTTPConnection
from starlette.types import Message, Receive, Scope, Send

from booking_rush.errors import Busy, Refusal, TryAgain
from booking_rush.postgres import AWAY
from booking_rush.queue.event_registry import UnknownEvent
from booking_rush.queue.line import NotInLine
from booking_rush.server import buying, wire
from booking_rush.server.guest import Guest
from booking_rush.server.house import House
from booking_rush.server.metrics import COMMAND_SECONDS, COMMANDS, SOCKETS
from booking_rush.server.perimeter import deny, trace_id_of
from booking_rush.server.problems import Internal, NotAuthenticated, NotFound, problem
from booking_rush.server.protocol import EXTENSION, Socket
from booking_rush.server.requests import visitor_of
from booking_rush.server.room import Room

log = logging.getLogger(__name__)

PATH = re.compile(r"/ws/events/([^/]+)\Z")


class Allowance:
    """Commands that one socket may still send: so many a second, twice that at once."""

    def __init__(self, per_second: int, now: float) -> None:
        self._per_second = per_second
        self._left = 2.0 * per_second
        self._at = now

    def take(self, now: float) -> bool:
        """Whether one more is allowed."""
        refilled = self._left + (now - self._at) * self._per_second
        self._left, self._at = min(2.0 * self._per_second, refilled) - 1, now
        return self._left >= 0


async def channel(house: House, scope: Scope, receive: Receive, send: Send) -> None:
    """Serve `/ws/events/{event}` from handshake to close."""
    await receive()
    path = PATH.match(scope["path"])
    if path is None:
        await deny(NotFound(), scope, send)
        return
    socket: Socket = scope["extensions"][EXTENSION]
    if not await accept(scope, send, socket):
        return
    try:
        visitor = visitor_of(HTTPConnection(scope), house)
        room = await house.rooms.room(path[1])
    except NotAuthenticated as refusal:
        socket.end(wire.NOT_AUTHENTICATED, refusal.code)
    except UnknownEvent as refusal:
        socket.end(wire.UNKNOWN_EVENT, refusal.code)
    except AWAY:
        socket.end(wire.OVERLOADED, "come back in a moment")
    else:
        guest = Guest(visitor, "socket", socket.push, socket.end, socket.behind)
        await serve(house, room, guest, receive, trace_id_of(scope))


async def accept(scope: Scope, send: Send, socket: Socket) -> bool:
    """Accept with our subprotocol; a client that only speaks others is closed."""
    offered = scope["subprotocols"]
    speaks = not offered or wire.SUBPROTOCOL in offered
    await send(
        {
            "type": "websocket.accept",
            "subprotocol": wire.SUBPROTOCOL if offered and speaks else None,
        }
    )
    if not speaks:
        socket.end(wire.MALFORMED, f"this server speaks {wire.SUBPROTOCOL}")
    return speaks


async def serve(house: House, room: Room, guest: Guest, receive: Receive, trace_id: str) -> None:
    """Welcome a guest and answer until they go."""
    allowance = Allowance(house.settings.commands_per_second, time.monotonic())
    with SOCKETS.labels(room.row.id, guest.kind).track_inprogress():
        try:
            await room.connect(guest)
            while (message := await receive())["type"] != "websocket.disconnect":
                if allowance.take(time.monotonic()):
                    await hear(room, guest, message, trace_id)
                else:
                    guest.end(wire.TOO_MANY, "too many commands")
        except (TryAgain, Busy) as refusal:
            guest.end(wire.OVERLOADED, refusal.code)
        finally:
            room.disconnect(guest)


async def hear(room: Room, guest: Guest, message: Message, trace_id: str) -> None:
    """Take one message of a client."""
    text = message.get("text")
    if text is None:
        guest.end(wire.MALFORMED, "text frames only")
        return
    try:
        command = wire.read(text)
    except wire.MalformedFrameError:
        guest.end(wire.MALFORMED, "no JSON object")
    except wire.InvalidFrameError as invalid:
        COMMANDS.labels("unknown", invalid.problem.code).inc()
        guest.push(wire.error(invalid.re, problem(invalid.problem, trace_id)))
    else:
        await carry_out(room, guest, command, trace_id)


async def carry_out(room: Room, guest: Guest, command: wire.AnyFrame, trace_id: str) -> None:
    """Answer one command; what is refused is answered as a problem, the socket stays open."""
    kind, handler = HANDLERS[type(command)]
    outcome, began = "done", time.monotonic()
    try:
        await handler(room, guest, command)
    except Refusal as refusal:
        outcome = refusal.code
        guest.push(wire.error(command.id, problem(refusal, trace_id)))
    except Exception:
        outcome = Internal.code
        log.exception("command broke type=%s trace=%s", kind, trace_id)
        guest.push(wire.error(command.id, problem(Internal(), trace_id)))
    COMMANDS.labels(kind, outcome).inc()
    COMMAND_SECONDS.labels(kind).observe(time.monotonic() - began)


async def join(room: Room, guest: Guest, command: wire.Join) -> None:
    """`queue.join`: told when Postgres has the place."""
    with room.asking(guest):
        place = await room.line.join(guest.visitor)
        guest.claimed = True
        room.tell(guest, place, command.id)


async def claim(room: Room, guest: Guest, command: wire.Claim) -> None:
    """`queue.claim`: I am here."""
    with room.asking(guest):
        place = await room.line.claim(guest.visitor)
        if place is None:
            raise NotInLine
        guest.claimed = True
        room.tell(guest, place, command.id)


async def leave(room: Room, guest: Guest, command: wire.Leave) -> None:
    """`queue.leave`: told when Postgres has it, also to who was not in line."""
    with room.asking(guest):
        await room.line.leave(guest.visitor)
        guest.learn(None)
        guest.push(wire.frame("queue.left", command.id))


async def ping(room: Room, guest: Guest, command: wire.Ping) -> None:
    """`ping`: alive, which is not being heard of."""
    guest.push(wire.frame("pong", command.id))


HANDLERS: dict[type[wire.AnyFrame], tuple[str, Callable[[Room, Guest, Any], Awaitable[None]]]] = {
    wire.Join: ("queue.join", join),
    wire.Claim: ("queue.claim", claim),
    wire.Leave: ("queue.leave", leave),
    wire.Watch: ("seats.watch", buying.watch),
    wire.Unwatch: ("seats.unwatch", buying.unwatch),
    wire.Create: ("hold.create", buying.create),
    wire.Extend: ("hold.extend", buying.extend),
    wire.Release: ("hold.release", buying.release),
    wire.Checkout: ("hold.checkout", buying.check_out),
    wire.Ping: ("ping", ping),
}
