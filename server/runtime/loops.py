"""The endless loop around every `run_once`, with back-off, metrics and logs."""

import asyncio
import logging
import random
import time
from collections.abc import Awaitable, Callable, Coroutine
from typing import Any, NamedTuple

from aiokafka.errors import KafkaError
from redis.exceptions import RedisError

from booking_rush.postgres import UNAVAILABLE
from booking_rush.server.runtime.liveness import LIVENESS, STUCK_S
from booking_rush.server.runtime.metrics import LOOP_FAILURES, LOOP_ITEMS, LOOP_LAG, LOOP_SECONDS

log = logging.getLogger(__name__)

BACK_OFF_S_MAX = 2.0
LAG_S = 0.25  # a sleep that is timed


class Loop(NamedTuple):
    """A loop of a table: the arguments of `forever`."""

    name: str
    run_once: Callable[[], Awaitable[int | None]]
    idle_s: float
    stuck_s: float = STUCK_S

    def forever(self) -> Coroutine[Any, Any, None]:
        """Return the endless loop, not started yet."""
        return forever(self.name, self.run_once, idle_s=self.idle_s, stuck_s=self.stuck_s)


async def measure_lag() -> None:
    """Export by how much the event loop wakes a sleeper too late."""
    began = time.monotonic()
    await asyncio.sleep(LAG_S)
    LOOP_LAG.observe(max(0.0, time.monotonic() - began - LAG_S))


async def forever(
    name: str,
    run_once: Callable[[], Awaitable[int | None]],
    *,
    idle_s: float,
    stuck_s: float = STUCK_S,
) -> None:
    """Run until cancelled: again at once while there is something to do, else after `idle_s`.

    `run_once` returns how much it did; None counts as 0, so such a loop always pauses. A run that
    fails is logged once and tried again, later each time; nothing ends the loop. A run that takes
    longer than `stuck_s` fails the health of the process.
    """
    loop = object()
    LOOP_FAILURES.labels(name)  # from 0 on: Prometheus sees no growth in what begins with 1
    try:
        await _turn_forever(loop, name, run_once, idle_s, stuck_s)
    finally:
        LIVENESS.end(loop)


async def _turn_forever(
    loop: object,
    name: str,
    run_once: Callable[[], Awaitable[int | None]],
    idle_s: float,
    stuck_s: float,
) -> None:
    failures = 0
    while True:
        began = time.monotonic()
        LIVENESS.turn(loop, name, max(idle_s, BACK_OFF_S_MAX) + stuck_s)
        try:
            done = await run_once()
        except Exception as error:
            failures += 1
            LOOP_FAILURES.labels(name).inc()
            pause_s = min(BACK_OFF_S_MAX, 0.05 * 2**failures) * random.uniform(0.5, 1)  # noqa: S311
            _log_failure(name, failures, error)
            await asyncio.sleep(pause_s)
            continue
        if failures:
            log.warning("works again loop=%s after=%d", name, failures)
            failures = 0
        LOOP_SECONDS.labels(name).observe(time.monotonic() - began)
        LOOP_ITEMS.labels(name).inc(done or 0)
        await asyncio.sleep(0 if done else idle_s)


def _log_failure(name: str, failures: int, error: Exception) -> None:
    """Log the first failure and each 50th; an unavailable store takes one line, a bug its trace."""
    is_unavailable = isinstance(error, (*UNAVAILABLE, RedisError, KafkaError))
    if failures == 1 or failures % 50 == 0:
        log.error(
            "failed loop=%s times=%d why=%s: %s", name, failures, type(error).__name__, error,
            exc_info=None if is_unavailable else error,
        )  # fmt: skip
