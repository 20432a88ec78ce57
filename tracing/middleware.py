"""ASGI middleware that records a span for each request, and answers its context."""

from collections.abc import Awaitable, Callable, MutableMapping
from contextvars import ContextVar
from typing import Any, TypeAlias

from booking_rush.tracing import spans

Scope: TypeAlias = MutableMapping[str, Any]
Message: TypeAlias = MutableMapping[str, Any]
Receive: TypeAlias = Callable[[], Awaitable[Message]]
Send: TypeAlias = Callable[[Message], Awaitable[None]]
App: TypeAlias = Callable[[Scope, Receive, Send], Awaitable[None]]

# Asked each second by machines, or as long as a socket.
NOT_TRACED = ("/healthz", "/readyz", "/metrics", "/static/")
STREAM = "/queue/stream"
# Of the handshake of the socket that this task serves.
HANDSHAKE: ContextVar[str] = ContextVar("traceparent of a handshake", default="")


class TraceMiddleware:
    """Middleware around a whole application, where spans are recorded.

    The trace id is put into the scope as `trace_id`, for problems and logs. The answer has the
    context as `traceresponse`. Of a socket, each command has a span: see `served_command`.
    """

    def __init__(self, app: App) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve a connection."""
        if scope["type"] == "websocket":
            HANDSHAKE.set(_traceparent_of(scope))
        path = scope.get("path", "")
        if scope["type"] != "http" or path.startswith(NOT_TRACED) or path.endswith(STREAM):
            await self._app(scope, receive, send)
        else:
            await self._serve(scope, receive, send)

    async def _serve(self, scope: Scope, receive: Receive, send: Send) -> None:
        status = 500
        with spans.served(scope["method"], _traceparent_of(scope)) as span:
            scope["trace_id"] = span.trace_id

            async def send_with_context(message: Message) -> None:
                nonlocal status
                if message["type"] == "http.response.start":
                    status = message["status"]
                    header = (b"traceresponse", span.response.encode())
                    message["headers"] = [*message.get("headers", ()), header]
                await send(message)

            try:
                await self._app(scope, receive, send_with_context)
            finally:
                route = str(getattr(scope.get("route"), "path", "unknown"))
                span.answer(
                    f"{scope['method']} {route}",
                    {"http.route": route, "http.response.status_code": status},
                    has_failed=status >= 500,
                )


def _traceparent_of(scope: Scope) -> str:
    found = [value for name, value in scope["headers"] if name == b"traceparent"]
    return found[0].decode("latin-1") if len(found) == 1 else ""
