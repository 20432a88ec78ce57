"""Middleware of every connection: trace id, Host and Origin check, security headers, metrics."""

import logging
import time
from collections.abc import Callable, Collection
from email.utils import formatdate
from http import HTTPStatus
from typing import Any
from urllib.parse import urlsplit

import orjson
from starlette.datastructures import Headers, MutableHeaders
from starlette.types import ASGIApp, Message, Receive, Scope, Send
from websockets.datastructures import Headers as Fields
from websockets.http11 import Response as HandshakeResponse

from booking_rush.errors import Refusal
from booking_rush.server.protocol.problems import HostRefused, OriginRefused, problem
from booking_rush.server.runtime.logs import TRACE, VISITOR
from booking_rush.server.runtime.metrics import REFUSALS, REQUEST_SECONDS, REQUESTS
from booking_rush.server.web.origins import is_host_served, is_origin_allowed, parse_origin
from booking_rush.server.web.responses import ids_of, refuse, trace_id_of

log = logging.getLogger(__name__)

HANDSHAKE = "websocket"  # every refused handshake, in metrics by route
# Published keys are for every origin. Browsers name ours when they ask for a module, also the one
# that we do not know behind a proxy with TLS.
PUBLIC_PATHS = ("/.well-known/", "/static/")

HEADERS = [
    (b"content-security-policy", b"default-src 'none'; script-src 'self'; style-src 'self'; "
     b"img-src 'self' data:; connect-src 'self'; worker-src 'self'; manifest-src 'self'; "
     b"form-action 'self'; frame-ancestors 'none'; base-uri 'none'"),
    (b"x-content-type-options", b"nosniff"),
    (b"referrer-policy", b"same-origin"),
    (b"cross-origin-opener-policy", b"same-origin"),
    (b"permissions-policy", b"camera=(), geolocation=(), microphone=()"),
]  # fmt: skip
HTTPS_HEADERS = [*HEADERS, (b"strict-transport-security", b"max-age=63072000")]


class EdgeMiddleware:
    """ASGI middleware that sends WebSockets to `sockets` and everything else to `app`."""

    def __init__(
        self,
        app: ASGIApp,
        sockets: ASGIApp,
        find_route: Callable[[Scope], object],
        *,
        origins: frozenset[str],
        hosts: Collection[str],
        is_https: bool = False,
    ) -> None:
        """Wrap `app` and `sockets`; with `is_https` browsers always reach us over TLS.

        `find_route` puts the route of a refused request into its scope, for the metrics. `hosts`
        are as `hosts_of` returns them.
        """
        self._app = app
        self._sockets = sockets
        self._find_route = find_route
        self._origins = frozenset(filter(None, map(parse_origin, origins)))
        self._hosts = hosts
        self._is_https = is_https

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve a connection, or refuse its host or its origin."""
        if scope["type"] == "lifespan":
            await self._app(scope, receive, send)
            return
        refusal = self._admit(scope)
        if scope["type"] != "websocket":
            await self._request(scope, receive, send, refusal)
        elif refusal is None:
            await self._sockets(scope, receive, send)
        else:
            await receive()
            await deny(refusal, scope, send)

    def _admit(self, scope: Scope) -> Refusal | None:
        """Give a connection its trace id and its scheme. Return why it is refused, if it is.

        Our own origin is still told by the scheme of the connection: a port that is forwarded to
        an operator's machine has no TLS.
        """
        headers = Headers(scope=scope)
        ids = ids_of(scope["headers"], scope.get("trace_id", ""))
        scope["trace_id"], scope["request_id"] = ids
        TRACE.set(scope["trace_id"])
        VISITOR.set("")
        origin, scheme, host = headers.get("origin"), scope["scheme"], headers.get("host", "")
        if self._is_https:
            scope["scheme"] = "wss" if scope["type"] == "websocket" else "https"
        if not is_host_served(host, scope, self._hosts):
            log.warning("refused host=%.200r: see RUSH_PUBLIC_URL, RUSH_ALLOWED_HOSTS", host)
            return HostRefused()
        if scope["path"].startswith(PUBLIC_PATHS) or is_origin_allowed(
            origin, scheme, host, self._origins
        ):
            return None
        log.warning(
            "refused origin=%.200r own=%s://%.200s: see RUSH_PUBLIC_URL, RUSH_ALLOWED_ORIGINS",
            origin, scheme, host,
        )  # fmt: skip
        return OriginRefused()

    async def _request(
        self, scope: Scope, receive: Receive, send: Send, refusal: Refusal | None
    ) -> None:
        began = time.monotonic()
        status: int = 500

        async def send_with_headers(message: Message) -> None:
            nonlocal status
            if message["type"] == "http.response.start":
                status = message["status"]
                _add_headers(message, scope)
            await send(message)

        try:
            if refusal is None:
                await self._app(scope, receive, send_with_headers)
            else:
                self._find_route(scope)
                REFUSALS.add(route_of(scope), refusal.code)
                response = refuse(refusal, trace_id_of(scope))
                await response(scope, receive, send_with_headers)
        finally:
            route = route_of(scope)
            REQUESTS.add(route, str(status))
            if not route.endswith("/stream"):
                REQUEST_SECONDS.add(route, time.monotonic() - began)
            if status == 500:
                log.error("answered %d route=%s trace=%s", status, route, trace_id_of(scope))


def route_of(scope: Scope) -> str:
    """Return the route's path with its parameters' names, so that metrics have few series."""
    route: Any = scope.get("route")
    return str(getattr(route, "path", "unknown"))


async def deny(refusal: Refusal, scope: Scope, send: Send) -> None:
    """Answer a WebSocket handshake with a problem over HTTP, instead of accepting it."""
    _count_handshake(refusal)
    response = refuse(refusal, trace_id_of(scope), {"Cache-Control": "no-store"})
    message = {
        "type": "websocket.http.response.start",
        "status": response.status_code,
        "headers": response.raw_headers,
    }
    _add_headers(message, scope)
    await send(message)
    await send({"type": "websocket.http.response.body", "body": response.body})


def rejection(refusal: Refusal, fields: Fields) -> HandshakeResponse:
    """Return a problem in answer to a handshake that the application has not seen."""
    _count_handshake(refusal)
    given = [(name.lower().encode(), value.encode()) for name, value in fields.raw_items()]
    trace_id, request_id = ids_of(given)
    body = orjson.dumps(problem(refusal, trace_id))
    members = {
        "Date": formatdate(usegmt=True),
        "Connection": "close",
        "Content-Type": "application/problem+json",
        "Content-Length": str(len(body)),
        "Cache-Control": "no-store",
        "X-Request-ID": request_id,
    }
    return HandshakeResponse(
        refusal.status, HTTPStatus(refusal.status).phrase, Fields(members), body
    )


def _count_handshake(refusal: Refusal) -> None:
    """Count a refused handshake in the metrics."""
    REQUESTS.add(HANDSHAKE, str(refusal.status))
    REFUSALS.add(HANDSHAKE, refusal.code)


def _add_headers(message: Message, scope: Scope) -> None:
    """Add the headers that every answer has, and that the handler has not set itself."""
    given: list[tuple[bytes, bytes]] = message["headers"]
    names = {name for name, _ in given}
    for name, value in HTTPS_HEADERS if scope["scheme"] in ("https", "wss") else HEADERS:
        if name not in names:
            given.append((name, value))
    given.append((b"x-request-id", scope["request_id"].encode()))
    if b"cache-control" not in names and scope["path"].startswith("/api/"):
        given.append((b"cache-control", b"no-store"))
    if b"location" in names:
        headers = MutableHeaders(raw=given)
        headers["location"] = _local(headers["location"])


def _local(location: str) -> str:
    """Return a redirect of ours without its host: the router takes that from the Host header."""
    parts = urlsplit(location)
    path = "/" + parts.path.lstrip("/\\")  # two slashes would begin another host
    return f"{path}?{parts.query}" if parts.query else path
