"""Ceiling of a fan-out: a server that writes one frame to every socket in a bare loop.

`python -m loadtest.bare_server` prints its port. A socket is answered its handshake and a welcome;
a line `GO <bytes>` on any connection has a frame of that size written to all others.
"""

import asyncio
import sys
from typing import cast

import uvloop

from booking_rush.server.protocol.frames import text_frame

SWITCHING = b"HTTP/1.1 101 Switching Protocols\r\n\r\n"
BACKLOG = 4096


class BareSocket(asyncio.Protocol):
    """One connection."""

    sockets: set[asyncio.Transport] = set()  # noqa: RUF012  shared by all, on purpose

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Store the transport."""
        self._transport = cast("asyncio.Transport", transport)

    def data_received(self, data: bytes) -> None:
        """Answer a handshake, or write a frame to everybody."""
        if data.startswith(b"GET "):
            self.sockets.add(self._transport)
            self._transport.write(SWITCHING + text_frame(b'{"type":"welcome"}'))
        elif data.startswith(b"GO "):
            frame = text_frame(b'{"type":"room.message"' + b" " * (int(data[3:]) - 23) + b"}")
            for transport in self.sockets:
                transport.write(frame)

    def connection_lost(self, exc: Exception | None) -> None:
        """Forget the socket."""
        self.sockets.discard(self._transport)


async def serve() -> None:
    """Serve on a free port until standard input is closed."""
    loop = asyncio.get_running_loop()
    server = await loop.create_server(BareSocket, "127.0.0.1", 0, backlog=BACKLOG)
    print(server.sockets[0].getsockname()[1], flush=True)
    await loop.run_in_executor(None, sys.stdin.read)


if __name__ == "__main__":
    with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
        runner.run(serve())
