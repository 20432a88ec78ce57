"""The orders of the saga, each carried out at the payment provider or by a move in Redis.

An order is carried out with no lock and no transaction open, and may be carried out again. The
rows that many orders need are read for all of them at once.
"""

import logging
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass, field
from typing import Literal, TypeVar
from uuid import UUID

import asyncpg
import msgspec

from booking_rush.booking.holds.bookings import hold_of
from booking_rush.booking.messaging.outbox import PAYMENT_ORDERS, Envelope, message
from booking_rush.booking.payments.provider import (
    PAYMENT,
    Payment,
    PaymentRefusedError,
    payment_of,
)
from booking_rush.booking.payments.router import PaymentRouter
from booking_rush.booking.saga.state_machine import Message
from booking_rush.coalescing import coalesced
from booking_rush.errors import Recovering
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


class OrderContext:
    """The stores and the payment providers that orders are carried out with."""

    def __init__(self, pool: Pool, registry: EventRegistry, payments: PaymentRouter) -> None:
        self.pool = pool
        self.payments = payments
        self._registry = registry
        self._epochs = coalesced(self._read_epochs)

    async def run(self, event: str, command: Command[R]) -> R:
        """Run a move of an event in Redis. Return its reply, unless its epoch has passed.

        A primary that was replaced, and lives on, obeys until its last connection ends; what it did
        is gone. Whatever is loaded elsewhere is read after Postgres counts the next epoch: while it
        counts this one, that is still to come, and has what the order stands on.

        Raises:
            Recovering: the event is being recovered, or was meanwhile.
        """
        batcher = self._registry.batcher(event)
        epoch = batcher.gate.epoch
        reply = await batcher.do(command)
        if await self._epochs.do(event) != epoch:
            raise Recovering(f"{event} was recovered while an order was on its way")
        return reply

    async def _read_epochs(self, events: Sequence[str]) -> list[int]:
        """Read the epochs that Postgres counts for these events, in one statement."""
        rows = await self.pool.fetch(COUNTED, list({*events}))
        counted: dict[str, int] = {row["event"]: row["epoch"] for row in rows}
        return [counted.get(event, NEVER) for event in events]


@dataclass(frozen=True, slots=True)
class OrderData:
    """Rows that orders need: bookings, payments, and the claims on seats that are to be freed."""

    bookings: dict[UUID, asyncpg.Record]
    payments: dict[tuple[UUID, int], Payment] = field(
        default_factory=dict[tuple[UUID, int], Payment]
    )
    claims: dict[tuple[str, str], tuple[UUID, str]] = field(
        default_factory=dict[tuple[str, str], tuple[UUID, str]]
    )

    def claimed_by_others(self, order: Envelope) -> dict[str, str]:
        """Return the seats of a booking that others claim, each with its character in Redis."""
        found = {
            seat: self.claims[order.event, seat]
            for seat in self.bookings[order.booking]["seats"]
            if (order.event, seat) in self.claims
        }
        return {
            seat: "h" if state in ("held", "paying") else "s"
            for seat, (booking, state) in found.items()
            if booking != order.booking
        }


async def look_up(pool: Pool, orders: Sequence[Envelope]) -> OrderData:
    """Read the rows that these orders need, in one statement a table."""
    ids = list({one.booking for one in orders})
    rows = await pool.fetch("SELECT * FROM bookings WHERE id = ANY($1)", ids)
    data = OrderData({row["id"]: row for row in rows})
    with_payments = list({one.booking for one in orders if one.kind in PAYMENT_ORDERS})
    if with_payments:
        for row in await pool.fetch(
            f"SELECT {PAYMENT} FROM payments WHERE booking = ANY($1)",  # noqa: S608
            with_payments,
        ):
            data.payments[row["booking"], row["attempt"]] = payment_of(row)
    freed = [
        (one.event, seat)
        for one in orders
        if one.kind == "free" and one.booking in data.bookings
        for seat in data.bookings[one.booking]["seats"]
    ]
    if freed:
        await _look_up_others(pool, data, freed)
    return data


async def _look_up_others(pool: Pool, data: OrderData, freed: list[tuple[str, str]]) -> None:
    """Read who else has the seats that are to be freed: by a claim, or by a hold under a sale."""
    for row in await pool.fetch(CLAIMS, *zip(*freed, strict=True)):
        data.claims[row["event"], row["seat"]] = row["booking"], row["state"]
    were_sold = [row for row in data.bookings.values() if row["state"] == "refunded"]
    for event in {row["event"] for row in were_sold}:
        sold = [seat for row in were_sold if row["event"] == event for seat in row["seats"]]
        for row in await pool.fetch(HELD, event, sold):
            data.claims.setdefault((event, row["seat"]), (row["id"], row["state"]))


async def carry_out(context: OrderContext, order: Envelope, data: OrderData) -> list[Envelope]:
    """Carry out one order. Return the messages that answer it.

    An order of an earlier step than its booking's is dropped, a refund excepted.

    Raises:
        UnknownOrderError: its booking, or its kind, does not exist.
        Refusal, ProviderUnavailableError, a store's error: try again later.
        PaymentRefusedError: never try again.
    """
    row = data.bookings.get(order.booking)
    if row is None or order.kind not in ORDERS:
        raise UnknownOrderError(f"{order.kind!r} of booking {order.booking}")
    if order.step < row["step"] and order.kind != "refund":
        return []
    answer = await ORDERS[order.kind](context, order, data)
    if answer is None:
        return []
    return [message(f"{order.id}:{answer}", order.booking, order.event, answer, order.attempt)]


class UnknownOrderError(Exception):
    """An order whose booking, or whose kind, does not exist."""


async def charge(context: OrderContext, order: Envelope, data: OrderData) -> Message | None:
    """Ask the provider for the money. A total of 0 is charged without it."""
    payment = data.payments[order.booking, order.attempt]
    if payment.amount == 0:
        return "charged"
    try:
        with context.payments.provider_of(payment) as provider:
            secret = await provider.charge(payment)
    except PaymentRefusedError as why:
        log.warning("charge refused booking=%s why=%s", order.booking, why)
        return "declined"
    if secret:
        await context.pool.execute(
            "UPDATE payments SET client_secret = $3 WHERE booking = $1 AND attempt = $2",
            order.booking, order.attempt, secret,
        )  # fmt: skip
        await publish(context, order, data)
    return None


async def cancel_charge(context: OrderContext, order: Envelope, data: OrderData) -> Message | None:
    """Ask the provider to cancel a charge that is overdue."""
    payment = data.payments[order.booking, order.attempt]
    with context.payments.provider_of(payment) as provider:
        await provider.cancel(payment)
    return None


async def refund(context: OrderContext, order: Envelope, data: OrderData) -> Message | None:
    """Ask the provider to refund a payment. A total of 0 is refunded without it."""
    payment = data.payments[order.booking, order.attempt]
    if payment.amount == 0:
        return "refunded"
    with context.payments.provider_of(payment) as provider:
        await provider.refund(payment)
    return None


async def retake(context: OrderContext, order: Envelope, data: OrderData) -> Message | None:
    """Take the seats again in Redis, for a payment that came late."""
    match await context.run(order.event, RetakeHold(_hold_without_seats(order, data), order.step)):
        case Obeyed():
            return "retaken"
        case SeatsLost():
            return "seats_lost"
        case _:
            return None


async def mark_sold(context: OrderContext, order: Envelope, data: OrderData) -> Message | None:
    """Mark the seats as sold in Redis."""
    await context.run(order.event, MarkSold(_hold_without_seats(order, data), order.step))
    return None


async def reopen(context: OrderContext, order: Envelope, data: OrderData) -> Message | None:
    """Let the visitor try to pay the hold again."""
    visitor = data.bookings[order.booking]["visitor"]
    command = ReopenHold(visitor, str(order.booking), order.step, order.attempt)
    await context.run(order.event, command)
    return None


async def free(context: OrderContext, order: Envelope, data: OrderData) -> Message | None:
    """Free the seats in Redis, except those that other bookings claim."""
    row = data.bookings[order.booking]
    state: Literal["expired", "released"] = "released"
    if row["state"] == "expired":
        state = "expired"
    command = FreeHold(
        row["visitor"], str(order.booking), order.step, state, row["reason"],
        data.claimed_by_others(order),
    )  # fmt: skip
    await context.run(order.event, command)
    return None


async def publish(context: OrderContext, order: Envelope, data: OrderData) -> Message | None:
    """Publish in Redis that the booking has changed; each process reads it for its subscribers."""
    visitor = data.bookings[order.booking]["visitor"]
    await context.run(order.event, PublishBooking(visitor, str(order.booking)))
    return None


ORDERS: dict[str, Callable[[OrderContext, Envelope, OrderData], Awaitable[Message | None]]] = {
    "charge": charge,
    "cancel_charge": cancel_charge,
    "refund": refund,
    "retake": retake,
    "mark_sold": mark_sold,
    "reopen": reopen,
    "free": free,
    "tell": publish,
}

COUNTED = "SELECT event, epoch FROM recorded WHERE event = ANY($1)"
NEVER = -2  # the epoch of no gate

CLAIMS = """
    SELECT claims.event, seat, booking, state
    FROM unnest($1::text[], $2::text[]) AS freed (of_event, of_seat)
    JOIN claims ON claims.event = of_event AND claims.seat = of_seat
    JOIN bookings ON bookings.id = claims.booking
"""


HELD = """
    SELECT seat, id, state FROM bookings, unnest(seats) AS seat
    WHERE event = $1 AND state = 'held' AND seats && $2 AND seat = ANY($2)
"""


def _hold_without_seats(order: Envelope, data: OrderData) -> Hold:
    """Return the hold of an order's booking as one that has no seats in Redis."""
    return msgspec.structs.replace(hold_of(data.bookings[order.booking]), state="expired")
