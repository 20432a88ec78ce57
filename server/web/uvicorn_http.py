"""HTTP protocol of uvicorn with bounds on the time, memory and work that a peer can cost us.

    head          5 s, 32 KiB, 100 fields, a URL of 8 KiB; HTTP/1, exactly one Host, no coding
    body          10 s and a second for each 8 KiB; no trailers, and little besides the body
    pipeline      requests that are sent before the answers to the earlier ones
    writing       a peer that reads next to nothing for a while is aborted
    descriptors   near the limit of open files requests are answered 503 `busy`

Bytes are counted before the parser sees them: it collects a head of any size.
"""

import asyncio
import re
from asyncio import BaseTransport, Transport
from typing import Any, Literal, cast

import httptools
import orjson
from uvicorn.protocols.http.httptools_impl import STATUS_LINE, HttpToolsProtocol

from booking_rush.errors import Busy, Refusal
from booking_rush.server.protocol.problems import HeadTooLarge, Malformed, UrlTooLong, problem
from booking_rush.server.runtime.metrics import REQUESTS
from booking_rush.server.runtime.ports import connections_max
from booking_rush.server.web.responses import ids_of
from booking_rush.server.web.uvicorn_protocols import CLOSE_S, EXTENSION, WriteDeadline

HEAD_S = 5.0  # for a request line and its headers to arrive
HEAD_BYTES_MAX = 32 * 1024
URL_BYTES_MAX = 8 * 1024
HEADERS_MAX = 100
PIECE_BYTES = 4 * 1024  # that the parser is given at a time
BODY_S = 10.0  # for a body to arrive, and a second more for each …
BODY_BYTES_PER_SECOND = 8 * 1024
BODY_BYTES_MAX = 16 * 1024 * 1024  # handlers read less; the rest is thrown away up to here
FRAMING_BYTES_MAX = 16 * 1024  # sizes and extensions of chunks, besides 8 bytes a byte of body
PIPELINE_MAX = 16
REFUSED_S, REFUSED_BYTES_MAX = 1.0, 64 * 1024  # to read on, so that the refusal arrives
KEEP_ALIVE_S = 75  # longer than the 60 s after which proxies drop an idle connection themselves
CROWDED_KEEP_ALIVE_S = 5  # when half of the connections that we may have are open
LAST_FILES, LAST_PART = 32, 0.03  # of the descriptors: from there on connections are aborted
ALWAYS_SERVED = (b"/healthz", b"/readyz", b"/metrics")
VERSIONS, CODING = ("1.0", "1.1"), b"transfer-encoding"
HANDSHAKE_LINE_MAX = 8_000  # bytes; `websockets` leaves one with a longer line unanswered
HOST = re.compile(rb"[A-Za-z0-9\-._~%!$&'()*+,;=:\[\]]*\Z")  # RFC 3986, 3.2.2 and 3.2.3


class RefusedError(Exception):
    """A request is refused while it is parsed; the parser stops at that."""


class JoinedWrites:
    """Transport of one answer, which sends its head and its body with one system call.

    A head whose body does not follow at once is sent when the loop turns.
    """

    __slots__ = ("_head", "_loop", "_transport", "_was_written")

    def __init__(self, transport: Transport, loop: asyncio.AbstractEventLoop) -> None:
        self._transport = transport
        self._loop = loop
        self._head = b""
        self._was_written = False

    def write(self, data: bytes) -> None:
        """Hold back what is written first, and write it before the next."""
        if self._was_written:
            self._transport.write(self._head + data if self._head else data)
            self._head = b""
        else:
            self._was_written, self._head = True, data
            self._loop.call_soon(self._flush)

    def close(self) -> None:
        """Close, once everything is written."""
        self._flush()
        self._transport.close()

    def is_closing(self) -> bool:
        """Return whether the connection is closed, or about to be."""
        return self._transport.is_closing()

    def _flush(self) -> None:
        if self._head and not self._transport.is_closing():
            self._transport.write(self._head)
        self._head = b""


class HttpConnection(HttpToolsProtocol):
    """One connection; the application reaches it through the scope's extensions."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.parser: Any
        self._reading: Literal["idle", "head", "body"] = "idle"
        self._message = 0  # number of the request that is being read
        self._head_bytes = 0
        self._body_read = 0  # bytes since the head
        self._body_bytes = 0  # of these the body's own
        self._body_began = 0.0
        self._refusal: Refusal | None = None
        self._is_over = False  # refused, or a WebSocket from here on
        self._ignored_bytes = 0
        self._deadline: asyncio.TimerHandle | None = None
        self._abortion: asyncio.TimerHandle | None = None

    # The connection

    def connection_made(self, transport: BaseTransport) -> None:
        """Start the deadline of the first request head."""
        super().connection_made(cast("Transport", transport))
        self._writing = WriteDeadline(self.loop, self.transport)
        self._start_deadline(HEAD_S, self.transport.abort)
        if len(self.connections) > connections_max(LAST_FILES, LAST_PART):
            self.transport.abort()

    def data_received(self, data: bytes) -> None:
        """Parse the bytes, a piece at a time, while they are within the bounds."""
        at = 0
        while at < len(data) and not self._is_over:
            left = PIECE_BYTES if self._reading == "body" else HEAD_BYTES_MAX - self._head_bytes
            size = min(PIECE_BYTES, left)
            self._parse(data[at : at + size])
            at += size
        if self._is_over:
            self._ignore(len(data) - at)

    def pause_writing(self) -> None:
        """Start the deadline of a peer that does not read."""
        super().pause_writing()
        self._writing.start()

    def resume_writing(self) -> None:
        """Stop the deadline: the peer reads."""
        super().resume_writing()
        if not self.transport.is_closing():
            self._writing.stop()

    def abort_within(self, seconds: float = CLOSE_S) -> None:
        """Abort the connection after this time, whether or not the peer has read everything."""
        if self._abortion is None:
            self._abortion = self.loop.call_later(seconds, self.transport.abort)

    def connection_lost(self, exc: Exception | None) -> None:
        """End the deadlines of a connection that is gone."""
        self._end_deadline()
        self._writing.stop()
        if self._abortion is not None:
            self._abortion.cancel()
        self._unset_keepalive_if_required()  # uvicorn leaves the timer behind after a reset
        super().connection_lost(exc)

    def handle_websocket_upgrade(self) -> None:
        """Hand the connection to the WebSocket protocol."""
        self._is_over = True
        self._end_deadline()
        self._writing.stop()
        super().handle_websocket_upgrade()

    def timeout_keep_alive_handler(self) -> None:
        """Close an idle connection; one whose last answer is unread would not close by itself."""
        super().timeout_keep_alive_handler()
        self.abort_within()

    # What the parser finds

    def on_message_begin(self) -> None:
        """Start the deadline of the rest of a request head."""
        super().on_message_begin()
        cast("dict[str, Any]", self.scope)["extensions"] = {EXTENSION: self}
        self._unset_keepalive_if_required()
        self._start_deadline(HEAD_S, self.transport.abort)
        self._message += 1
        self._head_bytes = self._body_read = self._body_bytes = 0
        self._reading = "head"

    def on_url(self, url: bytes) -> None:
        """Add a part of the URL."""
        super().on_url(url)
        if len(self.url) > URL_BYTES_MAX:
            self._stop(UrlTooLong(f"addresses have up to {URL_BYTES_MAX} bytes here"))

    def on_header(self, name: bytes, value: bytes) -> None:
        """Add a field of the head. There are no fields after a body.

        Of several X-Forwarded-Proto the first counts, the proxy's that is nearest to the client.
        """
        if self._reading == "body":
            self._stop(Malformed("we read no trailers"))
        if len(self.headers) >= HEADERS_MAX:
            self._stop(HeadTooLarge(f"requests have up to {HEADERS_MAX} header fields here"))
        if name.lower() == b"x-forwarded-proto":
            if any(field == b"x-forwarded-proto" for field, _ in self.headers):
                return
            value = value.partition(b",")[0].strip()
        super().on_header(name, value)

    def on_headers_complete(self) -> None:
        """Start the request, unless its head cannot be served, and the deadline of its body."""
        self._end_deadline()
        self._check_head()
        is_upgrade = self.parser.should_upgrade() and self._should_upgrade()
        if is_upgrade:
            self._check_handshake()
        if self._is_answering() and (is_upgrade or len(self.pipeline) >= PIPELINE_MAX):
            self._stop(Malformed("wait for the answers to earlier requests"))
        is_crowded = len(self.connections) > connections_max()
        if is_crowded and not is_upgrade and not self.url.startswith(ALWAYS_SERVED):
            self._stop(Busy())
        self._reading = "body"
        super().on_headers_complete()
        self._unset_keepalive_if_required()
        if not is_upgrade:
            self.cycle.transport = cast("Transport", JoinedWrites(self.transport, self.loop))
            self._body_began = self.loop.time()
            self._start_deadline(BODY_S, self._check_body)

    def on_body(self, body: bytes) -> None:
        """Add a part of the body."""
        self._body_bytes += len(body)
        super().on_body(body)

    def on_message_complete(self) -> None:
        """End the deadline of the body: it is complete."""
        self._end_deadline()
        self._reading = "idle"
        self._head_bytes = 0
        super().on_message_complete()

    def on_response_complete(self) -> None:
        """Keep the connection for the next request, for a shorter time in a crowd."""
        is_crowded = 2 * len(self.connections) > connections_max()
        self.timeout_keep_alive = CROWDED_KEEP_ALIVE_S if is_crowded else KEEP_ALIVE_S
        super().on_response_complete()
        if self.transport.is_closing():
            self._writing.start()

    # Bounds

    def _parse(self, piece: bytes) -> None:
        reading, message = self._reading, self._message
        try:
            self.parser.feed_data(piece)
        except httptools.HttpParserUpgrade as upgrade:
            if self._should_upgrade():
                self.handle_websocket_upgrade()
            elif rest := piece[upgrade.args[0] :]:  # another protocol is offered: we decline
                self._parse(rest)
            return
        except httptools.HttpParserError:
            self._refuse(self._refusal or Malformed("this is no HTTP/1.1"))
            return
        if self._reading != "body":
            is_counted = message == self._message or reading == "idle"
            self._head_bytes += len(piece) if is_counted else 0
            if self._head_bytes >= HEAD_BYTES_MAX:
                self._refuse(HeadTooLarge(f"heads have up to {HEAD_BYTES_MAX} bytes here"))
        elif reading == "body" and message == self._message:
            self._body_read += len(piece)
            framing = self._body_read - self._body_bytes
            if framing > FRAMING_BYTES_MAX + 8 * self._body_bytes:
                self._refuse(Malformed("this is more framing than body"))
            elif self._body_bytes > BODY_BYTES_MAX:
                self.transport.abort()

    def _check_head(self) -> None:
        """Refuse a head that another server may read in another way than we do: of another version
        than HTTP/1, without one Host (RFC 9112, 3.2), or with a coding that we do not read (6.1).
        """
        version = self.parser.get_http_version()
        if version not in VERSIONS:
            self._stop(Malformed("this is no HTTP/1.1"))
        hosts = [value for name, value in self.headers if name == b"host"]
        is_old = version == "1.0" and not hosts
        if not is_old and (len(hosts) != 1 or not HOST.match(hosts[0])):
            self._stop(Malformed("a request names one Host"))
        codings = [value.lower() for name, value in self.headers if name == CODING]
        if codings and (codings != [b"chunked"] or version == "1.0"):
            self._stop(Malformed("a body has no transfer coding but chunked"))

    def _check_handshake(self) -> None:
        """Refuse a handshake with a body or a long line, which nobody would answer."""
        sized = {value for name, value in self.headers if name in (b"content-length", CODING)}
        if sized - {b"0"}:
            self._stop(Malformed("a handshake has no body"))
        if max(map(len, (self.url, *map(b"".join, self.headers)))) > HANDSHAKE_LINE_MAX:
            self._stop(HeadTooLarge(f"lines of a handshake have up to {HANDSHAKE_LINE_MAX} bytes"))

    def _check_body(self) -> None:
        """Abort a connection whose body comes too slowly; the time that we do not read is ours."""
        allowed_s = BODY_S + self._body_bytes / BODY_BYTES_PER_SECOND
        left_s = self._body_began + allowed_s - self.loop.time()
        if self.flow.read_paused:
            left_s = max(1.0, left_s)
        if left_s > 0:
            self._start_deadline(left_s, self._check_body)
        else:
            self.transport.abort()

    def _is_answering(self) -> bool:
        cycle: Any = self.cycle  # None before the first request
        return cycle is not None and not cycle.response_complete

    def _stop(self, refusal: Refusal) -> None:
        """Stop the parser, and refuse the request that it reads."""
        self._refusal = refusal
        raise RefusedError

    def _refuse(self, refusal: Refusal) -> None:
        """Answer what cannot be served with a problem, and close.

        A connection with another answer under way is aborted: this one would be taken for that.
        """
        self._is_over = True
        self._end_deadline()
        REQUESTS.add("unknown", str(refusal.status))
        if self._is_answering():
            if self._reading != "body" or self.cycle.response_started or self.pipeline:
                self.transport.abort()
                return
            self.cycle.disconnected = True
            self.cycle.message_event.set()
        if self.transport.is_closing():
            return
        trace_id, request_id = ids_of(self.headers or ())  # as far as they were read
        body = orjson.dumps(problem(refusal, trace_id))
        retry = f"Retry-After: {refusal.retry_after_s}\r\n" if refusal.retry_after_s else ""
        head = (
            f"Content-Type: application/problem+json\r\nContent-Length: {len(body)}\r\n"
            f"X-Request-ID: {request_id}\r\n{retry}Connection: close\r\n\r\n"
        )
        self.transport.write(STATUS_LINE[refusal.status] + head.encode() + body)
        self.transport.write_eof()
        self.abort_within(REFUSED_S)

    def _ignore(self, size: int) -> None:
        """Read on for a while: closing with bytes unread would take our answer from the peer."""
        self._ignored_bytes += size
        if self._ignored_bytes > REFUSED_BYTES_MAX:
            self.flow.pause_reading()

    def _start_deadline(self, seconds: float, then: Any) -> None:
        self._end_deadline()
        self._deadline = self.loop.call_later(seconds, then)

    def _end_deadline(self) -> None:
        if self._deadline is not None:
            self._deadline.cancel()
            self._deadline = None
