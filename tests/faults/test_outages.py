"""Outages: without broker or bank the sale goes on; a Redis that refuses halts it, and it heals."""

import asyncio
import random
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from booking_rush.lua.client.connection import connect
from tests.faults.sale_run import ON_KAFKA, any_hold_request, run_sale
from tests.support.crowds.buyers import BuyerProfile
from tests.support.crowds.checker import assert_promises_kept
from tests.support.crowds.evidence import fetchval_retrying
from tests.support.servers.redis_refusals import REFUSALS, refusing

RATE = 100.0
PROFILE = BuyerProfile(  # without `late`, which comes after the deadline: two minutes here
    any_hold_request, tries=4, cancels=0.2, methods=("ok",) * 6 + ("declined", "slow", "lost")
)
RESTARTS = ("LOADING",)  # Redis counts anew
EPOCH = "SELECT epoch FROM recorded WHERE event = 'demo'"
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


async def test_redis_refuses_for_every_reason_in_turn(
    folder: Path, seed: int, rng: random.Random, night: Any, report: Callable[..., None]
) -> None:
    """Bury nothing, lose no stock, and sell on without help each time."""
    stalls, refused = dict[str, float](), dict[str, int]()
    async with run_sale(folder) as sale:
        redis = sale.stores["redis"]
        async with sale.buyers_arrive(seed, rate=RATE):
            for code in rng.sample(REFUSALS, k=len(REFUSALS)):
                await sale.wait_confirmed(20)
                before = 0 if code in RESTARTS else await _errors(redis.url)
                async with refusing(redis, folder / "redis", code, night.refuses_s):
                    await asyncio.sleep(night.refuses_s)
                works_again = time.monotonic()
                refused[code] = await _errors(redis.url) - before
                await sale.wait_confirmed(1)
                stalls[code] = time.monotonic() - works_again
                print(f"{code}: {stalls[code]:.1f} s until it sold again", flush=True)
        found = await sale.evidence()
    report(refused_s=night.refuses_s, **refused, bookings=len(found.bookings))
    assert min(refused.values()) > 0
    assert_promises_kept(found)


async def test_three_recorders_lose_redis_and_one_of_them_stands_still(
    folder: Path, seed: int, rng: random.Random, night: Any, report: Callable[..., None]
) -> None:
    """One recorder sleeps beyond its leases; Redis loses all; another brings the event back."""
    recorders = ("record", "record_2", "record_3")
    duties = {**ON_KAFKA, **dict.fromkeys(recorders, "work record")}
    epochs = list[int]()
    async with run_sale(folder, duties=duties) as sale:
        async with sale.buyers_arrive(seed, rate=RATE):
            for _ in range(night.redis_lost):
                await sale.wait_confirmed(20)
                epochs.append(await fetchval_retrying(sale.pool, EPOCH))
                asleep = sale.processes[rng.choice(recorders)]
                asleep.pause()
                await _flush(sale.stores["redis"].url)
                await sale.wait_confirmed(5)
                asleep.resume()
                await sale.wait_confirmed(5)
        found = await sale.evidence()
        epochs.append(await fetchval_retrying(sale.pool, EPOCH))
    report(redis_lost=night.redis_lost, epochs=epochs[-1], bookings=len(found.bookings))
    assert epochs[-1] - epochs[0] <= 2 * night.redis_lost, epochs
    assert_promises_kept(found)


async def _errors(url: str) -> int:
    """Return the number of errors that Redis has answered since it started."""
    async with connect(url) as redis:
        return int((await redis.info("stats"))["total_error_replies"])


async def _flush(url: str) -> None:
    async with connect(url) as redis:
        await redis.flushall()
