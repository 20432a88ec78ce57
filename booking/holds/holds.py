"""Holds of one event: seats kept for a visitor for some minutes, until released or checked out."""

import math
import random
import time
from typing import Any
from uuid import UUID

from booking_rush.booking.holds import bookings, contacts
from booking_rush.booking.holds.bookings import Booking, UnknownBooking
from booking_rush.booking.holds.contacts import Contact
from booking_rush.booking.holds.errors import (
    CoolingDown,
    ExtensionsUsedUp,
    HoldExists,
    HoldExpired,
    LimitExceeded,
    PassExpired,
    PassRequired,
    PaymentInProgress,
    SeatsTaken,
    SoldOut,
    UnknownHold,
    UnknownSeat,
    UnknownSection,
)
from booking_rush.booking.holds.hold_request import PLACE, HoldRequest, Right
from booking_rush.booking.holds.serializers import hold_members
from booking_rush.booking.holds.shows import EventShows
from booking_rush.errors import IdempotencyKeyReused, Invalid, Refusal, TryAgain
from booking_rush.lua.client.batcher import Batcher
from booking_rush.lua.commands import SaleIsStopped
from booking_rush.lua.holds import commands as lua
from booking_rush.postgres import Pool
from booking_rush.queue.rules import WrongState
from booking_rush.queue.sale_clock import SaleStopped
from booking_rush.queue.watermark import Watermark


class Holds:
    """The holds of one event in Redis. Every method also raises what `Batcher.do` raises, and a
    checkout what `Watermark.reach` raises.
    """

    def __init__(self, event: str, batcher: Batcher, watermark: Watermark, pool: Pool) -> None:
        self._event = event
        self._batcher = batcher
        self._watermark = watermark
        self._pool = pool
        self.shows = EventShows(event, pool)

    async def create(
        self,
        visitor: str,
        key: str,
        request: HoldRequest,
        right: Right = PLACE,
        *,
        publish: bool = False,
        given_back: bool = False,
    ) -> lua.Held:
        """Hold the requested seats. Return the hold; a repeat with this key gets the first one.

        With `publish` a new hold is published in Redis to every process; with `given_back`, too, as
        one that its visitor is to be told of.

        Raises:
            IdempotencyKeyReused, PassRequired, PassExpired, SaleStopped, WrongState,
            UnknownSeat, UnknownSection, HoldExists, CoolingDown, LimitExceeded, SeatsTaken,
            SoldOut: nothing was held.
            Invalid: the seats have prices of different currencies.
        """
        await self.shows.refresh()
        chance = random.randbytes(10)  # noqa: S311  an id is no secret: os.urandom took 5 us a hold
        command = lua.HoldSeats(
            hold=str(uuid7(time.time_ns() // 1_000_000, chance)),
            visitor=visitor,
            key=key,
            print=request.fingerprint,
            seats=request.seats,
            section=request.section,
            quantity=request.quantity,
            right=right.kind,
            number=right.number,
            wave=right.wave,
            publish=publish or given_back,
            given_back=given_back,
        )
        reply = await self._batcher.do(command)
        if isinstance(reply, lua.Held):
            return reply
        raise self._refusal(reply, right)

    async def find(self, visitor: str, hold: str) -> lua.Held:
        """Return a hold of the visitor that has not ended.

        Raises:
            UnknownHold, HoldExpired: there is none.
        """
        return _held(await self._batcher.do(lua.FindHold(visitor, hold)))

    async def living(self, visitor: str) -> lua.Held | None:
        """Return the visitor's hold that has not ended, or None."""
        reply = await self._batcher.do(lua.FindHold(visitor, ""))
        return reply if isinstance(reply, lua.Held) else None

    async def extend(self, visitor: str, hold: str) -> lua.Held:
        """Extend a hold. Return it with its new deadline.

        Raises:
            UnknownHold, HoldExpired, PaymentInProgress, ExtensionsUsedUp, SaleStopped: it is not
                extended.
        """
        return _held(await self._batcher.do(lua.ExtendHold(visitor, hold)))

    def members(self, held: lua.Held) -> dict[str, Any]:
        """Serialize a hold that one of these methods returned."""
        return hold_members(self._event, held, self.shows.by_section)

    async def release(self, visitor: str, hold: str) -> None:
        """Release a hold: its seats are free at once.

        Raises:
            UnknownHold, HoldExpired, PaymentInProgress: it cannot be released.
        """
        reply = await self._batcher.do(lua.ReleaseHold(visitor, hold))
        if not isinstance(reply, lua.HoldReleased):
            raise REFUSALS[type(reply)]

    async def check_out(
        self, visitor: str, hold: str, method: str, contact: Contact | None = None
    ) -> Booking:
        """Check out a hold, and wait until Postgres has claimed its seats. Return the booking.

        The contact is saved first, so that it is there before any state of the booking is mailed.

        Raises:
            UnknownHold, HoldExpired, SeatsTaken: there is nothing to pay.
            SaleStopped: nobody may pay just now.
            TryAgain: the outcome is not recorded yet, or a decline is still being applied.
        """
        if contact is not None:
            found = await self._batcher.do(lua.FindHold(visitor, hold))
            if isinstance(found, lua.Held):
                await contacts.save(self._pool, UUID(found.id), contact)
        match await self._batcher.do(lua.CheckoutHold(visitor, hold, method)):
            case lua.CheckedOut(attempt=attempt, entry=entry, again=again):
                await self._watermark.reach(entry)
                return await self._checked_out(UUID(hold), attempt, again=again)
            case reply:
                raise REFUSALS[type(reply)]

    async def _checked_out(self, booking: UUID, attempt: int, *, again: bool) -> Booking:
        """Return the booking of a recorded checkout, or raise the refusal that Postgres has."""
        try:
            found = await bookings.get(self._pool, booking)
        except UnknownBooking:
            raise TryAgain("not recorded yet") from None
        if found.reason == "seats_lost" and not found.paid:
            raise SeatsTaken("these seats were sold to somebody else", conflicts=found.seats)
        if found.state == "expired" and not await self._has_payment(booking, attempt):
            raise HoldExpired
        if found.state == "held" and (again or not await self._has_payment(booking, attempt)):
            raise TryAgain("the last try to pay is being worked in")
        return found

    async def _has_payment(self, booking: UUID, attempt: int) -> bool:
        found = await self._pool.fetchval(
            "SELECT 1 FROM payments WHERE booking = $1 AND attempt = $2", booking, attempt
        )
        return found is not None

    def _refusal(self, reply: object, right: Right) -> Refusal:
        match reply:
            case lua.NoRight():
                if right.refusal is not None:
                    return right.refusal
                return PassExpired() if right.kind == "pass" else PassRequired()
            case lua.NotOnSale():
                return WrongState("seats are not on sale now")
            case lua.UnknownSeats(seats=seats):
                return UnknownSeat(f"there is no seat {', '.join(seats[:10])}", seats=seats)
            case lua.CoolingDown(wait_ms=wait_ms):
                return CoolingDown(math.ceil(wait_ms / 1000))
            case lua.LimitExceeded(most=most, taken=taken):
                return LimitExceeded(f"one visitor may have {most}, you have {taken}")
            case lua.MixedCurrencies():
                return Invalid(("seats", "seats of one currency at a time"))
            case lua.SeatsTaken(conflicts=conflicts):
                return SeatsTaken(conflicts=conflicts)
            case lua.HoldExists():
                return HoldExists(hold=hold_members(self._event, reply, self.shows.by_section))
            case _:
                return REFUSALS[type(reply)]()


REFUSALS: dict[type, type[Refusal]] = {
    SaleIsStopped: SaleStopped,
    lua.KeyReused: IdempotencyKeyReused,
    lua.UnknownSection: UnknownSection,
    lua.SoldOut: SoldOut,
    lua.UnknownHold: UnknownHold,
    lua.HoldOver: HoldExpired,
    lua.BeingPaid: PaymentInProgress,
    lua.ExtensionsUsedUp: ExtensionsUsedUp,
}


def _held(reply: object) -> lua.Held:
    if isinstance(reply, lua.Held):
        return reply
    raise REFUSALS[type(reply)]


def uuid7(now_ms: int, random_bytes: bytes) -> UUID:
    """Make an id that sorts by its time (RFC 9562, 5.7): 48 bits of ms, and 74 random bits."""
    value = (now_ms & (1 << 48) - 1) << 80 | int.from_bytes(random_bytes)
    return UUID(int=value & ~(0xF << 76 | 0x3 << 62) | 0x7 << 76 | 0x2 << 62)
