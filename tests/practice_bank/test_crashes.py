"""The bank is killed at every statement: every webhook is delivered, and no money moves twice."""

import contextlib
from typing import Any

import pytest

from booking_rush.postgres import Pool
from booking_rush.server.practice_bank.ledger import Ledger, NewCharge
from tests.support.crash_injection import CrashedError, CrashingPool, CrashPoint
from tests.support.practice_bank import new_charge, payment

# The steps of one run, and the end of each method: webhooks, captures, refunds.
STEPS = ("charge", "settle", "cancel", "settle", "refund", "send_webhooks")
OUTCOMES = {
    "ok": ({"charged", "refunded"}, 1, 1),
    "declined": ({"declined"}, 0, 0),
    "slow": ({"charged", "refunded"}, 1, 1),
    "late": ({"cancelled", "charged", "refunded"}, 1, 1),
    "lost": ({"refunded"}, 1, 1),
}


class BankRun:
    """One life of the bank, which does every step from the first on, as its client repeats all."""

    def __init__(self, pool: Any, asked: NewCharge, delivered: list[str]) -> None:
        self._ledger = Ledger(pool, slow_s=0.0, late_s=0.0)
        self._asked = asked
        self._delivered = delivered

    async def work(self) -> None:
        for step in STEPS:
            await getattr(self, step)()

    async def charge(self) -> None:
        await self._ledger.charge(self._asked, delay_s=0)

    async def settle(self) -> None:
        while await self._ledger.settle(delay_s=0):
            pass

    async def cancel(self) -> None:
        await self._ledger.cancel(self._asked.key, delay_s=0)

    async def refund(self) -> None:
        found = await self._ledger.read(self._asked.key)
        if found["state"] == "captured":
            await self._ledger.refund(self._asked.key, delay_s=0)

    async def send_webhooks(self) -> None:
        due = await self._ledger.due(without=(), limit=10)
        self._delivered.extend(webhook.kind for webhook in due)
        await self._ledger.mark([(webhook, True) for webhook in due])


@pytest.mark.parametrize("answered", [False, True], ids=["before", "after"])
@pytest.mark.parametrize("method", OUTCOMES)
async def test_every_death_of_the_bank_is_made_good(
    pool: Pool, method: str, answered: bool
) -> None:
    webhooks, captured, refunded = OUTCOMES[method]
    died, call = True, 0
    while died:
        call += 1
        wanted = payment(method)
        asked, delivered = new_charge(wanted), list[str]()
        fate = CrashPoint(call, answered=answered)
        with contextlib.suppress(CrashedError):
            await BankRun(CrashingPool(pool, fate), asked, delivered).work()
        died = fate.crashed.is_set()
        await BankRun(pool, asked, delivered).work()

        assert set(delivered) == webhooks, f"died at statement {call}"
        row = await pool.fetchrow(
            "SELECT captured, refunded FROM bank.totals WHERE charge = $1", asked.key
        )
        moved = (row["captured"], row["refunded"]) if row else (0, 0)
        assert moved == (captured * wanted.amount, refunded * wanted.amount)
    assert call > len(STEPS)
