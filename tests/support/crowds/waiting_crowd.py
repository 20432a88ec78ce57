"""A crowd at a real server: everybody remembers what they were told, and says what was wrong."""

import asyncio
import itertools
import random
from collections.abc import AsyncGenerator
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass, field

import httpx
import orjson
from websockets.asyncio.client import connect
from websockets.exceptions import WebSocketException

from booking_rush.server.auth.visitor_tokens import VisitorTokens
from tests.support.clients import Frame
from tests.support.world import SECRET

CONNECTIONS = 100


@dataclass(slots=True)
class Person:
    """One visitor, and everything that they were told."""

    id: str
    token: str
    number: int = 0
    aheads: list[int] = field(default_factory=list[int])
    admitted: int = 0
    complaints: list[str] = field(default_factory=list[str])
    heard: bool = False  # their place, since `Crowd.forget` was called
    answer: str = ""  # the last one over HTTP

    @property
    def headers(self) -> dict[str, str]:
        return {"Authorization": f"Bearer {self.token}"}

    def told(self, place: Frame) -> None:
        """A place was told: its number must be the one of before, and no greater."""
        number = place["number"]
        if self.number and number != self.number:
            self.complaints.append(f"told {number} after {self.number}")
        self.number = number
        self.heard = True
        if place["state"] == "admitted":
            self.admitted += 1
        else:
            self.position(place["ahead"], may_grow=True)

    def position(self, ahead: int, *, may_grow: bool = False) -> None:
        if self.aheads and ahead > self.aheads[-1] and not may_grow:
            self.complaints.append(f"{ahead} ahead after {self.aheads[-1]}")
        self.aheads.append(ahead)


class Crowd:
    """Visitors of one event, over HTTP and over sockets."""

    def __init__(self, base: str, event: str, client: httpx.AsyncClient) -> None:
        self.people: list[Person] = []
        self.answers: dict[int, int] = {}
        self.base = base
        self._event = event
        self._client = client
        self._tokens = VisitorTokens(SECRET)
        self._order = itertools.count()

    def person(self) -> Person:
        issued = self._tokens.issue()
        person = Person(issued.visitor, issued.token)
        self.people.append(person)
        return person

    async def join(self, person: Person) -> bool:
        """Ask for a place once; whether it was told."""
        return await self._ask("POST", person)

    async def look(self, person: Person) -> bool:
        """Ask where one stands; who was told a place and hears that there is none complains."""
        return await self._ask("GET", person)

    async def _ask(self, method: str, person: Person) -> bool:
        path = f"/api/v1/events/{self._event}/queue"
        knew = person.number  # who joins while this is on its way was not there when it was asked
        try:
            answer = await self._client.request(method, path, headers=person.headers)
        except httpx.TransportError as why:
            person.answer = repr(why)
            return False
        person.answer = f"{answer.status_code} {answer.text}"
        self.answers[answer.status_code] = self.answers.get(answer.status_code, 0) + 1
        if answer.status_code in (200, 201):
            person.told(answer.json()["place"])
            return True
        if answer.status_code != 503 and not (answer.status_code == 404 and not knew):
            person.complaints.append(f"{method} {person.answer}")
        return False

    def forget(self) -> None:
        """From here on, everybody has to hear of their place again."""
        for person in self.people:
            person.heard = False

    async def all_hear(self) -> bool:
        """Everybody who was told a place looks until they hear of it; whether all have."""
        missing = self.missing()
        await asyncio.gather(*(self.look(person) for person in missing))
        return all(person.heard for person in missing)

    def missing(self) -> list[Person]:
        """Who was told a place, and has not heard of it again."""
        return [person for person in self.people if person.number and not person.heard]

    async def keep_joining(self) -> None:
        """One after another joins, each until they are told."""
        while True:
            person = self.person()
            while not await self.join(person):
                await asyncio.sleep(0.02)

    async def keep_looking(self) -> None:
        """Somebody looks where they stand."""
        while True:
            if self.people:
                await self.look(random.choice(self.people))
            await asyncio.sleep(0.005)

    async def listen(self, person: Person) -> None:
        """Stay on a socket for ever, joining when there is no place, coming back when it ends."""
        url = f"{self.base.replace('http', 'ws', 1)}/ws/events/{self._event}"
        while True:
            try:
                async with connect(url, additional_headers=person.headers) as connection:
                    async for text in connection:
                        frame: Frame = orjson.loads(text)
                        await self._hear(person, frame, connection)
            except (OSError, WebSocketException, TimeoutError):
                await asyncio.sleep(random.uniform(0.02, 0.2))

    async def _hear(self, person: Person, frame: Frame, connection: object) -> None:
        match frame["type"]:
            case "welcome" | "queue.joined" | "queue.admitted":
                if "place" in frame:
                    person.told(frame["place"])
                elif not person.number:
                    await self._send_join(connection)
                elif frame["room"]["state"] != "recovering":
                    person.complaints.append("welcomed without the place that was told")
            case "queue.position":
                person.position(frame["ahead"])
            case "error":
                await asyncio.sleep(0.05)
                await self._send_join(connection)
            case _:
                pass

    async def _send_join(self, connection: object) -> None:
        text = orjson.dumps({"type": "queue.join", "id": str(next(self._order))}).decode()
        await connection.send(text)  # type: ignore[attr-defined]  # pyright: ignore

    def complaints(self) -> list[str]:
        """What anybody was told that was wrong; no number may be told to two."""
        told = [person.number for person in self.people if person.number]
        twice = [f"{n} told to two" for n in set(told) if told.count(n) > 1]
        return twice + [f"{p.number}: {c}" for p in self.people for c in p.complaints]


@asynccontextmanager
async def crowd_at(base: str, event: str) -> AsyncGenerator[Crowd]:
    """A crowd that shares one pool of connections."""
    limits = httpx.Limits(max_connections=CONNECTIONS, max_keepalive_connections=CONNECTIONS)
    timeout = httpx.Timeout(30, pool=None)  # thousands ask at once: they wait for each other
    async with AsyncExitStack() as stack:
        client = await stack.enter_async_context(
            httpx.AsyncClient(base_url=base, limits=limits, timeout=timeout)
        )
        yield Crowd(base, event, client)
