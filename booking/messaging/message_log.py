"""The log from which the saga consumes orders and messages: one port, two implementations.

`TableLog` reads the outbox table, `KafkaLog` the topics to which the relay sends it. Both deliver
at least once and in order per booking; a booking that must wait does not delay others.
"""

from collections.abc import Collection, Sequence
from typing import NamedTuple, Protocol
from uuid import UUID

from booking_rush.booking.messaging.outbox import Envelope

ROWS_MAX = 1024  # envelopes that one `read` returns at most, those for providers aside
PROVIDER_ROWS_MAX = 512  # of each provider
BACK_OFF_S, BACK_OFF_S_MAX = 0.1, 5.0
PARKED_S_MAX = 60.0  # between two rounds of tries of what breaks each time


class Failure(NamedTuple):
    """An envelope that could not be handled now, and why."""

    envelope: Envelope
    why: str


class Rejection(NamedTuple):
    """An envelope that cannot be handled: a reason code, and the details for operators.

    `is_retried`: the watchdog tries it again, after PARKED_S_MAX at most; else nobody does.
    """

    envelope: Envelope
    reason: str
    detail: str
    is_retried: bool = False


class MessageLog(Protocol):
    """A log as one worker consumes it. Every method may raise the errors of its store."""

    async def read(self, busy: Collection[UUID] = (), full: Collection[str] = ()) -> list[Envelope]:
        """Return unsettled envelopes that may be handled now, by lane, fair between events.

        A lane is what one payment provider is to be asked; all else is in a lane of its own, so a
        slow provider delays nothing but its own lane. Within a lane a booking's envelopes are in
        order. None are of `busy` bookings, whose earlier envelopes are still being handled, or of
        lanes that are `full`.
        """
        ...

    async def done(self, envelopes: Sequence[Envelope]) -> None:
        """Settle envelopes that are handled, after the results are committed."""
        ...

    async def retry(self, failures: Sequence[Failure]) -> None:
        """Deliver failed envelopes again after `pause_s`; their bookings wait until then."""
        ...

    async def reject(self, rejections: Sequence[Rejection]) -> None:
        """Settle envelopes as dead letters; their bookings continue with the next one."""
        ...

    async def lag(self) -> int:
        """Return the number of envelopes that are not settled."""
        ...

    async def close(self) -> None:
        """Release the log, so that another worker can continue at once."""
        ...


def pause_s(tries: int) -> float:
    """Return the seconds before another try: exponential back-off, 5 s at most."""
    return min(BACK_OFF_S_MAX, BACK_OFF_S * float(2 ** min(tries, 10)))
