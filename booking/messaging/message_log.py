"""Where orders and messages of the saga wait until they are carried out: one port, two logs.

`TableLog` reads the outbox itself, `KafkaLog` the topics to which the relay has sent it. Both
hand over at least once, those of one booking in their order; what must wait stops nobody else's.
"""

from collections.abc import Collection, Sequence
from typing import NamedTuple, Protocol
from uuid import UUID

from booking_rush.booking.messaging.outbox import Envelope

ROWS_MAX = 1024  # handed over at once
BACK_OFF_S, BACK_OFF_S_MAX = 0.1, 5.0


class Failure(NamedTuple):
    """What could not be handled now, and why."""

    envelope: Envelope
    why: str


class Rejection(NamedTuple):
    """What will never be handled: a code, and what happened in words."""

    envelope: Envelope
    reason: str
    detail: str


class MessageLog(Protocol):
    """A log, as one worker reads it. Every method may raise what its store raises."""

    async def read(self, busy: Collection[UUID] = ()) -> list[Envelope]:
        """What may be handled now and is not settled yet; of each booking in order.

        Of `busy` bookings nothing: somebody works on what was handed over before.
        """
        ...

    async def done(self, envelopes: Sequence[Envelope]) -> None:
        """These are handled, and what follows from them is committed."""
        ...

    async def retry(self, failures: Sequence[Failure]) -> None:
        """Hand these over again, each time later; what is behind them of a booking waits too."""
        ...

    async def reject(self, burials: Sequence[Rejection]) -> None:
        """Give these up, for an operator to look at; what is behind them goes on."""
        ...

    async def lag(self) -> int:
        """How much waits."""
        ...

    async def close(self) -> None:
        """Leave, so that another may begin at once."""
        ...


def pause_s(tries: int) -> float:
    """How long something waits that failed so often before."""
    return min(BACK_OFF_S_MAX, BACK_OFF_S * float(2 ** min(tries, 10)))
