"""Health endpoints: `/healthz`, `/readyz` and `/metrics`."""

import asyncio

from redis.exceptions import RedisError
from starlette.requests import Request
from starlette.responses import Response

from booking_rush.postgres import UNAVAILABLE
from booking_rush.server.runtime import metrics
from booking_rush.server.runtime.liveness import LIVENESS
from booking_rush.server.web.requests import services_of
from booking_rush.server.web.responses import answer

READY_S = 2.0  # for both stores to answer


async def healthz(request: Request) -> Response:
    """Answer `GET /healthz`: 200, or 503 while a loop hangs, which only a restart ends."""
    is_well, body = LIVENESS.status()
    return answer(200 if is_well else 503, body)


async def readyz(request: Request) -> Response:
    """Answer `GET /readyz`: 200, or 503 while starting, stopping or without a store.

    An event that is being recovered is that event's matter: its calls are answered 503.
    """
    services = services_of(request)
    if services.draining.is_set():
        return answer(503, {"status": "stopping"})
    try:
        async with asyncio.timeout(READY_S):
            await services.redis.ping()
            await services.pool.fetchval("SELECT 1")
    except (RedisError, *UNAVAILABLE) as error:
        return answer(503, {"status": f"a store is away: {type(error).__name__}"})
    if not services.rooms.events.is_read:
        return answer(503, {"status": "starting"})
    return answer(200, {"status": "ready"})


async def show_metrics(request: Request) -> Response:
    """Answer `GET /metrics` in the text format of Prometheus."""
    return Response(metrics.exposition(), media_type="text/plain; version=0.0.4")
