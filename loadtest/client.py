"""Minimal clients, WebSocket and HTTP, so that benchmarks measure the server and not the client."""

import asyncio
import itertools
import os
import ssl
import struct
import time
from collections import deque
from collections.abc import Callable
from typing import cast
from urllib.parse import urlsplit

import httpx

JOIN = b'{"type":"queue.join","id":"1"}'
PING = b'{"type":"ping","id":"1"}'
SOCKETS_OF_ADDRESS = 4_000

_sockets = itertools.count()


def masked(payload: bytes) -> bytes:
    """Return a client's text frame; the mask is zeros, which RFC 6455, 5.3 allows."""
    size = len(payload)
    if size < 126:
        return bytes((0x81, 0x80 | size)) + b"\0\0\0\0" + payload
    return struct.pack("!BBH", 0x81, 0xFE, size) + b"\0\0\0\0" + payload


class RefusedError(Exception):
    """Refusal of a command; the message is its frame."""


class Client(asyncio.Protocol):
    """One visitor's socket: `ask` sends a frame, `receive` waits for the next one."""

    def __init__(self) -> None:
        self.listener: Callable[[bytes], None] | None = None  # called with frames that come
        self.frames: deque[bytes] = deque()
        self.closed = False
        self._buffer = b""
        self._head = False
        self._waiter: asyncio.Future[None] | None = None

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Store the transport."""
        self.transport = cast("asyncio.Transport", transport)

    def connection_lost(self, exc: Exception | None) -> None:
        """Mark the socket as closed."""
        self.closed = True
        self._wake()

    def data_received(self, data: bytes) -> None:
        """Skip the handshake's answer, then cut the bytes into frames."""
        self._buffer += data
        if not self._head:
            head, end, rest = self._buffer.partition(b"\r\n\r\n")
            if not end:
                return
            if b" 101 " not in head.split(b"\r\n")[0]:
                self.transport.close()  # refused: whoever receives is told that it is closed
                return
            self._head, self._buffer = True, rest
        while (frame := self._next_frame()) is not None:
            if self.listener is None:
                self.frames.append(frame)
            else:
                self.listener(frame)
        self._wake()

    def send(self, payload: bytes) -> None:
        """Send a command."""
        self.transport.write(masked(payload))

    async def receive(self) -> bytes:
        """Return the next text frame.

        Raises:
            ConnectionResetError: the socket was closed.
        """
        while not self.frames:
            if self.closed:
                raise ConnectionResetError("the socket was closed")
            self._waiter = asyncio.get_running_loop().create_future()
            await self._waiter
        return self.frames.popleft()

    async def until(self, kind: bytes) -> bytes:
        """Return the next frame of a type; others are dropped.

        Raises:
            ConnectionResetError: the socket was closed.
            RefusedError: a command was refused, and what is waited for may never come.
        """
        wanted = b'{"type":"%s"' % kind
        while not (frame := await self.receive()).startswith(wanted):
            if frame.startswith(b'{"type":"error"'):
                raise RefusedError(frame.decode())
        return frame

    def _next_frame(self) -> bytes | None:
        """Cut a text frame off the buffer; answer pings. Return None if none is complete.

        After a close frame there is none.
        """
        buffer = self._buffer
        if len(buffer) < 2:
            return None
        size, at = buffer[1] & 0x7F, 2
        if size == 126:
            if len(buffer) < 4:
                return None
            size, at = struct.unpack_from("!H", buffer, 2)[0], 4
        if len(buffer) < at + size:
            return None
        self._buffer = buffer[at + size :]
        if buffer[0] & 0x0F == 0x8:
            self.closed = True
            self.transport.close()
            return None
        if buffer[0] & 0x0F == 0x9:
            self.transport.write(
                b"\x8a\x80\0\0\0\0" if size == 0 else _pong(buffer[at : at + size])
            )
            return self._next_frame()
        return buffer[at : at + size]

    def _wake(self) -> None:
        if self._waiter is not None and not self._waiter.done():
            self._waiter.set_result(None)


def _pong(payload: bytes) -> bytes:
    return bytes((0x8A, 0x80 | len(payload))) + b"\0\0\0\0" + payload


async def connect(base: str, event: str, token: str) -> Client:
    """Open a socket and wait for its welcome."""
    client = await open_socket(base, event, token)
    await client.until(b"welcome")
    return client


async def open_socket(
    base: str, event: str, token: str, tls: ssl.SSLContext | None = None
) -> Client:
    """Open a socket, over TLS if a context is given, and ask for the protocol's upgrade.

    Each process has its own loopback source addresses, and another one every 4,000 sockets: to find
    a free port of one of which half are taken costs the kernel milliseconds.
    """
    host, _, port = urlsplit(base).netloc.partition(":")
    loop = asyncio.get_running_loop()
    block = next(_sockets) // SOCKETS_OF_ADDRESS
    source = (f"127.0.{1 + block % 200}.{2 + os.getpid() % 200}", 0)
    _, client = await loop.create_connection(Client, host, int(port), local_addr=source, ssl=tls)
    request = (
        f"GET /ws/events/{event} HTTP/1.1\r\nHost: {host}:{port}\r\nUpgrade: websocket\r\n"
        "Connection: Upgrade\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n"
        f"Sec-WebSocket-Version: 13\r\nAuthorization: Bearer {token}\r\n\r\n"
    )
    client.transport.write(request.encode())
    return client


async def visit(base: str, event: str) -> Client:
    """Open a socket for a new visitor."""
    async with httpx.AsyncClient() as http:
        issued = (await http.post(f"{base}/api/v1/visitors")).json()
    return await connect(base, event, issued["token"])


async def admitted(base: str, event: str) -> Client:
    """Open a socket for a new visitor, join, and wait until the visitor is admitted."""
    client = await visit(base, event)
    client.send(JOIN)
    await client.until(b"queue.admitted")
    return client


async def timed(client: Client, frame: bytes, answer: bytes) -> float:
    """Send a command, and wait for the frame that answers it. Return the seconds."""
    began = time.perf_counter()
    client.send(frame)
    await client.until(answer)
    return time.perf_counter() - began


class HttpClient:
    """One connection that is kept alive, with a visitor's token."""

    def __init__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter, token: str):
        self.token = token
        self.booking_pass = ""
        self.turn = 0
        self.head = b""  # of the last answer, in lower case
        self._reader = reader
        self._writer = writer

    @classmethod
    async def connect(
        cls, base: str, token: str, tls: ssl.SSLContext | None = None
    ) -> "HttpClient":
        """Open a connection, over TLS if a context is given."""
        host, _, port = urlsplit(base).netloc.partition(":")
        return cls(*await asyncio.open_connection(host, int(port), ssl=tls), token)

    async def ask(
        self, method: str, path: str, body: bytes = b"", headers: str = ""
    ) -> tuple[int, bytes]:
        """Send a request. Return the status and the body; every answer tells its length."""
        head = (
            f"{method} {path} HTTP/1.1\r\nHost: localhost\r\nAuthorization: Bearer {self.token}\r\n"
            f"Content-Type: application/json\r\nContent-Length: {len(body)}\r\n{headers}\r\n"
        )
        self._writer.write(head.encode() + body)
        self.head = (await self._reader.readuntil(b"\r\n\r\n")).lower()
        _, is_told, size = self.head.partition(b"content-length:")
        length = int(size.partition(b"\r")[0]) if is_told else 0
        return int(self.head[9:12]), await self._reader.readexactly(length) if length else b""

    def close(self) -> None:
        """Close the connection."""
        self._writer.close()
