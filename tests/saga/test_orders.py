"""Orders of the saga: each publishes the state that it follows from, so that pages show it."""

import asyncio
import uuid
from typing import Any, cast

import pytest

from booking_rush.booking.messaging import outbox
from booking_rush.booking.messaging.outbox import Envelope
from booking_rush.booking.payments.router import PaymentRouter
from booking_rush.booking.saga.orders import ORDERS, OrderContext, carry_out, look_up
from booking_rush.errors import Recovering
from booking_rush.lua.commands import Command
from booking_rush.lua.saga.commands import Obeyed, PublishBooking
from booking_rush.postgres import Pool
from tests.support.message_log import BOOKING
from tests.support.payment_providers import SilentProvider
from tests.support.practice_bank import PAYMENT


class Moves:
    """A registry of events and its batcher, which obeys every move that it is asked for."""

    def __init__(self) -> None:
        self.asked: list[Command[Any]] = []
        self.is_away = False

    def batcher(self, event: str) -> "Moves":
        return self

    def do(self, command: Command[Any]) -> asyncio.Future[Obeyed]:
        if self.is_away:
            raise Recovering
        self.asked.append(command)
        reply = asyncio.get_running_loop().create_future()
        reply.set_result(Obeyed())
        return reply


class Desk:
    """A booking of one payment, and what its orders are carried out with."""

    def __init__(self, pool: Pool) -> None:
        self.pool = pool
        self.moves = Moves()
        self.bank = SilentProvider()
        payments = PaymentRouter([self.bank], "bank")
        self.context = OrderContext(pool, cast("Any", self.moves), payments)

    async def carry_out(self, kind: str) -> list[Envelope]:
        booking = uuid.uuid4()
        await self.pool.execute(BOOKING, booking)
        await self.pool.execute(PAYMENT, booking)
        order = outbox.order(booking, "demo", kind, 1, 1)
        return await carry_out(self.context, order, await look_up(self.pool, [order]))


@pytest.fixture
async def desk(pool: Pool) -> Desk:
    await pool.execute(
        "INSERT INTO events (id, name, state, rules) VALUES ('demo', 'E', 'open', '{}')"
    )
    return Desk(pool)


@pytest.mark.parametrize("kind", ORDERS)
async def test_an_order_publishes_its_booking_once_and_last(desk: Desk, kind: str) -> None:
    await desk.carry_out(kind)

    published = [isinstance(command, PublishBooking) for command in desk.moves.asked]
    assert published[-1:] == [True]
    assert sum(published) == 1


@pytest.mark.parametrize("kind", ["charge", "cancel_charge", "refund"])
async def test_a_provider_is_not_asked_again_where_only_the_news_failed(
    desk: Desk, kind: str
) -> None:
    desk.moves.is_away = True

    assert await desk.carry_out(kind) == []
    assert len(desk.bank.asked) == 1


async def test_a_move_is_carried_out_again_where_redis_is_away(desk: Desk) -> None:
    desk.moves.is_away = True

    with pytest.raises(Recovering):
        await desk.carry_out("mark_sold")
