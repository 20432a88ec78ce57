"""Protocols of uvicorn with bounds on the time, memory and work that one peer can cost us.

    deadline      a connection whose request head does not arrive in time is aborted
    bytes         a socket that sends more than its budget is closed and aborted
    fragments     a socket that sends a message in too many fragments is closed and aborted
    unread        a socket that does not read our frames is closed with 4408 and aborted
    keepalive     a peer that does not answer a ping is aborted without a close handshake

Each is needed: an application never sees single fragments, a closing transport waits until its
buffer is flushed, and the stock protocols have no deadline at all.
"""

import asyncio
import struct
import uuid
from asyncio import BaseTransport, Transport
from typing import Any, cast

import orjson
from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol
from uvicorn.protocols.websockets.websockets_sansio_impl import WebSocketsSansIOProtocol
from websockets.frames import Frame

from booking_rush.server.protocol.frames import TOO_MANY, TOO_SLOW
from booking_rush.server.protocol.problems import Malformed, problem
from booking_rush.server.runtime.metrics import CLOSED

EXTENSION = "booking_rush.socket"
HEAD_S = 5.0  # for a request line and its headers to arrive
BYTES_PER_SECOND = 32 * 1024  # fifty commands of 640 bytes
BYTES_BURST = 128 * 1024  # the demo's burst of a hundred commands, the largest of them
FRAGMENTS_MAX = 16
UNREAD_BYTES_MAX = 256 * 1024  # some 1,500 frames in the write buffer
CLOSE_S = 3.0  # for the peer's own close frame to arrive


def text_frame(payload: bytes) -> bytes:
    """Return a text frame (RFC 6455, 5.2), unmasked and final; every socket gets the same bytes."""
    size = len(payload)
    if size < 126:
        return bytes((0x81, size)) + payload
    if size < 65_536:
        return struct.pack("!BBH", 0x81, 126, size) + payload
    return struct.pack("!BBQ", 0x81, 127, size) + payload


class Socket(WebSocketsSansIOProtocol):
    """One WebSocket whose transport the application reaches through the scope's extensions."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.close_timeout = CLOSE_S
        self._budget = float(BYTES_BURST)
        self._budget_at = self.loop.time()

    def push(self, payload: bytes) -> None:
        """Send a text frame without waiting; close the socket if too much of it stays unread."""
        if self.close_sent or self.disconnected or self.transport.is_closing():
            return
        self.transport.write(text_frame(payload))
        if self.transport.get_write_buffer_size() > UNREAD_BYTES_MAX:
            self.end(TOO_SLOW, "too slow a reader")
            self.transport.abort()

    def behind(self) -> bool:
        """Return whether sent bytes are still in the write buffer."""
        return self.transport.get_write_buffer_size() > 0

    def end(self, code: int, reason: str) -> None:
        """Close with a code; the application receives `websocket.disconnect`."""
        if self.close_sent or self.disconnected or not self.handshake_complete:
            return
        CLOSED.labels(code).inc()
        self.conn.send_close(code, reason)
        self.transport.write(b"".join(self.conn.data_to_send()))
        self.close_sent = True
        self.queue.put_nowait({"type": "websocket.disconnect", "code": code, "reason": reason})
        if self.read_paused:
            self.read_paused = False
            self.transport.resume_reading()
        self.close_timer = self.loop.call_later(self.close_timeout, self.transport.abort)

    def handle_connect(self, event: Any) -> None:
        """Put this socket into the scope, where the application finds it under EXTENSION."""
        super().handle_connect(event)
        if not self.close_sent:
            cast("dict[str, Any]", self.scope)["extensions"][EXTENSION] = self

    def data_received(self, data: bytes) -> None:
        """Read bytes while the budget lasts, then close and abort."""
        now = self.loop.time()
        refill = (now - self._budget_at) * BYTES_PER_SECOND
        self._budget = min(BYTES_BURST, self._budget + refill) - len(data)
        self._budget_at = now
        if self._budget < 0:
            self._cut(TOO_MANY)
        elif not self.transport.is_closing():
            super().data_received(data)

    def handle_cont(self, event: Frame) -> None:
        """Read one more fragment of a message, up to FRAGMENTS_MAX."""
        if len(self.frames) >= FRAGMENTS_MAX:
            self._cut(1009)
        else:
            super().handle_cont(event)

    def handle_ping(self) -> None:
        """Answer a ping; abort a socket that does not read the answers."""
        super().handle_ping()
        if self.transport.get_write_buffer_size() > UNREAD_BYTES_MAX:
            self._cut(TOO_SLOW)

    def keepalive_timeout(self) -> None:
        """Abort a connection whose peer did not answer a ping."""
        super().keepalive_timeout()
        self.transport.abort()

    def _cut(self, code: int) -> None:
        self.end(code, "over the limit")
        self.transport.abort()


class HttpConnection(HttpToolsProtocol):
    """HTTP with a deadline for each request head."""

    _deadline: asyncio.TimerHandle | None = None

    def connection_made(self, transport: BaseTransport) -> None:
        """Start the deadline of the first request head."""
        super().connection_made(cast("Transport", transport))
        self._start_deadline()

    def on_message_begin(self) -> None:
        """Start the deadline of the rest of a request head."""
        super().on_message_begin()
        self._start_deadline()

    def on_headers_complete(self) -> None:
        """End the deadline: the request head is complete."""
        self._end_deadline()
        super().on_headers_complete()

    def send_400_response(self, msg: str) -> None:
        """Answer bytes that are no HTTP with a problem, as every refusal is answered."""
        body = orjson.dumps(problem(Malformed("this is no HTTP/1.1"), uuid.uuid4().hex))
        head = (
            "HTTP/1.1 400 Bad Request\r\nContent-Type: application/problem+json\r\n"
            f"Content-Length: {len(body)}\r\nConnection: close\r\n\r\n"
        )
        self.transport.write(head.encode() + body)
        self.transport.close()

    def connection_lost(self, exc: Exception | None) -> None:
        """End the deadline of a connection that is gone."""
        self._end_deadline()
        self._unset_keepalive_if_required()  # uvicorn leaves the timer behind after a reset
        super().connection_lost(exc)

    def _start_deadline(self) -> None:
        self._end_deadline()
        self._deadline = self.loop.call_later(HEAD_S, self.transport.abort)

    def _end_deadline(self) -> None:
        if self._deadline is not None:
            self._deadline.cancel()
            self._deadline = None
