"""Exception handlers of the application: refusals and failures become problem+json."""

import logging
from typing import Any

import asyncpg
from redis.exceptions import RedisError
from starlette.exceptions import HTTPException
from starlette.requests import ClientDisconnect, Request
from starlette.responses import Response

from booking_rush.errors import Refusal, TryAgain
from booking_rush.postgres import UNAVAILABLE
from booking_rush.server.protocol.problems import Internal, MethodNotAllowed, NotFound
from booking_rush.server.runtime.metrics import REFUSALS
from booking_rush.server.web.middleware import route_of
from booking_rush.server.web.responses import refuse, trace_id_of

log = logging.getLogger(__name__)

# Errors of a store that is away, or that ended our transaction for another's: the same may be asked
# again. Any other is a mistake of ours.
STORE_AWAY = (RedisError, *UNAVAILABLE, asyncpg.TransactionRollbackError)


async def on_refusal(request: Request, refusal: Any) -> Response:
    """Answer a refusal with its own problem."""
    assert isinstance(refusal, Refusal)
    REFUSALS.add(route_of(request.scope), refusal.code)
    return refuse(refusal, trace_id_of(request.scope))


async def on_http_exception(request: Request, error: Any) -> Response:
    """Answer 404 or 405 where the router found no path or no method."""
    assert isinstance(error, HTTPException)
    refusal = MethodNotAllowed() if error.status_code == 405 else NotFound()
    return refuse(refusal, trace_id_of(request.scope), dict(error.headers or {}))


async def on_unavailable(request: Request, error: Any) -> Response:
    """Answer 503 `try_again` where a store did not answer: the outcome is unknown."""
    log.warning("store away trace=%s why=%s", trace_id_of(request.scope), type(error).__name__)
    return refuse(TryAgain("a store did not answer"), trace_id_of(request.scope))


async def on_disconnect(request: Request, error: Any) -> Response:
    """Answer nobody: the client has gone before its body was complete. 499 is for the metrics."""
    return Response(status_code=499)


async def on_failure(request: Request, error: Any) -> Response:
    """Answer 500 where a handler failed; its trace is logged by the server."""
    return refuse(Internal(), trace_id_of(request.scope))


HANDLERS: dict[Any, Any] = {
    Refusal: on_refusal,
    HTTPException: on_http_exception,
    ClientDisconnect: on_disconnect,
    Exception: on_failure,
    **dict.fromkeys(STORE_AWAY, on_unavailable),
}


def handler_of(error: Exception) -> Any:
    """Return the handler of an error, which its class or the nearest of its bases has."""
    return next(HANDLERS[base] for base in type(error).__mro__ if base in HANDLERS)
