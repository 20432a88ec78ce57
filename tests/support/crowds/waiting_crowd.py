"""A crowd of waiting visitors: each checks the places it is sent, and records violations."""

import asyncio
import itertools
import random
from collections import Counter
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field

import aiohttp
import orjson
from websockets.asyncio.client import connect
from websockets.exceptions import WebSocketException

from booking_rush.server.auth.visitor_tokens import VisitorTokens
from tests.support.clients import Frame
from tests.support.world import SECRET

CONNECTIONS = 100
JOINS_PAUSE_S = 0.05  # of one who lets others join: a crowd is there, and leaves a machine for it


@dataclass(slots=True)
class WaitingVisitor:
    """One visitor: the places and positions it was sent, and what was wrong with them."""

    id: str
    token: str
    number: int = 0
    positions: list[int] = field(default_factory=list[int])
    admitted: int = 0
    violations: list[str] = field(default_factory=list[str])
    answered: bool = False  # was sent its place since `Crowd.expect_places_again`
    answer: str = ""  # the last one over HTTP

    @property
    def headers(self) -> dict[str, str]:
        return {"Authorization": f"Bearer {self.token}"}

    def check_place(self, place: Frame) -> None:
        """Check a place that was sent: its number must be the one of before."""
        number = place["number"]
        if self.number and number != self.number:
            self.violations.append(f"number {number} after {self.number}")
        self.number = number
        self.answered = True
        if place["state"] == "admitted":
            self.admitted += 1
        else:
            self.check_position(place["ahead"], may_grow=True)

    def check_position(self, ahead: int, *, may_grow: bool = False) -> None:
        if self.positions and ahead > self.positions[-1] and not may_grow:
            self.violations.append(f"{ahead} ahead after {self.positions[-1]}")
        self.positions.append(ahead)


class Crowd:
    """Visitors of one event, over HTTP and over sockets."""

    def __init__(self, base: str, event: str, client: aiohttp.ClientSession) -> None:
        self.visitors: list[WaitingVisitor] = []
        self.answers: dict[int, int] = {}
        self.base = base
        self._event = event
        self._client = client
        self._tokens = VisitorTokens(SECRET)
        self._ids = itertools.count()

    def new_visitor(self) -> WaitingVisitor:
        issued = self._tokens.issue()
        visitor = WaitingVisitor(issued.visitor, issued.token)
        self.visitors.append(visitor)
        return visitor

    async def join(self, visitor: WaitingVisitor) -> bool:
        """Join once over HTTP. Return whether a place was answered."""
        return await self._ask("POST", visitor)

    async def find_place(self, visitor: WaitingVisitor) -> bool:
        """Ask for the place once. A 404 for a visitor that has a place is a violation."""
        return await self._ask("GET", visitor)

    async def _ask(self, method: str, visitor: WaitingVisitor) -> bool:
        path = f"/api/v1/events/{self._event}/queue"
        number = visitor.number  # before the call: a visitor may join while it is on its way
        try:
            async with self._client.request(method, path, headers=visitor.headers) as answer:
                status, text = answer.status, await answer.text()
        except (aiohttp.ClientError, TimeoutError) as why:
            visitor.answer = repr(why)
            return False
        visitor.answer = f"{status} {text}"
        self.answers[status] = self.answers.get(status, 0) + 1
        if status in (200, 201):
            visitor.check_place(orjson.loads(text)["place"])
            return True
        if status != 503 and not (status == 404 and not number):
            visitor.violations.append(f"{method} {visitor.answer}")
        return False

    async def event_state(self) -> str:
        """Return the event's state as one of the processes tells it, empty for an error."""
        async with self._client.get(f"/api/v1/events/{self._event}") as answer:
            return str((await answer.json())["event"]["state"]) if answer.ok else ""

    def expect_places_again(self) -> None:
        """From here on, each visitor must be sent its place again."""
        for visitor in self.visitors:
            visitor.answered = False

    async def all_find_places(self) -> bool:
        """Ask once for each place that is missing. Return whether none is left."""
        missing = self.missing()
        await asyncio.gather(*(self.find_place(visitor) for visitor in missing))
        return all(visitor.answered for visitor in missing)

    def missing(self) -> list[WaitingVisitor]:
        """Return visitors that have a place and were not sent it again."""
        return [visitor for visitor in self.visitors if visitor.number and not visitor.answered]

    async def keep_joining(self) -> None:
        """Let one new visitor after another join, each until a place is answered."""
        while True:
            visitor = self.new_visitor()
            while not await self.join(visitor):
                await asyncio.sleep(JOINS_PAUSE_S)
            await asyncio.sleep(JOINS_PAUSE_S)

    async def keep_finding_places(self) -> None:
        """Let random visitors ask for their place."""
        while True:
            if self.visitors:
                await self.find_place(random.choice(self.visitors))
            await asyncio.sleep(0.02)

    async def stay_connected(self, visitor: WaitingVisitor) -> None:
        """Stay on a socket for ever: join when there is no place, reconnect when it ends."""
        url = f"{self.base.replace('http', 'ws', 1)}/ws/events/{self._event}"
        while True:
            try:
                async with connect(url, additional_headers=visitor.headers) as connection:
                    async for text in connection:
                        frame: Frame = orjson.loads(text)
                        await self._handle(visitor, frame, connection)
            except (OSError, WebSocketException, TimeoutError):
                await asyncio.sleep(random.uniform(0.02, 0.2))

    async def _handle(self, visitor: WaitingVisitor, frame: Frame, connection: object) -> None:
        match frame["type"]:
            case "welcome" | "queue.joined" | "queue.admitted":
                if "place" in frame:
                    visitor.check_place(frame["place"])
                elif not visitor.number:
                    await self._send_join(connection)
                elif frame["room"]["state"] != "recovering":
                    visitor.violations.append("welcomed without its place")
            case "queue.position":
                visitor.check_position(frame["ahead"])
            case "error":
                await asyncio.sleep(0.05)
                await self._send_join(connection)
            case _:
                pass

    async def _send_join(self, connection: object) -> None:
        text = orjson.dumps({"type": "queue.join", "id": str(next(self._ids))}).decode()
        await connection.send(text)  # type: ignore[attr-defined]  # pyright: ignore

    def violations(self) -> list[str]:
        """Return all violations; a number of two visitors is one."""
        numbers = Counter(visitor.number for visitor in self.visitors if visitor.number)
        twice = [f"{n} is of two" for n, times in numbers.items() if times > 1]
        return twice + [f"{p.number}: {c}" for p in self.visitors for c in p.violations]


@asynccontextmanager
async def crowd_at(base: str, event: str) -> AsyncGenerator[Crowd]:
    """Open a crowd that shares one pool of connections."""
    connector = aiohttp.TCPConnector(limit=CONNECTIONS)
    # Thousands ask at once, and wait for a connection.
    timeout = aiohttp.ClientTimeout(total=None, sock_connect=30, sock_read=30)
    async with aiohttp.ClientSession(base, connector=connector, timeout=timeout) as client:
        yield Crowd(base, event, client)
