"""WebSocket protocol of uvicorn with bounds on the time, memory and work that a peer can cost us.

    bytes         a socket that sends more than its budget is closed with 4429
    frames        so is one with too many control frames or messages, counted before parsing
    unread        a socket that does not read our frames is closed with 4408 and aborted
    writing       a peer that reads next to nothing for a while is aborted
    keepalive     a peer that does not answer a ping is aborted without a close handshake
    descriptors   near the limit of open files a socket is accepted and closed with 1013

Each is needed: an application never sees single fragments or pings, a closing transport waits until
its buffer is flushed, and the stock protocols have no deadline at all.
"""

import asyncio
from asyncio import BaseTransport
from collections.abc import Callable
from typing import Any, cast

from uvicorn.protocols.websockets.websockets_sansio_impl import WebSocketsSansIOProtocol
from websockets.http11 import Response
from websockets.protocol import State

from booking_rush.server.protocol.frame_meter import FrameMeter, whole_text
from booking_rush.server.protocol.frames import OVERLOADED, TOO_SLOW, retry_later, text_frame
from booking_rush.server.protocol.problems import Internal, Malformed
from booking_rush.server.runtime.metrics import CLOSED
from booking_rush.server.runtime.ports import connections_max
from booking_rush.server.web.middleware import rejection

EXTENSION = "booking_rush.connection"
COMMANDS_PER_SECOND = 50
UNREAD_BYTES_MAX = 256 * 1024  # some 1,500 frames in the write buffer
QUEUED_MAX = 8  # messages of a socket that is read on while they wait
CLOSE_S = 3.0  # for the peer's own close frame to arrive, and for the write buffer to be flushed
WRITE_S = 20.0  # for a peer to read what is in a full write buffer …
READ_BYTES_PER_SECOND = 8 * 1024  # … or at least that much of it


class MessageQueue:
    """Queue of a socket's messages, with one reader.

    An asyncio.Queue keeps three deques and an event, 3 KB a socket, and takes twice the time.
    """

    __slots__ = ("_messages", "_reader")

    def __init__(self) -> None:
        self._messages: list[Any] = []
        self._reader: asyncio.Future[None] | None = None

    def qsize(self) -> int:
        """Return how many messages wait."""
        return len(self._messages)

    def empty(self) -> bool:
        """Return whether no message waits."""
        return not self._messages

    def is_awaited(self) -> bool:
        """Return whether the reader waits for a message: it has nothing else to do."""
        return self._reader is not None and not self._reader.done()

    def put_nowait(self, message: Any) -> None:
        """Put a message behind the others, and wake the reader."""
        self._messages.append(message)
        if self._reader is not None and not self._reader.done():
            self._reader.set_result(None)

    async def get(self) -> Any:
        """Return the next message, once there is one."""
        while not self._messages:
            self._reader = asyncio.get_running_loop().create_future()
            try:
                await self._reader
            finally:
                self._reader = None
        return self._messages.pop(0)


class Gate:
    """Gate that is open at first, as an asyncio.Event that is set, in a tenth of its bytes."""

    __slots__ = ("_event",)

    def __init__(self) -> None:
        self._event: asyncio.Event | None = None

    def clear(self) -> None:
        """Shut it."""
        if self._event is None:
            self._event = asyncio.Event()
        self._event.clear()

    def set(self) -> None:
        """Open it."""
        if self._event is not None:
            self._event.set()

    async def wait(self) -> None:
        """Wait until it is open."""
        if self._event is not None:
            await self._event.wait()


class WriteDeadline:
    """Deadline of a peer that does not read: aborts a transport whose buffer stays full."""

    __slots__ = ("_loop", "_timer", "_transport", "_unread")

    def __init__(self, loop: asyncio.AbstractEventLoop, transport: asyncio.Transport) -> None:
        self._loop = loop
        self._transport = transport
        self._timer: asyncio.TimerHandle | None = None
        self._unread = 0

    def start(self) -> None:
        """Start the deadline, unless it runs already."""
        if self._timer is None:
            self._unread = self._transport.get_write_buffer_size()
            self._timer = self._loop.call_later(WRITE_S, self._check)

    def stop(self) -> None:
        """Stop the deadline: the peer reads, or is gone."""
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None

    def _check(self) -> None:
        self._timer = None
        unread = self._transport.get_write_buffer_size()
        if unread > max(0.0, self._unread - WRITE_S * READ_BYTES_PER_SECOND):
            self._transport.abort()
        elif unread:
            self.start()


# What uvicorn and we keep of a socket. Objects of a class share the names of 30 attributes at most:
# with more of them, as here, each has a dict of 1.6 KB. One that uvicorn adds gets a small dict.
ATTRIBUTES = (
    "app", "app_state", "asgi_version", "client", "close_sent", "close_timeout", "close_timer",
    "config", "conn", "connections", "curr_msg_data_type", "default_headers", "disconnected",
    "frames", "handshake_complete", "handshake_initiated", "initial_response", "last_ping_rtt",
    "logger", "loop", "pending_ping_payload", "ping_interval", "ping_sent_at", "ping_timeout",
    "ping_timer", "pong_timer", "queue", "read_paused", "request", "response", "root_path",
    "scheme", "scope", "server", "tasks", "transport", "writable", "_begin", "_code_after_queue",
    "_ignores_input", "_messages", "_meter", "_request_headers", "_writing",
)  # fmt: skip


class Socket(WebSocketsSansIOProtocol):
    """One WebSocket whose transport the application reaches through the scope's extensions."""

    __slots__ = ATTRIBUTES

    def __init__(
        self, *args: Any, commands_per_second: int = COMMANDS_PER_SECOND, **kwargs: Any
    ) -> None:
        super().__init__(*args, **kwargs)
        self.close_timeout = CLOSE_S
        self._messages = MessageQueue()
        self.queue = cast("Any", self._messages)
        self.writable = cast("Any", Gate())
        self._meter = FrameMeter(commands_per_second, self.loop.time())
        self._ignores_input = False
        self._code_after_queue = 0  # to close with, when the messages in the queue are answered
        self._begin: Callable[[str], bool] | None = None

    def connection_made(self, transport: BaseTransport) -> None:
        """Make the deadline of writing."""
        super().connection_made(transport)
        self._writing = WriteDeadline(self.loop, self.transport)

    def push(self, payload: bytes) -> None:
        """Send a text frame without waiting; close the socket if too much of it stays unread."""
        if self.close_sent or self.disconnected or self.transport.is_closing():
            return
        self.transport.write(text_frame(payload))
        self._bound_unread()

    def hand_texts_to(self, begin: Callable[[str], bool] | None) -> None:
        """Hand texts to a function as they come, while the application waits for a message.

        What it returns False for is a message like any other.
        """
        self._begin = begin

    def drop_handshake(self) -> None:
        """Drop what the handshake alone needs, a third of what a waiting socket would keep.

        The application calls it once it has read all that it needs of the scope.
        """
        self._request_headers.clear()  # the parser keeps the request for as long as the socket
        del cast("Any", self.conn).reject
        cast("dict[str, Any]", self.scope).clear()
        self.request = self.response = cast("Any", None)
        self.client = self.server = None

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
        self._request_headers = event.headers
        cast("Any", self.conn).reject = self._reject
        if len(self.connections) > connections_max():
            self._turn_away(event)
            return
        super().handle_connect(event)
        if not self.close_sent:
            cast("dict[str, Any]", self.scope)["extensions"][EXTENSION] = self

    def data_received(self, data: bytes) -> None:
        """Parse the bytes that are within the bounds; close a socket that is beyond them."""
        if not self.handshake_initiated:  # the request's head, which HttpConnection has bounded
            super().data_received(data)
            return
        if self._ignores_input or self.transport.is_closing():
            return
        begins_message = self._meter.is_between_messages
        verdict = self._meter.read(data, self.loop.time())
        if verdict.code and verdict.at_once:
            self._cut(verdict.code)
            return
        self._code_after_queue = verdict.code
        self._ignores_input = bool(verdict.code)
        if begins_message and not verdict.code and self._take_whole(data):
            return
        super().data_received(data[: verdict.size])
        if self.transport.is_closing():
            self._abort_later()

    async def receive(self) -> Any:
        """Return the next message; after the last one that was within the bounds, the close."""
        if self._code_after_queue and self.queue.empty():
            self.end(self._code_after_queue, "over the limit")
        message = await self.queue.get()  # the stock receive would be 0.2 KB a waiting socket more
        if self.read_paused and self.queue.empty():
            self.read_paused = False
            self.transport.resume_reading()
        return message

    def send_receive_event_to_app(self) -> None:
        """Hand a message to the application; close with 1007 where its text is no UTF-8."""
        if self.curr_msg_data_type == "text":
            try:
                b"".join(self.frames).decode()
            except UnicodeDecodeError:
                self.frames = []
                self.end(1007, "the text is no UTF-8")
                return
        super().send_receive_event_to_app()

    def handle_ping(self) -> None:
        """Answer a ping; abort a socket that does not read the answers."""
        super().handle_ping()
        self._bound_unread()

    def keepalive_timeout(self) -> None:
        """Abort a connection whose peer did not answer a ping."""
        super().keepalive_timeout()
        self.transport.abort()

    def pause_writing(self) -> None:
        """Start the deadline of a peer that does not read."""
        super().pause_writing()
        self._writing.start()

    def resume_writing(self) -> None:
        """Stop the deadline: the peer reads."""
        super().resume_writing()
        self._writing.stop()

    def connection_lost(self, exc: Exception | None) -> None:
        """Stop the deadline of a connection that is gone."""
        self._writing.stop()
        super().connection_lost(exc)

    def _take_whole(self, data: bytes) -> bool:
        """Take the message in these bytes, if they are one text frame. Return whether they were.

        Reading goes on while few messages wait: to pause and resume it costs two system calls.
        """
        is_open = self.conn.state is State.OPEN and not self.close_sent
        if not is_open or (payload := whole_text(data)) is None:
            return False
        try:
            text = payload.decode()
        except UnicodeDecodeError:
            self.end(1007, "the text is no UTF-8")
            return True
        if self._begin is not None and self._messages.is_awaited() and self._begin(text):
            return True
        self.queue.put_nowait({"type": "websocket.receive", "text": text})
        if self.queue.qsize() > QUEUED_MAX and not self.read_paused:
            self.read_paused = True
            self.transport.pause_reading()
        return True

    def _cut(self, code: int) -> None:
        """Close without reading any more: neither the rest of a flood, nor the peer's close."""
        self.end(code, "over the limit")
        self._ignores_input = True
        if self.close_timer is None:
            self.transport.abort()
        else:
            self.transport.pause_reading()

    def _bound_unread(self) -> None:
        """Close and abort a socket that leaves too much unread."""
        if self.transport.get_write_buffer_size() > UNREAD_BYTES_MAX:
            self.end(TOO_SLOW, "too slow a reader")
            self.transport.abort()

    def _abort_later(self) -> None:
        """Abort a closing transport whose peer does not read what is left in the buffer."""
        if self.close_timer is None:
            self.close_timer = self.loop.call_later(self.close_timeout, self.transport.abort)

    def _reject(self, status: int, text: str) -> Response:
        """Return a problem for a handshake that cannot be served, in place of a line of text."""
        refusal = Internal() if status >= 500 else Malformed(text.strip())
        return rejection(refusal, self._request_headers)

    def _turn_away(self, event: Any) -> None:
        """Accept a handshake and close with 1013: browsers do not show the status of a refusal."""
        CLOSED.labels(OVERLOADED).inc()
        self.handshake_initiated = self.handshake_complete = self.close_sent = True
        response = self.conn.accept(event)
        self.conn.send_response(response)
        if response.status_code == 101:
            self.conn.send_text(retry_later("server.busy"))
            self.conn.send_close(OVERLOADED, "busy")
        self.transport.write(b"".join(self.conn.data_to_send()))
        self._abort_later()
