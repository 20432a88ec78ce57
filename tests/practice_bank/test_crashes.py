"""The bank dies at every statement of every method: it owes no word, and no money moves twice."""

import contextlib
from typing import Any

import pytest

from booking_rush.postgres import Pool
from booking_rush.server.practice_bank.ledger import Ledger, NewCharge
from tests.support.crash_injection import CrashedError, CrashingPool, CrashPoint
from tests.support.practice_bank import new_charge, payment

# What is asked and done in turn, and what comes of it in the end: words, captured, refunded.
DAY = ("charge", "settle", "cancel", "settle", "refund", "post")
ENDS = {
    "ok": ({"charged", "refunded"}, 1, 1),
    "declined": ({"declined"}, 0, 0),
    "slow": ({"charged", "refunded"}, 1, 1),
    "late": ({"cancelled", "charged", "refunded"}, 1, 1),
    "lost": ({"refunded"}, 1, 1),
}


class Shift:
    """One life of the bank: it goes through the day from its beginning, as who asks repeats."""

    def __init__(self, pool: Any, asked: NewCharge, heard: list[str]) -> None:
        self._books = Ledger(pool, slow_s=0.0, late_s=0.0)
        self._asked = asked
        self._heard = heard

    async def work(self) -> None:
        for what in DAY:
            await getattr(self, what)()

    async def charge(self) -> None:
        await self._books.charge(self._asked, delay_s=0)

    async def settle(self) -> None:
        while await self._books.settle(delay_s=0):
            pass

    async def cancel(self) -> None:
        await self._books.cancel(self._asked.key, delay_s=0)

    async def refund(self) -> None:
        found = await self._books.read(self._asked.key)
        if found["state"] == "captured":
            await self._books.refund(self._asked.key, delay_s=0)

    async def post(self) -> None:
        due = await self._books.due(without=(), limit=10)
        self._heard.extend(word.word for word in due)
        await self._books.mark([(word, True) for word in due])


@pytest.mark.parametrize("answered", [False, True], ids=["before", "after"])
@pytest.mark.parametrize("method", ENDS)
async def test_every_death_of_the_bank_is_made_good(
    pool: Pool, method: str, answered: bool
) -> None:
    words, captured, refunded = ENDS[method]
    died, call = True, 0
    while died:
        call += 1
        wanted = payment(method)
        asked, heard = new_charge(wanted), list[str]()
        fate = CrashPoint(call, answered=answered)
        with contextlib.suppress(CrashedError):
            await Shift(CrashingPool(pool, fate), asked, heard).work()
        died = fate.crashed.is_set()
        await Shift(pool, asked, heard).work()

        assert set(heard) == words, f"died at statement {call}"
        row = await pool.fetchrow(
            "SELECT captured, refunded FROM bank.totals WHERE charge = $1", asked.key
        )
        moved = (row["captured"], row["refunded"]) if row else (0, 0)
        assert moved == (captured * wanted.amount, refunded * wanted.amount)
    assert call > len(DAY)
