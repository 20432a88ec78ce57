"""Outages of a minute: without broker or bank the sale goes on, and catches up by itself."""

import asyncio
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from tests.faults.checker import assert_promises_kept
from tests.faults.evidence import fetchval_retrying
from tests.faults.sale_run import any_hold_request, run_sale
from tests.support.crowds.buyers import BuyerProfile

RATE = 100.0
PROFILE = BuyerProfile(  # without `late`, which comes after the deadline: two minutes here
    any_hold_request, tries=4, cancels=0.2, methods=("ok",) * 6 + ("declined", "slow", "lost")
)
PAYING = "SELECT count(*) FROM bookings WHERE state = 'paying'"

# Counts that grow during the outage and shrink afterwards.
GROWS = {
    "broker": """
        SELECT count(*) FROM outbox WHERE published_at IS NULL AND done_at IS NULL
    """,
    "bank": PAYING,
}


@pytest.mark.parametrize("name", GROWS)
async def test_a_minute_without_it(
    name: str, folder: Path, seed: int, night: Any, report: Callable[..., None]
) -> None:
    async with run_sale(folder, rules={"payment_seconds": 120}) as sale:
        async with sale.buyers_arrive(seed, rate=RATE, profile=PROFILE):
            await sale.wait_confirmed(20)
            sale.kill(name)
            bookings = await fetchval_retrying(sale.pool, "SELECT count(*) FROM bookings")
            waited = await fetchval_retrying(sale.pool, GROWS[name])
            await asyncio.sleep(night.away_s)
            made = await fetchval_retrying(sale.pool, "SELECT count(*) FROM bookings") - bookings
            grown = await fetchval_retrying(sale.pool, GROWS[name]) - waited
            await sale.start(name)
            await sale.wait_confirmed(20)
        found = await sale.evidence()
    report(
        away_s=night.away_s,
        bookings_meanwhile=made,
        waited_then=grown,
        bookings=len(found.bookings),
    )
    assert min(made, grown) > night.away_s
    assert_promises_kept(found)
