"""Benchmark of traces: what they cost where nothing is recorded, some is, and everything is."""

import time
from collections.abc import Callable

from opentelemetry.sdk.trace import TracerProvider
from opentelemetry.sdk.trace.export import BatchSpanProcessor
from opentelemetry.sdk.trace.export.in_memory_span_exporter import InMemorySpanExporter
from redis.asyncio import Redis

from booking_rush.tracing import spans
from booking_rush.tracing.recorder import SpanRecorder
from loadtest.reporting import report
from loadtest.rows.holds import pairs_per_second

CHECKS = 1_000_000
TURNS = 3
CHECKS_OF_A_HOLD = 2  # of a command over HTTP: at the batcher, and around its batch
ROWS, SEATS = 7, 64


async def traces(redis: Redis) -> None:
    """Measure holds and releases without traces, with a hundredth sampled, and with all."""
    check_ns = max(_ns(spans.current), _ns(lambda: spans.batch({})))
    off = some = every = 0.0
    for turn in range(TURNS):  # by turns: machines slow down and speed up
        epoch = 3 * turn + 1
        off += await pairs_per_second(redis, rows=ROWS, seats=SEATS, epoch=epoch) / TURNS
        some += await _recorded(redis, 0.01, epoch=epoch + 1) / TURNS
        every += await _recorded(redis, 1.0, epoch=epoch + 2) / TURNS
    hold_ns = 1e9 / off / 2
    percent = 100 * CHECKS_OF_A_HOLD * check_ns / hold_ns
    report("traces off", check_ns=check_ns, percent_of_a_hold=percent)
    report("a hundredth of holds traced", pairs_per_second=int(some), ratio=some / off)
    report("all holds traced", pairs_per_second=int(every), ratio=every / off)


async def _recorded(redis: Redis, share: float, *, epoch: int) -> float:
    """Return pairs a second while this share of them is traced, exported to memory."""
    provider = TracerProvider()
    provider.add_span_processor(BatchSpanProcessor(InMemorySpanExporter()))
    recorder = SpanRecorder(provider, share)
    spans.install(recorder)
    try:
        return await pairs_per_second(redis, rows=ROWS, seats=SEATS, epoch=epoch, is_traced=True)
    finally:
        spans.install(None)
        recorder.close()


def _ns(check: Callable[[], object]) -> float:
    """Return the nanoseconds of a call."""
    began = time.perf_counter_ns()
    for _ in range(CHECKS):
        check()
    return (time.perf_counter_ns() - began) / CHECKS
