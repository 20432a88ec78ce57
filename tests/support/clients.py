"""Clients of one server: visitors and operators over WebSocket and HTTP; waiting with a limit."""

import asyncio
import base64
import contextlib
import itertools
import time
from collections.abc import AsyncGenerator, Callable
from contextlib import (
    AsyncExitStack,
    asynccontextmanager,
)
from dataclasses import dataclass
from typing import Any, cast

import httpx
import orjson
from websockets.asyncio.client import ClientConnection, connect
from websockets.exceptions import ConnectionClosed

from booking_rush.server.auth import totp
from booking_rush.server.protocol.frames import SUBPROTOCOL
from tests.support.contract.validation import check_frame, check_response
from tests.support.servers.processes import NO_AUTHORITIES

Frame = dict[str, Any]

PATIENCE_S = 30.0  # ends what waits in vain; it judges no speed: machines are slow at times
PASSWORD = "correct horse"
PAUSE_S, PAUSE_S_MAX = 0.01, 0.1  # between two looks at a condition


async def until(condition: Callable[[], Any], *, within_s: float = PATIENCE_S) -> Any:
    """Wait until a condition is true. Return its value.

    A look that takes long is repeated less often: what waits must not keep busy what it waits for.
    """
    began = time.monotonic()
    while True:
        looked = time.monotonic()
        found = condition()
        found = await found if asyncio.iscoroutine(found) else found
        if found:
            return found
        now = time.monotonic()
        assert now - began < within_s, "the condition did not become true"
        await asyncio.sleep(min(PAUSE_S_MAX, max(PAUSE_S, 2 * (now - looked))))


async def until_ready(base: str, *, within_s: float = PATIENCE_S) -> None:
    """Wait until a server answers that it may take traffic."""
    async with httpx.AsyncClient(base_url=base, verify=NO_AUTHORITIES) as client:

        async def is_ready() -> bool:
            try:
                return (await client.get("/readyz")).status_code == 200
            except httpx.TransportError:
                return False

        await until(is_ready, within_s=within_s)


class Socket:
    """A visitor's WebSocket, with every frame that came."""

    def __init__(self, connection: ClientConnection) -> None:
        self.connection = connection
        self.frames: list[Frame] = []
        self._ids = itertools.count(1)

    async def receive(self) -> Frame:
        """Return the next frame."""
        async with asyncio.timeout(PATIENCE_S):
            frame: Frame = orjson.loads(await self.connection.recv())
        check_frame(frame)
        self.frames.append(frame)
        return frame

    async def until(self, kind: str, **members: Any) -> Frame:
        """Return the next frame of a type with these members; others stay in `frames`."""
        async with asyncio.timeout(PATIENCE_S):
            while True:
                frame = await self.receive()
                wanted = all(frame.get(name) == value for name, value in members.items())
                if frame["type"] == kind and wanted:
                    return frame

    async def ask(self, kind: str, **members: Any) -> Frame:
        """Send a command. Return the frame that answers it."""
        id_ = str(next(self._ids))
        await self.send({"type": kind, "id": id_, **members})
        while True:
            frame = await self.receive()
            if frame.get("re") == id_:
                return frame

    async def send(self, frame: Frame | str | bytes) -> None:
        """Send a frame, text and bytes unchanged."""
        data = orjson.dumps(frame).decode() if isinstance(frame, dict) else frame
        await self.connection.send(data)

    async def closed(self) -> int:
        """Read until the end. Return the close code."""
        with contextlib.suppress(ConnectionClosed):
            while True:
                await self.receive()
        assert self.connection.close_code is not None
        return self.connection.close_code


@dataclass(slots=True)
class Visitor:
    """One visitor: an id, a token, and an HTTP client that sends it."""

    id: str
    token: str
    http: httpx.AsyncClient
    socket_url: str

    @asynccontextmanager
    async def socket(self, event: str = "demo") -> AsyncGenerator[Socket]:
        """Open a socket that has been welcomed."""
        async with connect(
            f"{self.socket_url}/ws/events/{event}",
            additional_headers={"Authorization": f"Bearer {self.token}"},
            subprotocols=[SUBPROTOCOL],  # type: ignore[list-item]
            open_timeout=PATIENCE_S,
        ) as connection:
            socket = Socket(connection)
            await socket.receive()
            yield socket

    @asynccontextmanager
    async def refused(self, event: str = "demo") -> AsyncGenerator[ClientConnection]:
        """Open a socket that is not welcomed: the server is about to close it."""
        headers = {"Authorization": f"Bearer {self.token}"}
        url = f"{self.socket_url}/ws/events/{event}"
        async with connect(url, additional_headers=headers) as connection:
            yield connection

    async def join(self, event: str = "demo") -> Frame:
        """Join over HTTP. Return the place."""
        answer = await self.http.post(f"/api/v1/events/{event}/queue")
        assert answer.status_code in (200, 201), answer.text
        return cast("Frame", answer.json()["place"])

    async def admitted(self, event: str = "demo") -> str:
        """Join over HTTP and wait to be admitted. Return the pass."""
        await self.join(event)

        async def pass_of() -> str | None:
            return cast("str | None", (await self.place(event)).json().get("pass"))

        return cast("str", await until(pass_of))

    async def hold(
        self, key: str, token: str = "", event: str = "demo", **wish: Any
    ) -> httpx.Response:
        """Call `POST E/holds`."""
        headers = {"Idempotency-Key": key} | ({"Booking-Pass": token} if token else {})
        return await self.http.post(f"/api/v1/events/{event}/holds", json=wish, headers=headers)

    async def check_out(
        self, hold: str, method: str = "ok", event: str = "demo", **contact: Any
    ) -> httpx.Response:
        """Call `POST E/holds/{hold}/checkout`."""
        path = f"/api/v1/events/{event}/holds/{hold}/checkout"
        return await self.http.post(path, json={"payment_method": method, **contact})

    async def booking(self, id_: str) -> Frame:
        """Return the booking from `GET /api/v1/bookings/{id}`."""
        answer = await self.http.get(f"/api/v1/bookings/{id_}")
        assert answer.status_code == 200, answer.text
        return cast("Frame", answer.json()["booking"])

    async def booked(self, id_: str, *states: str) -> Frame:
        """Wait until a booking is in one of these states. Return it."""

        async def is_there() -> Frame | None:
            found = await self.booking(id_)
            return found if found["state"] in states else None

        return cast("Frame", await until(is_there))

    async def buys(self, event: str = "demo", **wish: Any) -> str:
        """Be admitted, hold, and pay. Return the booking's id once it is confirmed."""
        token = await self.admitted(event)
        hold: str = (await self.hold("one", token, event, **wish)).json()["hold"]["id"]
        await self.check_out(hold, event=event)
        await self.booked(hold, "confirmed")
        return hold

    async def place(self, event: str = "demo") -> httpx.Response:
        """Call `GET E/queue`."""
        return await self.http.get(f"/api/v1/events/{event}/queue")


class Clients:
    """A factory of visitors and operators of one server."""

    def __init__(self, base: str, stack: AsyncExitStack) -> None:
        self.base = base
        self.socket_url = base.replace("http", "ws", 1)
        self._stack = stack
        self._limits = httpx.Limits(max_connections=200)

    async def http(self, **headers: str) -> httpx.AsyncClient:
        """Open a client that sends these headers."""
        client = httpx.AsyncClient(
            base_url=self.base,
            headers=headers,
            timeout=PATIENCE_S,
            limits=self._limits,
            verify=NO_AUTHORITIES,
            event_hooks={"response": [check_response]},
        )
        return await self._stack.enter_async_context(client)

    async def visitor(self) -> Visitor:
        """Make a new visitor."""
        client = await self.http()
        issued = (await client.post("/api/v1/visitors")).json()
        client.cookies.clear()
        client.headers["Authorization"] = f"Bearer {issued['token']}"
        return Visitor(issued["visitor"], issued["token"], client, self.socket_url)

    async def operator(self, password: str = PASSWORD) -> httpx.AsyncClient:
        """Log the operator `admin` in, as a browser does."""
        client = await self.http()
        answer = await client.post(
            "/api/v1/admin/login", json={"username": "admin", "password": password}
        )
        assert answer.status_code == 200, answer.text
        client.headers["X-CSRF-Token"] = answer.json()["csrf"]
        return client


def code_of(answer: httpx.Response) -> str:
    """Return the code of a refusal, after checking that it is a problem as RFC 9457 says."""
    assert answer.headers["content-type"] == "application/problem+json"
    problem = answer.json()
    assert {"type", "title", "status", "detail", "code", "trace_id"} <= set(problem)
    assert problem["status"] == answer.status_code
    if answer.status_code in (429, 503):
        assert int(answer.headers["retry-after"]) >= 1
    return str(problem["code"])


OWN_FACTOR = "/api/v1/admin/me/second-factor"


class Phone:
    """Authenticator app with one secret, as base32; its clock is as early as servers take it."""

    def __init__(self, secret: str) -> None:
        self._secret = base64.b32decode(secret)
        self._step = totp.step_of(time.time()) - totp.DRIFT_STEPS - 1

    def code(self) -> str:
        """Return a code that is good now; the third within half a minute is not."""
        self._step = max(self._step + 1, totp.step_of(time.time()) - totp.DRIFT_STEPS)
        return totp.code_of(self._secret, self._step)


async def second_factor_of(client: httpx.AsyncClient) -> tuple[Phone, list[str]]:
    """Turn the second factor of a logged-in operator on. Return the phone and recovery codes."""
    phone = Phone((await client.post(OWN_FACTOR)).json()["secret"])
    proof = {"code": phone.code(), "password": PASSWORD}
    answer = await client.post(f"{OWN_FACTOR}/in-force", json=proof)
    assert answer.status_code == 200, answer.text
    return phone, answer.json()["recovery_codes"]
