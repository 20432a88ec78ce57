"""The orders of the saga carried out: at the bank, in Redis, and to whoever listens.

An order is carried out with no lock and no transaction open, and may be carried out again. What
many orders need to know is looked up for all of them at once.
"""

import logging
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass, field
from typing import Literal, TypeVar
from uuid import UUID

import asyncpg
import msgspec

from booking_rush.booking.holds.bookings import hold_of
from booking_rush.booking.messaging.outbox import Envelope, message
from booking_rush.booking.payments.provider import (
    PAYMENT,
    Payment,
    PaymentRefusedError,
    payment_of,
)
from booking_rush.booking.payments.router import PaymentRouter
from booking_rush.booking.saga.state_machine import Message
from booking_rush.lua.commands import Command
from booking_rush.lua.holds.commands import Hold
from booking_rush.lua.saga.commands import (
    FreeHold,
    MarkSold,
    Obeyed,
    PublishBooking,
    ReopenHold,
    RetakeHold,
    SeatsLost,
)
from booking_rush.postgres import Pool
from booking_rush.queue.event_registry import EventRegistry

log = logging.getLogger(__name__)

R = TypeVar("R")


@dataclass(frozen=True, slots=True)
class OrderContext:
    """What orders are carried out with."""

    pool: Pool
    registry: EventRegistry
    payments: PaymentRouter

    async def move(self, event: str, command: Command[R]) -> R:
        """Ask a move of an event."""
        return await self.registry.batcher(event).do(command)


@dataclass(frozen=True, slots=True)
class OrderData:
    """What some orders need to know: bookings, tries to pay, and who else claims what they free."""

    bookings: dict[UUID, asyncpg.Record]
    payments: dict[tuple[UUID, int], Payment] = field(
        default_factory=dict[tuple[UUID, int], Payment]
    )
    claims: dict[tuple[str, str], tuple[UUID, str]] = field(
        default_factory=dict[tuple[str, str], tuple[UUID, str]]
    )

    def others(self, order: Envelope) -> dict[str, str]:
        """Seats of a booking that others claim, with the character that stands for it."""
        found = {
            seat: self.claims[order.event, seat]
            for seat in self.bookings[order.booking]["seats"]
            if (order.event, seat) in self.claims
        }
        return {
            seat: "h" if state == "paying" else "s"
            for seat, (booking, state) in found.items()
            if booking != order.booking
        }


async def look_up(pool: Pool, orders: Sequence[Envelope]) -> OrderData:
    """Everything about these orders, in one statement a table."""
    ids = list({one.booking for one in orders})
    rows = await pool.fetch("SELECT * FROM bookings WHERE id = ANY($1)", ids)
    papers = OrderData({row["id"]: row for row in rows})
    paid = list({one.booking for one in orders if one.kind in AT_THE_BANK})
    if paid:
        for row in await pool.fetch(
            f"SELECT {PAYMENT} FROM payments WHERE booking = ANY($1)",  # noqa: S608
            paid,
        ):
            papers.payments[row["booking"], row["attempt"]] = payment_of(row)
    freed = [
        (one.event, seat)
        for one in orders
        if one.kind == "free" and one.booking in papers.bookings
        for seat in papers.bookings[one.booking]["seats"]
    ]
    if freed:
        for row in await pool.fetch(CLAIMS, *zip(*freed, strict=True)):
            papers.claims[row["event"], row["seat"]] = row["booking"], row["state"]
    return papers


async def carry_out(means: OrderContext, order: Envelope, papers: OrderData) -> list[Envelope]:
    """Carry out one order; the messages that answer it.

    An order of an earlier step than its booking's is dropped, a refund excepted.

    Raises:
        StrangeOrderError: it is none of ours.
        Refusal, ProviderUnavailableError, a store's error: ask again later.
        PaymentRefusedError: never ask again.
    """
    row = papers.bookings.get(order.booking)
    if row is None or order.kind not in ORDERS:
        raise UnknownOrderError(f"{order.kind!r} of booking {order.booking}")
    if order.step < row["step"] and order.kind != "refund":
        return []
    said = await ORDERS[order.kind](means, order, papers)
    if said is None:
        return []
    return [message(f"{order.id}:{said}", order.booking, order.event, said, order.attempt)]


class UnknownOrderError(Exception):
    """An order of no booking, or of a kind that there is not."""


async def charge(means: OrderContext, order: Envelope, papers: OrderData) -> Message | None:
    """Ask for the money; what costs nothing is paid."""
    payment = papers.payments[order.booking, order.attempt]
    if payment.amount == 0:
        return "charged"
    try:
        with means.payments.provider_of(payment) as provider:
            secret = await provider.charge(payment)
    except PaymentRefusedError as why:
        log.warning("charge refused booking=%s why=%s", order.booking, why)
        return "declined"
    if secret:
        await means.pool.execute(
            "UPDATE payments SET client_secret = $3 WHERE booking = $1 AND attempt = $2",
            order.booking, order.attempt, secret,
        )  # fmt: skip
        await tell(means, order, papers)
    return None


async def cancel_charge(means: OrderContext, order: Envelope, papers: OrderData) -> Message | None:
    """Let a charge that is overdue capture no more."""
    payment = papers.payments[order.booking, order.attempt]
    with means.payments.provider_of(payment) as provider:
        await provider.cancel(payment)
    return None


async def refund(means: OrderContext, order: Envelope, papers: OrderData) -> Message | None:
    """Give money back."""
    payment = papers.payments[order.booking, order.attempt]
    if payment.amount == 0:
        return "refunded"
    with means.payments.provider_of(payment) as provider:
        await provider.refund(payment)
    return None


async def retake(means: OrderContext, order: Envelope, papers: OrderData) -> Message | None:
    """Take seats again for money that came late."""
    match await means.move(order.event, RetakeHold(_gone(order, papers), order.step)):
        case Obeyed():
            return "retaken"
        case SeatsLost():
            return "seats_lost"
        case _:
            return None


async def mark_sold(means: OrderContext, order: Envelope, papers: OrderData) -> Message | None:
    """The seats are sold."""
    await means.move(order.event, MarkSold(_gone(order, papers), order.step))
    return None


async def reopen(means: OrderContext, order: Envelope, papers: OrderData) -> Message | None:
    """The hold may be tried again."""
    await means.move(order.event, ReopenHold(str(order.booking), order.step, order.attempt))
    return None


async def free(means: OrderContext, order: Envelope, papers: OrderData) -> Message | None:
    """The seats are free, except those that other bookings claim."""
    row = papers.bookings[order.booking]
    state: Literal["expired", "released"] = "released"
    if row["state"] == "expired":
        state = "expired"
    command = FreeHold(str(order.booking), order.step, state, row["reason"], papers.others(order))
    await means.move(order.event, command)
    return None


async def tell(means: OrderContext, order: Envelope, papers: OrderData) -> Message | None:
    """Whoever listens for the visitor reads the booking."""
    visitor = papers.bookings[order.booking]["visitor"]
    await means.move(order.event, PublishBooking(visitor, str(order.booking)))
    return None


ORDERS: dict[str, Callable[[OrderContext, Envelope, OrderData], Awaitable[Message | None]]] = {
    "charge": charge,
    "cancel_charge": cancel_charge,
    "refund": refund,
    "retake": retake,
    "mark_sold": mark_sold,
    "reopen": reopen,
    "free": free,
    "tell": tell,
}
AT_THE_BANK = {"charge", "cancel_charge", "refund"}

CLAIMS = """
    SELECT claims.event, seat, booking, state
    FROM unnest($1::text[], $2::text[]) AS freed (of_event, of_seat)
    JOIN claims ON claims.event = of_event AND claims.seat = of_seat
    JOIN bookings ON bookings.id = claims.booking
"""


def _gone(order: Envelope, papers: OrderData) -> Hold:
    """The hold of an order's booking, as one whose seats are not taken."""
    return msgspec.structs.replace(hold_of(papers.bookings[order.booking]), state="expired")
