"""A visitor's WebSocket from the outside: commands with their answers, and frames to wait for."""

import asyncio
import itertools
from collections import deque
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager, suppress
from typing import Any

import orjson
from websockets.asyncio.client import ClientConnection, connect
from websockets.typing import Subprotocol

from booking_rush.server.protocol.frames import SUBPROTOCOL

Frame = dict[str, Any]

OPEN_S = 30.0
ANSWER_S = 30.0  # for the answer of a command
# Pushed frames that may come before somebody waits for them.
KEPT = ("queue.admitted", "queue.expired", "hold.expired", "booking.updated")


class RefusedError(Exception):
    """A command was answered by an error; the message is its code."""

    def __init__(self, problem: Frame) -> None:
        super().__init__(problem["code"])
        self.problem = problem


class VisitorSocket:
    """A welcomed WebSocket."""

    def __init__(self, connection: ClientConnection) -> None:
        self._connection = connection
        self._ids = itertools.count(1)
        self._kept: deque[Frame] = deque(maxlen=50)

    async def receive(self) -> Frame:
        """Return the next frame."""
        frame: Frame = orjson.loads(await self._connection.recv())
        return frame

    async def ask(self, kind: str, **members: Any) -> Frame:
        """Send a command. Return its answer.

        Raises:
            RefusedError: the command was refused.
            TimeoutError: there was no answer within ANSWER_S.
        """
        id_ = str(next(self._ids))
        command = {"type": kind, "id": id_, **members}
        await self._connection.send(orjson.dumps(command), text=True)
        async with asyncio.timeout(ANSWER_S):
            while True:
                frame = await self._receive_and_keep()
                if frame.get("re") == id_:
                    break
        if frame["type"] == "error":
            raise RefusedError(frame["problem"])
        return frame

    async def wait_for(self, *kinds: str, within_s: float) -> Frame | None:
        """Return the next frame of these types, or None after `within_s` seconds."""
        with suppress(TimeoutError):
            async with asyncio.timeout(None if within_s == float("inf") else within_s):
                while True:
                    frame = self._kept.popleft() if self._kept else await self.receive()
                    if frame["type"] in kinds:
                        return frame
        return None

    async def read_for(self, seconds: float) -> None:
        """Read frames for so long, as a page does while its visitor thinks."""
        with suppress(TimeoutError):
            async with asyncio.timeout(seconds):
                while True:
                    await self._receive_and_keep()

    async def _receive_and_keep(self) -> Frame:
        frame = await self.receive()
        if frame["type"] in KEPT and "re" not in frame:
            self._kept.append(frame)
        return frame


@asynccontextmanager
async def open_socket(base: str, event: str, token: str) -> AsyncGenerator[VisitorSocket]:
    """Open a socket of a visitor on an event."""
    async with connect(
        f"{base.replace('http', 'ws', 1)}/ws/events/{event}",
        additional_headers={"Authorization": f"Bearer {token}"},
        subprotocols=[Subprotocol(SUBPROTOCOL)],
        compression=None,  # a crowd has better things to do with two cores
        open_timeout=OPEN_S,
        close_timeout=1,
        ping_interval=None,
        proxy=None,
    ) as connection:
        yield VisitorSocket(connection)
