"""States of a booking and the reasons for them, and each set of states under one name.

SQL spells these sets out where an index or a constraint depends on the literal text; a test
compares every such list with the names here.
"""

from typing import Literal, get_args

State = Literal[
    "held", "paying", "retaking", "confirmed", "expired", "released", "refunding", "refunded"
]

Reason = Literal["", "declined", "expired", "cancelled", "removed", "seats_lost"]

STATES: tuple[State, ...] = get_args(State)

# Its hold is the visitor's one hold: held, being paid, or taken again for a late payment.
LIVING: frozenset[State] = frozenset({"held", "paying", "retaking"})

# The saga waits for the answer to an order, and orders again what is not answered.
IN_PROGRESS: frozenset[State] = frozenset({"paying", "retaking", "refunding"})

# It has seats, or is to get seats or its money back: loaded into Redis, however old it is.
ACTIVE: frozenset[State] = frozenset({"held", "paying", "retaking", "confirmed", "refunding"})

# Nothing is bought: where no payment was tried either, a recovery may end the hold.
UNPAID: frozenset[State] = frozenset({"held", "expired", "released"})

# Something moves it by itself: its event is not archived before.
UNFINISHED: frozenset[State] = frozenset({"held", "paying", "retaking", "refunding"})

# Its hold ended before it was bought.
LAPSED: frozenset[State] = frozenset({"expired", "released"})

# Its money goes back, or has gone.
REFUNDS: frozenset[State] = frozenset({"refunding", "refunded"})

# It was paid, whatever came after.
PAID: frozenset[State] = frozenset({"confirmed", "refunding", "refunded"})

# It has neither seats nor money.
VOID: frozenset[State] = frozenset({"expired", "released", "refunded"})

# Nothing moves it by itself: only a late payment, or a cancellation, does.
ENDED: frozenset[State] = frozenset({"confirmed", "expired", "released", "refunded"})

# Its buyer gets a mail about it, where they left an address.
MAILED: frozenset[State] = frozenset({"confirmed", "expired", "refunded"})

# Counted in the figures of an event's money, in this order.
IN_REVENUE: tuple[State, ...] = ("confirmed", "paying", "refunded")
