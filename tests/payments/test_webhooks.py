"""Webhooks that arrive together are enqueued together, except of another provider's payment."""

import asyncio
import uuid
from collections.abc import Mapping
from typing import Any
from uuid import UUID

import pytest

from booking_rush.booking.payments.provider import BadSignature, PaymentNotification
from booking_rush.booking.payments.webhooks import Webhooks
from booking_rush.errors import Invalid
from booking_rush.postgres import Pool
from tests.support.message_log import BOOKING
from tests.support.payment_providers import SilentProvider
from tests.support.practice_bank import PAYMENT


class UnsignedProvider(SilentProvider):
    """A provider without signatures: a body is the booking that was charged, or malformed."""

    def read_webhook(
        self, headers: Mapping[str, str], body: bytes, *, now: float
    ) -> PaymentNotification | None:
        if body == b"forged":
            raise BadSignature("a stranger's")
        booking = UUID(body.decode())
        return PaymentNotification(f"{booking}:charged", booking, 1, "charged")


class OtherProvider(UnsignedProvider):
    """Another provider, which has charged none of these payments."""

    name = "other"


@pytest.fixture
async def bookings(pool: Pool) -> list[UUID]:
    await pool.execute(
        "INSERT INTO events (id, name, state, rules) VALUES ('demo', 'E', 'open', '{}')"
    )
    ids = [uuid.uuid4() for _ in range(8)]
    for id_ in ids:
        await pool.execute(BOOKING, id_)
        await pool.execute(PAYMENT, id_)
    return ids


async def enqueued_bookings(pool: Pool) -> set[UUID]:
    rows = await pool.fetch("SELECT booking FROM outbox WHERE kind = 'charged'")
    assert len(rows) == len({row["booking"] for row in rows})
    return {row["booking"] for row in rows}


async def test_words_that_come_together_are_all_kept_once(pool: Pool, bookings: list[UUID]) -> None:
    webhooks, bank = Webhooks(pool), UnsignedProvider()
    bodies = [str(id_).encode() for id_ in bookings]

    outcomes: list[Any] = await asyncio.gather(
        *(webhooks.receive(bank, {}, body) for body in [*bodies, *bodies, b"forged", b"?"]),
        webhooks.receive(bank, {}, str(uuid.uuid4()).encode()),
        return_exceptions=True,
    )

    assert [type(one) for one in outcomes if one is not None] == [BadSignature, Invalid]
    assert await enqueued_bookings(pool) == {*bookings}


async def test_a_word_of_a_provider_who_was_not_asked_is_not_kept(
    pool: Pool, bookings: list[UUID]
) -> None:
    webhooks = Webhooks(pool)

    await asyncio.gather(
        webhooks.receive(OtherProvider(), {}, str(bookings[0]).encode()),
        webhooks.receive(UnsignedProvider(), {}, str(bookings[1]).encode()),
    )

    assert await enqueued_bookings(pool) == {bookings[1]}
