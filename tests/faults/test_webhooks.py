"""Two thousand payments for five hundred seats; webhooks come late, twice, or never."""

import asyncio
import random
from collections import Counter
from collections.abc import Callable
from pathlib import Path
from typing import Any

from booking_rush.tasks import cancel_and_wait
from tests.faults.sale_run import SaleRun, run_sale
from tests.support.clients import until
from tests.support.crowds.buyers import BuyerProfile, HoldRequest
from tests.support.crowds.checker import assert_promises_kept
from tests.support.crowds.sale_event import seated

RATE = 100.0
FAULTS: tuple[dict[str, float], ...] = (
    {"webhook_repeat": 2},
    {"webhook_delay_ms": 1500, "webhook_repeat": 2},
    {"lost_answer_rate": 0.3, "webhook_repeat": 3},
    {"failure_rate": 0.3},
    {"latency_ms": 300},
)
EVERY_FAULT = {name for faults in FAULTS for name in faults}
WITHIN_S = 240.0


def one_of_five_hundred(rng: random.Random) -> HoldRequest:
    return {"seats": [f"stalls.R{rng.randrange(20)}-{rng.randint(1, 25)}"]}


PROFILE = BuyerProfile(
    one_of_five_hundred,
    tries=8,
    cancels=0.8,
    methods=("ok",) * 8 + ("declined",) * 4 + ("lost", "lost", "late", "slow"),
)


async def test_answers_come_late_twice_or_never(
    folder: Path, seed: int, rng: random.Random, night: Any, report: Callable[..., None]
) -> None:
    injected = Counter[str]()
    async with run_sale(folder, sections=[seated(20, 25)]) as sale:
        async with sale.buyers_arrive(seed, rate=RATE, profile=PROFILE):
            injecting = asyncio.create_task(_keep_injecting(sale, rng, injected))
            await sale.wait_for_growth(
                "SELECT count(*) FROM payments", night.payments, within_s=WITHIN_S
            )
            await until(lambda: set(injected) == EVERY_FAULT, within_s=WITHIN_S)
            await cancel_and_wait([injecting])
        await sale.inject_faults()
        found = await sale.evidence()
        methods = await sale.pool.fetch("SELECT method, count(*) FROM payments GROUP BY method")
        asked = dict[str, int]((row["method"], row["count"]) for row in methods)
    report(payments=sum(asked.values()), **asked, dials_turned=sum(injected.values()))
    assert sum(asked.values()) >= night.payments
    assert (
        min(asked[method] for method in ("lost", "late", "slow", "declined")) > night.payments / 100
    )
    assert_promises_kept(found)


async def _keep_injecting(sale: SaleRun, rng: random.Random, injected: Counter[str]) -> None:
    """Inject other faults every two seconds, each kind once before any comes twice."""
    while True:
        for faults in rng.sample(FAULTS, k=len(FAULTS)):
            await sale.inject_faults(**faults)
            injected.update(list(faults))
            await asyncio.sleep(2)
