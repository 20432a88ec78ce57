"""The whole house in one test: a real server on a port of its own, its duties, and its clients."""

import asyncio
import contextlib
import itertools
import time
from collections.abc import AsyncGenerator, Callable
from contextlib import AsyncExitStack, asynccontextmanager, nullcontext
from dataclasses import dataclass
from typing import Any, cast

import httpx
import orjson
from redis.asyncio import Redis
from websockets.asyncio.client import ClientConnection, connect
from websockets.exceptions import ConnectionClosed

from booking_rush.booking.catalogue import Catalogue, Event
from booking_rush.booking.events import NewEvent
from booking_rush.booking.record import Recorder
from booking_rush.lua.program import Program
from booking_rush.queue.admission import Tend
from booking_rush.queue.directory import Directory
from booking_rush.queue.postgres import Pool
from booking_rush.server.app import create_app
from booking_rush.server.house import House
from booking_rush.server.loops import end, forever
from booking_rush.server.operators import Operators
from booking_rush.server.serve import Server, config_of, listen
from booking_rush.server.settings import Settings
from booking_rush.server.wire import SUBPROTOCOL

Frame = dict[str, Any]

PATIENCE_S = 10.0
SECRET = "a secret of the tests, which nobody keeps"
PASSWORD = "correct horse"


async def until(condition: Callable[[], Any], *, within_s: float = PATIENCE_S) -> Any:
    """Wait until a condition is true; what it said."""
    began = time.monotonic()
    while True:
        found = condition()
        found = await found if asyncio.iscoroutine(found) else found
        if found:
            return found
        assert time.monotonic() - began < within_s, "the condition did not become true"
        await asyncio.sleep(0.01)


def new_event(event: str = "demo", **fields: Any) -> NewEvent:
    """An event of one show; a seated section of two rows and a floor."""
    import msgspec

    body: Frame = {
        "id": event,
        "name": "An Evening",
        "shows": [{"id": "evening", "starts_at": "2030-05-01T19:00:00Z"}],
        "sections": [
            {
                "id": "stalls",
                "show": "evening",
                "name": "Stalls",
                "kind": "seated",
                "rows": [{"name": "A", "seats": 10}, {"name": "B", "seats": 12}],
                "price": {"amount": 6500, "currency": "EUR"},
            },
            {
                "id": "floor",
                "show": "evening",
                "name": "Floor",
                "kind": "standing",
                "capacity": 50,
                "price": {"amount": 4500, "currency": "EUR"},
            },
        ],
    }
    return msgspec.convert({**body, **fields}, NewEvent, strict=False)


class Socket:
    """A visitor's WebSocket that remembers what it was told."""

    def __init__(self, connection: ClientConnection) -> None:
        self.connection = connection
        self.frames: list[Frame] = []
        self._ids = itertools.count(1)

    async def receive(self) -> Frame:
        """The next frame."""
        async with asyncio.timeout(PATIENCE_S):
            frame: Frame = orjson.loads(await self.connection.recv())
        self.frames.append(frame)
        return frame

    async def until(self, kind: str, **members: Any) -> Frame:
        """The next frame of a type, with these members; what comes before is remembered."""
        while True:
            frame = await self.receive()
            wanted = all(frame.get(name) == value for name, value in members.items())
            if frame["type"] == kind and wanted:
                return frame

    async def ask(self, kind: str, **members: Any) -> Frame:
        """Send a command; its answer."""
        id_ = str(next(self._ids))
        await self.send({"type": kind, "id": id_, **members})
        while True:
            frame = await self.receive()
            if frame.get("re") == id_:
                return frame

    async def send(self, frame: Frame | str | bytes) -> None:
        """Send a frame as it is."""
        data = orjson.dumps(frame).decode() if isinstance(frame, dict) else frame
        await self.connection.send(data)

    async def closed(self) -> int:
        """Read until the end; the close code."""
        with contextlib.suppress(ConnectionClosed):
            while True:
                await self.receive()
        assert self.connection.close_code is not None
        return self.connection.close_code


@dataclass(slots=True)
class Visitor:
    """One visitor: an id, a token, and HTTP in their name."""

    id: str
    token: str
    http: httpx.AsyncClient
    socket_url: str

    @asynccontextmanager
    async def socket(self, event: str = "demo") -> AsyncGenerator[Socket]:
        """A socket that has been welcomed."""
        async with connect(
            f"{self.socket_url}/ws/events/{event}",
            additional_headers={"Authorization": f"Bearer {self.token}"},
            subprotocols=[SUBPROTOCOL],  # type: ignore[list-item]
            open_timeout=PATIENCE_S,
        ) as connection:
            socket = Socket(connection)
            await socket.receive()
            yield socket

    async def join(self, event: str = "demo") -> Frame:
        """Join over HTTP; the place."""
        answer = await self.http.post(f"/api/v1/events/{event}/queue")
        assert answer.status_code in (200, 201), answer.text
        return cast("Frame", answer.json()["place"])

    async def place(self, event: str = "demo") -> httpx.Response:
        """`GET E/queue`."""
        return await self.http.get(f"/api/v1/events/{event}/queue")


class Clients:
    """Makes visitors and operators of one server."""

    def __init__(self, base: str, stack: AsyncExitStack) -> None:
        self.base = base
        self.socket_url = base.replace("http", "ws", 1)
        self._stack = stack
        self._limits = httpx.Limits(max_connections=200)

    async def http(self, **headers: str) -> httpx.AsyncClient:
        """A client that sends these headers."""
        client = httpx.AsyncClient(
            base_url=self.base, headers=headers, timeout=PATIENCE_S, limits=self._limits
        )
        return await self._stack.enter_async_context(client)

    async def visitor(self) -> Visitor:
        """Somebody new."""
        client = await self.http()
        issued = (await client.post("/api/v1/visitors")).json()
        client.cookies.clear()
        client.headers["Authorization"] = f"Bearer {issued['token']}"
        return Visitor(issued["visitor"], issued["token"], client, self.socket_url)

    async def operator(self, password: str = PASSWORD) -> httpx.AsyncClient:
        """The operator `admin`, logged in as a browser is."""
        client = await self.http()
        answer = await client.post(
            "/api/v1/admin/login", json={"username": "admin", "password": password}
        )
        assert answer.status_code == 200, answer.text
        client.headers["X-CSRF-Token"] = answer.json()["csrf"]
        return client


class QuietServer(Server):
    """The server without its hand on the test run's signals."""

    def capture_signals(self) -> Any:
        return nullcontext()


@dataclass(slots=True)
class World:
    """A house that is served, and who works in it."""

    clients: Clients
    house: House
    server: QuietServer
    catalogue: Catalogue
    recorder: Recorder
    tend: Tend

    async def event(self, event: str = "demo", *, state: str = "open", **fields: Any) -> Event:
        """Put an event on sale and bring it into a state; it is ready when this returns."""
        made = await self.catalogue.create(new_event(event, **fields), who="tests")
        for action in WAYS[state]:
            made = await self.catalogue.act(event, action, who="tests")
        directory = self.house.rooms.directory
        assert await directory.ready(event, seconds=PATIENCE_S)
        await self.tend.directory.refresh()
        return made

    async def visitor(self) -> Visitor:
        return await self.clients.visitor()

    async def operator(self) -> httpx.AsyncClient:
        return await self.clients.operator()


WAYS = {
    "scheduled": (),
    "open": ("open",),
    "paused": ("open", "pause"),
    "draining": ("open", "drain"),
    "closed": ("close",),
}


def settings_for(redis_url: str, postgres_url: str, **changes: Any) -> Settings:
    """Settings of a server that listens where it finds room."""
    fields: dict[str, Any] = {
        "bind": "127.0.0.1:0",
        "drain_seconds": 0,
        "secret_key": SECRET,
    } | changes
    return Settings(redis_url=redis_url, postgres_url=postgres_url, **fields)


@asynccontextmanager
async def serving(settings: Settings) -> AsyncGenerator[tuple[str, House, QuietServer]]:
    """A server in this process; its address and its house."""
    opened: asyncio.Future[House] = asyncio.get_running_loop().create_future()
    listener = listen(settings, alone=True)
    listener.listen(1024)
    base = f"http://127.0.0.1:{listener.getsockname()[1]}"
    server = QuietServer(config_of(settings, create_app(settings, opened.set_result)))
    task = asyncio.create_task(server.serve([listener]))
    try:
        await asyncio.wait([task, opened], return_when=asyncio.FIRST_COMPLETED)  # type: ignore[type-var]
        server.house = opened.result()
        yield base, opened.result(), server
    finally:
        server.should_exit = True
        await task


@asynccontextmanager
async def open_world(
    redis: Redis, pool: Pool, settings: Settings, *, duties: bool = True
) -> AsyncGenerator[World]:
    """A server with its duties, all in this process."""
    await Operators(pool).ensure("admin", "admin", PASSWORD)
    program = Program(redis)
    recorder = Recorder(pool, redis, program, holder="tests")
    tend = Tend(Directory(pool, program))
    async with AsyncExitStack() as stack:
        base, house, server = await stack.enter_async_context(serving(settings))
        if duties:
            tasks = [
                asyncio.create_task(forever("record", recorder.run_once, idle_s=0)),
                asyncio.create_task(forever("tend", tend.run_once, idle_s=0.02)),
            ]
            stack.push_async_callback(end, tasks)
        clients = Clients(base, stack)
        yield World(clients, house, server, Catalogue(pool), recorder, tend)


def code_of(answer: httpx.Response) -> str:
    """The code of a problem that is one as RFC 9457 says."""
    assert answer.headers["content-type"] == "application/problem+json"
    problem = answer.json()
    assert {"type", "title", "status", "detail", "code", "trace_id"} <= set(problem)
    assert problem["status"] == answer.status_code
    if answer.status_code in (429, 503):
        assert int(answer.headers["retry-after"]) >= 1
    return str(problem["code"])
