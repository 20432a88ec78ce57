"""Mutants of the sale: the checker finds nothing with every defence, and something without any one.

Each sale is the same: workers are killed, then old orders and messages come once more. The timers
that would repair a lost message after a while are set to hours, so that a defence stands alone.
"""

import asyncio
import random
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.faults.sale_run import ON_KAFKA, SaleRun, any_hold_request, run_sale
from tests.support.crowds.buyers import BuyerProfile
from tests.support.crowds.checker import violations
from tests.support.crowds.evidence import unsettled

KILLS = 4
SOLD = 80  # and more, before the late repeats
PATIENCE_S = 12.0
PROFILE = BuyerProfile(
    any_hold_request, tries=4, cancels=0.3, methods=("ok",) * 6 + ("declined",) * 3 + ("slow",)
)
REPEATED = ("mark_sold", "reopen", "refund")  # orders that come once more, long after

# Which workers run without the defence, and which promise is broken then.
MUTANTS: dict[str, tuple[tuple[str, ...], tuple[str, ...]]] = {
    "no_inbox": (("conduct",), ("one end", "the stores agree")),
    "last_id_remembered": (("relay",), ("one end",)),
    "offsets_before_the_commit": (("conduct",), ("one end",)),
    "orders_without_step": (("conduct",), ("the stores agree",)),
    "refund_without_key": (("conduct", "bank"), ("no cent lost",)),
    "entry_dropped": (("record",), ("the stores agree",)),
    "history_rewritten": (("record",), ("the stores agree",)),
}


async def sale_with(
    folder: Path, seed: int, rng: random.Random, mutant: str, workers: tuple[str, ...]
) -> list[str]:
    """Run a sale whose workers are killed, and repeat its messages. Return the violations."""
    duties = dict(ON_KAFKA)
    duties["relay"] = "-m tests.faults.mutants thrice work relay"
    for name in workers:
        duties[name] = f"-m tests.faults.mutants {mutant} work {name}"
    async with run_sale(folder, duties=duties, saga_still_seconds=3600) as sale:
        await sale.pool.execute("ALTER TABLE bank.ledger DROP CONSTRAINT ledger_charge_kind_key")
        async with sale.buyers_arrive(seed, rate=60, profile=PROFILE):
            for _ in range(KILLS):
                await sale.wait_confirmed(SOLD // KILLS)
                await asyncio.sleep(rng.uniform(0.0, 0.3))
                await sale.kill_and_restart(["conduct"])
        await unsettled(sale.pool, 0, PATIENCE_S)
        await _come_again(sale)
        return violations(await sale.evidence(patience_s=PATIENCE_S))


async def _come_again(sale: SaleRun) -> None:
    """Repeat every message, and some orders, as if neither sender nor reader had marked them."""
    await sale.pool.execute(
        """
        UPDATE outbox SET published_at = NULL, done_at = NULL
        WHERE done_at IS NOT NULL AND (topic = 'messages' OR kind = ANY($1))
        """,
        REPEATED,
    )


async def test_a_sale_with_every_defence_is_without_fault(
    folder: Path, seed: int, rng: random.Random, report: Callable[..., None]
) -> None:
    found = await sale_with(folder, seed, rng, "", ())
    report(violations=len(found))
    assert found == []


@pytest.mark.parametrize("mutant", MUTANTS)
async def test_a_mutant_is_caught(
    mutant: str, folder: Path, seed: int, rng: random.Random, report: Callable[..., None]
) -> None:
    workers, promises = MUTANTS[mutant]
    found = await sale_with(folder, seed, rng, mutant, workers)
    broken = sorted({line.partition(":")[0] for line in found})
    report(violations=len(found), broken=", ".join(broken))
    assert set(promises) <= set(broken), "\n".join(found[:8])
