"""Buyers on sockets: each has a character, follows the whole walk, and remembers what it saw."""

import asyncio
import random
from collections.abc import Callable, Coroutine
from dataclasses import dataclass, field
from typing import Any

import httpx
from websockets.asyncio.client import connect
from websockets.exceptions import WebSocketException

from booking_rush.server.auth.visitor_tokens import VisitorTokens
from booking_rush.tasks import cancel_and_wait
from tests.support.clients import Frame, Socket
from tests.support.store_agreement import TERMINAL
from tests.support.world import SECRET

HoldRequest = dict[str, Any]
DELETE_ME = ("sold_out", "limit_exceeded")


@dataclass
class BuyerProfile:
    """What a buyer does: how they choose, and with what chance they do what is not a purchase."""

    choose: Callable[[random.Random], HoldRequest]
    tries: int = 3
    releases: float = 0.0
    abandons: float = 0.0  # lets the hold run out
    cancels: float = 0.0
    methods: tuple[str, ...] = ("ok",)


@dataclass
class Buyer:
    """One visitor on a socket."""

    number: int
    base: str
    profile: BuyerProfile
    bookings: dict[str, Frame] = field(default_factory=dict[str, Frame])  # as told last
    seen: list[tuple[str, str]] = field(default_factory=list[tuple[str, str]])  # booking, state
    refusals: list[str] = field(default_factory=list[str])
    done: bool = False

    def __post_init__(self) -> None:
        self.rng = random.Random(self.number)
        issued = VisitorTokens(SECRET).issue()
        self.id, self._token = issued.visitor, issued.token
        self._keys = 0

    @property
    def headers(self) -> dict[str, str]:
        return {"Authorization": f"Bearer {self._token}"}

    def confirmed(self) -> list[Frame]:
        """The bookings that this buyer believes to have."""
        return [one for one in self.bookings.values() if one["state"] == "confirmed"]

    async def run(self, http: httpx.AsyncClient) -> None:
        """Join, hold, pay; come back when the socket ends, until there is nothing more to do."""
        url = f"{self.base.replace('http', 'ws', 1)}/ws/events/demo"
        while not self.done:
            try:
                async with connect(
                    url, additional_headers=self.headers, open_timeout=30
                ) as connection:
                    await self._run_connected(Socket(connection))
            except (OSError, WebSocketException, TimeoutError):
                await asyncio.sleep(self.rng.uniform(0.05, 0.3))
        await self._cancel_some(http)

    async def _run_connected(self, socket: Socket) -> None:
        welcome = await self._receive(socket)
        assert welcome["type"] in ("welcome", "server.restarting"), welcome
        for known in ("hold", "booking"):
            if known in welcome and welcome[known]["state"] != "confirmed":
                await self._pay(socket, welcome[known]["id"])
        while not self.done:
            if self._is_finished():
                self.done = True
                await self._ask(socket, "queue.leave")
            else:
                await self._buy(socket)

    def _is_finished(self) -> bool:
        """Whether there is an end, good or bad, or no patience left."""
        ended = any(booking["state"] in TERMINAL for booking in self.bookings.values())
        return ended or len(self.refusals) >= self.profile.tries

    async def _buy(self, socket: Socket) -> None:
        joined = await self._ask(socket, "queue.join")
        if joined["type"] == "error":
            self.done = joined["problem"]["code"] == "line_closed"
            return
        if joined["type"] == "queue.joined":
            await self._receive_until(socket, "queue.admitted")
        self._keys += 1
        wish = self.profile.choose(self.rng)
        held = await self._ask(socket, "hold.create", key=f"wish {self._keys}", **wish)
        if held["type"] == "error":
            code = held["problem"]["code"]
            if code == "hold_exists":
                await self._pay(socket, held["problem"]["hold"]["id"])
            elif code not in ("pass_required", "wrong_state"):
                self.refusals.append(code)
            return
        await self._after_hold(socket, held["hold"]["id"])

    async def _after_hold(self, socket: Socket, hold: str) -> None:
        what = self.rng.random()
        if what < self.profile.releases:
            await self._ask(socket, "hold.release", hold=hold)
            self.refusals.append("released")
        elif what < self.profile.releases + self.profile.abandons:
            await self._receive_until(socket, "hold.expired")
            self.refusals.append("forgot")
        else:
            await self._pay(socket, hold)

    async def _pay(self, socket: Socket, hold: str) -> None:
        """Pay until the booking is final; a declined card is followed by a good one."""
        method = self.rng.choice(self.profile.methods)
        while True:
            answer = await self._ask(socket, "hold.checkout", hold=hold, payment_method=method)
            if answer["type"] == "error":
                code = answer["problem"]["code"]
                if code in ("try_again", "recovering", "busy"):
                    continue
                self.refusals.append(code)
                return
            booking = answer["booking"]
            while booking["state"] not in (*TERMINAL, "held"):
                booking = (await self._receive_until(socket, "booking.updated"))["booking"]
            if booking["state"] in TERMINAL:
                return
            method = "ok"

    async def _cancel_some(self, http: httpx.AsyncClient) -> None:
        """Some give their tickets back."""
        for booking in self.confirmed():
            if self.rng.random() < self.profile.cancels:
                await self._cancel(http, booking["id"])
                booking["state"] = "refunding"

    async def _cancel(self, http: httpx.AsyncClient, booking: str) -> None:
        """Ask for the money back; where the answer is lost, ask the same again."""
        fine = {202}
        while True:
            try:
                answer = await http.post(f"/api/v1/bookings/{booking}/cancel", headers=self.headers)
            except httpx.TransportError:
                fine = {202, 409}  # it may be given back by now
            else:
                if answer.status_code != 503:
                    assert answer.status_code in fine, answer.text
                    return
            await asyncio.sleep(0.1)

    async def _ask(self, socket: Socket, kind: str, **members: Any) -> Frame:
        """Ask; where the outcome is unknown, ask the same again."""
        while True:
            answer = await socket.ask(kind, **members)
            self._collect(socket)
            if answer["type"] != "error":
                return answer
            if answer["problem"]["code"] not in ("try_again", "recovering", "busy"):
                return answer
            await asyncio.sleep(0.05)

    async def _receive_until(self, socket: Socket, kind: str) -> Frame:
        while True:
            frame = await self._receive(socket)
            if frame["type"] == kind:
                return frame

    async def _receive(self, socket: Socket) -> Frame:
        frame = await socket.receive()
        self._collect(socket)
        return frame

    def _collect(self, socket: Socket) -> None:
        for frame in socket.frames:
            booking = frame.get("booking")
            if booking:
                self.bookings[booking["id"]] = booking
                self.seen.append((booking["id"], booking["state"]))
        socket.frames.clear()


async def run_all(buyers: list[Buyer], beside: Callable[[], Coroutine[Any, Any, None]]) -> None:
    """Let everybody live, with something going on beside until they are through."""
    other = asyncio.create_task(beside())
    limits = httpx.Limits(max_connections=20, keepalive_expiry=1)
    try:
        async with httpx.AsyncClient(base_url=buyers[0].base, timeout=60, limits=limits) as http:
            await asyncio.gather(*(buyer.run(http) for buyer in buyers))
    finally:
        await cancel_and_wait([other])
    if not other.cancelled() and (error := other.exception()):
        raise error
