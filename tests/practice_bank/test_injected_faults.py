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
from tests.support.practice_bank import NEW, Desk, Shop, is_quiet, new_charge, open_desk, payment


async def test_a_bank_on_a_bad_day_does_nothing_or_answers_nothing(desk: Desk) -> None:
    refused, unanswered, slow = payment(), payment(), payment()
    hasty = PracticeBank(desk.asker, desk.payments.base_url, (NEW,), timeout_s=0.2)

    for dial, turned, asked in (
        ("failure_rate", 1, refused),
        ("lost_answer_rate", 1, unanswered),
        ("latency_ms", 60_000, slow),
    ):
        await desk.turn(**{dial: turned})
        with pytest.raises(ProviderUnavailableError):
            await (hasty if asked is slow else desk.payments).charge(asked)
    await desk.turn()

    assert await desk.totals(refused, unanswered, slow) == [(0, 0), (6500, 0), (0, 0)]
    assert (await desk.http.put("/dials", json={"mood": 1})).status_code == 400


async def test_webhooks_are_repeated_and_delayed_as_the_dials_say(desk: Desk) -> None:
    delayed, thrice = payment(), payment()
    await desk.turn(webhook_delay_ms=300)
    await desk.charge(delayed)
    await desk.turn(webhook_repeat=3)
    await desk.charge(thrice)

    await desk.hears(thrice, *["charged"] * 3)
    await until(lambda: "charged" in desk.shop.words(delayed))
    assert len(set(desk.shop.told)) == 2
    kept_back = "SELECT due_at - created_at FROM bank.webhooks WHERE charge = $1"
    assert await desk.pool.fetchval(kept_back, delayed.key) == timedelta(milliseconds=300)


async def test_a_shop_that_was_down_hears_the_same_word_later(desk: Desk) -> None:
    asked = payment()
    desk.shop.listens = False
    await desk.charge(asked)
    await until(lambda: len(desk.shop.missed) >= 2)

    desk.shop.listens = True

    await desk.hears(asked, "charged")
    assert {told.id for told in desk.shop.told} == set(desk.shop.missed)


async def test_a_killed_bank_owes_no_word_and_moves_no_money_twice(pool: Pool, shop: Shop) -> None:
    """One kill comes after a commit, one after a delivery that was not saved yet."""
    unnoted, unsent = payment(), payment()
    ledger = Ledger(pool)
    await ledger.charge(new_charge(unnoted), delay_s=0)
    async with open_http(connections=8) as http:
        killed = Bank(ledger, http, shop.url, secrets=(NEW,))
        await killed.run_once()
        await ledger.charge(new_charge(unsent), delay_s=0)
        await until(lambda: shop.words(unnoted) == ["charged"])
        await killed.close()

    async with open_desk(pool, shop, NEW) as desk:
        await desk.hears(unsent, "charged")
        await desk.hears(unnoted, "charged", "charged")
        await until(lambda: is_quiet(pool))
        assert await desk.totals(unnoted, unsent) == [(6500, 0)] * 2


async def test_the_ledger_adds_up_to_the_cent_on_a_bad_day(desk: Desk) -> None:
    """Half the answers and a fifth of the requests are lost; each is repeated until answered."""
    await desk.turn(failure_rate=0.2, lost_answer_rate=0.5, webhook_repeat=2)
    many = [payment(way, amount=1 + 37 * n) for n, way in enumerate(6 * sorted(METHODS))]

    async def live(one: Payment) -> None:
        await insist(desk.payments.charge, one)
        if one.method == "late":
            await insist(desk.payments.cancel, one)
            await until(lambda: "charged" in desk.shop.words(one))
        if one.method in ("late", "lost"):
            await insist(desk.payments.refund, one)

    await asyncio.gather(*(live(one) for one in many))
    await until(lambda: all(desk.shop.words(one) for one in many))
    await until(lambda: is_quiet(desk.pool))

    page = (await desk.http.get("/totals", params={"limit": 1000})).json()["totals"]
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


async def test_a_busy_port_is_said(desk: Desk, pool: Pool) -> None:
    taken = desk.http.base_url.netloc.decode()

    with pytest.raises(PortBusyError):
        async with open_bank(pool, bind=taken, webhook_url=desk.shop.url, secrets=(NEW,)):
            pass
