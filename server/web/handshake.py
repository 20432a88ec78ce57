"""WebSocket handshake: from a request to an open socket of an authenticated client."""

import re
from collections.abc import Awaitable, Callable
from typing import Generic, NamedTuple, TypeVar

from starlette.requests import HTTPConnection
from starlette.types import Receive, Scope, Send

from booking_rush.errors import Busy, Refusal
from booking_rush.postgres import UNAVAILABLE
from booking_rush.queue.event_registry import UnknownEvent
from booking_rush.server.protocol import frames
from booking_rush.server.protocol.problems import NotAuthenticated, NotFound
from booking_rush.server.rooms.room import Room
from booking_rush.server.rooms.subscriber import Subscriber
from booking_rush.server.web.middleware import deny
from booking_rush.server.web.services import Services
from booking_rush.server.web.uvicorn_protocols import EXTENSION, Socket

Client = TypeVar("Client")


class OpenSocket(NamedTuple, Generic[Client]):
    """An accepted socket, the authenticated client behind it, and the room of its event."""

    socket: Socket
    client: Client
    room: Room


async def open_socket(
    services: Services,
    path: re.Pattern[str],
    scope: Scope,
    receive: Receive,
    send: Send,
    authenticate: Callable[[HTTPConnection, Services], Awaitable[Client]],
) -> OpenSocket[Client] | None:
    """Accept a socket, authenticate its client, and find the room of the event in its path.

    The first group of `path` is the event. Another path is answered with HTTP 404; every other
    refusal closes the accepted socket, because browsers show the code of a close, but not the
    status of a handshake. Return None after a refusal.
    """
    await receive()
    found = path.match(scope["path"])
    if found is None:
        await deny(NotFound(), scope, send)
        return None
    socket: Socket = scope["extensions"][EXTENSION]
    if not await _accept(scope, send, socket):
        return None
    if services.draining.is_set():
        close_for_restart(socket, services.settings.drain_seconds)
        return None
    try:
        client = await authenticate(HTTPConnection(scope), services)
        return OpenSocket(socket, client, await services.rooms.room(found[1]))
    except NotAuthenticated as refusal:
        socket.end(frames.NOT_AUTHENTICATED, refusal.code)
    except UnknownEvent as refusal:
        socket.end(frames.UNKNOWN_EVENT, refusal.code)
    except (Busy, *UNAVAILABLE):
        close_overloaded(socket, Busy())
    return None


def close_for_restart(socket: Socket | Subscriber, drain_s: int) -> None:
    """Send `server.restarting` with a random time to reconnect, and close.

    The times are spread over `drain_s` seconds, so that the next server is not flooded.
    """
    spread_ms = 1000 * max(1, drain_s)
    socket.push(frames.retry_later("server.restarting", spread_ms=spread_ms))
    socket.end(frames.RESTARTING, "restarting")


def close_overloaded(socket: Socket | Subscriber, refusal: Refusal) -> None:
    """Send `server.busy` with a random time to come back, behind the refusal's own, and close."""
    least_ms = frames.RETRY_MS_MIN + 1000 * (refusal.retry_after_s or 0)
    socket.push(frames.retry_later("server.busy", least_ms))
    socket.end(frames.OVERLOADED, refusal.code)


async def _accept(scope: Scope, send: Send, socket: Socket) -> bool:
    """Accept with our subprotocol, and close a client that offers only others.

    Return whether the socket stays open.
    """
    offered = scope["subprotocols"]
    is_supported = not offered or frames.SUBPROTOCOL in offered
    await send(
        {
            "type": "websocket.accept",
            "subprotocol": frames.SUBPROTOCOL if offered and is_supported else None,
            "headers": [(b"x-request-id", scope["request_id"].encode())],
        }
    )
    if not is_supported:
        socket.end(frames.MALFORMED, f"this server speaks {frames.SUBPROTOCOL}")
    return is_supported
