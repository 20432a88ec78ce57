"""Fixtures of fault runs: their length, their seed, and the report that is printed at the end."""

import asyncio
import os
import random
from collections.abc import Callable
from pathlib import Path
from typing import Any, NamedTuple

import pytest

SEED = int(os.environ.get("SEED") or random.SystemRandom().randrange(2**32))
LINES: list[str] = []


class Night(NamedTuple):
    """Length of a run: every kind of fault in both, fewer of each in the short one."""

    kills: int  # of each process and store
    away_s: int  # without the broker, and without the bank
    refuses_s: int  # of Redis, for each reason
    redis_lost: int  # times, while one recorder of three is asleep
    disks_full: int  # times
    payments: int  # while webhooks come late, twice or never
    mutants: int  # chosen by the seed
    timeout_s: int  # of one test, on a machine that is three times slower


NIGHTS = {
    "long": Night(
        kills=20,
        away_s=60,
        refuses_s=30,
        redis_lost=5,
        disks_full=2,
        payments=2_000,
        mutants=5,
        timeout_s=3600,
    ),
    "short": Night(
        kills=2,
        away_s=10,
        refuses_s=5,
        redis_lost=1,
        disks_full=1,
        payments=250,
        mutants=1,
        timeout_s=1200,
    ),
}
NIGHT = NIGHTS[os.environ.get("NIGHT") or "long"]


def pytest_asyncio_loop_factories() -> dict[str, Callable[[], asyncio.AbstractEventLoop]]:
    """Choose asyncio's loop: uvloop leaks the half-open sockets of buyers that give up."""
    return {"asyncio": asyncio.new_event_loop}


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """Leave out the mutants that the seed has not chosen, and ignore unclosed sockets.

    asyncio, too, leaks a socket if a connect is cancelled as it succeeds.
    """
    ours = [item for item in items if Path(__file__).parent in item.path.parents]
    for item in ours:
        item.add_marker(pytest.mark.filterwarnings("ignore:unclosed:ResourceWarning"))
        item.add_marker(pytest.mark.timeout(NIGHT.timeout_s))
    mutants = [item for item in ours if item.name.startswith("test_a_mutant_is_caught[")]
    left_out = random.Random(SEED).sample(mutants, k=max(0, len(mutants) - NIGHT.mutants))
    if left_out:
        config.hook.pytest_deselected(items=left_out)
        items[:] = [item for item in items if item not in left_out]


@pytest.fixture
def night() -> Night:
    return NIGHT


@pytest.fixture
def seed() -> int:
    return SEED


@pytest.fixture
def rng(seed: int) -> random.Random:
    return random.Random(seed)


@pytest.fixture
def report(request: pytest.FixtureRequest) -> Callable[..., None]:
    """A function that adds counts to the printed report: `report(killed=20)`."""

    def add(**counts: Any) -> None:
        shown = "  ".join(f"{name} {value}" for name, value in counts.items())
        LINES.append(f"{request.node.name}: {shown}")

    return add


def pytest_report_header() -> str:
    settings = " ".join(
        f"{name}={value}" for name in ("NIGHT", "SEED") if (value := os.environ.get(name) or "")
    )
    repeat = settings if "SEED" in settings else f"{settings} SEED={SEED}".strip()
    return f"seed of the faults: {SEED} ({repeat} make faults repeats them)"


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    terminalreporter.section(f"faults that really happened, seed {SEED}")
    for line in LINES:
        terminalreporter.write_line(line)
