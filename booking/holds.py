"""Holds of one event: seats kept for a visitor for some minutes, extended, released, paid."""

import hashlib
import os
import time
from typing import NamedTuple
from uuid import UUID

import msgspec

from booking_rush.booking import bookings, contacts
from booking_rush.booking.bookings import Booking, UnknownBooking, hold_members
from booking_rush.booking.contacts import Contact
from booking_rush.errors import Invalid, Refusal, TryAgain
from booking_rush.lua.client.batcher import Batcher
from booking_rush.lua.holds import commands as lua
from booking_rush.postgres import Pool
from booking_rush.queue.rules import WrongState
from booking_rush.queue.watermark import Watermark

QUANTITY_MAX = 1000  # of one hold; tickets_per_visitor_max is bounded by the same
KEY_CHARACTERS_MAX = 64


class SeatsTaken(Refusal):
    """Some of these seats are not free; `conflicts` names them."""

    code, status = "seats_taken", 409


class SoldOut(Refusal):
    """Fewer places are free than you ask for."""

    code, status = "sold_out", 409


class HoldExists(Refusal):
    """You hold something here already; `hold` is it."""

    code, status = "hold_exists", 409


class LimitExceeded(Refusal):
    """That is more than one visitor may have."""

    code, status = "limit_exceeded", 422


class UnknownSeat(Refusal):
    """There is no such seat."""

    code, status = "unknown_seat", 404


class UnknownSection(Refusal):
    """There is no such section."""

    code, status = "unknown_section", 404


class UnknownHold(Refusal):
    """You have no such hold."""

    code, status = "unknown_hold", 404


class HoldExpired(Refusal):
    """That hold's time is over, and its seats are free again."""

    code, status = "hold_expired", 410


class PaymentInProgress(Refusal):
    """That hold is being paid."""

    code, status = "payment_in_progress", 409


class ExtensionsUsedUp(Refusal):
    """That hold was extended as often as may be."""

    code, status = "extensions_used_up", 409


class PassRequired(Refusal):
    """Seats are for who has been admitted: wait for your turn, and send the pass."""

    code, status = "pass_required", 403


class PassExpired(Refusal):
    """That pass is over, given up or spent."""

    code, status = "pass_expired", 403


class PassInvalid(Refusal):
    """That is no pass of yours for this event."""

    code, status = "pass_invalid", 403


class IdempotencyKeyMissing(Refusal):
    """This wants an Idempotency-Key, new for every new wish."""

    code, status = "idempotency_key_missing", 400


class KeyReused(Refusal):
    """That key came with another wish before."""

    code, status = "idempotency_key_reused", 422


class Wish(NamedTuple):
    """Seats by name, or where none is named, a quantity of a section."""

    seats: list[str]
    section: str = ""
    quantity: int = 0

    @property
    def fingerprint(self) -> str:
        """What tells one wish from another under the same key."""
        return hashlib.sha256(msgspec.json.encode(list(self))).hexdigest()[:32]


def wish_of(
    seats: list[str] | msgspec.UnsetType,
    section: str | msgspec.UnsetType,
    quantity: int | msgspec.UnsetType,
) -> Wish:
    """What somebody asks for.

    Raises:
        Invalid: neither seats nor a section with a quantity, or both, or a seat twice.
    """
    if seats is not msgspec.UNSET:
        if section is not msgspec.UNSET or quantity is not msgspec.UNSET:
            raise Invalid(("seats", "either seats, or a section and a quantity"))
        if not 1 <= len(seats) <= QUANTITY_MAX:
            raise Invalid(("seats", f"1 to {QUANTITY_MAX} seats"))
        if len(set(seats)) < len(seats):
            raise Invalid(("seats", "the same seat twice"))
        return Wish(seats)
    if section is msgspec.UNSET or quantity is msgspec.UNSET:
        raise Invalid(("seats", "seats, or a section and a quantity"))
    if not 1 <= quantity <= QUANTITY_MAX:
        raise Invalid(("quantity", f"1 to {QUANTITY_MAX}"))
    return Wish([], section, quantity)


def check_key(key: str | msgspec.UnsetType | None) -> str:
    """An idempotency key.

    Raises:
        IdempotencyKeyMissing, Invalid: there is none, or it is not 1 to 64 characters.
    """
    if key is None or key is msgspec.UNSET:
        raise IdempotencyKeyMissing
    if not 1 <= len(key) <= KEY_CHARACTERS_MAX:
        raise Invalid(("key", f"1 to {KEY_CHARACTERS_MAX} characters"))
    return key


class Right(NamedTuple):
    """Why a visitor may hold: their active place (a socket), or a pass of this number and wave.

    `refusal` is why not: then only a repeat is answered.
    """

    kind: lua.Right
    number: int = 0
    wave: int = 0
    refusal: Refusal | None = None


PLACE = Right("place")


class Holds:
    """What may be asked about holds of one event. Every method may also raise what `Batcher.do`
    and `Watermark.reach` raise.
    """

    def __init__(self, event: str, batcher: Batcher, watermark: Watermark, pool: Pool) -> None:
        self._event = event
        self._batcher = batcher
        self._watermark = watermark
        self._pool = pool

    async def create(
        self, visitor: str, key: str, wish: Wish, right: Right = PLACE, *, aloud: bool = False
    ) -> lua.Held:
        """Hold what is wished; a repeat is answered as the first time.

        Raises:
            KeyReused, PassRequired, PassExpired, WrongState, UnknownSeat, UnknownSection,
            HoldExists, LimitExceeded, SeatsTaken, SoldOut: nothing was held.
        """
        command = lua.HoldSeats(
            hold=str(uuid7(time.time_ns() // 1_000_000, os.urandom(10))),
            visitor=visitor,
            key=key,
            print=wish.fingerprint,
            seats=wish.seats,
            section=wish.section,
            quantity=wish.quantity,
            right=right.kind,
            number=right.number,
            wave=right.wave,
            aloud=aloud,
        )
        reply = await self._batcher.do(command)
        if isinstance(reply, lua.Held):
            return reply
        raise self._refusal(reply, right)

    async def find(self, visitor: str, hold: str) -> lua.Held:
        """A living hold of the visitor.

        Raises:
            UnknownHold, HoldExpired: there is none.
        """
        reply = await self._batcher.do(lua.FindHold(visitor, hold))
        return _held(reply)

    async def living(self, visitor: str) -> lua.Held | None:
        """Whatever the visitor holds here."""
        reply = await self._batcher.do(lua.FindHold(visitor, ""))
        return reply if isinstance(reply, lua.Held) else None

    async def extend(self, visitor: str, hold: str) -> lua.Held:
        """Let a hold end later.

        Raises:
            UnknownHold, HoldExpired, PaymentInProgress, ExtensionsUsedUp: it does not.
        """
        return _held(await self._batcher.do(lua.ExtendHold(visitor, hold)))

    async def release(self, visitor: str, hold: str) -> None:
        """Give a hold back.

        Raises:
            UnknownHold, HoldExpired, PaymentInProgress: it cannot be.
        """
        reply = await self._batcher.do(lua.ReleaseHold(visitor, hold))
        if not isinstance(reply, lua.HoldReleased):
            raise REFUSALS[type(reply)]

    async def check_out(
        self, visitor: str, hold: str, method: str, contact: Contact | None = None
    ) -> Booking:
        """Begin to pay; answered when Postgres has claimed the seats.

        Where mail goes is kept first: no state of the booking comes before it.

        Raises:
            UnknownHold, HoldExpired, SeatsTaken: there is nothing to pay.
            TryAgain: not known yet, or a decline is being worked in.
        """
        if contact is not None:
            found = await self._batcher.do(lua.FindHold(visitor, hold))
            if isinstance(found, lua.Held):
                await contacts.keep(self._pool, UUID(found.id), contact)
        match await self._batcher.do(lua.CheckoutHold(visitor, hold, method)):
            case lua.CheckedOut(attempt=attempt, entry=entry, again=again):
                await self._watermark.reach(entry)
                return await self._checked_out(UUID(hold), attempt, again=again)
            case reply:
                raise REFUSALS[type(reply)]

    async def _checked_out(self, booking: UUID, attempt: int, *, again: bool) -> Booking:
        """Answer a checkout by what Postgres says of it."""
        try:
            found = await bookings.one(self._pool, booking)
        except UnknownBooking:
            raise TryAgain("not recorded yet") from None
        if found.reason == "seats_lost" and not found.paid:
            raise SeatsTaken("these seats were sold to somebody else", conflicts=found.seats)
        if found.state == "expired" and not await self._was_asked(booking, attempt):
            raise HoldExpired
        if found.state == "held" and (again or not await self._was_asked(booking, attempt)):
            raise TryAgain("the last try to pay is being worked in")
        return found

    async def _was_asked(self, booking: UUID, attempt: int) -> bool:
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
            case lua.LimitExceeded(most=most, taken=taken):
                return LimitExceeded(f"one visitor may have {most}, you have {taken}")
            case lua.MixedCurrencies():
                return Invalid(("seats", "seats of one currency at a time"))
            case lua.SeatsTaken(conflicts=conflicts):
                return SeatsTaken(conflicts=conflicts)
            case lua.HoldExists():
                return HoldExists(hold=hold_members(self._event, reply))
            case _:
                return REFUSALS[type(reply)]()


REFUSALS: dict[type, type[Refusal]] = {
    lua.KeyReused: KeyReused,
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


def uuid7(now_ms: int, random: bytes) -> UUID:
    """An id that sorts by when it was made (RFC 9562, 5.7): 48 bits of ms, 74 random ones."""
    value = (now_ms & (1 << 48) - 1) << 80 | int.from_bytes(random)
    return UUID(int=value & ~(0xF << 76 | 0x3 << 62) | 0x7 << 76 | 0x2 << 62)
