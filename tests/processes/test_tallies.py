"""Tallies: what they export is what prometheus_client would have counted itself."""

import uuid

import pytest
from prometheus_client import CollectorRegistry, Histogram, generate_latest

from booking_rush.server.runtime import tallies
from booking_rush.server.runtime.metrics import exposition
from booking_rush.server.runtime.tallies import CounterTally, HistogramTally

BUCKETS = (0.1, 0.5, 1)
SECONDS = (0.0, 0.1, 0.1001, 0.5, 0.99, 1, 7)


@pytest.fixture
def name() -> str:
    return f"test_{uuid.uuid4().hex}"


def series(text: str, name: str) -> dict[str, float]:
    """Return the values of a metric's series, without the time at which it was made."""
    lines = [line for line in text.splitlines() if line.startswith(name) and "_created" not in line]
    return {line.rpartition(" ")[0]: float(line.rpartition(" ")[2]) for line in lines}


def test_a_counter_is_exported_once(name: str) -> None:
    tally = CounterTally(f"{name}_total", "A test.", ["type", "outcome"])
    tally.add("ping", "done")
    tally.add("ping", "done", by=4)
    tally.add("ping", "busy")
    assert f"{name}_total{{" not in exposition().decode()

    tally.export()
    tally.export()

    assert series(exposition().decode(), f"{name}_total") == {
        f'{name}_total{{outcome="done",type="ping"}}': 5,
        f'{name}_total{{outcome="busy",type="ping"}}': 1,
    }


def test_a_histogram_has_the_buckets_and_the_sum_of_its_values(name: str) -> None:
    registry = CollectorRegistry()
    direct = Histogram(name, "A test.", ["type"], buckets=BUCKETS, registry=registry)
    tally = HistogramTally(name, "A test.", "type", buckets=BUCKETS)
    for seconds in SECONDS:
        direct.labels("ping").observe(seconds)
        tally.add("ping", seconds)
        tally.export()
    for seconds in SECONDS:
        direct.labels("ping").observe(seconds)
        tally.add("ping", seconds)

    tally.export()

    assert series(exposition().decode(), name) == pytest.approx(
        series(generate_latest(registry).decode(), name)
    )
    assert tallies.EXPORT_S <= 1
