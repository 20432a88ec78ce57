"""WebSocket handshake: accept with our subprotocol, or close."""

from starlette.types import Scope, Send

from booking_rush.server.protocol import frames
from booking_rush.server.web.uvicorn_protocols import Socket


async def accept(scope: Scope, send: Send, socket: Socket) -> bool:
    """Accept with our subprotocol; a client that only speaks others is closed."""
    offered = scope["subprotocols"]
    speaks = not offered or frames.SUBPROTOCOL in offered
    await send(
        {
            "type": "websocket.accept",
            "subprotocol": frames.SUBPROTOCOL if offered and speaks else None,
        }
    )
    if not speaks:
        socket.end(frames.MALFORMED, f"this server speaks {frames.SUBPROTOCOL}")
    return speaks
