"""One visit to an event: join, wait, choose, hold, and pay or not, as the visit's plan says."""

import asyncio
import random
from uuid import uuid4

from booking_rush.queue.join_checks.proof_of_work import solve
from booking_rush.server.crowd.behaviour import PAYS_AGAIN, Plan, choose_seats
from booking_rush.server.crowd.house_view import HouseView
from booking_rush.server.crowd.visitor_socket import Frame, RefusedError, VisitorSocket

CHOICES_MAX = 6  # of seats, while others take them first
TURN_S = 900.0  # longer than any turn or payment of the demo's rules
ENDED = ("confirmed", "expired", "released", "refunded")
RETRYABLE = ("try_again", "recovering", "busy")
RETRY_S = 1.0


class Visit:
    """A visit of one visitor, which goes on where it was on another socket."""

    def __init__(self, plan: Plan, house: HouseView, rng: random.Random) -> None:
        self._plan = plan
        self._house = house
        self._rng = rng

    async def go_on(self, socket: VisitorSocket) -> str | None:
        """Do what is left of the visit. Return the booking that was confirmed, if any.

        Raises:
            RefusedError: the event takes nobody, or not this visitor.
        """
        welcome = await socket.receive()
        for member in ("hold", "booking"):
            if member in welcome and welcome[member]["state"] not in ENDED:
                return await self._pay(socket, welcome[member]["id"])
        if not await self._wait_for_turn(socket):
            return None
        await socket.read_for(self._plan.choosing_s)
        if self._plan.ending == "give_up":
            await socket.ask("queue.leave")
            return None
        hold = await self._hold(socket)
        return await self._finish(socket, hold) if hold else None

    async def _wait_for_turn(self, socket: VisitorSocket) -> bool:
        """Join and wait. Return whether the turn came before patience ended."""
        joined = await self._ask(socket, "queue.join")
        if joined["type"] == "queue.admitted" or joined["place"]["state"] == "admitted":
            return True
        frame = await socket.wait_for(
            "queue.admitted", "queue.expired", within_s=self._plan.patience_s
        )
        if frame is None:
            await socket.ask("queue.leave")
        return frame is not None and frame["type"] == "queue.admitted"

    async def _hold(self, socket: VisitorSocket) -> str | None:
        """Choose until a hold is made. Return its id, or None where nothing was to be had."""
        for _ in range(CHOICES_MAX):
            request = choose_seats(
                self._rng, self._plan.quantity, self._house.rows, self._house.standing
            )
            if request is not None:
                try:
                    created = await self._ask(socket, "hold.create", key=str(uuid4()), **request)
                except RefusedError as refused:
                    if str(refused) not in ("seats_taken", "sold_out"):
                        raise
                else:
                    hold: str = created["hold"]["id"]
                    return hold
            await socket.read_for(self._rng.uniform(1, 3))
        await socket.ask("queue.leave")
        return None

    async def _finish(self, socket: VisitorSocket, hold: str) -> str | None:
        await socket.read_for(self._plan.holding_s)
        if self._plan.ending == "pay":
            return await self._pay(socket, hold)
        if self._plan.ending == "forget":
            await socket.wait_for("hold.expired", within_s=TURN_S)
        else:
            await self._ask(socket, "hold.release", hold=hold)
        await socket.ask("queue.leave")
        return None

    async def _pay(self, socket: VisitorSocket, hold: str) -> str | None:
        """Check out, and after a decline perhaps once more, by a good card."""
        method = self._plan.method
        booking = (await self._ask(socket, "hold.checkout", hold=hold, payment_method=method))[
            "booking"
        ]
        while booking["state"] not in ENDED:
            frame = await socket.wait_for("booking.updated", within_s=TURN_S)
            if frame is None:
                return None
            booking = frame["booking"]
            if booking["state"] == "held":
                if self._rng.random() > PAYS_AGAIN:
                    await self._ask(socket, "hold.release", hold=hold)
                    await socket.ask("queue.leave")
                    return None
                again = await self._ask(socket, "hold.checkout", hold=hold, payment_method="ok")
                booking = again["booking"]
        return hold if booking["state"] == "confirmed" else None

    async def _ask(self, socket: VisitorSocket, kind: str, **members: object) -> Frame:
        """Send a command, again while its outcome is unknown. Return its answer."""
        while True:
            try:
                return await socket.ask(kind, **members)
            except RefusedError as refused:
                if str(refused) == "proof_required":
                    members = {"proof": await _prove(refused.problem)}
                elif str(refused) not in RETRYABLE:
                    raise
            await socket.read_for(RETRY_S)


async def _prove(problem: Frame) -> str:
    """Return the proof of work that a join is asked for."""
    return await asyncio.to_thread(solve, problem["challenge"], problem["bits"])
