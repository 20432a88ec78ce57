"""Fixtures of fault runs: the seed, and the report of what each run did, printed at the end."""

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
    """Choose asyncio's loop: uvloop leaks the half-open sockets of buyers that give up."""
    return {"asyncio": asyncio.new_event_loop}


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Ignore unclosed sockets: asyncio, too, leaks one if a connect is cancelled as it succeeds."""
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
    """A function that adds counts to the printed report: `report(killed=20)`."""

    def add(**counts: Any) -> None:
        shown = "  ".join(f"{name} {value}" for name, value in counts.items())
        LINES.append(f"{request.node.name}: {shown}")

    return add


def pytest_report_header() -> str:
    return f"seed of the faults: {SEED} (SEED={SEED} make faults repeats them)"


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    terminalreporter.section(f"faults that really happened, seed {SEED}")
    for line in LINES:
        terminalreporter.write_line(line)
