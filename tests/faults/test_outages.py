"""A minute without the broker, and one without the bank: the sale goes on, and catches up alone."""

import asyncio
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.faults.checker import assert_kept
from tests.faults.evidence import patiently
from tests.faults.sale_run import any_wish, night
from tests.support.crowds.buyers import Character

AWAY_S = 60
RATE = 100.0
CHARACTER = Character(  # nobody whose money comes after the deadline: that is two minutes here
    any_wish, tries=4, cancels=0.2, methods=("ok",) * 6 + ("declined", "slow", "lost")
)
PAYING = "SELECT count(*) FROM bookings WHERE state = 'paying'"

# What grows meanwhile, and is drained by itself.
GROWS = {
    "broker": """
        SELECT count(*) FROM outbox WHERE published_at IS NULL AND done_at IS NULL
    """,
    "bank": PAYING,
}


@pytest.mark.parametrize("name", GROWS)
async def test_a_minute_without_it(
    name: str, folder: Path, seed: int, report: Callable[..., None]
) -> None:
    async with night(folder, rules={"payment_seconds": 120}) as sale:
        async with sale.crowd(seed, rate=RATE, character=CHARACTER):
            await sale.flows(20)
            sale.kill(name)
            bookings = await patiently(sale.pool, "SELECT count(*) FROM bookings")
            waited = await patiently(sale.pool, GROWS[name])
            await asyncio.sleep(AWAY_S)
            made = await patiently(sale.pool, "SELECT count(*) FROM bookings") - bookings
            grown = await patiently(sale.pool, GROWS[name]) - waited
            await sale.start(name)
            await sale.flows(20)
        found = await sale.evidence()
    report(away_s=AWAY_S, bookings_meanwhile=made, waited_then=grown, bookings=len(found.bookings))
    assert min(made, grown) > AWAY_S
    assert_kept(found)
