"""Spans of commands over sockets: each is a trace of its own, or in that of its handshake."""

from collections.abc import Awaitable, Callable

from booking_rush.server.runtime.logs import TRACE
from booking_rush.tracing import spans
from booking_rush.tracing.middleware import HANDSHAKE


async def with_span(name: str, carry_out: Callable[[str], Awaitable[str]]) -> None:
    """Carry out a command, which is given the id of its trace and returns its outcome."""
    with spans.served(name, HANDSHAKE.get()) as span:
        TRACE.set(span.trace_id)
        outcome = await carry_out(span.trace_id)
        span.answer(name, {"outcome": outcome}, has_failed=outcome == "internal")
