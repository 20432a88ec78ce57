"""Server-Sent Events: the frames that a socket is sent, for clients that only listen."""

import asyncio
import logging
from collections.abc import AsyncGenerator, Callable
from contextlib import aclosing

from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import Response, StreamingResponse

from booking_rush.errors import Busy, TryAgain
from booking_rush.server.protocol import frames
from booking_rush.server.rooms.room import Room
from booking_rush.server.rooms.subscriber import Subscriber
from booking_rush.server.runtime.metrics import SOCKETS
from booking_rush.server.web.authentication import visitor_of
from booking_rush.server.web.requests import address_of, room_of, services_of
from booking_rush.server.web.uvicorn_http import HttpConnection
from booking_rush.server.web.uvicorn_protocols import EXTENSION

log = logging.getLogger(__name__)

UNREAD_FRAMES_MAX = 256  # then the client is too slow, and has to come back
STREAMS_MAX = 2  # of a visitor in an event, in one process; the newest stay
COMMENT_S = 15.0  # proxies end a response that is silent for longer
HEADERS = {"X-Accel-Buffering": "no", "Cache-Control": "no-store", "Connection": "close"}


class SendQueue:
    """Frames on their way to one client; `abort` ends its connection some seconds later."""

    def __init__(self, abort: Callable[[], None] = lambda: None) -> None:
        self._abort = abort
        self._frames: asyncio.Queue[bytes | None] = asyncio.Queue()
        self._ended = False

    def push(self, frame: bytes) -> None:
        """Add a frame. A client that does not read is disconnected instead."""
        if self._frames.qsize() >= UNREAD_FRAMES_MAX:
            self.end(frames.TOO_SLOW, "too slow a reader")
        elif not self._ended:
            self._frames.put_nowait(frame)

    def behind(self) -> bool:
        """Return whether frames are still unread."""
        return not self._frames.empty()

    def end(self, code: int, reason: str) -> None:
        """End the events after the frames that are queued; the client may not read them."""
        if not self._ended:
            self._ended = True
            self._abort()
            self._frames.put_nowait(None)

    async def events(self) -> AsyncGenerator[bytes]:
        """Yield the frames as events, and a comment where none came for a while."""
        while True:
            try:
                async with asyncio.timeout(COMMENT_S):
                    frame = await self._frames.get()
            except TimeoutError:
                yield b": still here\n\n"
                continue
            if frame is None:
                return
            yield frames.server_sent(frames.kind_of(frame), frame)


async def stream(request: Request) -> Response:
    """`GET E/queue/stream`. HEAD, which the router adds to GET, would open a stream, too."""
    if request.method != "GET":
        raise HTTPException(405, headers={"Allow": "GET"})
    visitor = visitor_of(request, services_of(request))
    room = await room_of(request)
    address = address_of(request)
    room.joining.check_ban(visitor, address)
    connection: HttpConnection = request.scope["extensions"][EXTENSION]
    events = listen(room, visitor, address, SendQueue(connection.abort_within))
    return StreamingResponse(events, media_type="text/event-stream", headers=HEADERS)


async def listen(room: Room, visitor: str, address: str, queue: SendQueue) -> AsyncGenerator[bytes]:
    """Yield the events of a new subscriber until it disconnects; end its visitor's oldest ones."""
    older = [other for other in room.subscribers_of(visitor) if other.kind == "stream"]
    for other in older[: max(0, len(older) + 1 - STREAMS_MAX)]:
        other.end(frames.REPLACED, "a newer stream of yours is open")
    subscriber = Subscriber(visitor, "stream", queue.push, queue.end, queue.behind, address)
    with SOCKETS.labels(room.row.id, subscriber.kind).track_inprogress():
        try:
            await room.connect(subscriber)
            async with aclosing(queue.events()) as events:
                async for event in events:
                    yield event
        except (TryAgain, Busy) as refusal:
            log.info("stream ends event=%s why=%s", room.row.id, refusal.code)
        finally:
            room.disconnect(subscriber)
