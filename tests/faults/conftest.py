"""The seed of a fault run, and the counts of what it did: both are printed in the end."""

import asyncio
import os
import random
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

SEED = int(os.environ.get("SEED") or random.SystemRandom().randrange(2**32))
LINES: list[str] = []


def pytest_asyncio_loop_factories() -> dict[str, Callable[[], asyncio.AbstractEventLoop]]:
    """Not uvloop: buyers give up at any moment, and it leaves their half-open sockets behind."""
    return {"asyncio": asyncio.new_event_loop}


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """With asyncio, too, a connect that is cancelled as it succeeds leaves its socket behind."""
    here = Path(__file__).parent
    for item in items:
        if here in item.path.parents:
            item.add_marker(pytest.mark.filterwarnings("ignore:unclosed:ResourceWarning"))


@pytest.fixture
def seed() -> int:
    return SEED


@pytest.fixture
def rng(seed: int) -> random.Random:
    return random.Random(seed)


@pytest.fixture
def report(request: pytest.FixtureRequest) -> Callable[..., None]:
    """Says what a run did: `report(killed=20)`."""

    def say(**counts: Any) -> None:
        shown = "  ".join(f"{name} {value}" for name, value in counts.items())
        LINES.append(f"{request.node.name}: {shown}")

    return say


def pytest_report_header() -> str:
    return f"seed of the faults: {SEED} (SEED={SEED} make faults repeats them)"


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    terminalreporter.section(f"faults that really happened, seed {SEED}")
    for line in LINES:
        terminalreporter.write_line(line)
