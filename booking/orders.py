"""The orders of the saga carried out: at the bank, in Redis, and to whoever listens.

An order is carried out with no lock and no transaction open, and may be carried out again.
"""

import logging
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import Literal, TypeVar
from uuid import UUID

import asyncpg
import msgspec

from booking_rush.booking.outbox import Envelope, message
from booking_rush.booking.payments import Payment, PaymentRefusedError, Payments
from booking_rush.booking.saga import Message
from booking_rush.lua.commands import Command
from booking_rush.lua.seat_commands import (
    FreeHold,
    Hold,
    MarkSold,
    Obeyed,
    ReopenHold,
    RetakeHold,
    SeatsLost,
    TellBooking,
)
from booking_rush.queue.directory import Directory
from booking_rush.queue.postgres import Pool

log = logging.getLogger(__name__)

R = TypeVar("R")


@dataclass(frozen=True, slots=True)
class Means:
    """What orders are carried out with."""

    pool: Pool
    directory: Directory
    payments: Payments

    async def move(self, event: str, command: Command[R]) -> R:
        """Ask a move of an event."""
        return await self.directory.batcher(event).do(command)


async def carry_out(
    means: Means, order: Envelope, row: asyncpg.Record | None = None
) -> list[Envelope]:
    """Carry out one order; the messages that answer it. `row` is its booking, where it is known.

    An order of an earlier step than its booking's is dropped, a refund excepted.

    Raises:
        Refusal, BankAwayError, a store's error: ask again later.
    """
    if row is None:
        row = await means.pool.fetchrow("SELECT * FROM bookings WHERE id = $1", order.booking)
    assert row is not None, order
    if order.step < row["step"] and order.kind != "refund":
        return []
    said = await ORDERS[order.kind](means, order, row)
    if said is None:
        return []
    return [message(f"{order.id}:{said}", order.booking, order.event, said, order.attempt)]


async def charge(means: Means, order: Envelope, row: asyncpg.Record) -> Message | None:
    """Ask for the money; what costs nothing is paid."""
    payment = await _payment(means, order)
    if payment.amount == 0:
        return "charged"
    try:
        await means.payments.charge(payment)
    except PaymentRefusedError as why:
        log.warning("charge refused booking=%s why=%s", order.booking, why)
        return "declined"
    return None


async def cancel_charge(means: Means, order: Envelope, row: asyncpg.Record) -> Message | None:
    """Let a charge that is overdue capture no more."""
    await means.payments.cancel(await _payment(means, order))
    return None


async def refund(means: Means, order: Envelope, row: asyncpg.Record) -> Message | None:
    """Give money back."""
    payment = await _payment(means, order)
    if payment.amount == 0:
        return "refunded"
    await means.payments.refund(payment)
    return None


async def retake(means: Means, order: Envelope, row: asyncpg.Record) -> Message | None:
    """Take seats again for money that came late."""
    match await means.move(order.event, RetakeHold(_gone(row), order.step)):
        case Obeyed():
            return "retaken"
        case SeatsLost():
            return "seats_lost"
        case _:
            return None


async def mark_sold(means: Means, order: Envelope, row: asyncpg.Record) -> Message | None:
    """The seats are sold."""
    await means.move(order.event, MarkSold(_gone(row), order.step))
    return None


async def reopen(means: Means, order: Envelope, row: asyncpg.Record) -> Message | None:
    """The hold may be tried again."""
    await means.move(order.event, ReopenHold(str(order.booking), order.step, order.attempt))
    return None


async def free(means: Means, order: Envelope, row: asyncpg.Record) -> Message | None:
    """The seats are free, except those that other bookings claim."""
    rows = await means.pool.fetch(
        """
        SELECT seat, state FROM claims JOIN bookings ON bookings.id = claims.booking
        WHERE claims.event = $1 AND seat = ANY($2) AND booking <> $3
        """,
        order.event, row["seats"], order.booking,
    )  # fmt: skip
    others = {found["seat"]: "h" if found["state"] == "paying" else "s" for found in rows}
    state: Literal["expired", "released"] = "released"
    if row["state"] == "expired":
        state = "expired"
    command = FreeHold(str(order.booking), order.step, state, row["reason"], others)
    await means.move(order.event, command)
    return None


async def tell(means: Means, order: Envelope, row: asyncpg.Record) -> Message | None:
    """Whoever listens for the visitor reads the booking."""
    await means.move(order.event, TellBooking(row["visitor"], str(order.booking)))
    return None


ORDERS: dict[str, Callable[[Means, Envelope, asyncpg.Record], Awaitable[Message | None]]] = {
    "charge": charge,
    "cancel_charge": cancel_charge,
    "refund": refund,
    "retake": retake,
    "mark_sold": mark_sold,
    "reopen": reopen,
    "free": free,
    "tell": tell,
}


async def _payment(means: Means, order: Envelope) -> Payment:
    row = await means.pool.fetchrow(
        f"SELECT {PAYMENT} FROM payments WHERE booking = $1 AND attempt = $2",  # noqa: S608
        order.booking,
        order.attempt,
    )
    assert row is not None, order
    return payment_of(row)


PAYMENT = "booking, attempt, amount, currency, method, pay_until_ms, provider, client_secret"


def payment_of(row: asyncpg.Record) -> Payment:
    """A row of PAYMENT."""
    return Payment(**{name: row[name] for name in Payment._fields})


def _gone(row: asyncpg.Record) -> Hold:
    """The hold of a row, as one whose seats are not taken."""
    return msgspec.structs.replace(hold_of(row), state="expired")


STATES = {
    "held": "held",
    "paying": "paying",
    "retaking": "released",
    "confirmed": "sold",
    "expired": "expired",
    "released": "released",
    "refunded": "released",
}


def hold_of(row: asyncpg.Record) -> Hold:
    """The hold that a row of bookings is, as Redis keeps it."""
    id_: UUID = row["id"]
    state = STATES.get(row["state"]) or ("sold" if row["claimed"] else "released")
    return Hold(
        id=str(id_),
        visitor=row["visitor"],
        state=state,  # type: ignore[arg-type]
        seats=row["seats"],
        prices=row["prices"],
        currency=row["currency"],
        section=row["section"],
        quantity=row["quantity"],
        adjacent=row["adjacent"],
        made=row["made_ms"],
        deadline=row["until_ms"],
        first=row["first_until_ms"],
        left=row["extensions_left"],
        left_first=row["extensions_first"],
        extended=row["extended_ms"],
        step=row["step"],
        number=row["number"],
        wave=row["wave"],
        key=row["key"],
        print=row["fingerprint"],
        attempt=row["attempt"],
        method="",
        pay_until=0,
        entry="",
        reason=row["reason"],
    )
