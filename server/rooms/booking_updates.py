"""Booking updates of a room: its subscribers are sent their holds and bookings as they change."""

import asyncio
import logging
from collections.abc import Iterable, Sequence
from typing import Any
from uuid import UUID

from booking_rush.booking.holds import bookings
from booking_rush.booking.holds.bookings import Booking, UnknownBooking
from booking_rush.booking.holds.contacts import Contact
from booking_rush.booking.holds.holds import Holds
from booking_rush.booking.holds.states import ACTIVE, LIVING, UNPAID
from booking_rush.errors import Refusal
from booking_rush.lua.client import pubsub
from booking_rush.lua.holds.commands import Held
from booking_rush.postgres import UNAVAILABLE, Pool
from booking_rush.queue.keys.signer import Signer
from booking_rush.queue.sale_clock import RUNNING
from booking_rush.server.protocol import frames
from booking_rush.server.rooms.subscriber import BookingVersion, HoldNews, Subscriber
from booking_rush.server.runtime.metrics import FRAMES

log = logging.getLogger(__name__)

LOOK_UPS_AT_ONCE = 64  # so that one batch asks for many
# A client secret comes between two steps, so a version of a booking says whether there is one.
VERSIONS = """
    SELECT id, step, state = 'paying' AND total > 0 AND EXISTS (SELECT FROM payments
        WHERE booking = id AND payments.attempt = bookings.attempt AND client_secret <> ''
    ) AS can_pay
    FROM bookings WHERE id = ANY($1)
"""


class BookingUpdates:
    """The bookings' feed of a room: from news, checkouts and look-ups to frames.

    It alone writes `Subscriber.booking`.
    """

    def __init__(self, event: str, holds: Holds, signer: Signer, pool: Pool) -> None:
        self._event = event
        self._holds = holds
        self._signer = signer
        self._pool = pool
        self.sale_clock = RUNNING

    # A subscriber's own connection and commands

    async def welcome(self, subscriber: Subscriber) -> dict[str, Any]:
        """Return `{hold?, booking?}`: the living hold, and the last booking that was checked out.

        Raises:
            Recovering, TryAgain, Busy: Redis cannot say just now.
        """
        members: dict[str, Any] = {}
        held, booking = await self._current(subscriber)
        subscriber.booking.had_hold = True  # that is why the welcome asks
        if held is not None:
            subscriber.booking.record_hold(held.id, held.deadline_ms)
            members["hold"] = self._holds.members(held)
        if booking is not None:
            members["booking"] = self._members(subscriber, booking)
        return members

    async def check_out(
        self, subscriber: Subscriber, hold: str, method: str, contact: Contact | None, re: str
    ) -> None:
        """Check out a hold and send the answer; news of the booking are sent after it.

        Raises:
            The same as `Holds.check_out`.
        """
        sent = subscriber.booking
        sent.checking_out = hold
        try:
            booking = await self._holds.check_out(subscriber.visitor, hold, method, contact)
            self.send_booking(subscriber, booking, re)
        finally:
            sent.checking_out, changed, sent.changed = "", sent.changed, False
            if changed:
                await self.send_changed([subscriber], UUID(hold))

    def send_hold(
        self, subscriber: Subscriber, held: Held, kind: str, re: str | None = None
    ) -> None:
        """Send a hold, in a frame of this kind."""
        subscriber.booking.record_hold(held.id, held.deadline_ms)
        FRAMES.add(kind)
        subscriber.push(frames.frame(kind, re, hold=self._holds.members(held)))

    def send_booking(self, subscriber: Subscriber, booking: Booking, re: str | None = None) -> None:
        """Send a booking: `booking.updated`."""
        FRAMES.add("booking.updated")
        subscriber.push(
            frames.frame("booking.updated", re, booking=self._members(subscriber, booking))
        )

    # News

    def apply(self, subscribers: Sequence[Subscriber], news: HoldNews) -> None:
        """Send news of a visitor's hold to the visitor's subscribers."""
        match news:
            case pubsub.Held():
                for subscriber in subscribers:
                    subscriber.booking.record_hold(news.hold, 0)
            case pubsub.Ending():
                self._send(subscribers, "hold.expiring", hold=news.hold, seconds=news.seconds)
            case pubsub.Ended():
                for subscriber in subscribers:
                    if subscriber.booking.hold == news.hold:
                        subscriber.booking.hold = ""
                if news.reason != "cancelled":
                    self._send(subscribers, "hold.expired", hold=news.hold, reason=news.reason)

    async def send_missed(self, subscribers: Sequence[Subscriber]) -> int:
        """Send bookings that changed, where the news of it was lost. Return how many they were."""
        sent = {version.id: version for s in subscribers if (version := s.booking.version)}
        rows = await self._pool.fetch(VERSIONS, list(sent)) if sent else []
        changed = {row["id"] for row in rows if BookingVersion(*row) != sent[row["id"]]}
        for id_ in changed:
            lacking = [s for s in subscribers if s.booking.version and s.booking.version.id == id_]
            await self.send_changed(lacking, id_)
        return len(changed)

    # Look-ups

    def resend_later(self, subscriber: Subscriber) -> None:
        """Have hold and booking looked up: the welcome was sent without them, or is outdated."""
        subscriber.booking.needs_resend = True

    async def send_given_back(self, subscribers: Sequence[Subscriber]) -> None:
        """Send a hold that an undo gave back, as after a recovery that took back its end."""
        for subscriber in subscribers:
            subscriber.booking.had_hold = True
        await self.look_up(subscribers)

    async def look_up(self, subscribers: Iterable[Subscriber]) -> None:
        """Find holds again, send what differs, and resend what a welcome lacked.

        A recovery takes back what Postgres had not recorded: holds, extensions and releases. What
        cannot be looked up now is looked up with the next resends.
        """
        wanted = [s for s in subscribers if s.booking.had_hold or s.booking.needs_resend]
        for at in range(0, len(wanted), LOOK_UPS_AT_ONCE):
            await asyncio.gather(*map(self._look_up, wanted[at : at + LOOK_UPS_AT_ONCE]))

    async def _look_up(self, subscriber: Subscriber) -> None:
        sent = subscriber.booking
        try:
            await (self._resend if sent.needs_resend else self._compare)(subscriber)
        except (Refusal, *UNAVAILABLE) as why:
            sent.needs_resend = True
            log.info("hold not looked up why=%s", type(why).__name__)

    async def _compare(self, subscriber: Subscriber) -> None:
        """Send the hold where it is not as it was sent; news that came meanwhile are newer."""
        sent = subscriber.booking
        before = sent.hold, sent.deadline_ms
        held = await self._holds.living(subscriber.visitor)
        if held is not None and held.id != sent.hold:  # an end was undone, or Postgres has ended it
            held, _ = await self._current(subscriber)
        if (sent.hold, sent.deadline_ms) == before:
            await self._send_living(subscriber, held)

    async def _current(self, subscriber: Subscriber) -> tuple[Held | None, Booking | None]:
        """Return the living hold, and the last booking that was checked out."""
        held = await self._holds.living(subscriber.visitor)
        try:
            found, _ = await bookings.page(
                self._pool, limit=1, after=None, visitor=subscriber.visitor, event=self._event
            )
        except UNAVAILABLE as why:
            log.info("no booking in a welcome why=%s", type(why).__name__)
            found = []
        if held is not None and _has_ended(held, found):
            held = None
        return held, found[0] if found and found[0].attempt else None

    async def _resend(self, subscriber: Subscriber) -> None:
        """Send hold and booking where they differ; news that came meanwhile are newer."""
        sent = subscriber.booking
        before = sent.hold, sent.deadline_ms, sent.version
        held, booking = await self._current(subscriber)
        if sent.checking_out or (sent.hold, sent.deadline_ms, sent.version) != before:
            return
        sent.needs_resend = False
        if booking is not None and version_of(booking) != sent.version:
            self.send_booking(subscriber, booking)
        await self._send_living(subscriber, held)

    async def _send_living(self, subscriber: Subscriber, held: Held | None) -> None:
        """Send the visitor's living hold, or the end of the one that was sent, where it differs.

        A hold that is being paid has no deadline of its own.
        """
        sent = subscriber.booking
        if sent.hold and (held is None or held.id != sent.hold):
            await self._withdraw(subscriber)
        if held is None:
            return
        if held.id != sent.hold:
            self.send_hold(subscriber, held, "hold.created")
        elif held.state == "held" and self.sale_clock.is_news(sent.deadline_ms, held.deadline_ms):
            self.send_hold(subscriber, held, "hold.extended")

    async def _withdraw(self, subscriber: Subscriber) -> None:
        """Forget the hold, and send its end unless it became a booking."""
        sent, hold = subscriber.booking, subscriber.booking.hold
        try:
            booking = await bookings.get(self._pool, UUID(hold))
        except UnknownBooking:
            booking = None
        if sent.hold != hold:
            return  # its end was sent meanwhile
        sent.hold = ""
        if booking is None or (booking.state in UNPAID and not booking.attempt):
            self._send([subscriber], "hold.expired", hold=hold, reason="recovery")

    # Frames

    async def send_changed(self, subscribers: Sequence[Subscriber], booking: UUID) -> None:
        """Read a booking, and send it to those of its visitor's subscribers that lack it."""
        try:
            found = await bookings.get(self._pool, booking)
        except (UnknownBooking, *UNAVAILABLE) as why:
            log.info("booking not told id=%s why=%s", booking, type(why).__name__)
            return
        for subscriber in subscribers:
            if subscriber.booking.checking_out == str(booking):
                subscriber.booking.changed = True
            elif subscriber.booking.version != version_of(found):
                self.send_booking(subscriber, found)

    def _members(self, subscriber: Subscriber, booking: Booking) -> dict[str, Any]:
        """Record a booking as sent. Return its members."""
        sent = subscriber.booking
        sent.version = version_of(booking) if booking.state in ACTIVE else None
        if booking.state not in LIVING and sent.hold == str(booking.id):
            sent.hold = ""
        return booking.members(self._signer.ticket)

    def _send(self, subscribers: Sequence[Subscriber], kind: str, **members: Any) -> None:
        frame = frames.frame(kind, **members)
        FRAMES.add(kind, by=len(subscribers))
        for subscriber in subscribers:
            subscriber.push(frame)


def version_of(booking: Booking) -> BookingVersion:
    """Return the version of a booking."""
    return BookingVersion(booking.id, booking.step, booking.can_be_paid)


def _has_ended(held: Held, found: Sequence[Booking]) -> bool:
    """Return whether Postgres has ended the hold already, and Redis is about to follow."""
    return any(str(booking.id) == held.id and booking.state not in LIVING for booking in found)
