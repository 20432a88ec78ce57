"""Operation: the contract of one handler, and the refusals that many of them share."""

from typing import Any, Literal, NamedTuple

from booking_rush.booking.holds import errors
from booking_rush.errors import (
    Busy,
    IdempotencyKeyMissing,
    IdempotencyKeyReused,
    Invalid,
    Recovering,
    Refusal,
    TooManyRequests,
    TryAgain,
)
from booking_rush.queue.event_registry import UnknownEvent
from booking_rush.server.protocol import problems

Caller = Literal["nobody", "visitor", "viewer", "operator"]
Refusals = tuple[type[Refusal], ...]
# A type is a JSON body of it; a text is a media type.
Answer = Any
HTML, CSV, SVG, EVENTS, TEXT, FILE = (
    "text/html", "text/csv", "image/svg+xml", "text/event-stream", "text/plain",
    "application/octet-stream",
)  # fmt: skip


class Operation(NamedTuple):
    """The contract of one handler; `headers` and `query` are what it reads beside the path."""

    summary: str
    answers: dict[int, tuple[Answer, ...]]
    caller: Caller = "nobody"
    refusals: Refusals = ()
    body: Answer = None
    is_body_optional: bool = False
    headers: tuple[str, ...] = ()
    query: tuple[str, ...] = ()


EVERYWHERE: Refusals = (
    problems.Malformed, problems.HostRefused, problems.OriginRefused, problems.UrlTooLong,
    problems.HeadTooLarge, problems.Internal, Busy, TryAgain, TooManyRequests,
)  # fmt: skip
BODY: Refusals = (Invalid, problems.UnsupportedMediaType, problems.TooLarge)
OPTIONAL_BODY: Refusals = (Invalid, problems.TooLarge)
CALLERS: dict[Caller, Refusals] = {
    "nobody": (),
    "visitor": (problems.NotAuthenticated,),
    "viewer": (problems.NotAuthenticated, problems.Forbidden),
    "operator": (problems.NotAuthenticated, problems.Forbidden, problems.CsrfFailed),
}
ROOM: Refusals = (UnknownEvent, Recovering)
KEY: Refusals = (Invalid, IdempotencyKeyMissing, IdempotencyKeyReused)
HOLD: Refusals = (*ROOM, errors.UnknownHold, errors.HoldExpired)
PAGE = ("limit", "after")
NO_BODY: tuple[Answer, ...] = ()


def refusals_of(operation: Operation) -> Refusals:
    """Return every refusal that may answer an operation."""
    named = (*operation.refusals, *CALLERS[operation.caller], *EVERYWHERE)
    return tuple(dict.fromkeys(named))
