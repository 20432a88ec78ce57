"""Buyers on sockets: each joins, holds and pays by its profile, and records what it is sent."""

import asyncio
import random
from collections.abc import Callable, Coroutine
from contextlib import suppress
from dataclasses import dataclass, field
from typing import Any

import httpx
from websockets.asyncio.client import connect
from websockets.exceptions import WebSocketException

from booking_rush.queue.join_checks.proof_of_work import solve
from booking_rush.server.auth.visitor_tokens import VisitorTokens
from booking_rush.tasks import cancel_and_wait
from tests.support.clients import Frame, Socket
from tests.support.servers.processes import NO_AUTHORITIES
from tests.support.store_agreement import TERMINAL
from tests.support.world import SECRET

HoldRequest = dict[str, Any]  # members of `hold.create`: seats, or a section and a quantity
RETRYABLE = ("try_again", "recovering", "busy")


@dataclass
class BuyerProfile:
    """Behaviour of a buyer: the choice of seats, and the probabilities of everything else."""

    choose: Callable[[random.Random], HoldRequest]
    tries: int = 3  # refusals after which they give up
    releases: float = 0.0
    abandons: float = 0.0  # lets the hold run out
    cancels: float = 0.0
    methods: tuple[str, ...] = ("ok",)


@dataclass
class Buyer:
    """One visitor on a socket; the number seeds their random choices."""

    number: int
    base: str
    profile: BuyerProfile
    bookings: dict[str, Frame] = field(default_factory=dict[str, Frame])  # as sent last
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
        """Return the bookings that are confirmed as far as this buyer was sent."""
        return [one for one in self.bookings.values() if one["state"] == "confirmed"]

    async def run(self, http: httpx.AsyncClient) -> None:
        """Join, hold and pay; reconnect when the socket ends, until the buyer is done."""
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
        assert welcome["type"] in ("welcome", "server.restarting", "server.busy"), welcome
        for member in ("hold", "booking"):
            if member in welcome and welcome[member]["state"] != "confirmed":
                await self._pay(socket, welcome[member]["id"])
        while not self.done:
            if self._is_finished():
                self.done = True
                await self._ask(socket, "queue.leave")
            else:
                await self._buy(socket)

    def _is_finished(self) -> bool:
        """Return whether a booking has ended, or the buyer was refused too often."""
        ended = any(booking["state"] in TERMINAL for booking in self.bookings.values())
        return ended or len(self.refusals) >= self.profile.tries

    async def _buy(self, socket: Socket) -> None:
        joined = await self._ask(socket, "queue.join")
        if joined["type"] == "error" and joined["problem"]["code"] == "proof_required":
            proof = solve(joined["problem"]["challenge"], joined["problem"]["bits"])
            joined = await self._ask(socket, "queue.join", proof=proof)
        if joined["type"] == "error":
            self.done = joined["problem"]["code"] == "line_closed"
            return
        if joined["type"] == "queue.joined":
            await self._receive_until(socket, "queue.admitted")
        self._keys += 1
        request = self.profile.choose(self.rng)
        held = await self._ask(socket, "hold.create", key=f"request {self._keys}", **request)
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
        """Pay until the booking has ended; after a decline, pay by a good card."""
        method = self.rng.choice(self.profile.methods)
        while True:
            answer = await self._ask(socket, "hold.checkout", hold=hold, payment_method=method)
            if answer["type"] == "error":
                code = answer["problem"]["code"]
                if code in RETRYABLE:
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
        """Cancel each confirmed booking with the profile's probability."""
        for booking in self.confirmed():
            if self.rng.random() < self.profile.cancels:
                await self._cancel(http, booking["id"])
                booking["state"] = "refunding"

    async def _cancel(self, http: httpx.AsyncClient, booking: str) -> None:
        """Cancel a booking; where the answer is lost, ask again."""
        accepted = {202}
        while True:
            with suppress(httpx.TransportError):
                answer = await http.post(f"/api/v1/bookings/{booking}/cancel", headers=self.headers)
                if answer.status_code != 503:
                    assert answer.status_code in accepted, answer.text
                    return
            accepted = {202, 409}  # it may be cancelled by now
            await asyncio.sleep(0.1)

    async def _ask(self, socket: Socket, kind: str, **members: Any) -> Frame:
        """Send a command, again while the outcome is unknown. Return its answer."""
        while True:
            answer = await socket.ask(kind, **members)
            self._collect(socket)
            if answer["type"] != "error":
                return answer
            if answer["problem"]["code"] not in RETRYABLE:
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
        """Record the bookings in the frames that came."""
        for frame in socket.frames:
            booking = frame.get("booking")
            if booking:
                self.bookings[booking["id"]] = booking
                self.seen.append((booking["id"], booking["state"]))
        socket.frames.clear()


async def run_all(buyers: list[Buyer], beside: Callable[[], Coroutine[Any, Any, None]]) -> None:
    """Run all buyers to their end, and `beside` until then.

    Raises:
        Exception: what `beside` raised.
    """
    other = asyncio.create_task(beside())
    limits = httpx.Limits(max_connections=20, keepalive_expiry=1)
    try:
        async with httpx.AsyncClient(
            base_url=buyers[0].base, timeout=60, limits=limits, verify=NO_AUTHORITIES
        ) as http:
            await asyncio.gather(*(buyer.run(http) for buyer in buyers))
    finally:
        await cancel_and_wait([other])
    if not other.cancelled() and (error := other.exception()):
        raise error
