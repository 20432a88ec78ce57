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
from booking_rush.errors import Refusal
from booking_rush.lua.client import pubsub
from booking_rush.lua.holds.commands import Held
from booking_rush.postgres import AWAY, Pool
from booking_rush.queue.signer import Signer
from booking_rush.server.protocol import frames
from booking_rush.server.rooms.subscriber import Bought, Guest
from booking_rush.server.runtime.metrics import FRAMES

log = logging.getLogger(__name__)

SIDE_BY_SIDE = 64  # look-ups, so that one batch asks for many
LIVING = ("held", "paying", "retaking")
ON_ITS_WAY = ("paying", "retaking", "refunding", "confirmed")
TAKEN_BACK = ("held", "expired", "released")
# What a guest was told of: the step, and whether there is something to pay with, which comes
# between two steps.
STANDING = """
    SELECT id, step, state = 'paying' AND total > 0 AND EXISTS (SELECT FROM payments
        WHERE booking = id AND payments.attempt = bookings.attempt AND client_secret <> ''
    ) AS can_pay
    FROM bookings WHERE id = ANY($1)
"""


class Buyers:
    """Keeps what guests know of their holds and bookings true."""

    def __init__(self, event: str, holds: Holds, signer: Signer, pool: Pool) -> None:
        self._event = event
        self._holds = holds
        self._signer = signer
        self._pool = pool

    async def welcome(self, guest: Guest) -> dict[str, Any]:
        """`{hold?, booking?}`: the living hold, and the last booking that was checked out.

        Raises:
            Recovering, TryAgain, Busy: Redis cannot say just now.
        """
        members: dict[str, Any] = {}
        held, booking = await self._standing(guest)
        if held is not None:
            guest.hold = held.id
            members["hold"] = hold_members(self._event, held)
        if booking is not None:
            members["booking"] = self._know(guest, booking)
        return members

    def tell_hold(self, guest: Guest, held: Held, kind: str, re: str | None = None) -> None:
        """Tell a guest of a hold of theirs."""
        guest.hold = held.id
        FRAMES.labels(kind).inc()
        guest.push(frames.frame(kind, re, hold=hold_members(self._event, held)))

    def tell_booking(self, guest: Guest, booking: Booking, re: str | None = None) -> None:
        """Tell a guest how a booking of theirs stands."""
        FRAMES.labels("booking.updated").inc()
        guest.push(frames.frame("booking.updated", re, booking=self._know(guest, booking)))

    async def check_out(
        self, guest: Guest, hold: str, method: str, contact: Contact | None, re: str
    ) -> None:
        """Answer a checkout; what is heard of the booking before that is told after it.

        Raises:
            What `Holds.check_out` raises.
        """
        guest.pays = hold
        try:
            booking = await self._holds.check_out(guest.visitor, hold, method, contact)
            self.tell_booking(guest, booking, re)
        finally:
            guest.pays, heard, guest.heard = "", guest.heard, False
            if heard:
                await self._tell_changed([guest], UUID(hold))

    async def on_news(self, guests: Sequence[Guest], item: Bought) -> None:
        """Tell a visitor's guests what happened to their hold or booking."""
        if not guests:
            return
        match item:
            case pubsub.Held():
                for guest in guests:
                    guest.hold = item.hold
            case pubsub.Ending():
                self._tell(guests, "hold.expiring", hold=item.hold, seconds=item.seconds)
            case pubsub.Ended():
                for guest in guests:
                    guest.hold = "" if guest.hold == item.hold else guest.hold
                if item.reason != "cancelled":
                    self._tell(guests, "hold.expired", hold=item.hold, reason=item.reason)
            case pubsub.Booked():
                await self._tell_changed(guests, UUID(item.booking))

    async def look_up(self, guests: Iterable[Guest]) -> None:
        """After a recovery: holds that nobody had recorded are gone, and that is said.

        Who was welcomed meanwhile is told what they hold, and what they have booked.
        """
        wanted = [guest for guest in guests if guest.hold or guest.owed]
        for at in range(0, len(wanted), SIDE_BY_SIDE):
            await asyncio.gather(*map(self._look_up, wanted[at : at + SIDE_BY_SIDE]))

    async def read_again(self, guests: Iterable[Guest]) -> int:
        """Tell what became of bookings on their way, where a notice was lost; how many."""
        waiting = [guest for guest in guests if guest.booking is not None]
        known = {guest.booking: (guest.step, guest.can_pay) for guest in waiting}
        rows = await self._pool.fetch(STANDING, list(known)) if waiting else []
        changed = {row["id"] for row in rows if (row["step"], row["can_pay"]) != known[row["id"]]}
        for booking in changed:
            mine = [guest for guest in waiting if guest.booking == booking]
            await self._tell_changed(mine, booking)
        return len(changed)

    async def _look_up(self, guest: Guest) -> None:
        try:
            if guest.owed:
                await self._make_up(guest)
            elif hold := guest.hold:
                held = await self._holds.living(guest.visitor)
                is_lost = held is None or held.id != hold
                if is_lost and guest.hold == hold:  # else they heard of it meanwhile
                    await self._take_back(guest)
        except (Refusal, *AWAY) as why:
            log.info("hold not looked up why=%s", type(why).__name__)

    async def _standing(self, guest: Guest) -> tuple[Held | None, Booking | None]:
        """The living hold, and the last booking that was checked out."""
        held = await self._holds.living(guest.visitor)
        try:
            found, _ = await bookings.page(
                self._pool, limit=1, after=None, visitor=guest.visitor, event=self._event
            )
        except AWAY as why:
            log.info("no booking in a welcome why=%s", type(why).__name__)
            found = []
        if held is not None and _is_paid(held, found):
            held = None
        return held, found[0] if found and found[0].attempt else None

    async def _make_up(self, guest: Guest) -> None:
        """Tell what a welcome could not; what they heard of meanwhile is newer than our answer."""
        knew = guest.hold, guest.booking, guest.step
        held, booking = await self._standing(guest)
        if guest.pays or (guest.hold, guest.booking, guest.step) != knew:
            return
        guest.owed = False
        if booking is not None and (booking.id, booking.step) != knew[1:]:
            self.tell_booking(guest, booking)
        if guest.hold and (held is None or held.id != guest.hold):
            await self._take_back(guest)
        if held is not None and held.id != guest.hold:
            self.tell_hold(guest, held, "hold.created")

    async def _take_back(self, guest: Guest) -> None:
        hold, guest.hold = guest.hold, ""
        try:
            booking = await bookings.one(self._pool, UUID(hold))
        except UnknownBooking:
            booking = None
        if booking is None or (booking.state in TAKEN_BACK and not booking.attempt):
            self._tell([guest], "hold.expired", hold=hold, reason="recovery")

    async def _tell_changed(self, guests: Sequence[Guest], booking: UUID) -> None:
        try:
            found = await bookings.one(self._pool, booking)
        except (UnknownBooking, *AWAY) as why:
            log.info("booking not told id=%s why=%s", booking, type(why).__name__)
            return
        for guest in guests:
            told = (guest.booking, guest.step, guest.can_pay)
            if guest.pays == str(booking):
                guest.heard = True
            elif told != (found.id, found.step, found.can_be_paid):
                self.tell_booking(guest, found)

    def _know(self, guest: Guest, booking: Booking) -> dict[str, Any]:
        """Note what a guest is told of a booking; its members."""
        if booking.state in ON_ITS_WAY or booking.state == "held":
            guest.booking, guest.step = booking.id, booking.step
            guest.can_pay = booking.can_be_paid
        else:
            guest.booking, guest.step, guest.can_pay = None, 0, False
        if booking.state not in LIVING and guest.hold == str(booking.id):
            guest.hold = ""
        return booking.shown(self._signer.ticket)

    def _tell(self, guests: Sequence[Guest], kind: str, **members: Any) -> None:
        frame = frames.frame(kind, **members)
        FRAMES.labels(kind).inc(len(guests))
        for guest in guests:
            guest.push(frame)


def _is_paid(held: Held, found: Sequence[Booking]) -> bool:
    """Whether Postgres has ended the hold already, and Redis is about to follow."""
    return any(str(one.id) == held.id and one.state not in LIVING for one in found)
