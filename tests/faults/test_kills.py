"""Kills under a hundred bookings a second: everything behind the pages, twenty times each.

In a short night it is twice.
"""

import asyncio
import random
import time
from collections import Counter
from collections.abc import Callable
from pathlib import Path
from typing import Any

from tests.faults.sale_run import run_sale
from tests.support.crowds.checker import assert_promises_kept

VICTIMS = ("record", "relay", "conduct", "bank", "broker", "postgres")
AT_ONCE_MAX = 3
RATE = 100.0


async def test_every_part_is_killed_again_and_again(
    folder: Path, seed: int, rng: random.Random, night: Any, report: Callable[..., None]
) -> None:
    """Kill one to three together at a random moment of full load; then the sale must go on."""
    deaths, stalls, rates = Counter[str](), list[float](), list[int]()
    async with run_sale(folder) as sale:
        began = time.monotonic()
        async with sale.buyers_arrive(seed, rate=RATE):
            await sale.wait_confirmed(20)
            while left := [name for name in VICTIMS if deaths[name] < night.kills]:
                rates.append(await sale.wait_for_rate(RATE))
                await asyncio.sleep(rng.uniform(0.0, 0.5))
                some = rng.sample(left, k=min(len(left), rng.randint(1, AT_ONCE_MAX)))
                stalls.append(await sale.kill_and_restart(some))
                deaths.update(some)
                at = f"{time.monotonic() - began:6.1f} s  at {rates[-1]}/s"
                print(f"{at}  {', '.join(some)}: {stalls[-1]:.1f} s", flush=True)
            took = time.monotonic() - began
        found = await sale.evidence()
    confirmed = sum(state.state == "confirmed" for state in found.states)
    report(
        **{f"{name} killed": deaths[name] for name in VICTIMS},
        seconds=round(took), buyers=len(sale.buyers), bookings=len(found.bookings),
        confirmed=confirmed, rounds=len(rates), bookings_a_second_when_killed=min(rates),
        bookings_a_second_of_all=round(len(found.bookings) / took),
        longest_stall_s=round(max(stalls), 1),
    )  # fmt: skip
    assert min(deaths[name] for name in VICTIMS) >= night.kills
    assert_promises_kept(found)
