"""Spans of calls that are answered in batches: one a traced call, until its answer is there."""

import asyncio
from collections.abc import Iterable
from functools import partial
from typing import TYPE_CHECKING, Any

from booking_rush.tracing import spans
from booking_rush.tracing.spans import Work

if TYPE_CHECKING:  # OpenTelemetry is an extra
    from booking_rush.tracing.recorder import Span


class CallSpans:
    """Spans of the calls that one batcher has not answered yet."""

    def __init__(self) -> None:
        self._open: dict[int, tuple[str, Span]] = {}  # by the id of the call, which lives as long

    def begin(
        self, call: object, answer: asyncio.Future[Any], name: str, subject: str, parent: str
    ) -> None:
        """Begin the span of a call; it ends with the answer."""
        span = spans.begin(name, parent)
        if span is not None:
            self._open[id(call)] = (subject, span)
            answer.add_done_callback(partial(self._end, id(call), span))

    def works_of(self, calls: Iterable[object], name: str) -> dict[str, Work]:
        """Return the part that each traced one of these calls has of their batch, by subject."""
        if not self._open:
            return {}
        found = [self._open[id(call)] for call in calls if id(call) in self._open]
        return {subject: Work(name, span.context) for subject, span in found}

    def _end(self, call: int, span: "Span", answer: asyncio.Future[Any]) -> None:
        self._open.pop(call, None)
        span.end(None if answer.cancelled() else answer.exception())
