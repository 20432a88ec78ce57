"""WebSocket of a visitor: handshake, welcome, and commands answered in their order."""

import logging
import re
import time
from collections.abc import Awaitable, Callable, Coroutine
from functools import partial
from typing import Any

from starlette.requests import HTTPConnection
from starlette.types import Message, Receive, Scope, Send

from booking_rush.booking.joining.ban_list import Banned
from booking_rush.errors import Busy, Refusal, TooManyRequests, TryAgain
from booking_rush.server.protocol import frames
from booking_rush.server.protocol.problems import Internal, problem
from booking_rush.server.rooms.room import Room
from booking_rush.server.rooms.subscriber import Subscriber
from booking_rush.server.runtime.metrics import COMMAND_SECONDS, COMMANDS, SOCKETS
from booking_rush.server.sockets import hold_commands
from booking_rush.server.sockets.command_spans import with_span
from booking_rush.server.sockets.inline_commands import InlineCommands
from booking_rush.server.sockets.place_commands import (
    confirm_presence,
    join,
    leave,
    ping,
    prefer,
)
from booking_rush.server.web.authentication import visitor_of
from booking_rush.server.web.exception_handlers import STORE_AWAY
from booking_rush.server.web.handshake import close_overloaded, open_socket
from booking_rush.server.web.requests import address_of
from booking_rush.server.web.responses import trace_id_of
from booking_rush.server.web.services import Services
from booking_rush.server.web.uvicorn_protocols import Socket
from booking_rush.token_bucket import TokenBucket
from booking_rush.tracing import spans

log = logging.getLogger(__name__)

PATH = re.compile(r"/ws/events/([^/]+)\Z")


async def serve_visitor(services: Services, scope: Scope, receive: Receive, send: Send) -> None:
    """Serve `/ws/events/{event}` from handshake to close."""
    opened = await open_socket(services, PATH, scope, receive, send, _authenticate)
    if opened is not None:
        socket, visitor, room = opened
        address, trace_id = address_of(HTTPConnection(scope)), trace_id_of(scope)
        socket.drop_handshake()
        subscriber = Subscriber(visitor, "socket", socket.push, socket.end, socket.behind, address)
        try:
            room.joining.check_ban(visitor, address)
            await services.limits.take("connect", visitor, address)
            services.sockets.add(address)
        except Banned as refusal:
            socket.end(frames.FORBIDDEN, refusal.code)
            return
        except (TooManyRequests, Busy) as refusal:
            close_overloaded(socket, refusal)
            return
        per_second = services.settings.commands_per_second
        commands = SocketCommands(room, subscriber, trace_id, per_second)
        try:
            await serve(commands, socket, receive)
        finally:
            services.sockets.remove(address)


async def _authenticate(connection: HTTPConnection, services: Services) -> str:
    return visitor_of(connection, services)


class SocketCommands:
    """Commands of one socket, answered in its room, with as many a second as it may send."""

    __slots__ = ("_bucket", "room", "subscriber", "trace_id")

    def __init__(
        self, room: Room, subscriber: Subscriber, trace_id: str, per_second: float
    ) -> None:
        self.room = room
        self.subscriber = subscriber
        self.trace_id = trace_id
        self._bucket = TokenBucket(per_second, 2 * per_second, time.monotonic())

    def is_within_rate(self) -> bool:
        """Take one command from the bucket. Close the socket and return False if there is none."""
        if self._bucket.take(time.monotonic()):
            return True
        self.subscriber.end(frames.TOO_MANY, "too many commands")
        return False

    def is_inline(self, command: frames.AnyCommand) -> bool:
        """Return whether a command waits for nothing but Redis and the recorder's word."""
        return is_inline(self.room, command)

    def carry_out(self, command: frames.AnyCommand) -> Coroutine[Any, Any, str]:
        """Answer one command."""
        return carry_out(self.room, self.subscriber, command, self.trace_id)


async def serve(commands: SocketCommands, socket: Socket, receive: Receive) -> None:
    """Connect a subscriber to its room, and answer its commands until it disconnects."""
    room, subscriber = commands.room, commands.subscriber
    opened = SOCKETS.labels(room.row.id, subscriber.kind)
    opened.inc()
    try:
        await room.connect(subscriber)
        inline = InlineCommands(commands)
        socket.hand_texts_to(inline.begin)
        while (message := await receive())["type"] != "websocket.disconnect":
            await inline.end()
            if commands.is_within_rate():
                await handle(room, subscriber, message, commands.trace_id)
        await inline.end()
    except (TryAgain, Busy) as refusal:
        close_overloaded(subscriber, refusal)
    finally:
        socket.hand_texts_to(None)
        room.disconnect(subscriber)
        opened.dec()


def is_inline(room: Room, command: frames.AnyCommand) -> bool:
    """Return whether a command waits for nothing but Redis and the recorder's word."""
    if type(command) not in INLINE or spans.is_on():
        return False
    if isinstance(command, frames.Create):
        return room.holds.shows.is_current
    return not isinstance(command, frames.Join) or room.joining.is_plain(command.code)


async def handle(room: Room, subscriber: Subscriber, message: Message, trace_id: str) -> None:
    """Carry out the command in a message. A malformed message closes the socket."""
    text = message.get("text")
    if text is None:
        subscriber.end(frames.MALFORMED, "text frames only")
        return
    try:
        command = frames.read(text)
    except frames.MalformedFrameError:
        subscriber.end(frames.MALFORMED, "no JSON object")
    except frames.InvalidFrameError as invalid:
        COMMANDS.add("unknown", invalid.problem.code)
        subscriber.push(frames.error(invalid.re, problem(invalid.problem, trace_id)))
    else:
        if spans.is_on():
            kind, _ = HANDLERS[type(command)]
            await with_span(kind, partial(carry_out, room, subscriber, command))
        else:
            await carry_out(room, subscriber, command, trace_id)


async def carry_out(
    room: Room, subscriber: Subscriber, command: frames.AnyCommand, trace_id: str
) -> str:
    """Answer one command. A refusal is answered as a problem; the socket stays open.

    Return the outcome: `done`, or the problem's code.
    """
    kind, handler = HANDLERS[type(command)]
    outcome, began = "done", time.monotonic()
    try:
        await handler(room, subscriber, command)
    except Refusal as refusal:
        outcome = refusal.code
        subscriber.push(frames.error(command.id, problem(refusal, trace_id)))
    except STORE_AWAY as away:
        outcome = TryAgain.code
        log.warning("store away trace=%s why=%s", trace_id, type(away).__name__)
        again = TryAgain("a store did not answer")
        subscriber.push(frames.error(command.id, problem(again, trace_id)))
    except Exception:
        outcome = Internal.code
        log.exception("command broke type=%s trace=%s", kind, trace_id)
        subscriber.push(frames.error(command.id, problem(Internal(), trace_id)))
    COMMANDS.add(kind, outcome)
    COMMAND_SECONDS.add(kind, time.monotonic() - began)
    return outcome


INLINE = frozenset(
    {
        frames.Join,
        frames.ConfirmPresence,
        frames.Leave,
        frames.Ping,
        frames.Create,
        frames.Extend,
        frames.Release,
    }
)
HANDLERS: dict[
    type[frames.AnyCommand], tuple[str, Callable[[Room, Subscriber, Any], Awaitable[None]]]
] = {
    frames.Join: ("queue.join", join),
    frames.ConfirmPresence: ("queue.claim", confirm_presence),
    frames.Leave: ("queue.leave", leave),
    frames.Prefer: ("queue.prefer", prefer),
    frames.WatchSeats: ("seats.watch", hold_commands.watch),
    frames.UnwatchSeats: ("seats.unwatch", hold_commands.unwatch),
    frames.Create: ("hold.create", hold_commands.create),
    frames.Extend: ("hold.extend", hold_commands.extend),
    frames.Release: ("hold.release", hold_commands.release),
    frames.Checkout: ("hold.checkout", hold_commands.check_out),
    frames.Ping: ("ping", ping),
}
