"""Terms of admission as Redis itself tells the journal: rules, corrected rate, clock."""

import msgspec

from booking_rush.booking.history.entries import Act
from booking_rush.lua.line.changes import InForce

IN_FORCE = "in force"  # what `why` begins with; behind it stands an InForce as JSON
CLOCK = "clock"


_encode = msgspec.json.Encoder(order="sorted").encode
_decode = msgspec.json.Decoder(InForce).decode


def in_force_act(found: InForce, at_ms: int) -> Act:
    """Return the act of rules that Redis admits by from here on."""
    return Act("state", why=f"{IN_FORCE}: {_encode(found).decode()}", at_ms=at_ms)


def in_force_of(why: str) -> InForce | None:
    """Return what a state entry says is in force; None: it says something else.

    Raises:
        ValueError: what is said cannot be read.
    """
    word, _, told = why.partition(": ")
    return _decode(told) if word == IN_FORCE else None


def clock_act(back_ms: int, at_ms: int) -> Act:
    """Return the act of Redis's clock that was set back, from then on."""
    return Act("state", why=f"{CLOCK}: set back by {back_ms} ms", at_ms=at_ms)
