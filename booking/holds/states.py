"""States of a booking and the reasons for them, each set that the code asks for in one place."""

from typing import Literal

State = Literal[
    "held", "paying", "retaking", "confirmed", "expired", "released", "refunding", "refunded"
]

Reason = Literal["", "declined", "expired", "cancelled", "removed", "seats_lost"]

STATES: tuple[State, ...] = (
    "held", "paying", "retaking", "confirmed", "expired", "released", "refunding", "refunded",
)  # fmt: skip

CLAIMING: frozenset[State] = frozenset({"paying", "confirmed"})  # refunding: after confirmed only

ENDED: frozenset[State] = frozenset({"confirmed", "expired", "released", "refunded"})
