"""Metrics: every Prometheus series that we export, in one table.

With RUSH_METRICS_DIR the processes of one machine share their values through files there, and
any of them answers /metrics for all; otherwise each answers for itself.
"""

import math
import os
from collections.abc import Iterable, Mapping
from typing import Final, cast

from prometheus_client import REGISTRY as OWN
from prometheus_client import (
    CollectorRegistry,
    Counter,
    Gauge,
    Histogram,
    Metric,
    generate_latest,
    multiprocess,
)

from booking_rush.circuit_breaker import BreakerState
from booking_rush.server.runtime.tallies import CounterTally, HistogramTally

LATENCY_S = (0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5)

REQUESTS: Final = CounterTally(
    "rush_http_requests_total", "Requests, by answer.", ["route", "status"]
)
REQUEST_SECONDS: Final = HistogramTally(
    "rush_http_request_seconds", "How long a request took us.", "route", buckets=LATENCY_S
)
REFUSALS: Final = CounterTally(
    "rush_refusals_total", "Requests that were refused, by the problem's code.", ["route", "code"]
)
SOCKETS: Final = Gauge(
    "rush_sockets", "Open sockets and streams.", ["event", "kind"], multiprocess_mode="livesum"
)
COMMANDS: Final = CounterTally("rush_commands_total", "Commands over sockets.", ["type", "outcome"])
COMMAND_SECONDS: Final = HistogramTally(
    "rush_command_seconds", "From a command to its answer.", "type", buckets=LATENCY_S
)
FRAMES: Final = CounterTally("rush_frames_total", "Frames pushed to visitors.", ["type"])
PASSED_OVER: Final = Counter(
    "rush_positions_passed_over_total",
    "Positions not sent because the last one is unread.",
)
CLOSED: Final = Counter("rush_sockets_closed_total", "Sockets that we closed, by code.", ["code"])
LOOP_ITEMS: Final = Counter("rush_loop_items_total", "Items that a loop has worked on.", ["loop"])
LOOP_SECONDS: Final = Histogram(
    "rush_loop_seconds", "How long one run of a loop took.", ["loop"], buckets=LATENCY_S
)
LOOP_FAILURES: Final = Counter("rush_loop_failures_total", "Runs of a loop that failed.", ["loop"])
LOOP_LAG: Final = Histogram(
    "rush_loop_lag_seconds",
    "By how much the event loop wakes a sleeper too late.",
    buckets=LATENCY_S,
)
BATCHES: Final = Counter("rush_batches_total", "Batches of commands that Redis was sent.")
BATCHED: Final = Counter(
    "rush_batch_commands_total", "Commands in these batches, of which each has 128 at most."
)
BATCH_QUEUE: Final = Gauge(
    "rush_batch_queue", "Commands that wait for a next batch.", multiprocess_mode="livesum"
)
BEHIND: Final = Gauge(
    "rush_sockets_behind",
    "Sockets and streams that have not read all they were sent.",
    multiprocess_mode="livesum",
)
RECOVERIES: Final = Counter(
    "rush_recoveries_total", "Times an event's gate opened anew.", ["event"]
)
WAITING: Final = Gauge(
    "rush_waiting", "Visitors in line.", ["event"], multiprocess_mode="mostrecent"
)
ACTIVE: Final = Gauge(
    "rush_active", "Visitors who may book.", ["event"], multiprocess_mode="mostrecent"
)
JOINED: Final = Gauge(
    "rush_joined", "Visitors who have ever joined.", ["event"], multiprocess_mode="mostrecent"
)
ADMITTED: Final = Gauge(
    "rush_admitted", "Visitors ever admitted.", ["event"], multiprocess_mode="mostrecent"
)
WAITS: Final = Gauge(  # of all processes together, from Redis: no Histogram can be set
    "rush_wait_seconds_bucket",
    "Admitted visitors who had waited for `le` seconds at most.",
    ["event", "le"],
    multiprocess_mode="mostrecent",
)
WAITS_S: Final = (1, 5, 15, 60, 300, 900, 3600, 14400, math.inf)
OUTBOX_AGE: Final = Gauge(
    "rush_outbox_age_seconds",
    "Age of the oldest entry that is not in Postgres yet.",
    ["event"],
    multiprocess_mode="mostrecent",
)
PLACES: Final = Gauge(
    "rush_places",
    "Seats and standing capacity: free, held, paying, sold.",
    ["event", "state"],
    multiprocess_mode="mostrecent",
)
REVENUE: Final = Gauge(
    "rush_revenue",
    "Sum of bookings in minor units: confirmed, being paid, refunded.",
    ["event", "currency", "state"],
    multiprocess_mode="mostrecent",
)
BOOKINGS: Final = Gauge(
    "rush_bookings",
    "Bookings by state; those that were released or expired before anybody paid are left out.",
    ["event", "state"],
    multiprocess_mode="mostrecent",
)
CALIBRATION: Final = Gauge(
    "rush_forecast_within",
    "Share of waits, 0 to 1, that ended within the band told at their beginning: p50, p90.",
    ["event", "band"],
    multiprocess_mode="mostrecent",
)
DEAD: Final = Gauge(
    "rush_dead_letters",
    "Dead letters that nobody has replayed.",
    multiprocess_mode="mostrecent",
)
DIFFERENCES: Final = Gauge(
    "rush_differences",
    "Differences between Redis, Postgres and the bank, seen twice.",
    multiprocess_mode="mostrecent",
)
PAYMENT_ALERTS: Final = Counter(
    "rush_payment_alerts_total",
    "Partial refunds and disputes made at a payment provider: see the journal.",
    ["provider", "kind"],
)
MAILS: Final = Counter("rush_mails_total", "Mails: sent, put off, parked.", ["outcome"])
MAILS_WAITING: Final = Gauge(
    "rush_mails_waiting",
    "Mails that are neither sent nor parked.",
    multiprocess_mode="mostrecent",
)
LAG: Final = Gauge(
    "rush_saga_lag",
    "Orders and messages that are not handled yet.",
    multiprocess_mode="livesum",
)
PARKED: Final = Gauge(
    "rush_saga_parked",
    "Orders and messages that were refused for good, or broke and are tried again a minute apart.",
    multiprocess_mode="mostrecent",
)
CLOCK_APART: Final = Gauge(
    "rush_clock_apart_seconds",
    "By how much the clock of redis or postgres is ahead of a duty's.",
    ["store"],
    multiprocess_mode="mostrecent",
)
UNSENT: Final = Gauge(
    "rush_relay_unsent",
    "Outbox rows that are not in Kafka yet.",
    multiprocess_mode="mostrecent",
)
RECORD_FAILING: Final = Gauge(
    "rush_record_failing",
    "Led events whose last try to record, recover or close them failed; the log names them.",
    multiprocess_mode="mostrecent",
)
REJECTED: Final = Counter(
    "rush_entries_rejected_total", "Outbox entries that Postgres refuses: now dead letters."
)
GAPS: Final = Counter(
    "rush_outbox_gaps_total", "Outboxes trimmed beyond a Postgres that was put back."
)
REDIS_MEMORY: Final = Gauge(
    "rush_redis_memory_share",
    "How much of its maxmemory Redis uses, 0 to 1; 0 without maxmemory.",
    multiprocess_mode="mostrecent",
)
TICK_AGE: Final = Gauge(
    "rush_tick_age_seconds",
    "Seconds since the last tick of the event that waits longest for one.",
    multiprocess_mode="mostrecent",
)
TICK_FAILURES: Final = Counter("rush_tick_failures_total", "Ticks that failed.")
UNKNOWN_NEWS: Final = Counter(
    "rush_unknown_news_total", "News of a kind that this version does not know."
)
BREAKER: Final = Gauge(
    "rush_breaker",
    "Circuit breaker of bank, stripe, smtp: 0 closed, 1 half-open (a probe is next), 2 open.",
    ["service"],
    multiprocess_mode="mostrecent",
)
LEVELS: Final[Mapping[BreakerState, int]] = {"closed": 0, "half_open": 1, "open": 2}


def export_breakers(states: Mapping[str, BreakerState]) -> None:
    """Export the states of circuit breakers, by the name of the service behind each."""
    for service, state in states.items():
        BREAKER.labels(service).set(LEVELS[state])


TALLIES = (REQUESTS, REQUEST_SECONDS, REFUSALS, COMMANDS, COMMAND_SECONDS, FRAMES)
_ended = set[str]()  # events whose series have ended


def end_series(event: str) -> None:
    """End the series of an event, of whichever process: `/metrics` has them no more."""
    _ended.add(event)


def resume_series(event: str) -> None:
    """Show the series of an event again."""
    _ended.discard(event)


class LivingSeries:
    """Registry without the series of events that have ended.

    prometheus_client cannot remove what processes share in files.
    """

    def __init__(self, registry: CollectorRegistry) -> None:
        self._registry = registry

    def collect(self) -> Iterable[Metric]:
        """Yield the metrics, each with the samples that it still has."""
        for metric in self._registry.collect():
            samples = [one for one in metric.samples if one.labels.get("event") not in _ended]
            metric.samples = samples
            yield metric


async def export_tallies() -> None:
    """Export what this process has counted in tallies; a loop of every serve process."""
    _export_tallies()


def _export_tallies() -> None:
    for tally in TALLIES:
        tally.export()


def exposition() -> bytes:
    """Return all metrics in the text format of Prometheus; other processes' up to 1 s old."""
    _export_tallies()
    if "PROMETHEUS_MULTIPROC_DIR" not in os.environ:
        return _text_of(OWN)
    registry = CollectorRegistry()
    multiprocess.MultiProcessCollector(registry)  # type: ignore[no-untyped-call]
    return _text_of(registry)


def _text_of(registry: CollectorRegistry) -> bytes:
    return generate_latest(cast("CollectorRegistry", LivingSeries(registry)))
