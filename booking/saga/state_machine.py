"""The saga of a booking, from a checkout to tickets or money back: a pure table of transitions.

`next_step` is total: every state and every message, in any order and any number of times, has its
answer.

| | held | paying | retaking | confirmed | expired, released | refunding | refunded |
|---|---|---|---|---|---|---|---|
| charged | retaking | confirmed | surplus | surplus | retaking | surplus | surplus |
| declined, tries left | repeat | held | repeat | repeat | repeat | repeat | repeat |
| declined, last or overdue | repeat | released | repeat | repeat | repeat | repeat | repeat |
| overdue | repeat | paying | repeat | repeat | repeat | repeat | repeat |
| cancelled | repeat | expired | repeat | repeat | repeat | repeat | repeat |
| retaken | wrong | wrong | confirmed | repeat | wrong | repeat | repeat |
| seats lost | wrong | wrong | refunding | repeat | wrong | repeat | repeat |
| cancel asked | refused | refused | refused | refunding | refused | repeat | refused |
| refunded | wrong | wrong | wrong | refunded | wrong | refunded | repeat |
"""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Literal, get_args

from booking_rush.booking.holds.states import STATES, Reason, State

Message = Literal[
    "charged", "declined", "overdue", "cancelled", "retaken", "seats_lost", "cancel_asked",
    "refunded",
]  # fmt: skip
Order = Literal[
    "charge", "cancel_charge", "refund", "retake", "mark_sold", "reopen", "free", "tell"
]
PaymentState = Literal["asked", "declined", "cancelled", "captured", "refunded"]
Claims = Literal["keep", "drop", "take"]
# moves: a transition; repeat: nothing new, or of no concern to the booking; wrong: it cannot be,
# so the message is rejected; surplus: money that pays nothing, to be refunded; refused: the buyer
# gets an answer of 409.
Verdict = Literal["moves", "repeat", "wrong", "surplus", "refused"]

MESSAGES: tuple[Message, ...] = get_args(Message)


@dataclass(frozen=True, slots=True)
class PaymentStatus:
    """One try to pay, and the furthest state that it has reached."""

    state: PaymentState = "asked"
    overdue: bool = False


@dataclass(frozen=True, slots=True)
class BookingState:
    """A booking as the saga sees it: `attempt` is the last try, `paid` the one that pays (0: none).

    `claimed`: Postgres has its claims.
    """

    state: State
    attempt: int = 0
    paid: int = 0
    claimed: bool = False
    reason: Reason = ""
    payments: Mapping[int, PaymentStatus] = field(default_factory=dict[int, PaymentStatus])


@dataclass(frozen=True, slots=True)
class SagaInput:
    """A message, with the try to pay that it is about (0: about none)."""

    message: Message
    attempt: int = 0


@dataclass(frozen=True, slots=True)
class Step:
    """The answer to a message: the booking after it, the change of its claims, and its orders.

    An order is (kind, attempt); they are carried out in this sequence. Unless the verdict is
    `moves`, the booking's state stays.
    """

    verdict: Verdict
    after: BookingState
    claims: Claims = "keep"
    orders: tuple[tuple[Order, int], ...] = ()


# The state that a message brings a payment to, and how far along a state is: a message that
# brings a payment no further than it is repeats an earlier one.
PAYMENT_STATES: dict[Message, PaymentState] = {
    "charged": "captured", "declined": "declined", "cancelled": "cancelled", "refunded": "refunded",
}  # fmt: skip
PROGRESS: dict[PaymentState, int] = {
    "asked": 0, "declined": 1, "cancelled": 1, "captured": 2, "refunded": 3,
}  # fmt: skip

# (state, message) → (new state, reason, claims, orders besides `tell`); `declined_last` is a
# decline after which no further try is possible.
Transition = tuple[State, Reason, Claims, tuple[Order, ...]]
TRANSITIONS: dict[tuple[State, str], Transition] = {
    ("held", "charged"): ("retaking", "", "keep", ("retake",)),
    ("paying", "charged"): ("confirmed", "", "keep", ("mark_sold",)),
    ("expired", "charged"): ("retaking", "", "keep", ("retake",)),
    ("released", "charged"): ("retaking", "", "keep", ("retake",)),
    ("paying", "declined"): ("held", "declined", "drop", ("reopen",)),
    ("paying", "declined_last"): ("released", "declined", "drop", ("free",)),
    ("paying", "overdue"): ("paying", "", "keep", ("cancel_charge",)),
    ("paying", "cancelled"): ("expired", "expired", "drop", ("free",)),
    ("retaking", "retaken"): ("confirmed", "", "take", ("mark_sold",)),
    ("retaking", "seats_lost"): ("refunding", "seats_lost", "keep", ("free", "refund")),
    ("confirmed", "cancel_asked"): ("refunding", "cancelled", "keep", ("refund",)),
    ("confirmed", "refunded"): ("refunded", "cancelled", "drop", ("free",)),  # at the provider's
    ("refunding", "refunded"): ("refunded", "", "drop", ("free",)),
}

WRONG = {
    *((state, message) for state in ("held", "paying", "expired", "released")
      for message in ("retaken", "seats_lost")),
    *((state, "refunded") for state in ("held", "paying", "retaking", "expired", "released")),
}  # fmt: skip
REFUSED = {(state, "cancel_asked") for state in STATES if state not in ("confirmed", "refunding")}


def next_step(current: BookingState, received: SagaInput, *, attempts_max: int) -> Step:
    """Decide what a message does to a booking. Return the step; nothing is changed."""
    if received.message in PAYMENT_STATES or received.message == "overdue":
        return _of_payment(current, received, attempts_max)
    return _of_table(current, received.message, current.paid)


def _of_payment(current: BookingState, received: SagaInput, attempts_max: int) -> Step:
    """Apply a message to the payment it is about, then to the booking where it concerns that."""
    payment = current.payments.get(received.attempt)
    if payment is None:
        return Step("wrong", current)
    if received.message == "overdue":
        return _overdue(current, received, payment)
    reached = PAYMENT_STATES[received.message]
    if PROGRESS[reached] <= PROGRESS[payment.state]:
        return Step("repeat", current)
    if reached == "refunded" and payment.state != "captured":
        return Step("wrong", current)
    after = _with(current, received.attempt, replace(payment, state=reached))
    if reached == "captured" and _is_surplus(current, received.attempt):
        return Step("surplus", after, orders=(("refund", received.attempt),))
    if reached == "captured":
        return _of_table(replace(after, paid=received.attempt), "charged", received.attempt)
    if reached == "refunded":
        if received.attempt != current.paid:
            return Step("repeat", after)
        step = _of_table(after, "refunded", current.paid)
        return Step("wrong", current) if step.verdict == "wrong" else step
    if received.attempt != current.attempt:
        return Step("repeat", after)
    is_last = payment.overdue or received.attempt >= attempts_max
    message = "declined_last" if reached == "declined" and is_last else received.message
    return _of_table(after, message, received.attempt)


def _overdue(current: BookingState, received: SagaInput, payment: PaymentStatus) -> Step:
    if payment.overdue or payment.state != "asked" or received.attempt != current.attempt:
        return Step("repeat", current)
    after = _with(current, received.attempt, replace(payment, overdue=True))
    return _of_table(after, "overdue", received.attempt)


def _is_surplus(current: BookingState, attempt: int) -> bool:
    """Return whether another attempt pays this booking, has paid it once, or is being paid."""
    return current.paid != 0 or (current.state == "paying" and attempt != current.attempt)


def _of_table(current: BookingState, message: str, attempt: int) -> Step:
    if (current.state, message) in WRONG:
        return Step("wrong", current)
    if (current.state, message) in REFUSED:
        return Step("refused", current)
    transition = TRANSITIONS.get((current.state, message))
    if transition is None:
        return Step("repeat", current)
    state, new_reason, claims, orders = transition
    claimed = claims == "take" or (current.claimed and claims == "keep")
    reason = current.reason if current.state == "refunding" else new_reason
    after = replace(current, state=state, reason=reason, claimed=claimed)
    return Step("moves", after, claims, tuple((order, attempt) for order in (*orders, "tell")))


def _with(current: BookingState, attempt: int, payment: PaymentStatus) -> BookingState:
    return replace(current, payments={**current.payments, attempt: payment})
