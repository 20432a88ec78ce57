"""The practice bank with injected faults: failures, lost answers, repeats, kills, exact sums."""

import asyncio
from collections.abc import Awaitable, Callable
from contextlib import suppress
from datetime import timedelta

import pytest

from booking_rush.booking.payments.http_client import open_http
from booking_rush.booking.payments.practice_bank import PracticeBank
from booking_rush.booking.payments.provider import METHODS, Payment, ProviderUnavailableError
from booking_rush.postgres import Pool
from booking_rush.server.practice_bank.bank import Bank
from booking_rush.server.practice_bank.ledger import Ledger
from booking_rush.server.practice_bank.service import open_bank
from booking_rush.server.runtime.ports import PortBusyError
from tests.support.clients import until
from tests.support.practice_bank import (
    NEW,
    ServedBank,
    WebhookReceiver,
    all_delivered,
    new_charge,
    payment,
    serve_bank,
)


async def test_a_bank_on_a_bad_day_does_nothing_or_answers_nothing(
    practice_bank: ServedBank,
) -> None:
    refused, unanswered, slow = payment(), payment(), payment()
    hasty = PracticeBank(
        practice_bank.http_client, practice_bank.payments.base_url, (NEW,), timeout_s=0.2
    )

    for dial, turned, asked in (
        ("failure_rate", 1, refused),
        ("lost_answer_rate", 1, unanswered),
        ("latency_ms", 60_000, slow),
    ):
        await practice_bank.inject_faults(**{dial: turned})
        with pytest.raises(ProviderUnavailableError):
            await (hasty if asked is slow else practice_bank.payments).charge(asked)
    await practice_bank.inject_faults()

    assert await practice_bank.totals(refused, unanswered, slow) == [(0, 0), (6500, 0), (0, 0)]
    assert (await practice_bank.http.put("/dials", json={"mood": 1})).status_code == 400


async def test_webhooks_are_repeated_and_delayed_as_the_dials_say(
    practice_bank: ServedBank,
) -> None:
    delayed, thrice = payment(), payment()
    await practice_bank.inject_faults(webhook_delay_ms=300)
    await practice_bank.charge(delayed)
    await practice_bank.inject_faults(webhook_repeat=3)
    await practice_bank.charge(thrice)

    await practice_bank.delivers(thrice, *["charged"] * 3)
    await until(lambda: "charged" in practice_bank.receiver.events_of(delayed))
    assert len(set(practice_bank.receiver.received)) == 2
    kept_back = "SELECT due_at - created_at FROM bank.webhooks WHERE charge = $1"
    assert await practice_bank.pool.fetchval(kept_back, delayed.key) == timedelta(milliseconds=300)


async def test_a_shop_that_was_down_hears_the_same_word_later(practice_bank: ServedBank) -> None:
    asked = payment()
    practice_bank.receiver.accepts = False
    await practice_bank.charge(asked)
    await until(lambda: len(practice_bank.receiver.refused) >= 2)

    practice_bank.receiver.accepts = True

    await practice_bank.delivers(asked, "charged")
    assert {told.id for told in practice_bank.receiver.received} == set(
        practice_bank.receiver.refused
    )


async def test_a_killed_bank_owes_no_word_and_moves_no_money_twice(
    pool: Pool, webhook_receiver: WebhookReceiver
) -> None:
    """One kill comes after a commit, one after a delivery that was not saved yet."""
    unnoted, unsent = payment(), payment()
    ledger = Ledger(pool)
    await ledger.charge(new_charge(unnoted), delay_s=0)
    async with open_http(connections=8) as http:
        killed = Bank(ledger, http, webhook_receiver.url, secrets=(NEW,))
        await killed.run_once()
        await ledger.charge(new_charge(unsent), delay_s=0)
        await until(lambda: webhook_receiver.events_of(unnoted) == ["charged"])
        await killed.close()

    async with serve_bank(pool, webhook_receiver, NEW) as practice_bank:
        await practice_bank.delivers(unsent, "charged")
        await practice_bank.delivers(unnoted, "charged", "charged")
        await until(lambda: all_delivered(pool))
        assert await practice_bank.totals(unnoted, unsent) == [(6500, 0)] * 2


async def test_the_ledger_adds_up_to_the_cent_on_a_bad_day(practice_bank: ServedBank) -> None:
    """Half the answers and a fifth of the requests are lost; each is repeated until answered."""
    await practice_bank.inject_faults(failure_rate=0.2, lost_answer_rate=0.5, webhook_repeat=2)
    many = [payment(way, amount=1 + 37 * n) for n, way in enumerate(6 * sorted(METHODS))]

    async def live(one: Payment) -> None:
        await insist(practice_bank.payments.charge, one)
        if one.method == "late":
            await insist(practice_bank.payments.cancel, one)
            await until(lambda: "charged" in practice_bank.receiver.events_of(one))
        if one.method in ("late", "lost"):
            await insist(practice_bank.payments.refund, one)

    await asyncio.gather(*(live(one) for one in many))
    await until(lambda: all(practice_bank.receiver.events_of(one) for one in many))
    await until(lambda: all_delivered(practice_bank.pool))

    page = (await practice_bank.http.get("/totals", params={"limit": 1000})).json()["totals"]
    assert {row["charge"]: (row["captured"], row["refunded"]) for row in page} == {
        one.key: (one.amount, one.amount if one.method in ("late", "lost") else 0)
        for one in many
        if one.method != "declined"
    }


async def insist(request: Callable[[Payment], Awaitable[object]], asked: Payment) -> None:
    """Repeat a request until the bank has answered."""
    while True:
        with suppress(ProviderUnavailableError):
            await request(asked)
            return


async def test_a_busy_port_is_said(practice_bank: ServedBank, pool: Pool) -> None:
    taken = practice_bank.http.base_url.netloc.decode()

    with pytest.raises(PortBusyError):
        async with open_bank(
            pool, bind=taken, webhook_url=practice_bank.receiver.url, secrets=(NEW,)
        ):
            pass
