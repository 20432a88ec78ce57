"""The ASGI application of a serve process: every route in one table, and the sockets."""

import logging
from collections.abc import AsyncGenerator, Awaitable, Callable, Collection, Sequence
from contextlib import asynccontextmanager
from functools import cache, partial

import orjson
from starlette.applications import Starlette
from starlette.middleware import Middleware
from starlette.middleware.cors import CORSMiddleware
from starlette.requests import Request
from starlette.routing import BaseRoute, Mount, Route
from starlette.types import ASGIApp, Receive, Scope, Send

from booking_rush.compression import encoded
from booking_rush.queue.rules import ACTIONS
from booking_rush.server.admin import (
    alerts,
    audit,
    bans,
    broadcasts,
    operators,
    sessions,
    stats,
    undo,
)
from booking_rush.server.admin import bookings as admin_bookings
from booking_rush.server.admin import codes as admin_codes
from booking_rush.server.admin import events as admin_events
from booking_rush.server.admin import visitors as admin_visitors
from booking_rush.server.admin.stats import serve_operator
from booking_rush.server.api import (
    bookings,
    contract,
    events,
    history,
    holds,
    places,
    tickets,
    visitors,
    webhooks,
)
from booking_rush.server.api.contract import Documents
from booking_rush.server.composition import open_services
from booking_rush.server.contract.asyncapi import asyncapi
from booking_rush.server.contract.openapi import openapi
from booking_rush.server.contract.operation import refusals_of
from booking_rush.server.contract.operations import OPERATIONS
from booking_rush.server.contract.page import page
from booking_rush.server.limits.route_limits import LimitMiddleware
from booking_rush.server.pages import pages, place_page, ticket_page
from booking_rush.server.pages.missing import on_missing
from booking_rush.server.runtime.settings import Settings
from booking_rush.server.sockets.sse import stream
from booking_rush.server.sockets.websocket import serve_visitor
from booking_rush.server.web.exception_handlers import HANDLERS, handler_of, on_failure
from booking_rush.server.web.health import healthz, readyz, show_metrics
from booking_rush.server.web.middleware import EdgeMiddleware
from booking_rush.server.web.origins import hosts_of
from booking_rush.server.web.services import Services
from booking_rush.server.web.static_files import AT_THE_ROOT, serve_root_file, serve_static, site
from booking_rush.tracing import spans
from booking_rush.tracing.middleware import TraceMiddleware

log = logging.getLogger(__name__)


# `E` and `A` are also how docstrings of handlers begin a path.
V1 = "/api/v1"
E = f"{V1}/events/{{event}}"
A = f"{V1}/admin/events/{{event}}"


# Headers of answers that pages of other origins may read.
EXPOSED = ("Retry-After", "RateLimit", "RateLimit-Policy", "ETag", "X-Request-ID", "traceresponse")
ROUTES = [
    Route(f"{E}/queue", places.join, methods=["POST"]),
    Route(f"{E}/queue", places.place, methods=["GET"]),
    Route(f"{E}/queue", places.leave, methods=["DELETE"]),
    Route(f"{E}/queue/history", history.own_history, methods=["GET"]),
    Route(f"{E}/journal", history.journal, methods=["GET"]),
    Route(f"{E}/queue/stream", stream, methods=["GET"]),
    Route(f"{V1}/visitors", visitors.new_visitor, methods=["POST"]),
    Route(f"{V1}/events", events.events, methods=["GET"]),
    Route(E, events.event, methods=["GET"]),
    Route(f"{E}/chart", events.event_chart, methods=["GET"]),
    Route("/.well-known/jwks.json", visitors.jwks, methods=["GET"]),
    Route("/.well-known/void-tickets/{event}.json", tickets.void_tickets, methods=["GET"]),
    Route(f"{E}/availability", holds.seats, methods=["GET"]),
    Route(f"{E}/holds", holds.create, methods=["POST"]),
    Route(f"{E}/holds/{{hold}}", holds.find, methods=["GET"]),
    Route(f"{E}/holds/{{hold}}", holds.release, methods=["DELETE"]),
    Route(f"{E}/holds/{{hold}}/extend", holds.extend, methods=["POST"]),
    Route(f"{E}/holds/{{hold}}/checkout", holds.check_out, methods=["POST"]),
    Route(f"{V1}/bookings", bookings.list_bookings, methods=["GET"]),
    Route(f"{V1}/bookings/find", tickets.find, methods=["POST"]),
    Route(f"{V1}/bookings/{{booking}}", bookings.booking, methods=["GET"]),
    Route(f"{V1}/bookings/{{booking}}/link", bookings.link, methods=["GET"]),
    Route(f"{V1}/bookings/{{booking}}/cancel", bookings.cancel, methods=["POST"]),
    Route(f"{V1}/bookings/{{booking}}/tickets/{{ticket}}/qr.svg", bookings.qr, methods=["GET"]),
    Route(f"{V1}/payments/{{provider}}/webhook", webhooks.webhook, methods=["POST"]),
    Route(f"{V1}/admin/login", sessions.log_in, methods=["POST"]),
    Route(f"{V1}/admin/logout", sessions.log_out, methods=["POST"]),
    Route(f"{V1}/admin/me", sessions.me, methods=["GET"]),
    Route(f"{V1}/admin/sessions", sessions.list_sessions, methods=["GET"]),
    Route(f"{V1}/admin/sessions/{{session}}", sessions.end_session, methods=["DELETE"]),
    Route(f"{V1}/admin/me/password", operators.change_own_password, methods=["POST"]),
    Route(f"{V1}/admin/me/second-factor", operators.second_factor, methods=["GET"]),
    Route(f"{V1}/admin/me/second-factor", operators.begin_second_factor, methods=["POST"]),
    Route(
        f"{V1}/admin/me/second-factor/in-force",
        operators.put_second_factor_in_force,
        methods=["POST"],
    ),
    Route(f"{V1}/admin/me/second-factor/off", operators.end_own_second_factor, methods=["POST"]),
    Route(f"{V1}/admin/operators", operators.list_operators, methods=["GET"]),
    Route(f"{V1}/admin/operators", operators.add, methods=["POST"]),
    Route(f"{V1}/admin/operators/{{operator}}", operators.change, methods=["PATCH"]),
    Route(f"{V1}/admin/operators/{{operator}}", operators.remove, methods=["DELETE"]),
    Route(f"{V1}/admin/operators/{{operator}}/key", operators.give_key, methods=["POST"]),
    Route(f"{V1}/admin/operators/{{operator}}/key", operators.revoke_key, methods=["DELETE"]),
    Route(
        f"{V1}/admin/operators/{{operator}}/second-factor",
        operators.end_second_factor,
        methods=["DELETE"],
    ),
    Route(f"{V1}/admin/events", admin_events.create, methods=["POST"]),
    Route(f"{V1}/admin/events", admin_events.events, methods=["GET"]),
    Route(f"{V1}/admin/alerts", alerts.read_alerts, methods=["GET"]),
    Route(f"{V1}/admin/audit", audit.journal, methods=["GET"]),
    Route(A, admin_events.event, methods=["GET"]),
    Route(f"{A}/export", admin_events.export, methods=["GET"]),
    Route(A, admin_events.change, methods=["PATCH"]),
    Route(f"{A}/rules", admin_events.rules, methods=["PATCH"]),
    Route(f"{A}/seats/close", admin_events.take_seats_off, methods=["POST"]),
    Route(f"{A}/seats/open", admin_events.put_seats_back, methods=["POST"]),
    Route(f"{A}/broadcast", broadcasts.broadcast, methods=["POST"]),
    Route(f"{A}/broadcasts", broadcasts.list_broadcasts, methods=["GET"]),
    Route(f"{A}/codes", admin_codes.make, methods=["POST"]),
    Route(f"{A}/codes", admin_codes.list_codes, methods=["GET"]),
    Route(f"{A}/series", stats.read_series, methods=["GET"]),
    Route(f"{A}/bookings", admin_bookings.list_bookings, methods=["GET"]),
    Route(f"{A}/reconcile", admin_bookings.reconcile, methods=["POST"]),
    Route(f"{V1}/admin/bookings/{{booking}}/tickets", admin_bookings.tickets, methods=["GET"]),
    Route(f"{V1}/admin/bookings/{{booking}}/refund", admin_bookings.refund, methods=["POST"]),
    Route(f"{V1}/admin/bookings/{{booking}}/mail", admin_bookings.send_mail, methods=["POST"]),
    Route(f"{A}/stats", stats.stats, methods=["GET"]),
    Route(f"{A}/visitors", admin_visitors.list_visitors, methods=["GET"]),
    Route(f"{A}/visitors/{{visitor}}/history", admin_visitors.history, methods=["GET"]),
    Route(f"{A}/visitors/{{visitor}}/admit", admin_visitors.admit, methods=["POST"]),
    Route(f"{A}/visitors/{{visitor}}", admin_visitors.remove, methods=["DELETE"]),
    Route(f"{A}/bans", bans.ban, methods=["POST"]),
    Route(f"{A}/bans", bans.list_bans, methods=["GET"]),
    Route(f"{A}/bans/reach", bans.reach, methods=["GET"]),
    Route(f"{A}/bans/{{ban}}", bans.lift, methods=["DELETE"]),
    *(
        Route(f"{A}/{action}", partial(admin_events.act, action), methods=["POST"])
        for action in ACTIONS
    ),
    Route(f"{A}/undo", undo.undo_act, methods=["POST"]),
    Route(f"{A}/rules/keep", undo.keep_rules, methods=["POST"]),
    Route(f"{A}/archive", admin_events.archive, methods=["POST"]),
    Route(f"{A}/stop", admin_events.stop, methods=["POST"]),
    Route(f"{A}/continue", admin_events.proceed, methods=["POST"]),
    Route("/", pages.home, methods=["GET"]),
    Route("/events/{event}", pages.event, methods=["GET"]),
    Route("/events/{event}", place_page.join, methods=["POST"]),
    Route("/events/{event}/join", place_page.join, methods=["POST"]),
    Route("/events/{event}/leave", place_page.leave, methods=["POST"]),
    Route("/events/{event}/line", place_page.line, methods=["GET"]),
    Route("/tickets/{link}", ticket_page.show_tickets, methods=["GET"]),
    Route("/tickets/{link}/{number}.svg", ticket_page.show_ticket_code, methods=["GET"]),
    Route("/admin", pages.admin, methods=["GET"]),
    *(Route(f"/{name}", partial(serve_root_file, name), methods=["GET"]) for name in AT_THE_ROOT),
    Route("/openapi.json", contract.show_openapi, methods=["GET"]),
    Route("/asyncapi.json", contract.show_asyncapi, methods=["GET"]),
    Route("/docs", contract.show_page, methods=["GET"]),
    Route("/healthz", healthz, methods=["GET"]),
    Route("/readyz", readyz, methods=["GET"]),
    Route("/metrics", show_metrics, methods=["GET"]),
    Mount("/static", serve_static),
]


class RouteTable:
    """Routes by method and depth, for requests that the general application does not route."""

    def __init__(self, routes: Sequence[BaseRoute]) -> None:
        self._routes: dict[tuple[str, int], list[Route]] = {}
        for route in routes:
            if isinstance(route, Route):
                for method in (route.methods or set()) - {"HEAD"}:
                    shape = (method, route.path.count("/"))
                    self._routes.setdefault(shape, []).append(route)

    def find(self, scope: Scope) -> Route | None:
        """Return the route of a request, with its parameters put into the scope."""
        path: str = scope["path"]
        if scope.get("root_path"):
            return None
        for route in self._routes.get((scope["method"], path.count("/")), ()):
            if found := route.path_regex.match(path):
                scope["route"], scope["path_params"] = route, found.groupdict()
                return route
        return None


class DirectRoutes:
    """Serves the route table itself; anything unusual is left to the general application.

    The layers of that one take a third of the time of a hold over HTTP. It is left the lifespan,
    HEAD, OPTIONS, what is not in the table, and pages of other origins, which need CORS.
    """

    def __init__(self, app: Starlette, routes: RouteTable, origins: Collection[str]) -> None:
        self._app = app
        self._routes = routes
        self._origins = {origin.encode() for origin in origins}
        self._limited = LimitMiddleware(self._serve, routes.find)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer a request. An error is answered by its handler; a mistake is raised afterwards."""
        if scope["type"] == "http" and not self._is_across(scope) and self._routes.find(scope):
            scope["app"] = self._app
            await self._limited(scope, receive, send)
        else:
            await self._app(scope, receive, send)

    async def _serve(self, scope: Scope, receive: Receive, send: Send) -> None:
        request, mistake = Request(scope, receive, send), None
        try:
            response = await scope["route"].endpoint(request)
        except Exception as error:
            handler = handler_of(error)
            response = await handler(request, error)
            mistake = error if handler is on_failure else None
        response.raw_headers.append((b"vary", b"Origin"))
        await response(scope, receive, send)
        if mistake is not None:
            raise mistake

    def _is_across(self, scope: Scope) -> bool:
        """Return whether a page of another origin asks, which CORS lets read the answer."""
        return not self._origins.isdisjoint(
            value for name, value in scope["headers"] if name == b"origin"
        )


@cache
def documents() -> Documents:
    """Return the documents of our routes; they are made once a process."""
    for_http, for_sockets = openapi(ROUTES), asyncapi()
    refusals = {refusal for operation in OPERATIONS.values() for refusal in refusals_of(operation)}
    return Documents(
        encoded(orjson.dumps(for_http)),
        encoded(orjson.dumps(for_sockets)),
        encoded(page(for_http, for_sockets, refusals).encode()),
    )


def create_app(
    settings: Settings, on_open: Callable[[Services], None] = lambda services: None
) -> ASGIApp:
    """Return the application of a serve process, which opens the services for its lifespan.

    `on_open` is called with them before the first request. Static files are read here, not by
    the first visitor.
    """
    site()
    site(settings.static)

    @asynccontextmanager
    async def lifespan(app: Starlette) -> AsyncGenerator[None]:
        async with open_services(settings) as services:
            app.state.services = services
            on_open(services)
            yield

    origins, table = sorted(settings.origins), RouteTable(ROUTES)
    app = Starlette(
        routes=ROUTES,
        lifespan=lifespan,
        exception_handlers={**HANDLERS, 404: on_missing},
        middleware=[
            Middleware(
                CORSMiddleware,
                allow_origins=origins,
                allow_credentials=True,
                allow_methods=["GET", "POST", "PATCH", "DELETE"],
                allow_headers=[
                    "Authorization",
                    "Content-Type",
                    "Idempotency-Key",
                    "Booking-Pass",
                    "X-Request-ID",
                ],
                expose_headers=EXPOSED,
            ),
            Middleware(LimitMiddleware, find_route=table.find),
        ],
    )

    app.state.documents = documents()

    def serve_socket(scope: Scope, receive: Receive, send: Send) -> Awaitable[None]:
        services: Services = app.state.services
        serve = serve_operator if scope["path"].startswith("/ws/admin/") else serve_visitor
        return serve(services, scope, receive, send)

    edge = EdgeMiddleware(
        DirectRoutes(app, table, origins),
        serve_socket,
        table.find,
        origins=settings.origins | settings.public_origin,
        hosts=hosts_of(settings),
        is_https=settings.public_url.startswith("https:"),
    )
    return TraceMiddleware(edge) if spans.is_on() else edge
