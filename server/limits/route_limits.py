"""Limits by route: the class of each HTTP request, and the middleware that takes one of its class.

A join is limited where it is checked, behind the ban; pages, files, health and webhooks never are.
"""

import re
from collections.abc import Callable

from starlette.requests import HTTPConnection
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from booking_rush.booking.joining.rate_limits import RequestClass, Taken
from booking_rush.errors import Refusal
from booking_rush.server.protocol.problems import NotAuthenticated
from booking_rush.server.runtime.metrics import REFUSALS
from booking_rush.server.web.authentication import visitor_of
from booking_rush.server.web.middleware import route_of
from booking_rush.server.web.requests import address_of
from booking_rush.server.web.responses import refuse, trace_id_of
from booking_rush.server.web.services import Services

# The first that fits counts; None: not limited here.
CLASSES: tuple[tuple[str, re.Pattern[str], RequestClass | None], ...] = (
    ("POST", re.compile(r"/api/v1/visitors\Z"), "visitors"),
    ("POST", re.compile(r"/api/v1/events/[^/]+/queue\Z"), None),
    ("POST", re.compile(r"/api/v1/events/[^/]+/holds"), "hold"),
    ("GET", re.compile(r"/api/v1/events/[^/]+/queue/stream\Z"), "connect"),
    ("POST", re.compile(r"/api/v1/bookings/find\Z"), "find"),
    ("", re.compile(r"/api/v1/(admin|payments)/"), None),
    ("", re.compile(r"/api/v1/"), "rest"),
)


def class_of(method: str, path: str) -> RequestClass | None:
    """Return the class of a request, or None where it is not limited."""
    for of_method, pattern, name in CLASSES:
        if of_method in ("", method) and pattern.match(path):
            return name
    return None


class LimitMiddleware:
    """ASGI middleware that answers 429 instead of `app`, and says what is left of a limit."""

    def __init__(self, app: ASGIApp, find_route: Callable[[Scope], object]) -> None:
        """Wrap `app`; `find_route` puts the route of a refused request into its scope."""
        self._app = app
        self._find_route = find_route

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve a request, or refuse it."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        services: Services = scope["app"].state.services
        if not services.limits.enabled:
            await self._app(scope, receive, send)
            return
        name = class_of(scope["method"], scope["path"])
        try:
            taken = await self._take(services, name, scope) if name else None
        except Refusal as refusal:
            self._find_route(scope)  # for the metrics: it gets no further
            REFUSALS.add(route_of(scope), refusal.code)
            await refuse(refusal, trace_id_of(scope))(scope, receive, send)
            return
        await self._app(scope, receive, _with_headers(send, taken))

    async def _take(self, services: Services, name: RequestClass, scope: Scope) -> Taken | None:
        connection = HTTPConnection(scope)
        try:
            visitor = visitor_of(connection, services)
        except NotAuthenticated:
            visitor = ""
        return await services.limits.take(name, visitor, address_of(connection))


def _with_headers(send: Send, taken: Taken | None) -> Send:
    """Return a `send` that adds the headers of a limit to the answer."""
    if taken is None:
        return send

    async def send_with_headers(message: Message) -> None:
        if message["type"] == "http.response.start":
            message["headers"] += [
                (name.lower().encode(), value.encode()) for name, value in taken.headers().items()
            ]
        await send(message)

    return send_with_headers
