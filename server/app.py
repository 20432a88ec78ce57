"""The ASGI application: every route, in one table."""

import logging
from collections.abc import AsyncGenerator, Callable
from contextlib import asynccontextmanager
from functools import partial
from pathlib import Path
from typing import Any

from redis.exceptions import RedisError
from starlette.applications import Starlette
from starlette.exceptions import HTTPException
from starlette.middleware import Middleware
from starlette.middleware.cors import CORSMiddleware
from starlette.requests import Request
from starlette.responses import FileResponse, Response
from starlette.routing import Mount, Route
from starlette.staticfiles import StaticFiles
from starlette.types import ASGIApp, Receive, Scope, Send

from booking_rush.errors import Refusal, TryAgain
from booking_rush.postgres import AWAY
from booking_rush.queue.rules import ACTIONS
from booking_rush.server import admin, box_office, metrics, visitors
from booking_rush.server.channel import channel
from booking_rush.server.figures import operators_socket
from booking_rush.server.house import House, open_house
from booking_rush.server.perimeter import Perimeter, trace_id_of
from booking_rush.server.problems import Internal, MethodNotAllowed, NotFound
from booking_rush.server.requests import answer, house_of, refuse
from booking_rush.server.settings import Settings
from booking_rush.server.stream import stream

log = logging.getLogger(__name__)

STATIC = Path(__file__).parents[1] / "static"


class Revalidated(StaticFiles):
    """Modules of one version: a browser asks each time whether what it has is still right."""

    def file_response(self, *args: Any, **kwargs: Any) -> Response:
        """A file, with its ETag to be asked about."""
        response = super().file_response(*args, **kwargs)
        response.headers["Cache-Control"] = "no-cache"
        return response


V1 = "/api/v1"
E = f"{V1}/events/{{event}}"
A = f"{V1}/admin/events/{{event}}"


async def page(name: str, request: Request) -> Response:
    """One of the pages."""
    return FileResponse(STATIC / name, headers={"Cache-Control": "no-cache"})


async def healthz(request: Request) -> Response:
    """`GET /healthz`: the process lives."""
    return answer(200, {"status": "ok"})


async def readyz(request: Request) -> Response:
    """`GET /readyz`: may take traffic; 503 while stopping, or while a store is away."""
    house = house_of(request)
    if house.draining.is_set():
        return answer(503, {"status": "stopping"})
    try:
        await house.redis.ping()
        await house.pool.fetchval("SELECT 1")
    except (RedisError, *AWAY) as error:
        return answer(503, {"status": f"a store is away: {type(error).__name__}"})
    shut = [
        row.id for row in house.rooms.directory.rows if not house.rooms.batcher(row.id).gate.is_open
    ]
    if shut:
        return answer(503, {"status": "recovering", "events": shut})
    return answer(200, {"status": "ready"})


async def show_metrics(request: Request) -> Response:
    """`GET /metrics`, as Prometheus reads it."""
    return Response(metrics.exposition(), media_type="text/plain; version=0.0.4")


ROUTES = [
    Route(f"{E}/queue", visitors.join, methods=["POST"]),
    Route(f"{E}/queue", visitors.place, methods=["GET"]),
    Route(f"{E}/queue", visitors.leave, methods=["DELETE"]),
    Route(f"{E}/queue/stream", stream, methods=["GET"]),
    Route(f"{V1}/visitors", visitors.new_visitor, methods=["POST"]),
    Route(f"{V1}/events", visitors.events, methods=["GET"]),
    Route(E, visitors.event, methods=["GET"]),
    Route(f"{E}/chart", visitors.event_chart, methods=["GET"]),
    Route("/.well-known/jwks.json", visitors.jwks, methods=["GET"]),
    Route(f"{E}/availability", box_office.seats, methods=["GET"]),
    Route(f"{E}/holds", box_office.hold, methods=["POST"]),
    Route(f"{E}/holds/{{hold}}", box_office.find, methods=["GET"]),
    Route(f"{E}/holds/{{hold}}", box_office.release, methods=["DELETE"]),
    Route(f"{E}/holds/{{hold}}/extend", box_office.extend, methods=["POST"]),
    Route(f"{E}/holds/{{hold}}/checkout", box_office.check_out, methods=["POST"]),
    Route(f"{V1}/bookings", box_office.list_bookings, methods=["GET"]),
    Route(f"{V1}/bookings/{{booking}}", box_office.booking, methods=["GET"]),
    Route(f"{V1}/bookings/{{booking}}/cancel", box_office.cancel, methods=["POST"]),
    Route(f"{V1}/bookings/{{booking}}/tickets/{{ticket}}/qr.svg", box_office.qr, methods=["GET"]),
    Route(f"{V1}/payments/{{provider}}/webhook", box_office.webhook, methods=["POST"]),
    Route(f"{V1}/admin/login", admin.log_in, methods=["POST"]),
    Route(f"{V1}/admin/logout", admin.log_out, methods=["POST"]),
    Route(f"{V1}/admin/me", admin.me, methods=["GET"]),
    Route(f"{V1}/admin/events", admin.create, methods=["POST"]),
    Route(f"{V1}/admin/events", admin.events, methods=["GET"]),
    Route(f"{V1}/admin/audit", admin.journal, methods=["GET"]),
    Route(A, admin.event, methods=["GET"]),
    Route(A, admin.change, methods=["PATCH"]),
    Route(f"{A}/rules", admin.rules, methods=["PATCH"]),
    Route(f"{A}/broadcast", admin.broadcast, methods=["POST"]),
    Route(f"{A}/bookings", admin.list_bookings, methods=["GET"]),
    Route(f"{A}/reconcile", admin.reconcile, methods=["POST"]),
    Route(f"{V1}/admin/bookings/{{booking}}/refund", admin.refund, methods=["POST"]),
    Route(f"{A}/stats", admin.stats, methods=["GET"]),
    Route(f"{A}/visitors/{{visitor}}/admit", admin.admit, methods=["POST"]),
    Route(f"{A}/visitors/{{visitor}}", admin.remove, methods=["DELETE"]),
    *(Route(f"{A}/{action}", partial(admin.act, action), methods=["POST"]) for action in ACTIONS),
    Route("/", partial(page, "index.html"), methods=["GET"]),
    Route("/events/{event}", partial(page, "event.html"), methods=["GET"]),
    Route("/admin", partial(page, "admin.html"), methods=["GET"]),
    Route("/healthz", healthz, methods=["GET"]),
    Route("/readyz", readyz, methods=["GET"]),
    Route("/metrics", show_metrics, methods=["GET"]),
    Mount("/static", Revalidated(directory=STATIC)),
]


async def refused(request: Request, refusal: Any) -> Response:
    """A refusal, said in its own words."""
    assert isinstance(refusal, Refusal)
    return refuse(refusal, trace_id_of(request.scope))


async def not_there(request: Request, error: Any) -> Response:
    """What the router refuses: no such path, no such method."""
    assert isinstance(error, HTTPException)
    refusal = MethodNotAllowed() if error.status_code == 405 else NotFound()
    return refuse(refusal, trace_id_of(request.scope), dict(error.headers or {}))


async def away(request: Request, error: Any) -> Response:
    """A store is away: whether it was done is not known."""
    log.warning("store away trace=%s why=%s", trace_id_of(request.scope), type(error).__name__)
    return refuse(TryAgain("a store did not answer"), trace_id_of(request.scope))


async def broken(request: Request, error: Any) -> Response:
    """A mistake of ours."""
    return refuse(Internal(), trace_id_of(request.scope))


HANDLERS: dict[Any, Any] = {
    Refusal: refused,
    HTTPException: not_there,
    Exception: broken,
    **dict.fromkeys((RedisError, *AWAY), away),
}


def create_app(
    settings: Settings, on_open: Callable[[House], None] = lambda house: None
) -> ASGIApp:
    """The application of one serve process; the house is open while its lifespan lasts."""

    @asynccontextmanager
    async def lifespan(app: Starlette) -> AsyncGenerator[None]:
        async with open_house(settings) as house:
            app.state.house = house
            on_open(house)
            yield

    app = Starlette(
        routes=ROUTES,
        lifespan=lifespan,
        exception_handlers=HANDLERS,
        middleware=[
            Middleware(
                CORSMiddleware,
                allow_origins=sorted(settings.origins),
                allow_credentials=True,
                allow_methods=["GET", "POST", "PATCH", "DELETE"],
                allow_headers=["Authorization", "Content-Type", "Idempotency-Key", "Booking-Pass"],
                expose_headers=["Retry-After", "ETag"],
            )
        ],
    )

    async def sockets(scope: Scope, receive: Receive, send: Send) -> None:
        house: House = app.state.house
        serve = operators_socket if scope["path"].startswith("/ws/admin/") else channel
        await serve(house, scope, receive, send)

    return Perimeter(app, sockets, origins=settings.origins)
