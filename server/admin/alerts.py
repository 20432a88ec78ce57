"""HTTP endpoint for operators: alerts about the stores, the providers and messages put aside."""

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from typing import Any, Literal, NamedTuple

from starlette.requests import Request
from starlette.responses import Response

from booking_rush.booking.messaging.table_log import COUNT_PARKED
from booking_rush.lua.client.connection import memory_share
from booking_rush.server.runtime.clocks import CLOCK_APART_S_MAX, compare_clocks
from booking_rush.server.runtime.liveness import SAYS_EVERY_S
from booking_rush.server.web.authentication import require_operator
from booking_rush.server.web.requests import services_of
from booking_rush.server.web.responses import answer
from booking_rush.server.web.services import Services

# The reconcile duty writes a point of every event that is not closed.
SERIES_AGE = """
    SELECT extract(epoch FROM now()
        - greatest((SELECT max(at) FROM series), min(created_at)))::float8
    FROM events WHERE state <> 'closed' AND archived_at IS NULL"""
RECORD_AGE = """
    SELECT extract(epoch FROM now() - min(recorded.held_at))::float8
    FROM events JOIN recorded ON recorded.event = events.id
    WHERE events.state NOT IN ('scheduled', 'closed') AND events.archived_at IS NULL"""

# Seconds since a duty spoke, without which no sale runs; nobody misses it while nothing is on sale.
# Of the others, which run where Kafka or mail is used, those are missed that ran within the hour.
DUTY_AGE = """
    SELECT extract(epoch FROM now() - greatest(max(seen_at), min(created_at)))::float8
    FROM events LEFT JOIN duties ON duty = $1
    WHERE state NOT IN ('scheduled', 'closed') AND archived_at IS NULL"""
OTHER_DUTY_AGE = """
    SELECT extract(epoch FROM now() - seen_at)::float8 FROM duties
    WHERE duty = $1 AND seen_at > now() - interval '1 hour'"""

DECLINES_FROM = 10  # decided payments of the last minutes: of fewer a share says nothing
DECLINED_SHARE = f"""
    SELECT CASE WHEN count(*) >= {DECLINES_FROM}
        THEN (count(*) FILTER (WHERE state = 'declined'))::float8 / count(*) ELSE 0 END
    FROM (
        SELECT state FROM payments
        WHERE state IN ('captured', 'declined') AND changed_at > now() - interval '5 minutes'
        ORDER BY changed_at DESC LIMIT 1000) AS last"""  # noqa: S608  a constant of this file


class Limits(NamedTuple):
    """Values of a measure from which it is worth a look, and from which it wants an act."""

    warn: float
    bad: float


async def _dead_letters(services: Services) -> float:
    return float(await services.pool.fetchval(COUNT_PARKED))


async def _redis_memory(services: Services) -> float:
    """Return the share of `maxmemory` that Redis uses."""
    return round(await memory_share(services.redis), 3)


async def _breakers(services: Services) -> float:
    return float(sum(state != "closed" for state in services.payments.states().values()))


async def _declines(services: Services) -> float:
    """Return the share of declined payments among the last ones that a provider has decided."""
    return round(float(await services.pool.fetchval(DECLINED_SHARE)), 3)


async def _clocks(services: Services) -> float:
    """Return the seconds by which a store's clock differs from this process's."""
    ahead = await compare_clocks(services.pool, services.redis)
    return round(max(map(abs, ahead.values())), 2)


async def _series_age(services: Services) -> float:
    return float(round(await services.pool.fetchval(SERIES_AGE) or 0.0))


async def _record_age(services: Services) -> float:
    return float(round(await services.pool.fetchval(RECORD_AGE) or 0.0))


def _duty_age(duty: str, statement: str = DUTY_AGE) -> "Measure":
    """Return the measure of how long ago a process of a duty said that it works, in seconds."""

    async def measure(services: Services) -> float:
        return float(round(await services.pool.fetchval(statement, duty) or 0.0))

    return measure


Measure = Callable[[Services], Awaitable[float]]

DUTY = Limits(3 * SAYS_EVERY_S, 6 * SAYS_EVERY_S)
MEASURES: dict[str, tuple[Measure, Limits]] = {
    "dead_letters": (_dead_letters, Limits(1, 10)),
    "redis_memory": (_redis_memory, Limits(0.7, 0.9)),
    "breaker": (_breakers, Limits(1, 1)),
    "declines": (_declines, Limits(0.2, 0.5)),
    "clock": (_clocks, Limits(0.5, CLOCK_APART_S_MAX)),
    "reconcile_down": (_series_age, Limits(60, 300)),
    "record_down": (_record_age, Limits(30, 60)),
    "tend_down": (_duty_age("tend"), DUTY),
    "conduct_down": (_duty_age("conduct"), DUTY),
    "relay_down": (_duty_age("relay", OTHER_DUTY_AGE), DUTY),
    "mail_down": (_duty_age("mail", OTHER_DUTY_AGE), DUTY),
    "bank_down": (_duty_age("bank", OTHER_DUTY_AGE), DUTY),
}


async def read_alerts(request: Request) -> Response:
    """Answer `GET /api/v1/admin/alerts`: measures beyond their limits, with value and level."""
    await require_operator(request, "viewer")
    services = services_of(request)
    values = await asyncio.gather(
        *(measure(services) for measure, _ in MEASURES.values()), return_exceptions=True
    )
    return answer(200, {"alerts": raised_by(list(zip(MEASURES, values, strict=True)))})


def raised_by(values: Sequence[tuple[str, float | BaseException]]) -> list[dict[str, Any]]:
    """Return the alerts of measured values; one that cannot be measured is an alert of its own."""
    alerts: list[dict[str, Any]] = []
    for code, value in values:
        if isinstance(value, BaseException):
            alerts.append({"code": "unmeasured", "level": "bad", "value": code})
        elif level := _level_of(value, MEASURES[code][1]):
            alerts.append({"code": code, "level": level, "value": value})
    return alerts


def _level_of(value: float, limits: Limits) -> Literal["warn", "bad"] | None:
    if value >= limits.bad:
        return "bad"
    return "warn" if value >= limits.warn else None
