"""What guests of one event hold and buy: what they know of it, and what they must be told."""

import asyncio
import logging
from collections.abc import Iterable, Sequence
from typing import Any
from uuid import UUID

from booking_rush.booking.holds import bookings
from booking_rush.booking.holds.bookings import Booking, UnknownBooking
from booking_rush.booking.holds.contacts import Contact
from booking_rush.booking.holds.holds import Holds
from booking_rush.booking.holds.serializers import hold_members
from booking_rush.booking.holds.states import ACTIVE, LIVING, UNPAID
from booking_rush.errors import Refusal
from booking_rush.lua.client import pubsub
from booking_rush.lua.holds.commands import Held
from booking_rush.postgres import UNAVAILABLE, Pool
from booking_rush.queue.signer import Signer
from booking_rush.server.protocol import frames
from booking_rush.server.rooms.subscriber import Bought, Subscriber
from booking_rush.server.runtime.metrics import FRAMES

log = logging.getLogger(__name__)

SIDE_BY_SIDE = 64  # look-ups, so that one batch asks for many
# What a guest was told of: the step, and whether there is something to pay with, which comes
# between two steps.
CHANGED_BOOKINGS = """
    SELECT id, step, state = 'paying' AND total > 0 AND EXISTS (SELECT FROM payments
        WHERE booking = id AND payments.attempt = bookings.attempt AND client_secret <> ''
    ) AS can_pay
    FROM bookings WHERE id = ANY($1)
"""


class BookingUpdates:
    """Keeps what guests know of their holds and bookings true."""

    def __init__(self, event: str, holds: Holds, signer: Signer, pool: Pool) -> None:
        self._event = event
        self._holds = holds
        self._signer = signer
        self._pool = pool

    async def welcome(self, subscriber: Subscriber) -> dict[str, Any]:
        """`{hold?, booking?}`: the living hold, and the last booking that was checked out.

        Raises:
            Recovering, TryAgain, Busy: Redis cannot say just now.
        """
        members: dict[str, Any] = {}
        held, booking = await self._current(subscriber)
        if held is not None:
            subscriber.hold = held.id
            members["hold"] = hold_members(self._event, held)
        if booking is not None:
            members["booking"] = self._members(subscriber, booking)
        return members

    def send_hold(
        self, subscriber: Subscriber, held: Held, kind: str, re: str | None = None
    ) -> None:
        """Tell a guest of a hold of theirs."""
        subscriber.hold = held.id
        FRAMES.labels(kind).inc()
        subscriber.push(frames.frame(kind, re, hold=hold_members(self._event, held)))

    def send_booking(self, subscriber: Subscriber, booking: Booking, re: str | None = None) -> None:
        """Tell a guest how a booking of theirs stands."""
        FRAMES.labels("booking.updated").inc()
        subscriber.push(
            frames.frame("booking.updated", re, booking=self._members(subscriber, booking))
        )

    async def check_out(
        self, subscriber: Subscriber, hold: str, method: str, contact: Contact | None, re: str
    ) -> None:
        """Answer a checkout; what is heard of the booking before that is told after it.

        Raises:
            What `Holds.check_out` raises.
        """
        subscriber.checking_out = hold
        try:
            booking = await self._holds.check_out(subscriber.visitor, hold, method, contact)
            self.send_booking(subscriber, booking, re)
        finally:
            subscriber.checking_out, heard, subscriber.changed = "", subscriber.changed, False
            if heard:
                await self._send_changed([subscriber], UUID(hold))

    async def on_news(self, subscribers: Sequence[Subscriber], item: Bought) -> None:
        """Tell a visitor's guests what happened to their hold or booking."""
        if not subscribers:
            return
        match item:
            case pubsub.Held():
                for subscriber in subscribers:
                    subscriber.hold = item.hold
            case pubsub.Ending():
                self._send(subscribers, "hold.expiring", hold=item.hold, seconds=item.seconds)
            case pubsub.Ended():
                for subscriber in subscribers:
                    subscriber.hold = "" if subscriber.hold == item.hold else subscriber.hold
                if item.reason != "cancelled":
                    self._send(subscribers, "hold.expired", hold=item.hold, reason=item.reason)
            case pubsub.Booked():
                await self._send_changed(subscribers, UUID(item.booking))

    async def look_up(self, subscribers: Iterable[Subscriber]) -> None:
        """After a recovery: holds that nobody had recorded are gone, and that is said.

        Who was welcomed meanwhile is told what they hold, and what they have booked.
        """
        wanted = [
            subscriber for subscriber in subscribers if subscriber.hold or subscriber.needs_resend
        ]
        for at in range(0, len(wanted), SIDE_BY_SIDE):
            await asyncio.gather(*map(self._look_up, wanted[at : at + SIDE_BY_SIDE]))

    async def send_missed(self, subscribers: Iterable[Subscriber]) -> int:
        """Tell what became of bookings on their way, where a notice was lost; how many."""
        waiting = [subscriber for subscriber in subscribers if subscriber.booking is not None]
        known = {
            subscriber.booking: (subscriber.step, subscriber.can_pay) for subscriber in waiting
        }
        rows = await self._pool.fetch(CHANGED_BOOKINGS, list(known)) if waiting else []
        changed = {row["id"] for row in rows if (row["step"], row["can_pay"]) != known[row["id"]]}
        for booking in changed:
            mine = [subscriber for subscriber in waiting if subscriber.booking == booking]
            await self._send_changed(mine, booking)
        return len(changed)

    async def _look_up(self, subscriber: Subscriber) -> None:
        try:
            if subscriber.needs_resend:
                await self._resend(subscriber)
            elif hold := subscriber.hold:
                held = await self._holds.living(subscriber.visitor)
                is_lost = held is None or held.id != hold
                if is_lost and subscriber.hold == hold:  # else they heard of it meanwhile
                    await self._withdraw(subscriber)
        except (Refusal, *UNAVAILABLE) as why:
            log.info("hold not looked up why=%s", type(why).__name__)

    async def _current(self, subscriber: Subscriber) -> tuple[Held | None, Booking | None]:
        """The living hold, and the last booking that was checked out."""
        held = await self._holds.living(subscriber.visitor)
        try:
            found, _ = await bookings.page(
                self._pool, limit=1, after=None, visitor=subscriber.visitor, event=self._event
            )
        except UNAVAILABLE as why:
            log.info("no booking in a welcome why=%s", type(why).__name__)
            found = []
        if held is not None and _is_paid(held, found):
            held = None
        return held, found[0] if found and found[0].attempt else None

    async def _resend(self, subscriber: Subscriber) -> None:
        """Tell what a welcome could not; what they heard of meanwhile is newer than our answer."""
        knew = subscriber.hold, subscriber.booking, subscriber.step
        held, booking = await self._current(subscriber)
        if (
            subscriber.checking_out
            or (subscriber.hold, subscriber.booking, subscriber.step) != knew
        ):
            return
        subscriber.needs_resend = False
        if booking is not None and (booking.id, booking.step) != knew[1:]:
            self.send_booking(subscriber, booking)
        if subscriber.hold and (held is None or held.id != subscriber.hold):
            await self._withdraw(subscriber)
        if held is not None and held.id != subscriber.hold:
            self.send_hold(subscriber, held, "hold.created")

    async def _withdraw(self, subscriber: Subscriber) -> None:
        hold, subscriber.hold = subscriber.hold, ""
        try:
            booking = await bookings.get(self._pool, UUID(hold))
        except UnknownBooking:
            booking = None
        if booking is None or (booking.state in UNPAID and not booking.attempt):
            self._send([subscriber], "hold.expired", hold=hold, reason="recovery")

    async def _send_changed(self, subscribers: Sequence[Subscriber], booking: UUID) -> None:
        try:
            found = await bookings.get(self._pool, booking)
        except (UnknownBooking, *UNAVAILABLE) as why:
            log.info("booking not told id=%s why=%s", booking, type(why).__name__)
            return
        for subscriber in subscribers:
            told = (subscriber.booking, subscriber.step, subscriber.can_pay)
            if subscriber.checking_out == str(booking):
                subscriber.changed = True
            elif told != (found.id, found.step, found.can_be_paid):
                self.send_booking(subscriber, found)

    def _members(self, subscriber: Subscriber, booking: Booking) -> dict[str, Any]:
        """Note what a guest is told of a booking; its members."""
        if booking.state in ACTIVE:
            subscriber.booking, subscriber.step = booking.id, booking.step
            subscriber.can_pay = booking.can_be_paid
        else:
            subscriber.booking, subscriber.step, subscriber.can_pay = None, 0, False
        if booking.state not in LIVING and subscriber.hold == str(booking.id):
            subscriber.hold = ""
        return booking.shown(self._signer.ticket)

    def _send(self, subscribers: Sequence[Subscriber], kind: str, **members: Any) -> None:
        frame = frames.frame(kind, **members)
        FRAMES.labels(kind).inc(len(subscribers))
        for subscriber in subscribers:
            subscriber.push(frame)


def _is_paid(held: Held, found: Sequence[Booking]) -> bool:
    """Whether Postgres has ended the hold already, and Redis is about to follow."""
    return any(str(one.id) == held.id and one.state not in LIVING for one in found)
